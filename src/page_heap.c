#include "page_heap.h"
#include "arena.h"
#include "dump.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_bins.h"
#include "radix_map.h"
#include "tables.h"

enum {
  /* free pages that may stay resident, whatever the options */
  KEEP_PAGES = ASHLAR_KEEP_BYTES / PAGE_BYTES,
  /* of free spans so long a trim gives the memory of their tables back, too */
  BARE_PAGES = 64,
  /* so many pages go back to the kernel at least before that is done unasked */
  BARE_EVERY = 16 * KEEP_PAGES
};

static struct {
  struct lock lock;
  uint64_t free;
  uint64_t free_resident;
  uint64_t released;
  uint64_t bared; /* `released`, when the memory of tables was given back last */
} page_heap;

/* A new free span. */
static void page_heap_enlist(uint32_t s)
{
  page_bins_add(s, 0);
  page_heap.free += span_len[s];
}

/* Takes n pages from a free span, of which the first ones are usable. */
static void page_heap_cut(uint32_t s, uint32_t n, uint32_t usable)
{
  page_bins_take(s, n);
  dump_take_in(s, usable);
  page_heap.free -= n;
  page_heap.free_resident -= span_resident[s];
}

static uintptr_t page_heap_address(uint32_t s)
{
  return radix_address((uint64_t)s * GRANULES_PER_PAGE);
}

/* A free span of at least n pages whose first ones are usable, however many there
 * are to look at; PAGES if there is none. */
static uint32_t page_heap_find_usable(uint32_t n, uint32_t usable)
{
  for (uint32_t bin = 0; bin < BIN_RUNS; bin++) {
    for (uint32_t p = list_first[bin]; p != 0; p = list_next[p - 1]) {
      uint32_t s = p - 1;
      if (span_len[s] >= n && arena_usable(s, s + usable) == s + usable) {
        return s;
      }
    }
  }
  return PAGES;
}

/* A free span of n pages, the first ones usable; of a new arena if need be. */
static uint32_t page_heap_find(uint32_t n, uint32_t usable)
{
  uint32_t s = page_bins_find(n);
  if (s != PAGES && arena_commit(s, usable)) {
    return s;
  }
  if (s != PAGES) {
    s = page_heap_find_usable(n, usable);
  }
  if (s == PAGES) {
    s = arena_add(1, usable);
    if (s != PAGES) {
      page_heap_enlist(s);
    }
  }
  return s;
}

static uint32_t page_heap_take_locked(uint32_t n, uint32_t usable)
{
  uint32_t s = page_heap_find(n, usable);
  if (s != PAGES) {
    page_heap_cut(s, n, usable);
  }
  return s;
}

uint32_t page_heap_take(uint32_t n)
{
  lock_acquire(&page_heap.lock);
  uint32_t s = page_heap_take_locked(n, n);
  lock_release(&page_heap.lock);
  return s;
}

/* A run of several arenas, the first pages usable. */
static uint32_t page_heap_take_run_locked(uint32_t arenas, uint32_t usable)
{
  uint32_t s = arena_add(arenas, usable);
  if (s != PAGES) {
    page_heap_enlist(s);
    page_heap_cut(s, span_len[s], usable);
  }
  return s;
}

uint32_t page_heap_take_run(uint32_t arenas, uint32_t usable)
{
  if (arenas == 0 || arenas > MAX_ARENAS || usable > arenas * ARENA_PAGES) {
    return PAGES;
  }
  lock_acquire(&page_heap.lock);
  uint32_t s = arenas == 1 ? page_heap_take_locked(ARENA_PAGES, usable)
                           : page_heap_take_run_locked(arenas, usable);
  lock_release(&page_heap.lock);
  return s;
}

bool page_heap_extend(uint32_t s, uint32_t n)
{
  lock_acquire(&page_heap.lock);
  bool done = arena_commit(s, n);
  if (done) {
    dump_take_in(s, n);
  }
  lock_release(&page_heap.lock);
  return done;
}

uint32_t page_heap_usable(uint32_t s)
{
  return arena_usable(s, s + span_len[s]) - s;
}

