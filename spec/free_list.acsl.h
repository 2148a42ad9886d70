/* free_list: ranks, places, and the invariant. */

/*@ // A place counted past the end of the ring, at most once around.
    logic integer free_list_wrap(integer i) =
      i < LIST_CAPACITY ? i : i - LIST_CAPACITY;

    // The place before a place.
    logic integer free_list_before(integer i) = i == 0 ? LIST_CAPACITY - 1 : i - 1;

    // Where the block of age rank k stands (0 the oldest).
    logic integer free_list_place{L}(struct free_list *l, integer k) =
      free_list_wrap(l->tail + k);

    // The block of age rank k.
    logic integer free_list_at{L}(struct free_list *l, integer k) =
      l->block[free_list_place(l, k)];

    // The age rank that a place has, and whether a block stands there.
    logic integer free_list_rank{L}(struct free_list *l, integer i) =
      i >= l->tail ? i - l->tail : i - l->tail + LIST_CAPACITY;
    predicate free_list_held{L}(struct free_list *l, integer i) =
      0 <= i < LIST_CAPACITY && free_list_rank(l, i) < l->count;

    predicate free_list_wf{L}(struct free_list *l) =
      l->tail < LIST_CAPACITY && l->young <= l->count <= LIST_CAPACITY;
*/
