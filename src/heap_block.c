/* What a granule is: whose, in which slot, and how much of that was asked for. */
#include "heap_internal.h"
#include "arena.h"
#include "large.h"
#include "page_heap.h"
#include "payload.h"
#include "radix_map.h"

ASHLAR_HOT bool heap_is_ours(uint64_t g)
{
  return arena_holds(g);
}

size_t heap_asked(uint64_t g, uint8_t tag)
{
  uint32_t c = heap_class(g);
  if (c == 0) {
    return 0;
  }
  return c == CLASS_LARGE ? large_size(g) : size_class_recorded(c, slot_tag_code(tag));
}

size_t heap_capacity(uint64_t g)
{
  uint32_t c = heap_class(g);
  return c == CLASS_LARGE ? large_capacity(g) : size_class_bytes(c);
}

bool heap_slack_is_zero(uintptr_t block, uint64_t g, uint8_t tag)
{
  uint32_t c = heap_class(g);
  if (c == 0) {
    return true;
  }
  size_t asked = heap_asked(g, tag);
  size_t room = heap_capacity(g);
  if (c == CLASS_LARGE && room - asked > PAGE_BYTES) {
    room = asked + PAGE_BYTES;
  }
  return room == asked || payload_slack_is_zero(block + room, room - asked);
}

/* ---- the slot around an address ------------------------------------------ */

/* The first page of the span in use that a granule lies in; PAGES where it
 * lies in none. */
static uint32_t heap_span_of(uint64_t g)
{
  uint32_t page = (uint32_t)(g / GRANULES_PER_PAGE);
  uint32_t s = page_span[page];
  if (s != 0 && s <= page && span_kind[s] == SPAN_USED && page - s < span_len[s]) {
    return s;
  }
  /* A page of a large block but its first, or of a free span: walk.  Under the
   * lock, lest a span that is split or merged leads the walk astray. */
  page_heap_lock();
  uint32_t arena = page / ARENA_PAGES * ARENA_PAGES;
  if (!arena_stands(arena / ARENA_PAGES)) {
    page_heap_unlock();
    return PAGES;
  }
  while (arena > 0 && span_kind[arena] == SPAN_NONE) {
    arena -= ARENA_PAGES;
  }
  s = span_owner(arena, page);
  bool used = span_kind[s] == SPAN_USED;
  page_heap_unlock();
  return used ? s : PAGES;
}

uint64_t heap_slot_of(uint64_t g)
{
  uint32_t s = heap_span_of(g);
  return s == PAGES ? GRANULES : slot_find(g, (uint64_t)s * GRANULES_PER_PAGE);
}

size_t heap_object_size(uintptr_t address)
{
  uint64_t g = radix_granule(address);
  if (!heap_is_ours(g)) {
    return 0;
  }
  uint64_t start = heap_slot_of(g);
  if (start == GRANULES || slot_state_get(start) < SLOT_LIVE) {
    return 0;
  }
  size_t asked = heap_asked(start, slot_state_get(start));
  size_t offset = address - radix_address(start);
  return offset < asked ? asked - offset : 0;
}
