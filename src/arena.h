/* arena: getting address space from the kernel, in aligned pieces that the
 * radix map can find.
 *
 * Owns the number of arenas in use.  Called under the page heap's lock.
 * Invariant: the tables of arenas 1 .. arena_count() are usable, each of them
 * stands in the radix map, and its memory is readable, writable and zero
 * until someone is given it.
 */
#ifndef ASHLAR_ARENA_H
#define ASHLAR_ARENA_H

#include "platform.h"

/* Adds arenas with adjoining addresses, as one free span.
 * n: arenas, at least 1.
 * Returns the span's first page; or PAGES, and nothing has changed, where the
 * kernel refuses or the tables are full. */
uint32_t arena_add(uint32_t n);

/* Arenas added so far. */
uint32_t arena_count(void);

/* The page behind the last arena's last; the first arena's first page is
 * ARENA_PAGES, since number 0 is no arena's. */
uint32_t arena_end(void);

#endif
