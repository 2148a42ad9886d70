/* Blocks longer than an arena, and pages that no table has entries of. */
#include "../../src/ashlar.h"
#include "../../src/page_heap.h"
#include "../../src/radix_map.h"
#include "../../src/span.h"
#include "../support/harness.h"

enum {
  ARENAS = 3
};

static const size_t bytes = (size_t)ARENAS * ARENA_BYTES + 12345;

/* In a run no span starts on the later arenas: who looks for the one around an
 * address has to go back over them. */
Test(runs, object_size_in_every_arena)
{
  char *block = ashlar_malloc(bytes);
  CHECK(block != NULL, "memory");
  size_t usable = ashlar_object_size(block);
  CHECK(usable >= bytes, "%zu usable bytes of %zu", usable, bytes);
  for (size_t at = 0; at < bytes; at += ARENA_BYTES / 2) {
    CHECK(ashlar_object_size(block + at) == usable - at, "%zu bytes into the block", at);
  }
  CHECK(ashlar_object_size(block + usable) == 0, "at the end");
  ashlar_free(block);
}

/* What is no usable page's number is refused like any page on which no span in use
 * starts; the tables have no memory there. */
Test(runs, give_of_a_page_that_is_not_usable)
{
  void *block = ashlar_malloc(100);
  uint32_t page = (uint32_t)(radix_granule((uintptr_t)block) / GRANULES_PER_PAGE);
  uint32_t arena = page / ARENA_PAGES * ARENA_PAGES;
  const uint32_t absurd[] = {0,
                             ARENA_PAGES - 1,
                             arena + ARENA_PAGES - 1,
                             PAGES - 1,
                             arena + ARENA_PAGES * 2,
                             PAGES,
                             PAGES + 1,
                             UINT32_MAX};
  struct page_heap_counts before = page_heap_counts();
  for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
    CHECK(!page_heap_give(absurd[i], 0), "page %u was given back", absurd[i]);
  }
  struct page_heap_counts after = page_heap_counts();
  CHECK(after.free == before.free && after.free_resident == before.free_resident, "counts");
  CHECK(ashlar_check(NULL, NULL), "the heap is sound");
  ashlar_free(block);
}
