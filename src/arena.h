/* arena: aligned ranges of address space that the radix map can find, and how
 * much of each is usable.
 *
 * Owns the numbers of arenas and arena_top[].  Changed under the page heap's lock;
 * read without it.
 * Invariant: an arena has a number exactly where arena_key[] has a key for it; then
 * it stands in the radix map.  Its pages below arena_top[] are usable: their memory
 * is readable and writable, and zero until someone is given it, and they have
 * entries in all tables; so have its last page and the first that is not usable in
 * the records, where a span can end or begin.  Nothing else of it need be mapped.
 * Of a number that no arena has, arena_top[] is 0.  The highest number below
 * arena_end() is an arena's.
 */
#ifndef ASHLAR_ARENA_H
#define ASHLAR_ARENA_H

#include "platform.h"

/* Whether a granule's number is one of a usable page; false for all of arena 0,
 * which is nobody's.  What the tables say of another page must not be asked. */
static inline bool arena_holds(uint64_t g)
{
  return g / GRANULES_PER_PAGE < __atomic_load_n(&arena_top[g / ARENA_GRANULES], __ATOMIC_ACQUIRE);
}

/* Adds arenas with adjoining addresses, as one free span.
 * n: arenas, at least 1.  pages: how many are to be usable at once, from the
 * first one on, at most what n arenas have.
 * Returns the span's first page; or PAGES, and nothing has changed, where the
 * kernel refuses or the tables are full. */
uint32_t arena_add(uint32_t n, uint32_t pages);

/* Makes pages s .. s + n - 1 usable, of one arena or of some that adjoin.
 * Returns false where the kernel refuses; then a part of them may be. */
bool arena_commit(uint32_t s, uint32_t n);

/* Makes pages unusable that are the last usable ones of their arenas, as far as
 * the kernel lets it.
 * s, n: a free span, or a part of one, whose memory was given back.
 * Returns how many it did. */
uint32_t arena_decommit(uint32_t s, uint32_t n);

/* The first page from p on, and before end, that is not usable; end where all
 * are.  p, end: of one arena, or of some that adjoin. */
uint32_t arena_usable(uint32_t p, uint32_t end);

/* Gives arenas back to the kernel, address space and all; others get their numbers.
 * first, n: the numbers of arenas that were added together, without guards.  What
 * is usable of them is in a row; no span stands in them, and no slot. */
void arena_remove(uint32_t first, uint32_t n);

/* Arenas there are. */
uint32_t arena_count(void);

/* Pages that are usable, of all arenas. */
uint64_t arena_pages(void);

/* Whether a number below arena_end() is an arena's, or the 0 that is nobody's. */
bool arena_stands(uint32_t number);

/* The page behind the last page of the arena with the highest number; the first
 * arena's first page is
 * ARENA_PAGES, since number 0 is no arena's. */
uint32_t arena_end(void);

#endif