/* Calls `on` for each part of a free span that is usable, until it returns false. */
static bool page_heap_each_usable(uint32_t s, bool (*on)(uint32_t p, uint32_t n))
{
  uint32_t end = s + span_len[s];
  uint32_t p = s;
  while (p < end) {
    uint32_t stop = arena_usable(p, end);
    if (stop > p && !on(p, stop - p)) {
      return false;
    }
    /* On from the next arena: what is usable of one is at its beginning. */
    p = stop == end ? end : (stop / ARENA_PAGES + 1) * ARENA_PAGES;
  }
  return true;
}

static bool page_heap_discard_part(uint32_t p, uint32_t n)
{
  return os_discard(page_heap_address(p), (size_t)n * PAGE_BYTES);
}

/* Gives one free span's memory back to the kernel. */
static uint32_t page_heap_discard(uint32_t s)
{
  uint32_t resident = span_resident[s];
  if (resident == 0 || !page_heap_each_usable(s, page_heap_discard_part)) {
    return 0;
  }
  span_resident[s] = 0;
  page_heap.free_resident -= resident;
  page_heap.released += resident;
  return resident;
}

static bool page_heap_bare_part(uint32_t p, uint32_t n)
{
  tables_discard(p, n);
  return true;
}

/* Gives the memory behind the tables of long free spans back. */
static void page_heap_bare(void)
{
  page_heap.bared = page_heap.released;
  for (uint32_t bin = BINS; bin-- > 0;) {
    for (uint32_t p = list_first[bin]; p != 0; p = list_next[p - 1]) {
      if (span_len[p - 1] >= BARE_PAGES) {
        page_heap_each_usable(p - 1, page_heap_bare_part);
      }
    }
  }
}

static uint64_t page_heap_used(void)
{
  return (uint64_t)arena_count() * ARENA_PAGES - page_heap.free;
}

/* The same when half as much went back to the kernel since the last time as is
 * in use: a heap whose blocks come and go walks over its free spans seldom. */
static void page_heap_bare_at_times(void)
{
  uint64_t since = page_heap.released - page_heap.bared;
  if (since >= BARE_EVERY && since >= page_heap_used() / 2) {
    page_heap_bare();
  }
}

/* How many free pages may stay resident: an eighth of what is in use at the
 * usual rate, and never less than KEEP_PAGES. */
static uint64_t page_heap_allowance(void)
{
  uint64_t used = page_heap_used();
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
  bool usable = s < PAGES && arena_usable(s, s + 1) > s;
  uint32_t pages = usable ? span_len[s] : 0;
  uint32_t merged = usable ? page_bins_release(s, resident) : PAGES;
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
    page_heap_bare_at_times();
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
  if (keep == 0) {
    page_heap_bare();
  }
  lock_release(&page_heap.lock);
  return given;
}

uint64_t page_heap_shrink(void)
{
  uint64_t pages = 0;
  lock_acquire(&page_heap.lock);
  for (uint32_t bin = BINS; bin-- > 0;) {
    for (uint32_t p = list_first[bin]; p != 0; p = list_next[p - 1]) {
      uint32_t s = p - 1;
      page_heap_discard(s);
      if (span_resident[s] == 0) {
        pages += arena_decommit(s, span_len[s]);
      }
    }
  }
  lock_release(&page_heap.lock);
  return pages;
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

bool page_heap_open_tables_held(void)
{
  return tables_commit_records(0, arena_end());
}

bool page_heap_open_tables(void)
{
  lock_acquire(&page_heap.lock);
  bool open = page_heap_open_tables_held();
  lock_release(&page_heap.lock);
  return open;
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

bool page_heap_check_held(void)
{
  uint32_t n = arena_end();
  return page_heap_check_nobody() && span_check(n) && page_bins_check(n) &&
         page_heap_check_counts(n);
}

bool page_heap_check(void)
{
  lock_acquire(&page_heap.lock);
  /* With too little memory to look, nothing is found. */
  bool sound = !page_heap_open_tables_held() || page_heap_check_held();
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
