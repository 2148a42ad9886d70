/* sequence: all tiers of src/, as they are, over the shell, from the empty heap;
 * and what is checked of them after every call. */
#ifndef BMC_SEQUENCE_H
#define BMC_SEQUENCE_H

#include "shell.h"

#include "../../../src/size_math.c"
#include "../../../src/size_class.c"
#include "../../../src/span.c"
#include "../../../src/span_list.c"
#include "../../../src/radix_map.c"
#include "../../../src/slot.c"
#include "../../../src/free_list.c"
#include "../../../src/arena.c"
#include "../../../src/page_bins.c"
#include "../../../src/page_heap.c"
#include "../../../src/central_cache.c"
#include "../../../src/thread_cache.c"
#include "../../../src/thread_registry.c"
#include "../../../src/large.c"
#include "../../../src/large_resize.c"
#include "../../../src/pressure.c"
#include "../../../src/heap.c"
#include "../../../src/heap_block.c"
#include "../../../src/heap_report.c"
#include "../../../src/heap_start.c"
#include "../../../src/heap_walk.c"
#include "any_pages.h"
#include "start.h"

/* More than a slot holds, with a guard less than an arena. */
#define LARGE_SIZE 128

/* Free blocks are where their state says: as many CACHED ones as lists hold and
 * large blocks wait; of each span, as many FREE ones as it believes. */
static void check_slots(void)
{
  CHECK(slot_check(0, GRANULES), "T4: slots are apart and inside");
  uint32_t cached = 0;
  for (uint64_t g = 0; g < GRANULES; g++) {
    cached += slot_state[g] == SLOT_CACHED;
    if (slot_state[g] != SLOT_NONE && slot_state[g] < SLOT_LIVE && heap_is_plain(heap_class(g))) {
      shell_granules slot = shell_granule_mask(radix_address(g), slot_granules(g) * GRANULE_BYTES);
      CHECK((shell_dirty & slot) == 0, "T10: a free block is zero");
    }
  }
  uint32_t held = large.count;
  for (struct thread_cache *cache = registry.all; cache != NULL; cache = cache->next) {
    for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
      const struct class_cache *of = thread_cache_of(cache, c);
      CHECK(free_list_check(&of->list), "the thread's lists are sound");
      CHECK(of->list.count <= of->limit, "no list holds more than its limit");
      CHECK(cache->owned || of->list.count == 0, "T11: a thread that ended holds nothing");
      held += of->list.count;
    }
  }
  CHECK(large.stuck != 0 || cached == held, "T11: every cached slot is in a list");
}

/* Every span in use is somebody's: it has a slot. */
static void check_spans_used(void)
{
  for (uint32_t p = 0; p < PAGES; p++) {
    if (span_kind[p] != SPAN_USED) {
      continue;
    }
    uint64_t low = (uint64_t)p * GRANULES_PER_PAGE;
    uint64_t high = low + (uint64_t)span_len[p] * GRANULES_PER_PAGE;
    bool some = false;
    uint32_t free = 0;
    for (uint64_t g = 0; g < GRANULES; g++) {
      some = some || (g >= low && g < high && slot_state[g] != SLOT_NONE);
      free += g >= low && g < high && slot_state[g] == SLOT_FREE;
    }
    CHECK(some, "T11: no pages are lost");
    bool slab = page_span[p] == p && page_class[p] < SIZE_CLASSES && list_of[p] != 0;
    CHECK(free == 0 || slab, "T11: free slots are in a list");
    CHECK(free == 0 || (slab_free[p] == free && list_of[p] == BINS + page_class[p] + 1u),
          "central: counts are right");
  }
}

/* Address space: what the arenas have, and nothing else. */
static void check_reserved(void)
{
  uint64_t mask = 0;
  for (uint32_t a = 1; a <= arena_used; a++) {
    if (arena_key[a] == 0) {
      continue;
    }
    mask |= (((uint64_t)1 << ARENA_PAGES) - 1) << ((arena_key[a] - 1) * ARENA_PAGES);
  }
  CHECK(shell_reserved == mask, "T11: a refused arena leaves nothing reserved");
}

static void check_heap(void)
{
  check_reserved();
  check_pages();
  check_free_memory();
  check_slots();
  check_spans_used();
  CHECK(shell_locks_held == 0, "no lock is held");
}

/* A block that a call returned: live, large enough, zero; the program then fills
 * it. */
static void check_block(uintptr_t block, size_t asked)
{
  uint64_t g = radix_granule(block);
  CHECK(g < GRANULES && block % GRANULE_BYTES == 0 && slot_state[g] >= SLOT_LIVE,
        "T5: a live block");
  ASSUME(g < GRANULES);
  CHECK(heap_asked(g, slot_state[g]) >= asked, "T7: its recorded size is at least what was asked");
  CHECK(heap_capacity(g) >= asked, "T1: it is large enough");
  if (asked > 0) {
    shell_touch(block, asked);
    CHECK((shell_dirty & shell_granule_mask(block, asked)) == 0, "T10: it is zero");
    shell_dirty |= shell_granule_mask(block, asked);
  }
}

#endif
