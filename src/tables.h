/* tables: the memory behind the tables of platform.h.
 *
 * Owns the root (the tables' addresses), which is read-only once tables_seal
 * has been called.  The tables that grow with the heap lie in four ranges of
 * addresses: the records of pages, page_class[], page_span[], slot_state[].
 * Each begins at a random place, and nothing of it is usable but what belongs to
 * pages that can be in use; the tables of fixed length lie in a mapping of their
 * own.  Called under the page heap's lock, or at start.
 */
#ifndef ASHLAR_TABLES_H
#define ASHLAR_TABLES_H

#include "platform.h"

/* Chooses the tables' places and makes those of fixed length usable.
 * Returns false where the kernel has no memory for them; the root is as it was,
 * and look-ups find nothing. */
bool tables_reserve(void);

/* Makes all entries of pages usable; those that were not read zero.
 * p, n: pages p .. p + n - 1, of arenas below tables_arena_limit().
 * Returns false where the kernel refuses, and some may be usable. */
bool tables_commit(uint32_t p, uint32_t n);

/* The same for the records of pages alone: what the checkers of spans, bins and
 * pieces read, which look at every page. */
bool tables_commit_records(uint32_t p, uint32_t n);

/* Gives memory of entries back to the kernel; they read zero.
 * p, n: usable pages of a free span, from its first on; of the first and the last
 * the records stay. */
void tables_discard(uint32_t p, uint32_t n);

/* Makes the tables of regions usable, REGION_TABLES_BYTES in all; once.
 * Returns false, and nothing has changed, where the kernel refuses. */
bool tables_commit_regions(void);

/* Arena numbers that the tables have room for are below this. */
uint32_t tables_arena_limit(void);

/* Makes the root read-only for good: with the first arena, when there is
 * something to protect, and all of the root was written at start. */
void tables_seal(void);

#endif
