#include "arena.h"
#include "os.h"
#include "radix_map.h"
#include "span.h"
#include "tables.h"

/* Written under the page heap's lock; read without it by statistics. */
static uint32_t arena_used;

uint32_t arena_count(void)
{
  return __atomic_load_n(&arena_used, __ATOMIC_ACQUIRE);
}

uint32_t arena_end(void)
{
  return (1 + arena_count()) * ARENA_PAGES;
}

uint32_t arena_add(uint32_t n)
{
  uint32_t first = 1 + arena_used; /* 0 is no arena's number */
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
  __atomic_store_n(&arena_used, arena_used + n, __ATOMIC_RELEASE);
  return first * ARENA_PAGES;
}
