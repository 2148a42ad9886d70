/* size_class: the geometry of the classes. */

/*@ // Slots of doubling d come in steps of this many bytes.
    logic integer class_step(integer d) = pow2(d + 4);

    // The doubling of a class: 0 up to 256 bytes.
    logic integer class_doubling(integer c) = c < 9 ? 0 : (c - 9) / CLASSES_PER_DOUBLING;

    // The bytes of a class's slots.
    logic integer class_bytes(integer c) =
      c == 0 ? GRANULE_BYTES
             : times_pow2(c - CLASSES_PER_DOUBLING * class_doubling(c), class_doubling(c) + 4);

    // The granules of a class's slots.
    logic integer class_granules(integer c) =
      c == 0 ? 1 : times_pow2(c - CLASSES_PER_DOUBLING * class_doubling(c), class_doubling(c));

    // The unit in which the slack of doubling d is recorded.
    logic integer class_unit(integer d) = d < 2 ? 1 : pow2(d - 1);

    // The slack in bytes that a code of doubling d stands for.
    logic integer class_slack(integer d, integer code) =
      d < 2 ? code : times_pow2(code, d - 1);

    // The size that a slack code records: the last byte is never handed out.
    logic integer class_recorded(integer c, integer code) =
      class_bytes(c) - 1 - class_slack(class_doubling(c), code);
*/
