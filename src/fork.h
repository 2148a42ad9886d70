/* fork: all that the allocator does around a fork, in one place.
 *
 * Owns the order in which locks are taken before a fork: pools, sets, regions,
 * then the heap.  Each module says what it has to lock, and what its child does.
 *
 * The handler before a fork has to run after everybody else's, and those after
 * it before everybody else's: what a library does in its handlers may wait for a
 * thread that waits for memory, and may allocate.  The C library runs handlers
 * before a fork in reverse order of registration; so ours are registered before
 * the first of anybody, whoever that is (__register_atfork in fork.c).
 */
#ifndef ASHLAR_FORK_H
#define ASHLAR_FORK_H

/* Registers the handlers; once, as early as can be. */
void fork_start(void);

#endif
