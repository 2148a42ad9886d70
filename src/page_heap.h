/* page_heap: spans of pages, handed out and taken back; the only tier that
 * talks to the kernel about memory.
 *
 * Owns the span table, the bins (page_bins) and its counts, under one lock, which
 * is the innermost of the allocator: who holds it takes no other.
 *
 * Invariant: that of page_bins; what is usable of a free span (arena_usable) is
 * readable, writable and zero, and nothing else of it is touched; span_resident[]
 * of its first page bounds how many of its pages the kernel has backed; the counts
 * are those of the free spans.  Who takes pages out of a free span makes them
 * usable first (arena_commit).
 */
#ifndef ASHLAR_PAGE_HEAP_H
#define ASHLAR_PAGE_HEAP_H

#include "platform.h"

/* Hands out a span of an arena.
 * n: pages, 1 .. ARENA_PAGES.
 * Returns its first page; or PAGES, and nothing has changed, where there is no
 * memory.  The memory is zero. */
uint32_t page_heap_take(uint32_t n);

/* Hands out a run of whole arenas, new from the kernel if it has more than one.
 * arenas: at least 1.  usable: how many of its pages, from the first one on, are
 * to be usable.  Returns as page_heap_take does. */
uint32_t page_heap_take_run(uint32_t arenas, uint32_t usable);

/* Makes the first n pages of a span in use usable, of the caller's own.
 * s: its first page.  Returns false where the kernel refuses. */
bool page_heap_extend(uint32_t s, uint32_t n);

/* How many pages of a span in use are usable, from its first one on.
 * s: its first page; the caller's own. */
uint32_t page_heap_usable(uint32_t s);

/* Takes a span back; a run of arenas goes back to the kernel at once, and its
 * addresses are nobody's.
 * s: its first page.  Its memory must be accessible and zero, and no slot may
 * start in it.
 * resident: how many of its pages the kernel may have backed.
 * Returns false, and nothing has changed, where no span in use starts on s. */
bool page_heap_give(uint32_t s, uint32_t resident);

/* Gives the memory of free spans back to the kernel.
 * keep: pages that may stay resident; if 0, the memory behind their tables goes
 * back as well.  Returns pages given back. */
uint64_t page_heap_trim(uint64_t keep);

/* Gives address space of free spans back, that at the ends of what is usable of
 * their arenas, so that other arenas may have it.  Returns pages given back. */
uint64_t page_heap_shrink(void);

/* Makes the records of all pages readable, for checkers that look at each.
 * Returns false where the kernel refuses. */
bool page_heap_open_tables(void);

/* The same, for a caller that holds the lock. */
bool page_heap_open_tables_held(void);

/* What the page heap holds, in pages. */
struct page_heap_counts {
  uint64_t total;         /* of all arenas */
  uint64_t free;          /* in free spans */
  uint64_t free_resident; /* of those, at most so many are backed */
  uint64_t released;      /* given back to the kernel so far */
};
struct page_heap_counts page_heap_counts(void);

/* True where spans, bins and counts fit together; takes the lock. */
bool page_heap_check(void);

/* The same, for a caller that holds the lock. */
bool page_heap_check_held(void);

/* Around a fork. */
void page_heap_lock(void);
void page_heap_unlock(void);
void page_heap_reset_lock(void);

#endif
