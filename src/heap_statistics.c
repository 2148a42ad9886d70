/* What the heap holds: by a look at every block (heap.h), or at every span
 * (heap_usage.h).  Slots of a span stand side by side from its start on, so what
 * lies between their first granules is not read. */
#include "heap_usage.h"
#include "arena.h"
#include "central_cache.h"
#include "heap.h"
#include "large.h"
#include "page_heap.h"
#include "radix_map.h"
#include "thread_cache.h"

enum {
  /* pages that are looked at while the locks are held */
  STATISTICS_PAGES = ARENA_PAGES
};

/* Spans of slots, and blocks with spans of their own, come and go under these. */
static void statistics_lock(void)
{
  large_lock();
  central_lock_all();
  page_heap_lock();
}

static void statistics_unlock(void)
{
  page_heap_unlock();
  central_unlock_all();
  large_unlock();
}

/* Calls visit for each span in use, an arena at a time. */
static void statistics_each_span(void (*visit)(uint32_t s, void *context), void *context)
{
  uint32_t s = ARENA_PAGES; /* arena 0 is nobody's */
  for (uint32_t end = arena_end(); s < end; end = arena_end()) {
    uint32_t pause = end - s > STATISTICS_PAGES ? s + STATISTICS_PAGES : end;
    statistics_lock();
    while (s < pause) {
      uint32_t len = span_kind[s] == SPAN_NONE ? 0 : span_len[s];
      if (span_kind[s] == SPAN_USED && len != 0) {
        visit(s, context);
      }
      s += len != 0 ? len : 1;
    }
    statistics_unlock();
  }
}

/* Whether a span in use is one of slots, of class c = page_class[s]: else it has
 * one block, and what is said of its first page may be of days gone by. */
static bool statistics_is_slab(uint32_t s)
{
  return page_class[s] < SIZE_CLASSES &&
         slot_state_get((uint64_t)s * GRANULES_PER_PAGE) != SLOT_NONE;
}

/* The first granule of the block that has a span of its own; GRANULES where it
 * has not been placed yet. */
static uint64_t statistics_large_block(uint32_t s)
{
  uint32_t end = arena_usable(s, s + span_len[s]);
  for (uint32_t p = s; p < end; p++) {
    if (page_class[p] != CLASS_LARGE || page_span[p] != s) {
      continue;
    }
    uint64_t low = (uint64_t)p * GRANULES_PER_PAGE;
    for (uint64_t g = low; g < low + GRANULES_PER_PAGE; g++) {
      if (slot_state_get(g) != SLOT_NONE) {
        return g;
      }
    }
  }
  return GRANULES;
}

/* ---- by blocks -------------------------------------------------------------- */

static void statistics_count_slot(uint32_t c, uint8_t state, struct heap_statistics *statistics)
{
  size_t bytes = size_class_bytes(c);
  if (state == SLOT_FREE) {
    statistics->central += bytes;
  } else if (state == SLOT_CACHED) {
    statistics->cached += bytes;
  } else if (state >= SLOT_LIVE) {
    size_t asked = c == 0 ? 0 : size_class_recorded(c, slot_tag_code(state));
    statistics->live += asked;
    statistics->live_blocks++;
    statistics->slack += bytes - asked;
  }
}

static void statistics_count_large(uint64_t g, struct heap_statistics *statistics)
{
  size_t asked = large_size(g);
  statistics->live += asked;
  statistics->live_blocks++;
  statistics->slack += large_capacity(g) - asked;
  statistics->large_live += asked;
  statistics->large_blocks++;
}

static void statistics_count_span(uint32_t s, void *context)
{
  struct heap_statistics *statistics = context;
  if (!statistics_is_slab(s)) {
    uint64_t g = statistics_large_block(s);
    if (g != GRANULES && slot_state_get(g) >= SLOT_LIVE) {
      statistics_count_large(g, statistics);
    }
    return;
  }
  uint32_t c = page_class[s];
  uint64_t g = (uint64_t)s * GRANULES_PER_PAGE;
  uint64_t step = size_class_granules(c);
  for (uint32_t i = 0; i < slab_slots[s]; i++, g += step) {
    statistics_count_slot(c, slot_state_get(g), statistics);
  }
}

void heap_statistics(struct heap_statistics *statistics)
{
  *statistics = (struct heap_statistics){0};
  if (heap_start()) {
    statistics_each_span(statistics_count_span, statistics);
  }
  struct page_heap_counts counts = page_heap_counts();
  statistics->arenas = arena_count();
  statistics->reserved = counts.total * PAGE_BYTES;
  statistics->free_pages = counts.free * PAGE_BYTES;
  statistics->free_resident = counts.free_resident * PAGE_BYTES;
  statistics->released = counts.released * PAGE_BYTES;
  statistics->waiting = large_waiting();
}

/* ---- by spans --------------------------------------------------------------- */

static void statistics_use_span(uint32_t s, void *context)
{
  struct heap_usage *usage = context;
  if (statistics_is_slab(s)) {
    uint64_t bytes = size_class_bytes(page_class[s]);
    /* A hint, which may be wrong: never more than all. */
    uint32_t free = slab_free[s] < slab_slots[s] ? slab_free[s] : slab_slots[s];
    usage->used += (slab_slots[s] - free) * bytes;
    usage->blocks[page_class[s]] += slab_slots[s] - free;
    usage->central += free * bytes;
    return;
  }
  uint64_t g = statistics_large_block(s);
  if (g != GRANULES && slot_state_get(g) >= SLOT_LIVE) {
    uintptr_t low = radix_address((uint64_t)s * GRANULES_PER_PAGE);
    usage->large += radix_address(g) + large_capacity(g) - low;
    usage->large += large_guarded[g / GRANULES_PER_PAGE] != 0 ? PAGE_BYTES : 0;
    usage->large_blocks++;
  }
}

/* What the calling thread's lists hold was counted as in use. */
static void statistics_use_cache(struct heap_usage *usage)
{
  struct thread_cache *cache = thread_cache_self;
  for (uint32_t c = 0; cache != NULL && c < SIZE_CLASSES; c++) {
    uint64_t count = thread_cache_of(cache, c)->list.count;
    uint64_t bytes = count * size_class_bytes(c);
    if (count <= usage->blocks[c] && bytes <= usage->used) {
      usage->blocks[c] -= count;
      usage->used -= bytes;
      usage->cached += bytes;
    }
  }
}

void heap_usage(struct heap_usage *usage)
{
  *usage = (struct heap_usage){0};
  if (heap_start()) {
    statistics_each_span(statistics_use_span, usage);
    statistics_use_cache(usage);
  }
  struct page_heap_counts counts = page_heap_counts();
  usage->free_pages = counts.free * PAGE_BYTES;
  usage->free_resident = counts.free_resident * PAGE_BYTES;
}
