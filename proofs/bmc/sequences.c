/* sequences: from before the allocator's start, every short sequence of calls.
 *
 * Shows: all tiers of src/ together keep every promise after each call, in every
 * order of calls, for every draw of random numbers, wherever the kernel refuses
 * a request: the checkers hold (T2, T3, T4), live blocks are apart, large enough
 * and of the size recorded; what is handed out was not live and is zero (T5, T7,
 * T10), a block just freed is not handed out before its age (T9), wrong frees
 * get their verdict (T6), pages are conserved and free slots are where they are
 * looked for (T11).  A span of slots goes back only after a look at each of them,
 * whatever is believed of it (hints3).  At the end all is freed and trimmed, and no page is left
 * in use, once the kernel refuses no more.
 * Bounds: DEPTH calls of malloc, aligned malloc, realloc, free of any block held,
 * double and interior free, flush, trim and end of a thread; sizes of class 0,
 * two classes and a large block; an arena of 8 pages (or 2 of 4), lists of 4,
 * batches of 2, Q of 1; REFUSALS refused requests at any place.
 * Why they suffice: three calls make a list with young and aged blocks, a span
 * partly free, a large block that waits; the next one meets them.  These are the
 * states that the harnesses for one step start from.
 *
 * bmc-engine: enumerate
 * bmc-quick: calls4 refused3 arenas3 hints3
 * bmc-variants: calls4 -DDEPTH=4 -DREFUSALS=0 | calls5 -DDEPTH=5 -DREFUSALS=0
 *               | refused3 -DDEPTH=3 -DREFUSALS=1 | refused4 -DDEPTH=4 -DREFUSALS=1
 *               | twice3 -DDEPTH=3 -DREFUSALS=2
 *               | arenas3 -DDEPTH=3 -DREFUSALS=0 -DARENAS | hints3 -DDEPTH=3 -DREFUSALS=0 -DLIE
 * bmc-cover: calls4 refused3 arenas3
 * bmc-knobs: -DASHLAR_MAX_ARENAS=2 -DASHLAR_ARENA_PAGES=8 -DASHLAR_ADDRESS_BITS=11 -DASHLAR_EXACT_SHIFT=4
 * bmc-tests: heap_allocate heap_allocate_class heap_hand_out heap_pick heap_refill heap_allocate_rare
 *            heap_allocate_aligned heap_free heap_release heap_take_back heap_free_full heap_free_rare
 *            heap_reallocate heap_resize_in_place heap_resize_large large_resize resize_here
 *            resize_elsewhere resize_fill resize_copy resize_take heap_slack_is_zero heap_trim heap_live heap_report_invalid
 *            thread_cache_refill thread_cache_make_room thread_cache_grow thread_cache_scavenge
 *            thread_cache_empty thread_cache_hand_over thread_cache_close thread_cache_get
 *            thread_registry_adopt thread_registry_end thread_cache_flush central_take central_draw central_grow central_give central_shrink
 *            central_trim page_heap_take page_heap_take_locked page_heap_give page_heap_trim
 *            page_heap_discard page_heap_enlist page_bins_release arena_add large_settle large_allocate large_take
 *            large_free large_give_back large_open large_oldest large_trim large_retry span_take
 *            span_release span_split span_merge merge_behind merge_before slot_carve slot_place
 *            slot_clear slot_claim slot_release slot_retag slot_draw slot_retire
 */
#ifdef ARENAS
#undef ASHLAR_MAX_ARENAS
#undef ASHLAR_ARENA_PAGES
#define ASHLAR_MAX_ARENAS 3
#define ASHLAR_ARENA_PAGES 4
#endif
#include "shell/sequence.h"

enum {
  HELD = DEPTH
};

static const size_t sizes[] = {15, 0, 50, LARGE_SIZE};
enum {
  SIZES = sizeof sizes / sizeof sizes[0]
};

static struct {
  uintptr_t block;
  size_t asked;
} held[HELD];
static uint32_t holds;
static uintptr_t last_freed; /* a small block, and none of its class since */

static void hold(uintptr_t block, size_t asked)
{
  if (block == 0) {
    CHECK(errno == ENOMEM, "ENOMEM");
    return;
  }
  check_block(block, asked);
  CHECK(block != last_freed, "T9: not the block that was just freed");
  for (uint32_t i = 0; i < holds; i++) {
    uintptr_t low = block < held[i].block ? block : held[i].block;
    uintptr_t high = block < held[i].block ? held[i].block : block;
    size_t bytes = block < held[i].block ? asked : held[i].asked;
    CHECK(low != high && high - low >= bytes, "T4: blocks that the program holds are apart");
  }
  held[holds].block = block;
  held[holds].asked = asked;
  holds++;
}

static void drop(uint32_t i)
{
  uint64_t g = radix_granule(held[i].block);
  last_freed = page_class[g / GRANULES_PER_PAGE] < SIZE_CLASSES ? held[i].block : 0;
  held[i] = held[--holds];
}

static void call_malloc(size_t asked)
{
  say("void *p = ashlar_malloc(%" PRIu64 ");", asked, 0);
  hold(heap_allocate(asked, KIND_MALLOC), asked);
}

static void call_aligned(size_t align, size_t asked)
{
  say("void *p = ashlar_aligned_alloc(%" PRIu64 ", %" PRIu64 ");", align, asked);
  uintptr_t block = heap_allocate_aligned(align, asked, KIND_MALLOC);
  CHECK(block % align == 0, "aligned as asked");
  hold(block, asked);
}

