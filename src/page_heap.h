/* page_heap: spans of pages, handed out and taken back; the only tier that
 * talks to the kernel about memory.
 *
 * Owns the span table, the bins (page_bins) and its counts, under one lock, which
 * is the innermost of the allocator: who holds it takes no other.
 *
 * Invariant: that of page_bins; all of a free span's memory is readable, writable
 * and zero; span_resident[] of its first page bounds how many of its pages the
 * kernel has backed; the counts are those of the free spans.
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
 * arenas: at least 1.  Returns as page_heap_take does. */
uint32_t page_heap_take_run(uint32_t arenas);

/* Takes a span back; a run of arenas goes back to the kernel at once, and its
 * addresses are nobody's.
 * s: its first page.  Its memory must be accessible and zero, and no slot may
 * start in it.
 * resident: how many of its pages the kernel may have backed.
 * Returns false, and nothing has changed, where no span in use starts on s. */
bool page_heap_give(uint32_t s, uint32_t resident);

/* Gives the memory of free spans back to the kernel.
 * keep: pages that may stay resident.  Returns pages given back. */
uint64_t page_heap_trim(uint64_t keep);

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

/* Around a fork. */
void page_heap_lock(void);
void page_heap_unlock(void);
void page_heap_reset_lock(void);

#endif
