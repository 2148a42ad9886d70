/* any_pages: arenas and page heaps in any state that the checkers of src/
 * accept, and what is checked of them after an operation.  Included after
 * span.c, span_list.c, radix_map.c, arena.c and page_heap.c.
 *
 * A state is what can be read of it: entries that no function reads before it
 * writes them (the length of a page on which no span starts) are zero.
 */
#ifndef BMC_ANY_PAGES_H
#define BMC_ANY_PAGES_H

_Static_assert(ARENA_PAGES < EXACT_BINS, "every length in an arena has a bin of its own");

/* A run's arenas adjoin. */
static bool run_wf(uint32_t s)
{
  for (uint32_t a = 1; a < MAX_ARENAS; a++) {
    bool inside = a > s / ARENA_PAGES && a * ARENA_PAGES < s + span_len[s];
    if (inside && arena_key[a] != arena_key[a - 1] + 1) {
      return false;
    }
  }
  return true;
}

/* What the checkers do not say, because it binds several modules. */
static bool page_wf(uint32_t p, uint32_t n)
{
  if (p >= n || span_kind[p] == SPAN_NONE) {
    bool first = p >= ARENA_PAGES && p < n && p % ARENA_PAGES == 0;
    bool in_run = first && p > ARENA_PAGES && span_kind[ARENA_PAGES] != SPAN_NONE &&
                  span_len[ARENA_PAGES] > ARENA_PAGES;
    bool removed = first && arena_key[p / ARENA_PAGES] == 0;
    return list_of[p] == 0 && (p < n || span_kind[p] == SPAN_NONE) && (!first || in_run || removed);
  }
  return span_len[p] <= n - p && run_wf(p);
}

/* The numbers that no arena has are counted, and the last is none of them. */
static bool numbers_wf(void)
{
  uint32_t holes = 0;
  for (uint32_t a = 1; a <= arena_used; a++) {
    holes += arena_key[a] == 0;
  }
  return holes == arena_holes && (arena_used == 0 || arena_key[arena_used] != 0);
}

static bool pages_wf(void)
{
  uint32_t n = arena_end();
  if (!numbers_wf()) {
    return false;
  }
  if (!radix_check() || !span_check(n) || !page_bins_check(n) || !page_heap_check_counts(n) ||
      !span_list_check(PAGES)) {
    return false;
  }
  for (uint32_t p = 0; p < PAGES; p++) {
    if (!page_wf(p, n)) {
      return false;
    }
  }
  return true;
}

static void check_pages(void)
{
  CHECK(pages_wf(), "T3, T11: spans, bins and counts fit together");
}

static uint32_t pages_used(void)
{
  uint32_t sum = 0;
  for (uint32_t p = 0; p < PAGES; p++) {
    sum += span_kind[p] == SPAN_USED ? span_len[p] : 0;
  }
  return sum;
}

static uint32_t longest_free(void)
{
  uint32_t most = 0;
  for (uint32_t p = 0; p < PAGES; p++) {
    if (span_kind[p] == SPAN_FREE && span_len[p] <= ARENA_PAGES && span_len[p] > most) {
      most = span_len[p];
    }
  }
  return most;
}

/* The pages, and the granules, of the address space that a span has. */
static uint64_t span_pages(uint32_t s)
{
  uint32_t key = arena_key[s / ARENA_PAGES] - 1;
  return (((uint64_t)1 << span_len[s]) - 1) << (key * ARENA_PAGES + s % ARENA_PAGES);
}

static shell_granules span_granules(uint32_t s)
{
  uint32_t key = arena_key[s / ARENA_PAGES] - 1;
  shell_granules ones = ((shell_granules)1 << (span_len[s] * GRANULES_PER_PAGE)) - 1;
  return ones << ((key * ARENA_PAGES + s % ARENA_PAGES) * GRANULES_PER_PAGE);
}

static uint64_t free_pages(void)
{
  uint64_t mask = 0;
  for (uint32_t p = 0; p < PAGES; p++) {
    mask |= span_kind[p] == SPAN_FREE ? span_pages(p) : 0;
  }
  return mask;
}

