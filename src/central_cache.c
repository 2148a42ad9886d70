#include "central_cache.h"
#include "arena.h"
#include "lock.h"
#include "os.h"
#include "page_heap.h"
#include "radix_map.h"
#include "slot.h"
#include "span_list.h"

enum {
  SLAB_PAGES = ASHLAR_SLAB_PAGES,
  SLAB_SLOTS = ASHLAR_SLAB_SLOTS,
  /* A class's first span: many classes are used for a block or two in a process's
   * life, and a core file holds whole spans. */
  FIRST_SLAB_BYTES = 16384, /* what is larger comes singly at first */
  FIRST_SLAB_PAGES = SLAB_PAGES < 4 ? SLAB_PAGES : SLAB_PAGES / 4,
  CACHE_LINE = 64
};

static struct {
  _Alignas(CACHE_LINE) struct lock lock;
  bool grown; /* has had a span */
} central[SIZE_CLASSES];

static uint32_t central_list(uint32_t c)
{
  return BINS + c;
}

/* Pages of a class's spans, whole pages of the kernel.  Class 0 has a single
 * one: nothing of it is ever backed. */
static uint32_t central_span_pages(uint32_t c)
{
  uint32_t unit = (uint32_t)(os_page_bytes() / PAGE_BYTES);
  bool first = !central[c].grown;
  uint32_t usual = first ? FIRST_SLAB_PAGES : SLAB_PAGES;
  uint32_t pages = c == 0 ? 1 : usual;
  uint32_t slots = first && size_class_bytes(c) > FIRST_SLAB_BYTES ? 1 : SLAB_SLOTS;
  uint32_t least = (size_class_bytes(c) * slots + PAGE_BYTES - 1) / PAGE_BYTES;
  if (c != 0 && least > pages) {
    pages = least;
  }
  return (pages + unit - 1) / unit * unit;
}

static uint64_t central_low(uint32_t s)
{
  return (uint64_t)s * GRANULES_PER_PAGE;
}

static uint64_t central_high(uint32_t s)
{
  return ((uint64_t)s + span_len[s]) * GRANULES_PER_PAGE;
}

/* Gets a span for a class and carves it.  Returns its first page, or PAGES. */
static uint32_t central_grow(uint32_t c, uint32_t seed)
{
  uint32_t s = page_heap_take(central_span_pages(c));
  if (s == PAGES) {
    return PAGES;
  }
  central[c].grown = true;
  uint32_t slots = (uint32_t)slot_carve(s, c);
  slab_slots[s] = slots;
  slab_free[s] = slots;
  uint32_t first = (uint32_t)((uint64_t)seed * slots >> 32);
  slab_cursor[s] = first * size_class_granules(c);
  if (c == 0) {
    large_guarded[s] = os_guard(radix_address(central_low(s)), (size_t)span_len[s] * PAGE_BYTES);
  }
  span_list_insert(s, central_list(c));
  return s;
}

/* Draws up to n slots from a span, from its cursor on and around. */
static uint32_t central_draw(uint32_t s, uint32_t n, uintptr_t *block)
{
  uint64_t low = central_low(s);
  uint64_t high = central_high(s);
  uint64_t start = low + slab_cursor[s];
  uint64_t g = start;
  uint64_t end = high;
  uint32_t got = 0;
  while (got < n) {
    g = slot_state_find(g, end, SLOT_FREE);
    if (g >= end) {
      if (end == start) {
        break;
      }
      g = low;
      end = start;
      continue;
    }
    slot_draw(g);
    block[got++] = radix_address(g);
    g++;
  }
  slab_cursor[s] = (uint32_t)(g < high ? g - low : 0);
  return got;
}

uint32_t central_take(uint32_t c, uint32_t n, uintptr_t *block, uint32_t seed)
{
  uint32_t got = 0;
  lock_acquire(&central[c].lock);
  while (got < n) {
    uint32_t s = span_list_first(central_list(c));
    if (s == PAGES) {
      if (got > 0) {
        break; /* enough to go on with */
      }
      s = central_grow(c, seed);
      if (s == PAGES) {
        break;
      }
    }
    uint32_t drawn = central_draw(s, n - got, block + got);
    bool exhausted = drawn < n - got || drawn >= slab_free[s];
    got += drawn;
    slab_free[s] = exhausted ? 0 : slab_free[s] - drawn;
    if (exhausted) {
      span_list_remove(s);
    }
  }
  lock_release(&central[c].lock);
  return got;
}

/* Makes a span of class 0 accessible and zero; without its guard, somebody may
 * have written there. */
static bool central_reopen(uint32_t s)
{
  uintptr_t low = radix_address(central_low(s));
  size_t bytes = (size_t)span_len[s] * PAGE_BYTES;
  if (large_guarded[s] != 0 ? !os_unguard(low, bytes) : !os_discard(low, bytes)) {
    return false;
  }
  large_guarded[s] = 0;
  return true;
}

/* Gives a span back to the page heap if all of its slots are FREE. */
static void central_shrink(uint32_t c, uint32_t s)
{
  uint32_t pages = span_len[s];
  if (c == 0 && !central_reopen(s)) {
    return; /* nobody else could use it; it stays as it is */
  }
  if (!slot_clear(s)) {
    return;
  }
  span_list_remove(s);
  page_heap_give(s, c == 0 ? 0 : pages);
}

uint32_t central_give(uint32_t c, const uintptr_t *block, uint32_t n)
{
  uint32_t done = 0;
  lock_acquire(&central[c].lock);
  for (; done < n; done++) {
    uint64_t g = radix_granule(block[done]);
    if (!arena_holds(g) || !slot_retire(g)) {
      break;
    }
    uint32_t s = page_span[g / GRANULES_PER_PAGE];
    slab_free[s] += 1;
    if (list_of[s] == 0) {
      span_list_insert(s, central_list(c));
    }
    bool only = span_list_first(central_list(c)) == s && list_next[s] == 0;
    if (slab_free[s] >= slab_slots[s] && !only) {
      central_shrink(c, s);
    }
  }
  lock_release(&central[c].lock);
  return done;
}

bool central_is_empty(uint32_t c)
{
  lock_acquire(&central[c].lock);
  bool empty = span_list_first(central_list(c)) == PAGES;
  lock_release(&central[c].lock);
  return empty;
}

void central_trim(void)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    lock_acquire(&central[c].lock);
    uint32_t p = list_first[central_list(c)];
    while (p != 0) {
      uint32_t s = p - 1;
      p = list_next[s];
      if (slab_free[s] >= slab_slots[s]) {
        central_shrink(c, s);
      }
    }
    lock_release(&central[c].lock);
  }
}

bool central_check_held(void)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    for (uint32_t p = list_first[central_list(c)]; p != 0; p = list_next[p - 1]) {
      if (span_kind[p - 1] != SPAN_USED || page_class[p - 1] != c) {
        return false;
      }
    }
  }
  return true;
}

void central_lock_all(void)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    lock_acquire(&central[c].lock);
  }
}

void central_unlock_all(void)
{
  for (uint32_t c = SIZE_CLASSES; c-- > 0;) {
    lock_release(&central[c].lock);
  }
}

void central_reset_locks(void)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    lock_reset(&central[c].lock);
  }
}
