/* arena: aligned ranges of address space that the radix map can find, and how
 * much of each is usable.
 *
 * Owns the number of arenas in use and arena_top[].  Changed under the page
 * heap's lock; read without it.
 * Invariant: each of arenas 1 .. arena_count() stands in the radix map.  Its pages
 * below arena_top[] are usable: their memory is readable and writable, and zero
 * until someone is given it, and they have entries in all tables; so have its
 * last page and the first that is not usable in the records, where a span can end
 * or begin.  Nothing else of it need be mapped.
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

/* Arenas added so far. */
uint32_t arena_count(void);

/* Pages that are usable, of all arenas. */
uint64_t arena_pages(void);

/* The page behind the last arena's last; the first arena's first page is
 * ARENA_PAGES, since number 0 is no arena's. */
uint32_t arena_end(void);

#endif
