/* classes: the size classes once more, as a table made by going through the
 * sizes one after the other; the model that tests compare src/ with. */
#ifndef ASHLAR_TESTS_CLASSES_H
#define ASHLAR_TESTS_CLASSES_H

#include "../../src/config.h"

/* By class: the bytes of a slot, and how far it is from the class below. */
struct model_class {
  uint32_t bytes;
  uint32_t step;
};

extern struct model_class model_class[SIZE_CLASSES];

/* Fills the table.  Returns how many classes there are. */
uint32_t model_classes_make(void);

/* The least class whose slots hold more than asked bytes; 0 for 0 bytes. */
uint32_t model_class_of(uint32_t asked);

#endif
