/* arena: getting address space from the kernel, in aligned pieces that the
 * radix map can find.
 *
 * Owns the numbers of arenas.  Called under the page heap's lock.
 * Invariant: an arena has a number exactly where arena_key[] has a key for it;
 * then its tables are usable, it stands in the radix map, and its memory is
 * readable, writable and zero until someone is given it.  The highest number
 * below arena_end() is an arena's.
 */
#ifndef ASHLAR_ARENA_H
#define ASHLAR_ARENA_H

#include "platform.h"

/* Adds arenas with adjoining addresses, as one free span.
 * n: arenas, at least 1.
 * Returns the span's first page; or PAGES, and nothing has changed, where the
 * kernel refuses or the tables are full. */
uint32_t arena_add(uint32_t n);

/* Gives arenas back to the kernel, address space and all; others get their numbers.
 * first, n: the numbers of arenas with adjoining addresses, without guards.  No
 * span stands in them, and no slot. */
void arena_remove(uint32_t first, uint32_t n);

/* Arenas there are. */
uint32_t arena_count(void);

/* Whether a number below arena_end() is an arena's, or the 0 that is nobody's. */
bool arena_stands(uint32_t number);

/* The page behind the last page of the arena with the highest number; the first arena's first page is
 * ARENA_PAGES, since number 0 is no arena's. */
uint32_t arena_end(void);

#endif
