/* large_internal: what the files of large share, and nobody else sees. */
#ifndef ASHLAR_LARGE_INTERNAL_H
#define ASHLAR_LARGE_INTERNAL_H

#include "large.h"
#include "page_heap.h"
#include "radix_map.h"

/* large_guarded[]: a guard behind the block; of a stuck one, all of it; its
 * pages came from another span, and cost mappings until os_renew. */
enum {
  LARGE_GUARDED = 1,
  LARGE_TRAPPING = 2,
  LARGE_MOVED = 4
};

/* The first page of a block's span, by which large_asked[] and large_room[] speak
 * of it. */
static inline uint32_t large_head(uint64_t g)
{
  return page_span[g / GRANULES_PER_PAGE];
}

static inline uintptr_t large_span_address(uint32_t s)
{
  return radix_address((uint64_t)s * GRANULES_PER_PAGE);
}

static inline size_t large_span_bytes(uint32_t s)
{
  return (size_t)span_len[s] * PAGE_BYTES;
}

/* Bytes of the caller's own span that are usable, from its first page on. */
static inline size_t large_usable_bytes(uint32_t s)
{
  return (size_t)page_heap_usable(s) * PAGE_BYTES;
}

/* Bytes of a guard behind a block: 0 where options forbid it. */
size_t large_guard_bytes(void);

/* What spans are multiples of. */
size_t large_page_bytes(void);

/* A span for so many bytes, a multiple of large_page_bytes: in an arena, or whole
 * arenas from half of one on.  Returns its first page, with all of it zero; or
 * PAGES. */
uint32_t large_take(size_t bytes);

/* Makes a block in a span that the caller has taken: a guard at `end` if that can
 * be had, the entries, and the slot.
 * flags: LARGE_MOVED or 0. */
void large_settle(uint32_t s, uintptr_t block, uintptr_t end, size_t asked, uint8_t tag,
                  uint8_t flags);

/* Clears bytes first .. last - 1 of a block; whole pages by giving them back to
 * the kernel, lest they become resident only to be cleared. */
void large_clear(uintptr_t block, size_t first, size_t last);

#endif
