/* A look at every block: the program's walk, and the check. */
#include "heap_internal.h"
#include "arena.h"
#include "central_cache.h"
#include "page_heap.h"
#include "payload.h"
#include "radix_map.h"
#include "span_list.h"
#include "thread_cache.h"

/* Calls visit for each slot that starts in an arena in use. */
static bool heap_each_slot(bool (*visit)(uint64_t g, uint8_t state, void *context), void *context)
{
  uint32_t pages = heap_start() ? arena_end() : 0;
  uint32_t s = ARENA_PAGES;
  while (s < pages) {
    if (!arena_holds((uint64_t)s * GRANULES_PER_PAGE)) {
      s = (s / ARENA_PAGES + 1) * ARENA_PAGES;
      continue;
    }
    uint32_t len = span_len[s];
    if (span_kind[s] != SPAN_USED || len == 0) {
      s += span_kind[s] == SPAN_FREE && len != 0 ? len : 1;
      continue;
    }
    uint64_t high = (uint64_t)arena_usable(s, s + len) * GRANULES_PER_PAGE;
    for (uint64_t g = (uint64_t)s * GRANULES_PER_PAGE; g < high; g++) {
      uint8_t state = slot_state_get(g);
      if (state == SLOT_NONE) {
        continue;
      }
      if (!visit(g, state, context)) {
        return false;
      }
      if (heap_class(g) == CLASS_LARGE) {
        break;
      }
    }
    s += len;
  }
  return true;
}

/* ---- walk ---------------------------------------------------------------- */

struct heap_walker {
  bool (*visit)(uintptr_t block, size_t size, void *context);
  void *context;
};

static bool heap_walk_slot(uint64_t g, uint8_t state, void *context)
{
  const struct heap_walker *walker = context;
  if (state < SLOT_LIVE) {
    return true;
  }
  return walker->visit(radix_address(g), heap_asked(g, state), walker->context);
}

bool heap_walk(bool (*visit)(uintptr_t block, size_t size, void *context), void *context)
{
  struct heap_walker walker = {visit, context};
  return heap_each_slot(heap_walk_slot, &walker);
}

/* ---- check --------------------------------------------------------------- */

/* What is wrong, and where. */
struct heap_finding {
  const char *what;
  uintptr_t where;
};

static bool heap_check_slot(uint64_t g, uint8_t state, void *context)
{
  struct heap_finding *finding = context;
  uintptr_t block = radix_address(g);
  uint32_t c = heap_class(g);
  /* Another thread may change the block while it is looked at. */
  if (state >= SLOT_LIVE && !heap_slack_is_zero(block, g, state) && slot_state_get(g) == state &&
      !heap_slack_is_zero(block, g, state)) {
    finding->what = "bytes past the end of a block were written";
    finding->where = block;
    return false;
  }
  /* What is FREE stays so, under the class's lock.  What another thread holds,
   * it may just be clearing; and what is in no list was caught in a fork on its
   * way there, and is never handed out again. */
  if (state < SLOT_LIVE && heap_is_plain(c) && !payload_is_zero(block, size_class_bytes(c)) &&
      (state == SLOT_FREE || thread_cache_holds(c, block))) {
    finding->what = "a free block was written";
    finding->where = block;
    return false;
  }
  return true;
}

/* The slot table, as far as there is one. */
static bool heap_check_slots(void)
{
  uint32_t end = arena_end();
  uint32_t p = ARENA_PAGES;
  while (p < end) {
    uint32_t stop = arena_usable(p, end);
    if (!slot_check((uint64_t)p * GRANULES_PER_PAGE, (uint64_t)stop * GRANULES_PER_PAGE)) {
      return false;
    }
    p = stop == end ? end : (stop / ARENA_PAGES + 1) * ARENA_PAGES;
  }
  return true;
}

/* The tables, exactly: what they are changed under is held (heap_stop).
 * Returns what is damaged, or NULL. */
static const char *heap_check_tables(void)
{
  uint32_t pages = arena_end();
  if (!page_heap_open_tables_held()) {
    return NULL; /* too little memory to look */
  }
  if (!radix_check()) {
    return "the radix map is damaged";
  }
  if (!page_heap_check_held()) {
    return "the span table is damaged";
  }
  if (!span_list_check(pages)) {
    return "a list of spans is damaged";
  }
  if (!heap_check_slots()) {
    return "the slot table is damaged";
  }
  if (!central_check_held()) {
    return "a span is not of the class that its list is for";
  }
  return thread_cache_check() ? NULL : "the free lists of this thread are damaged";
}

bool heap_check(const char **what, uintptr_t *where)
{
  struct heap_finding finding = {NULL, 0};
  if (heap_start()) {
    heap_stop();
    finding.what = heap_check_tables();
    if (finding.what == NULL) {
      heap_each_slot(heap_check_slot, &finding);
    }
    heap_go_on();
  }
  *what = finding.what;
  *where = finding.where;
  return finding.what == NULL;
}
