#include "arena.h"
#include "dump.h"
#include "os.h"
#include "radix_map.h"
#include "space.h"
#include "span.h"
#include "tables.h"

#include <errno.h>

enum {
  ARENA_TRIES = 4,
  /* pages become usable in steps of this part of what is usable already, up to
   * a quarter of a huge page: the kernel backs by huge pages what large blocks ask
   * for at once, but never has so much room between two bytes that were touched
   * in spans of slots */
  ARENA_STEPS = 2,
  ARENA_SMALL_STEP = ASHLAR_HUGE_BYTES / 4 / PAGE_BYTES,
  ARENA_MOST_STEP = ARENA_SMALL_STEP < TABLE_CHUNK_PAGES ? ARENA_SMALL_STEP : TABLE_CHUNK_PAGES
};

_Static_assert((int)ARENA_MOST_STEP >= (int)STEP_PAGES, "the least step is one");

/* The highest number that an arena has; and how many below it none has, because
 * their arenas were removed.  Written under the page heap's lock, as is the number
 * of usable pages; read without it by statistics. */
static uint32_t arena_used;
static uint32_t arena_holes;
static uint64_t arena_usable_pages;

static uint32_t arena_last(void)
{
  return __atomic_load_n(&arena_used, __ATOMIC_ACQUIRE);
}

uint64_t arena_pages(void)
{
  return __atomic_load_n(&arena_usable_pages, __ATOMIC_RELAXED);
}

uint32_t arena_count(void)
{
  return arena_last() - __atomic_load_n(&arena_holes, __ATOMIC_RELAXED);
}

uint32_t arena_end(void)
{
  return (1 + arena_last()) * ARENA_PAGES;
}

bool arena_stands(uint32_t number)
{
  return number == 0 || arena_key[number] != 0;
}

/* The lowest of n numbers in a row that no arena has.  A single arena gets one
 * that none had before, as long as there are any: its blocks are small, and a
 * wrong program that frees an old address of a run at this very moment has
 * looked up its number already. */
static uint32_t arena_number(uint32_t n)
{
  uint32_t next = 1 + arena_used;
  if (n == 1 && next < tables_arena_limit()) {
    return next;
  }
  uint32_t row = 0;
  for (uint32_t a = 1; a < next && arena_holes >= n; a++) {
    row = arena_key[a] == 0 ? row + 1 : 0;
    if (row == n) {
      return a - n + 1;
    }
  }
  return next;
}

static uintptr_t arena_address(uint32_t p)
{
  return radix_address((uint64_t)p * GRANULES_PER_PAGE);
}

static uint32_t arena_least(uint32_t a, uint32_t b)
{
  return a < b ? a : b;
}

/* The page behind the last of a page's arena. */
static uint32_t arena_edge(uint32_t p)
{
  return (p / ARENA_PAGES + 1) * ARENA_PAGES;
}

/* Rounds up to whole pages of the kernel. */
static uint32_t arena_round(uint32_t p)
{
  uint32_t unit = (uint32_t)(os_page_bytes() / PAGE_BYTES);
  return unit <= 1 ? p : (p + unit - 1) / unit * unit;
}

/* Writes down that pages from .. to - 1 are usable.  After all else, because
 * from here on any thread that frees may look at their tables. */
static void arena_publish(uint32_t from, uint32_t to)
{
  uint32_t p = from;
  while (p < to) {
    uint32_t stop = arena_least(to, arena_edge(p));
    dump_lower(p); /* what is new is hidden */
    __atomic_store_n(&arena_top[p / ARENA_PAGES], stop, __ATOMIC_RELEASE);
    p = stop;
  }
  __atomic_store_n(&arena_usable_pages, arena_usable_pages + (to - from), __ATOMIC_RELAXED);
}

/* Gets tables and memory for pages from .. to - 1, which stand at an address. */
static bool arena_map(uintptr_t at, uint32_t from, uint32_t to)
{
  /* A free span may begin behind them. */
  bool tables =
      tables_commit(from, to - from) && (to % ARENA_PAGES == 0 || tables_commit_records(to, 1));
  return tables && space_commit(at, (size_t)(to - from) * PAGE_BYTES);
}

/* Makes unusable pages from .. to - 1 of adjoining arenas usable. */
static bool arena_raise(uint32_t from, uint32_t to)
{
  if (!arena_map(arena_address(from), from, to)) {
    return false;
  }
  arena_publish(from, to);
  return true;
}

/* Where a step ends that makes pages from .. to - 1 usable: a few more, if they
 * are few. */
static uint32_t arena_step(uint32_t from, uint32_t to)
{
  uint64_t step = STEP_PAGES;
  while (step < ARENA_MOST_STEP && step * ARENA_STEPS < arena_usable_pages) {
    step *= 2;
  }
  uint64_t end = to - from >= step ? to : (to + step - 1) / step * step;
  return (uint32_t)end;
}

/* The same, as far as a step if that can be had. */
static bool arena_raise_by_steps(uint32_t from, uint32_t to)
{
  uint32_t edge = arena_edge(to - 1);
  uint32_t far = arena_least(arena_round(arena_step(from, to)), edge);
  uint32_t near = arena_least(arena_round(to), edge);
  return arena_raise(from, far) || (near < far && arena_raise(from, near));
}

bool arena_commit(uint32_t s, uint32_t n)
{
  uint32_t end = s + n;
  uint32_t p = s;
  while (p < end) {
    uint32_t top = arena_top[p / ARENA_PAGES];
    uint32_t to = arena_least(end, arena_edge(p));
    if (top < to) {
      /* With the arenas behind it of which nothing is usable. */
      while (to < end && arena_top[to / ARENA_PAGES] == to) {
        to = arena_least(end, arena_edge(to));
      }
      if (!arena_raise_by_steps(top, to)) {
        return false;
      }
    }
    p = to;
  }
  return true;
}

