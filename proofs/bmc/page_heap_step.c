/* page_heap_step: from any page heap that the checkers accept, one call.
 *
 * Shows: page_heap_take, _take_run, _give and _trim leave a page heap that the
 * checkers accept (T3); pages are conserved, and a refused call changes nothing
 * (T11), wherever the kernel refuses; the memory of free spans is usable, and
 * the kernel is never told to drop a page in use.
 * Bounds: up to 2 arenas of 4 pages on any of 3 keys; every layout of spans, order
 * of bins and number of resident pages; every argument, and some that are absurd.
 * Why they suffice: spans have two neighbours at most; four pages have every
 * layout of a span between two others and an arena's edge, and two arenas have
 * the edge between them and the run over both.
 *
 * bmc-quick: take
 * bmc-engine: enumerate
 * bmc-variants: take -DTAKE | take_run -DRUN | give -DGIVE | trim -DTRIM
 * bmc-cover: take give
 * bmc-tests: page_heap_take page_heap_take_locked page_heap_enlist page_heap_cut
 *            page_bins_find page_bins_bin page_bins_add page_bins_take
 *            page_heap_give page_heap_return_run page_bins_remove span_remove arena_remove page_bins_release span_release span_take span_split
 *            span_list_insert span_list_remove span_list_first
 */
#include "shell/shell.h"

#include "../../src/span.c"
#include "../../src/span_list.c"
#include "../../src/radix_map.c"
#include "../../src/arena.c"
#include "../../src/page_bins.c"
#include "../../src/page_heap.c"

#include "shell/any_pages.h"

/* For shell.h, which asks it of slots; there are none. */
uint64_t slot_granules(uint64_t g)
{
  (void)g;
  return 0;
}

#if defined(TAKE)
static void step(uint32_t used)
{
  uint32_t n = 1 + choose(ARENA_PAGES);
  uint64_t room = longest_free();
  say("page_heap_take(%" PRIu64 ");", n, 0);
  uint32_t s = page_heap_take(n);
  check_pages();
  if (s == PAGES) {
    CHECK(pages_used() == used, "T11: a refused request changes nothing");
    CHECK(room < n || (shell_may_refuse > 0 && shell_may_refuse < 8), "a span that fits is found");
    return;
  }
  CHECK(s < PAGES && span_kind[s] == SPAN_USED && span_len[s] == n,
        "a span of the length asked for");
  CHECK(arena_usable(s, s + n) == s + n, "all of it is usable");
  CHECK(pages_used() == used + n, "T11: pages are conserved");
}
#elif defined(RUN)
static void step(uint32_t used)
{
  uint32_t n = choose(MAX_ARENAS + 2);
  say("page_heap_take_run(%" PRIu64 ");", n, 0);
  uint32_t usable = n == 0 || n > MAX_ARENAS ? 0 : 1 + choose(n * ARENA_PAGES);
  uint32_t s = page_heap_take_run(n, usable);
  check_pages();
  if (s == PAGES) {
    CHECK(pages_used() == used, "T11: a refused request changes nothing");
    return;
  }
  CHECK(s < PAGES && span_kind[s] == SPAN_USED && span_len[s] >= n * ARENA_PAGES,
        "a run of the length asked for");
  CHECK(arena_usable(s, s + usable) == s + usable, "as many of its pages are usable as asked");
  CHECK(pages_used() == used + span_len[s], "T11: pages are conserved");
}
#elif defined(GIVE)
static void step(uint32_t used)
{
  uint32_t s = choose(PAGES + 2);
  bool right = s < PAGES && span_kind[s] == SPAN_USED;
  uint32_t len = right ? span_len[s] : 0;
  uint32_t resident = choose(len + 1);
  /* What a caller owes: its memory is zero. */
  if (right) {
    shell_dirty &= ~span_granules(s);
  }
  shell_granules dirty = shell_dirty;
  say("page_heap_give(%" PRIu64 ", %" PRIu64 ");", s, resident);
  bool given = page_heap_give(s, resident);
  check_pages();
  CHECK(given == right, "taken back exactly where a span in use starts");
  CHECK(pages_used() == used - len, "T11: pages are conserved");
  CHECK(shell_dirty == dirty, "pages in use keep what they hold");
}
#else
static void step(uint32_t used)
{
  uint64_t keep = choose(PAGES + 1);
  uint64_t resident = page_heap.free_resident;
  shell_granules dirty = shell_dirty;
  say("page_heap_trim(%" PRIu64 ");", keep, 0);
  uint64_t given = page_heap_trim(keep);
  check_pages();
  CHECK(pages_used() == used, "T11: pages are conserved");
  CHECK(page_heap.free_resident == resident - given, "what went back is not resident");
  CHECK(shell_may_refuse || page_heap.free_resident <= keep, "enough goes back");
  CHECK(shell_dirty == dirty, "pages in use keep what they hold");
}
#endif

static void harness(void)
{
  shell_may_refuse = choose(2) * 8;
  shell_options.release_rate = choose(2) == 0 ? 5 : 0;
  any_arenas();
  any_pages();
  shell_dirty = kind_granules(SPAN_USED);
  step(pages_used());
  check_free_memory();
  CHECK(shell_locks_held == 0, "no lock is held");
  REACH("end");
}
