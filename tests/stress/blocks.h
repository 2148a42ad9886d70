/* blocks: blocks that know what they hold, for tests in which they go from hand
 * to hand.  A block begins with its size and a seed; the rest follows. */
#ifndef ASHLAR_TESTS_BLOCKS_H
#define ASHLAR_TESTS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What must hold in any thread or process; ends the process where it does not. */
#define MUST(condition)                                                                            \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      blocks_failed(__FILE__, __LINE__, #condition);                                               \
    }                                                                                              \
  } while (0)
_Noreturn void blocks_failed(const char *file, int line, const char *condition);

/* A random number for threads, each with a state of its own. */
uint32_t blocks_random(uint64_t *state);

/* Makes a block of a random size, filled.  Returns NULL without memory. */
void *blocks_make(uint64_t *state);

/* Changes its size, and fills what is new; keeps it without memory. */
void *blocks_change(void *block, uint64_t *state);

/* Looks at all that it holds. */
void blocks_verify(const void *block);

/* Looks, and frees. */
void blocks_end(void *block);

/* After all was freed: trims, and looks at what is left of the heap. */
void blocks_expect_empty_heap(void);

#endif