/* Makes the last usable pages of an arena unusable, from p on. */
static uint32_t arena_lower(uint32_t p)
{
  uint32_t a = p / ARENA_PAGES;
  uint32_t top = arena_top[a];
  if (p >= top || !space_decommit(arena_address(p), (size_t)(top - p) * PAGE_BYTES)) {
    return 0;
  }
  dump_lower(p);
  __atomic_store_n(&arena_top[a], p, __ATOMIC_RELEASE);
  __atomic_store_n(&arena_usable_pages, arena_usable_pages - (top - p), __ATOMIC_RELAXED);
  return top - p;
}

uint32_t arena_decommit(uint32_t s, uint32_t n)
{
  uint32_t end = s + n;
  uint32_t done = 0;
  for (uint32_t p = arena_round(s); p < end; p = arena_edge(p)) {
    if (arena_top[p / ARENA_PAGES] <= end) {
      done += arena_lower(p);
    }
  }
  return done;
}

uint32_t arena_usable(uint32_t p, uint32_t end)
{
  while (p < end) {
    uint32_t stop = arena_least(end, arena_edge(p));
    uint32_t top = __atomic_load_n(&arena_top[p / ARENA_PAGES], __ATOMIC_ACQUIRE);
    if (top < stop) {
      return top > p ? top : p;
    }
    p = stop;
  }
  return end;
}

/* The records that a free span of n arenas has at its ends, and each arena of it
 * if it is by itself. */
static bool arena_commit_records(uint32_t s, uint32_t n)
{
  if (n > 1) {
    return tables_commit_records(s, n * ARENA_PAGES);
  }
  return tables_commit_records(s, 1) && tables_commit_records(s + ARENA_PAGES - 1, 1);
}

/* Adds arenas at a place, which is nobody's. */
static bool arena_add_at(uintptr_t base, uint32_t first, uint32_t n, uint32_t pages)
{
  uint32_t s = first * ARENA_PAGES;
  uint32_t edge = s + n * ARENA_PAGES;
  uint32_t to = arena_least(arena_round(arena_step(s, s + pages)), edge);
  if (!arena_map(base, s, to)) {
    to = arena_least(arena_round(s + pages), edge);
    if (!arena_map(base, s, to)) {
      return false;
    }
  }
  for (uint32_t a = first; a < first + n; a++) {
    __atomic_store_n(&arena_top[a], a * ARENA_PAGES, __ATOMIC_RELEASE);
  }
  span_add(s, n * ARENA_PAGES);
  for (uint32_t i = 0; i < n; i++) {
    radix_set(base / ARENA_BYTES + i, first + i);
  }
  arena_publish(s, to);
  return true;
}

/* Counts the numbers of n new arenas. */
static void arena_number_used(uint32_t first, uint32_t n)
{
  if (first <= arena_used) {
    __atomic_store_n(&arena_holes, arena_holes - n, __ATOMIC_RELAXED);
    return;
  }
  __atomic_store_n(&arena_used, arena_used + n, __ATOMIC_RELEASE);
}

uint32_t arena_add(uint32_t n, uint32_t pages)
{
  uint32_t first = arena_number(n); /* 0 is no arena's number */
  if (n > tables_arena_limit() - first || !arena_commit_records(first * ARENA_PAGES, n)) {
    return PAGES;
  }
  for (int i = 0; i < ARENA_TRIES; i++) {
    uintptr_t base = space_arenas(n);
    if (base == 0) {
      return PAGES;
    }
    if (arena_add_at(base, first, n, pages)) {
      if (arena_used == 0) {
        tables_seal(); /* a program that allocates nothing is spared the calls */
      }
      arena_number_used(first, n);
      return first * ARENA_PAGES;
    }
    bool taken = errno == EEXIST; /* somebody else has these addresses */
    space_abandon(base, 0, (size_t)n * ARENA_BYTES);
    if (!taken) {
      return PAGES;
    }
  }
  return PAGES;
}

/* Withdraws arenas: no thread finds them from here on. */
static void arena_withdraw(uint32_t first, uint32_t n)
{
  for (uint32_t a = first; a < first + n; a++) {
    radix_unset(a);
    uint32_t pages = arena_top[a] - a * ARENA_PAGES;
    __atomic_store_n(&arena_top[a], 0, __ATOMIC_RELEASE);
    __atomic_store_n(&arena_usable_pages, arena_usable_pages - pages, __ATOMIC_RELAXED);
    dump_lower(a * ARENA_PAGES);
  }
  uint32_t used = arena_used;
  uint32_t holes = arena_holes + n;
  while (used > 0 && arena_key[used] == 0) {
    used--;
    holes--;
  }
  __atomic_store_n(&arena_holes, holes, __ATOMIC_RELAXED);
  __atomic_store_n(&arena_used, used, __ATOMIC_RELEASE);
}

void arena_remove(uint32_t first, uint32_t n)
{
  uint32_t s = first * ARENA_PAGES;
  uint32_t end = s + n * ARENA_PAGES;
  uintptr_t base = arena_address(s);
  /* What is usable of a run is at its beginning. */
  uint32_t pages = arena_usable(s, end) - s;
  arena_withdraw(first, n);
  space_abandon(base, (size_t)pages * PAGE_BYTES, (size_t)n * ARENA_BYTES);
}
