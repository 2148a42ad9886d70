#include "page_heap.h"
#include "arena.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_bins.h"
#include "radix_map.h"

enum {
  /* free pages that may stay resident, whatever the options */
  KEEP_PAGES = ASHLAR_KEEP_BYTES / PAGE_BYTES
};

static struct {
  struct lock lock;
  uint64_t free;
  uint64_t free_resident;
  uint64_t released;
} page_heap;

/* A new free span. */
static void page_heap_enlist(uint32_t s)
{
  page_bins_add(s, 0);
  page_heap.free += span_len[s];
}

/* Takes n pages from a free span. */
static void page_heap_cut(uint32_t s, uint32_t n)
{
  page_bins_take(s, n);
  page_heap.free -= n;
  page_heap.free_resident -= span_resident[s];
}

static uintptr_t page_heap_address(uint32_t s)
{
  return radix_address((uint64_t)s * GRANULES_PER_PAGE);
}

static uint32_t page_heap_take_locked(uint32_t n)
{
  uint32_t s = page_bins_find(n);
  if (s == PAGES) {
    s = arena_add(1);
    if (s == PAGES) {
      return PAGES;
    }
    page_heap_enlist(s);
  }
  page_heap_cut(s, n);
  return s;
}

uint32_t page_heap_take(uint32_t n)
{
  lock_acquire(&page_heap.lock);
  uint32_t s = page_heap_take_locked(n);
  lock_release(&page_heap.lock);
  return s;
}

uint32_t page_heap_take_run(uint32_t arenas)
{
  if (arenas == 0 || arenas > MAX_ARENAS) {
    return PAGES;
  }
  if (arenas == 1) {
    return page_heap_take(ARENA_PAGES);
  }
  lock_acquire(&page_heap.lock);
  uint32_t s = arena_add(arenas);
  if (s != PAGES) {
    page_heap_enlist(s);
    page_heap_cut(s, span_len[s]);
  }
  lock_release(&page_heap.lock);
  return s;
}

/* Gives one free span's memory back to the kernel. */
static uint32_t page_heap_discard(uint32_t s)
{
  uint32_t resident = span_resident[s];
  if (resident == 0 || !os_discard(page_heap_address(s), (size_t)span_len[s] * PAGE_BYTES)) {
    return 0;
  }
  span_resident[s] = 0;
  page_heap.free_resident -= resident;
  page_heap.released += resident;
  return resident;
}

/* How many free pages may stay resident: an eighth of what is in use at the
 * usual rate, and never less than KEEP_PAGES. */
static uint64_t page_heap_allowance(void)
{
  uint64_t used = (uint64_t)arena_count() * ARENA_PAGES - page_heap.free;
  uint64_t rate = options()->release_rate;
  if (rate == 0) {
    return UINT64_MAX;
  }
  return KEEP_PAGES + used / (2 * rate);
}

/* Gives a free run of arenas back to the kernel: one that was kept could serve
 * runs of its own length, or waste the rest of it. */
static void page_heap_return_run(uint32_t s)
{
  uint32_t pages = span_len[s];
  page_heap.free -= pages;
  page_heap.free_resident -= span_resident[s];
  page_heap.released += span_resident[s];
  page_bins_remove(s);
  arena_remove(s / ARENA_PAGES, pages / ARENA_PAGES);
}

bool page_heap_give(uint32_t s, uint32_t resident)
{
  lock_acquire(&page_heap.lock);
  uint32_t pages = s < PAGES ? span_len[s] : 0;
  uint32_t merged = page_bins_release(s, resident);
  if (merged == PAGES) {
    lock_release(&page_heap.lock);
    return false;
  }
  page_heap.free += pages;
  page_heap.free_resident += resident;
  if (pages > ARENA_PAGES) {
    page_heap_return_run(merged);
  } else if (page_heap.free_resident > page_heap_allowance()) {
    page_heap_discard(merged);
  }
  lock_release(&page_heap.lock);
  return true;
}

uint64_t page_heap_trim(uint64_t keep)
{
  uint64_t given = 0;
  lock_acquire(&page_heap.lock);
  for (uint32_t bin = BINS; bin-- > 0 && page_heap.free_resident > keep;) {
    for (uint32_t p = list_first[bin]; p != 0 && page_heap.free_resident > keep;
         p = list_next[p - 1]) {
      given += page_heap_discard(p - 1);
    }
  }
  lock_release(&page_heap.lock);
  return given;
}

struct page_heap_counts page_heap_counts(void)
{
  lock_acquire(&page_heap.lock);
  struct page_heap_counts counts = {
      .total = (uint64_t)arena_count() * ARENA_PAGES,
      .free = page_heap.free,
      .free_resident = page_heap.free_resident,
      .released = page_heap.released,
  };
  lock_release(&page_heap.lock);
  return counts;
}

/* T11: the counts are those of the free spans. */
static bool page_heap_check_counts(uint32_t n)
{
  uint64_t free = 0;
  uint64_t resident = 0;
  for (uint32_t p = 0; p < n; p++) {
    if (span_kind[p] == SPAN_FREE) {
      free += span_len[p];
      resident += span_resident[p];
    }
  }
  return free == page_heap.free && resident == page_heap.free_resident;
}

/* Arena 0 has no spans: look-ups rely on it (span_nobody). */
static bool page_heap_check_nobody(void)
{
  for (uint32_t p = 0; p < ARENA_PAGES; p++) {
    if (span_kind[p] != SPAN_NONE) {
      return false;
    }
  }
  return true;
}

bool page_heap_check(void)
{
  lock_acquire(&page_heap.lock);
  uint32_t n = arena_end();
  bool sound =
      page_heap_check_nobody() && span_check(n) && page_bins_check(n) && page_heap_check_counts(n);
  lock_release(&page_heap.lock);
  return sound;
}

void page_heap_lock(void)
{
  lock_acquire(&page_heap.lock);
}

void page_heap_unlock(void)
{
  lock_release(&page_heap.lock);
}

void page_heap_reset_lock(void)
{
  lock_reset(&page_heap.lock);
}
