/* size_class, for every size that it is there for, against the table that
 * tests/support/classes.c makes by going through the sizes. */
#include "../../src/size_class.h"
#include "../support/classes.h"
#include "../support/harness.h"

/* The assumed contract of the builtin, over its whole domain. */
Test(size_class, bits_width_whole_domain)
{
  for (uint32_t x = 1; x < 262144; x++) {
    uint32_t width = 0;
    for (uint32_t rest = x; rest > 0; rest /= 2) {
      width++;
    }
    CHECK(bits_width(x) == width, "bits_width(%u) is %u", x, bits_width(x));
  }
}

Test(size_class, the_table_has_every_class)
{
  uint32_t n = model_classes_make();
  CHECK(n == SIZE_CLASSES, "%u classes", n);
  for (uint32_t c = 0; c < n; c++) {
    uint32_t bytes = size_class_bytes(c);
    uint32_t granules = size_class_granules(c);
    CHECK(bytes == model_class[c].bytes, "class %u has %u bytes", c, bytes);
    CHECK(granules * 16 == bytes && granules >= 1, "class %u has %u granules", c, granules);
  }
  CHECK(size_class_bytes(n - 1) == SMALL_BYTES, "%u bytes", size_class_bytes(n - 1));
}

Test(size_class, T1_total_tight_and_monotone)
{
  CHECK(model_classes_make() == SIZE_CLASSES, "the model is wrong");
  uint32_t last = 0;
  for (uint32_t asked = 0; asked < SMALL_BYTES; asked++) {
    uint32_t c = size_class_of(asked);
    CHECK(c < SIZE_CLASSES, "size %u gets class %u", asked, c);
    CHECK(c == model_class_of(asked), "size %u gets class %u", asked, c);
    CHECK((c == 0) == (asked == 0), "size %u gets class %u", asked, c);
    CHECK(c == last || c == last + 1, "size %u gets class %u after %u", asked, c, last);
    last = c;
    uint32_t bytes = size_class_bytes(c);
    CHECK(asked == 0 || bytes >= asked + 1, "size %u gets %u bytes", asked, bytes);
    CHECK(c <= 1 || size_class_bytes(c - 1) < asked + 1, "size %u would fit class %u", asked,
          c - 1);
    CHECK(asked < 128 || 8 * (bytes - asked) < bytes, "size %u wastes %u bytes", asked,
          bytes - asked);
  }
  CHECK(last == SIZE_CLASSES - 1, "the last class is %u", last);
}

Test(size_class, T7_recorded_size_is_exact_to_its_unit)
{
  for (uint32_t asked = 1; asked < SMALL_BYTES; asked++) {
    uint32_t c = size_class_of(asked);
    uint32_t code = size_class_slack(c, asked);
    CHECK(code < SLACK_CODES, "size %u gets code %u", asked, code);
    uint32_t recorded = size_class_recorded(c, code);
    CHECK(recorded >= asked, "size %u is recorded as %u", asked, recorded);
    CHECK(recorded < size_class_bytes(c), "size %u is recorded as %u", asked, recorded);
    if (size_class_bytes(c) <= 512) {
      CHECK(recorded == asked, "size %u is recorded as %u", asked, recorded);
    } else {
      CHECK(256 * (recorded - asked) < asked, "size %u is recorded as %u", asked, recorded);
    }
  }
}

/* Every code that a class can hold means a size of its own, and is the code of
 * that size. */
Test(size_class, T7_codes_and_sizes_are_one_to_one)
{
  CHECK(model_classes_make() == SIZE_CLASSES, "the model is wrong");
  for (uint32_t c = 1; c < SIZE_CLASSES; c++) {
    uint32_t bytes = model_class[c].bytes;
    uint32_t unit = model_class[c].step <= 32 ? 1 : model_class[c].step / 32;
    uint32_t codes = model_class[c].step / unit;
    CHECK(codes <= SLACK_CODES, "class %u has %u codes", c, codes);
    for (uint32_t code = 0; code < codes; code++) {
      uint32_t recorded = size_class_recorded(c, code);
      CHECK(recorded == bytes - 1 - code * unit, "class %u, code %u: %u", c, code, recorded);
      CHECK(size_class_slack(c, recorded) == code, "class %u, code %u: %u bytes give %u", c, code,
            recorded, size_class_slack(c, recorded));
    }
  }
}

/* All at once is what it is one by one; and the least size of a class is where
 * its codes end. */
Test(size_class, T1_T7_served_in_one_go)
{
  CHECK(model_classes_make() == SIZE_CLASSES, "the model is wrong");
  for (uint32_t asked = 1; asked < SMALL_BYTES; asked++) {
    struct size_request request = size_class_serve(asked);
    uint32_t c = model_class_of(asked);
    uint32_t unit = model_class[c].step <= 32 ? 1 : model_class[c].step / 32;
    CHECK(request.class_of == c, "size %u gets class %u", asked, request.class_of);
    CHECK(request.bytes == model_class[c].bytes, "size %u gets %u bytes", asked, request.bytes);
    CHECK(request.code == (request.bytes - 1 - asked) / unit, "size %u gets code %u", asked,
          request.code);
  }
  for (uint32_t c = 1; c < SIZE_CLASSES; c++) {
    uint32_t least = size_class_least(c);
    CHECK(least == model_class[c].bytes - model_class[c].step, "class %u: %u", c, least);
    CHECK(size_class_slack(c, least) < SLACK_CODES, "class %u: %u", c, least);
  }
}
