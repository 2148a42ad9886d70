/* classes: steps of 16 bytes up to 128, then eight equal ones to each doubling. */
#include "classes.h"

struct model_class model_class[SIZE_CLASSES];

uint32_t model_classes_make(void)
{
  uint32_t n = 0;
  model_class[n++] = (struct model_class){.bytes = 16, .step = 16};
  uint32_t bytes = 0;
  uint32_t doubling = 128; /* the last power of two passed, from 128 on */
  while (bytes < SMALL_BYTES && n < SIZE_CLASSES) {
    if (bytes == 2 * doubling) {
      doubling *= 2;
    }
    uint32_t step = doubling / 8;
    bytes += step;
    model_class[n++] = (struct model_class){.bytes = bytes, .step = step};
  }
  return bytes == SMALL_BYTES ? n : 0;
}

uint32_t model_class_of(uint32_t asked)
{
  uint32_t c = 0;
  if (asked > 0) {
    c = 1;
    while (model_class[c].bytes <= asked) {
      c++;
    }
  }
  return c;
}