/* The pages that arena_top[] says are usable. */
static uint64_t top_pages(void)
{
  uint64_t mask = 0;
  for (uint32_t a = 1; a <= arena_used; a++) {
    uint32_t usable = arena_top[a] - a * ARENA_PAGES;
    CHECK(usable <= ARENA_PAGES, "arenas: what is usable is of the arena");
    mask |= (((uint64_t)1 << usable) - 1) << ((arena_key[a] - 1) * ARENA_PAGES);
  }
  return mask;
}

static shell_granules kind_granules(uint8_t kind)
{
  shell_granules mask = 0;
  for (uint32_t p = 0; p < PAGES; p++) {
    mask |= span_kind[p] == kind ? span_granules(p) : 0;
  }
  return mask;
}

/* The memory of free spans is readable, writable and zero. */
static void check_free_memory(void)
{
  CHECK(shell_committed == top_pages(), "arenas: usable is what is mapped");
  uint64_t pages = free_pages() & top_pages();
  CHECK((shell_committed & ~shell_guarded & pages) == pages, "T11: free memory is usable");
  CHECK((shell_dirty & kind_granules(SPAN_FREE)) == 0, "T10: free memory is zero");
}

/* Any number of arenas, anywhere but on key 0: no address of ours is 0. */
static inline void any_arenas(void)
{
  uint32_t n = choose(MAX_ARENAS);
  arena_used = n;
  shell_tables = 1 + n;
  for (uint32_t a = 1; a <= n; a++) {
    uint32_t key = 1 + choose(RADIX_KEYS - 1);
    ASSUME(radix_arena[key] == 0);
    radix_set(key, a);
    uint64_t pages = (((uint64_t)1 << ARENA_PAGES) - 1) << (key * ARENA_PAGES);
    /* Usable not at all, up to the middle, or to the end. */
    uint32_t top = choose(3) * (ARENA_PAGES / 2);
    arena_top[a] = a * ARENA_PAGES + top;
    arena_usable_pages += top;
    shell_reserved |= pages;
    shell_committed |= (((uint64_t)1 << top) - 1) << (key * ARENA_PAGES);
  }
}

static inline void any_span(uint32_t s, uint32_t len)
{
  span_kind[s] = choose(2) == 0 ? SPAN_FREE : SPAN_USED;
  /* What is in use is usable; of a run, its beginning. */
  ASSUME(span_kind[s] == SPAN_FREE || len > ARENA_PAGES || arena_usable(s, s + len) == s + len);
  span_len[s] = len;
  span_back[s + len - 1] = s;
}

/* Any cut of the arenas into spans; also both of them as a run. */
static inline void any_spans(void)
{
  if (arena_used == 2 && arena_key[2] == arena_key[1] + 1 && choose(2) == 1) {
    any_span(ARENA_PAGES, 2 * ARENA_PAGES);
    return;
  }
  for (uint32_t p = ARENA_PAGES; p < arena_end(); p += span_len[p]) {
    any_span(p, 1 + choose(ARENA_PAGES - p % ARENA_PAGES));
  }
}

/* Any page heap over them: free spans in their bins in any order, any part of
 * each resident. */
static inline void any_pages(void)
{
  any_spans();
  uint32_t n = arena_end();
  ASSUME(span_check(n));
  uint32_t left = 0;
  for (uint32_t p = 0; p < n; p++) {
    left += span_kind[p] == SPAN_FREE;
  }
  for (; left > 0; left--) {
    uint32_t nth = choose(left);
    uint32_t p = 0;
    while (span_kind[p] != SPAN_FREE || list_of[p] != 0 || nth-- > 0) {
      p++;
    }
    page_bins_add(p, choose(span_len[p] + 1));
    page_heap.free += span_len[p];
    page_heap.free_resident += span_resident[p];
  }
  CHECK(pages_wf(), "the checkers accept what is generated");
}

#endif
