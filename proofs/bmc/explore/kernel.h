/* kernel: a simulated one, for the system calls that src/ makes.
 *
 * Owns the conditions of the pages of the world's range.  Its answers do not
 * depend on time or chance.  In a run each request is a point, and may be
 * refused where the search says so.
 */
#ifndef ASHLAR_EXPLORE_KERNEL_H
#define ASHLAR_EXPLORE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Processors that the threads believe to have; decides whether a lock spins. */
extern uint32_t kernel_processors;

/* Whether a thread may touch a page of the range; its other pages trap. */
bool kernel_allows(uintptr_t a, bool write);

#endif
