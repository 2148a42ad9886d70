/* kernel: the kernel that the tests of the whole heap run on, as an older or a
 * stricter one would be.
 *
 * ASHLAR_TEST_KERNEL in the environment names it; without, it is the one there
 * is.  Set before anything is allocated, through the hooks of src/os.h. */
#ifndef ASHLAR_TESTS_KERNEL_H
#define ASHLAR_TESTS_KERNEL_H

#include <stdbool.h>

/* Whether it grants no guard at all; then nothing traps. */
bool kernel_without_guards(void);

/* Whether it may refuse guards: those it makes of mappings are on a budget. */
bool kernel_may_refuse_guards(void);

/* Whether it can move pages: then what was never touched stays so. */
bool kernel_moves(void);

#endif
