#include "arena.h"
#include "os.h"
#include "radix_map.h"
#include "span.h"
#include "tables.h"

/* The highest number that an arena has; and how many below it none has, because
 * their arenas were removed.  Written under the page heap's lock; read without it
 * by statistics. */
static uint32_t arena_used;
static uint32_t arena_holes;

static uint32_t arena_last(void)
{
  return __atomic_load_n(&arena_used, __ATOMIC_ACQUIRE);
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

uint32_t arena_add(uint32_t n)
{
  uint32_t first = arena_number(n); /* 0 is no arena's number */
  if (n > tables_arena_limit() - first) {
    return PAGES;
  }
  size_t bytes = (size_t)n * ARENA_BYTES;
  uintptr_t base = os_reserve(bytes, ARENA_BYTES);
  if (base == 0) {
    return PAGES;
  }
  bool ours = (base + bytes - 1) / ARENA_BYTES < RADIX_KEYS;
  if (!ours || !tables_commit(first, n) || !os_commit(base, bytes)) {
    os_release(base, bytes);
    return PAGES;
  }
  span_add(first * ARENA_PAGES, n * ARENA_PAGES);
  /* Last, because from here on any thread that frees may look at the tables. */
  for (uint32_t i = 0; i < n; i++) {
    radix_set(base / ARENA_BYTES + i, first + i);
  }
  if (first <= arena_used) {
    __atomic_store_n(&arena_holes, arena_holes - n, __ATOMIC_RELAXED);
    return first * ARENA_PAGES;
  }
  __atomic_store_n(&arena_used, arena_used + n, __ATOMIC_RELEASE);
  return first * ARENA_PAGES;
}

void arena_remove(uint32_t first, uint32_t n)
{
  uintptr_t base = radix_address((uint64_t)first * ARENA_GRANULES);
  for (uint32_t i = 0; i < n; i++) {
    radix_unset(first + i);
  }
  uint32_t used = arena_used;
  uint32_t holes = arena_holes + n;
  while (used > 0 && arena_key[used] == 0) {
    used--;
    holes--;
  }
  __atomic_store_n(&arena_holes, holes, __ATOMIC_RELAXED);
  __atomic_store_n(&arena_used, used, __ATOMIC_RELEASE);
  os_release(base, (size_t)n * ARENA_BYTES);
}
