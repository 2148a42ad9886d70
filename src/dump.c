#include "dump.h"
#include "arena.h"
#include "os.h"
#include "platform.h"
#include "radix_map.h"

enum {
  /* least pages that are taken in at once: at least one of any kernel's */
  DUMP_STEP = 32,
  /* ... and the part of an arena's that are in already */
  DUMP_PART = 8
};

/* Of each arena: steps that are in. */
static ASHLAR_LONG uint16_t dump_mark[MAX_ARENAS];

_Static_assert(ARENA_PAGES / DUMP_STEP <= UINT16_MAX, "an arena's steps fit a mark");

/* Raises an arena's mark, so that `pages` are in. */
static void dump_raise(uint32_t arena, uint32_t pages)
{
  uint32_t mark = dump_mark[arena] * (uint32_t)DUMP_STEP;
  if (pages <= mark) {
    return;
  }
  uint32_t to = mark + mark / DUMP_PART;
  to = to < pages ? pages : to;
  to = (to + DUMP_STEP - 1) / DUMP_STEP * DUMP_STEP;
  uint64_t first = (uint64_t)arena * ARENA_PAGES + mark;
  /* No further than the arena is usable. */
  uint32_t usable = arena_usable((uint32_t)first, (arena + 1) * ARENA_PAGES) - arena * ARENA_PAGES;
  to = to < usable ? to : usable;
  if (to <= mark) {
    return;
  }
  os_show(radix_address(first * GRANULES_PER_PAGE), (size_t)(to - mark) * PAGE_BYTES);
  dump_mark[arena] = (uint16_t)(to / DUMP_STEP);
}

void dump_take_in(uint32_t s, uint32_t n)
{
  static bool dump_hidden;
  if (!dump_hidden) {
    dump_hidden = true;
    os_hide((uintptr_t)dump_mark, sizeof dump_mark);
  }
  uint32_t end = s + n;
  while (s < end) {
    uint32_t arena = s / ARENA_PAGES;
    uint32_t edge = (arena + 1) * ARENA_PAGES;
    uint32_t to = end < edge ? end : edge;
    dump_raise(arena, to - arena * ARENA_PAGES);
    s = to;
  }
}

void dump_lower(uint32_t p)
{
  uint32_t arena = p / ARENA_PAGES;
  uint32_t steps = p % ARENA_PAGES / DUMP_STEP;
  if (dump_mark[arena] > steps) {
    dump_mark[arena] = (uint16_t)steps;
  }
}