static void call_free(uint32_t i)
{
  say("ashlar_free((void *)0x%" PRIx64 ");", held[i].block, 0);
  uintptr_t block = held[i].block;
  drop(i);
  heap_free(block, HEAP_FREE);
}

/* What a block has that it had not before. */
static void check_new(uintptr_t block, size_t old, size_t asked)
{
  size_t first = (old + GRANULE_BYTES - 1) / GRANULE_BYTES * GRANULE_BYTES;
  if (first < asked) {
    shell_touch(block + first, asked - first);
    CHECK((shell_dirty & shell_granule_mask(block + first, asked - first)) == 0,
          "T10: what a block grew by is zero");
  }
}

static void call_realloc(uint32_t i, size_t asked)
{
  uintptr_t block = held[i].block;
  size_t old = heap_usable_size(block, HEAP_USABLE_SIZE); /* of an aligned one, more than asked */
  say("void *p = ashlar_realloc((void *)0x%" PRIx64 ", %" PRIu64 ");", block, asked);
  uintptr_t moved = heap_reallocate(block, asked);
  if (moved == 0) {
    CHECK(heap_usable_size(block, HEAP_USABLE_SIZE) >= held[i].asked,
          "a refused realloc changes nothing");
    return;
  }
  check_new(moved, old, asked);
  if (moved == block) {
    CHECK(heap_usable_size(block, HEAP_USABLE_SIZE) >= asked, "T7: in place, of the new size");
    held[i].asked = asked;
    shell_dirty |= shell_granule_mask(block, asked);
    return;
  }
  /* What was copied is there; the program overwrites it. */
  shell_dirty &= ~shell_granule_mask(moved, asked);
  drop(i);
  last_freed = 0;
  hold(moved, asked);
}

/* A free that must end in a report. */
static void call_wrong(uintptr_t address, int verdict)
{
  say("ashlar_free((void *)0x%" PRIx64 "); /* report %" PRIu64 " */", address, (uint64_t)verdict);
  shell_expected = verdict;
  heap_free(address, HEAP_FREE);
  CHECK(false, "T6: it does not return");
}

static void call_any(void)
{
  uint32_t what = choose(10);
  errno = 0;
  switch (what) {
  case 0:
    call_malloc(sizes[choose(SIZES)]);
    return;
  case 1:
    call_aligned(PAGE_BYTES, 20);
    return;
  case 2:
    ASSUME(holds > 0);
    call_free(choose(holds));
    return;
  case 3:
    ASSUME(holds > 0);
    /* in place, to another class, to a large block, to a larger one */
    call_realloc(choose(holds), (const size_t[]){10, 40, LARGE_SIZE, LARGE_SIZE + 52}[choose(4)]);
    return;
  case 4:
    say("ashlar_flush();", 0, 0);
    thread_cache_flush();
    last_freed = 0;
    return;
  case 5:
    say("ashlar_trim(0);", 0, 0);
    heap_trim(0);
    last_freed = 0;
    return;
  case 6:
    say("/* the thread ends; another goes on */", 0, 0);
    ASSUME(thread_cache_self != &thread_cache_none);
    thread_registry_end(thread_cache_self);
    thread_cache_ended = false; /* another goes on */
    last_freed = 0;
    return;
  case 7:
    ASSUME(last_freed != 0 && slot_state[radix_granule(last_freed)] != SLOT_NONE);
    call_wrong(last_freed, REPORT_DOUBLE_FREE);
    return;
  case 8:
    ASSUME(last_freed != 0 && slot_state[radix_granule(last_freed)] != SLOT_NONE);
    say("ashlar_realloc((void *)0x%" PRIx64 ", 10); /* report */", last_freed, 0);
    shell_expected = REPORT_USE_AFTER_FREE;
    heap_reallocate(last_freed, 10);
    CHECK(false, "T6: it does not return");
    return;
  default:
    ASSUME(holds > 0 && held[holds - 1].asked > GRANULE_BYTES);
    call_wrong(held[holds - 1].block + GRANULE_BYTES, REPORT_INTERIOR);
  }
}

#ifdef LIE
/* Counts are hints: a span said to be free throughout goes back only if it is. */
static void end(void)
{
  for (uint32_t p = 0; p < PAGES; p++) {
    if (span_kind[p] == SPAN_USED && page_span[p] == p && page_class[p] < SIZE_CLASSES) {
      slab_free[p] = slab_slots[p];
    }
  }
  say("/* every span of slots is believed free */ ashlar_trim(0);", 0, 0);
  heap_trim(0);
  for (uint32_t i = 0; i < holds; i++) {
    CHECK(slot_state[radix_granule(held[i].block)] >= SLOT_LIVE,
          "T4: a span with a live block stays");
  }
  check_pages();
  CHECK(slot_check(0, GRANULES), "T4: slots are apart and inside");
}
#else
/* All goes back, and the kernel refuses nothing. */
static void end(void)
{
  shell_may_refuse = 0;
  while (holds > 0) {
    call_free(holds - 1);
  }
  say("ashlar_trim(0);", 0, 0);
  heap_trim(0);
  check_heap();
  CHECK(pages_used() == 0, "T11: all pages come back");
  CHECK(shell_dirty == 0, "T10: and are zero");
}
#endif

static void harness(void)
{
  thread_cache_self = &thread_cache_none; /* not among the variables that are put back */
  shell_may_refuse = REFUSALS;
  shell_options.guards = REFUSALS == 0 || choose(2) == 0;
  for (uint32_t i = 0; i < DEPTH; i++) {
    call_any();
    check_heap();
  }
  end();
  REACH("end");
}
