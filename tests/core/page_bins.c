/* page_bins against an array that says of each page whose it is. */
#include "../../src/page_bins.h"
#include "../support/harness.h"
#include "tables.h"

enum {
  STEPS = EFFORT(20000),
  CORRUPTIONS = EFFORT(20000),
  FIRST = ARENA_PAGES, /* arena 0 is nobody's */
  REGION = 2 * ARENA_PAGES,
  END = FIRST + REGION,
  MOST = 400
};
_Static_assert(MAX_ARENAS >= 3, "two arenas to work on");

/* ---- the model: spans in use, in no order ------------------------------------- */

static struct extent {
  uint32_t page, pages, resident;
} used[MOST];
static uint32_t count;
static uint64_t free_pages;
static uint64_t backed; /* of free pages */

static void begin(void)
{
  tables_reset();
  count = 0;
  free_pages = 0;
  backed = 0;
  for (uint32_t s = FIRST; s < END; s += ARENA_PAGES) {
    span_add(s, ARENA_PAGES);
    page_bins_add(s, 0);
    free_pages += ARENA_PAGES;
  }
}

/* T11: what is in bins is what is not in use, page for page. */
static void compare(void)
{
  CHECK(span_check(END), "the spans are broken");
  CHECK(span_list_check(END), "the lists are broken");
  CHECK(page_bins_check(END), "the bins are broken");
  uint64_t pages = 0;
  uint64_t resident = 0;
  for (uint32_t p = FIRST; p < END; p += span_len[p]) {
    if (span_kind[p] == SPAN_FREE) {
      pages += span_len[p];
      resident += span_resident[p];
    }
  }
  CHECK(pages == free_pages, "%lu free pages, not %lu", pages, free_pages);
  CHECK(resident == backed, "%lu of them backed, not %lu", resident, backed);
  uint64_t held = 0;
  for (uint32_t i = 0; i < count; i++) {
    CHECK(span_kind[used[i].page] == SPAN_USED && span_len[used[i].page] == used[i].pages,
          "span %u", used[i].page);
    held += used[i].pages;
  }
  CHECK(pages + held == REGION, "%lu and %lu pages", pages, held);
}

static uint32_t longest_free(void)
{
  uint32_t longest = 0;
  for (uint32_t p = FIRST; p < END; p += span_len[p]) {
    if (span_kind[p] == SPAN_FREE && span_len[p] > longest) {
      longest = span_len[p];
    }
  }
  return longest;
}

/* ---- operations ----------------------------------------------------------------- */

static uint32_t any_length(void)
{
  return prng_once_in(4) ? 1 + prng_below32(ARENA_PAGES) : 1 + prng_below32(ARENA_PAGES / 64 + 4);
}

static void take(void)
{
  uint32_t n = any_length();
  if (count == MOST) {
    return;
  }
  uint32_t longest = longest_free();
  uint32_t s = page_bins_find(n);
  if (s == PAGES) {
    /* Good fit: it may pass over what fits in the bin of its own length. */
    CHECK(longest < n || page_bins_bin(longest) == page_bins_bin(n), "%u pages, %u free", n,
          longest);
    return;
  }
  CHECK(span_kind[s] == SPAN_FREE && span_len[s] >= n, "span %u for %u pages", s, n);
  uint32_t before = span_resident[s];
  uint32_t all = span_len[s];
  page_bins_take(s, n);
  uint32_t left = n < all ? span_resident[s + n] : 0;
  CHECK(span_resident[s] + left == before, "%u and %u of %u", span_resident[s], left, before);
  free_pages -= n;
  backed -= span_resident[s];
  used[count++] = (struct extent){s, n, span_resident[s]};
}

static void release(void)
{
  if (count == 0) {
    return;
  }
  uint32_t i = prng_below32(count);
  struct extent e = used[i];
  uint32_t resident = prng_below32(e.pages + 1);
  uint32_t r = page_bins_release(e.page, resident);
  CHECK(r <= e.page && r + span_len[r] >= e.page + e.pages, "%u is in %u", e.page, r);
  CHECK(span_kind[r] == SPAN_FREE, "%u", r);
  used[i] = used[--count];
  free_pages += e.pages;
  backed += resident;
}

/* What is no span in use, or in a list, is refused, and nothing changes. */
static void release_wrong(void)
{
  uint32_t s = prng_once_in(4) ? (uint32_t)prng() : FIRST + prng_below32(REGION);
  if (s < END && span_kind[s] == SPAN_USED) {
    span_list_insert(s, BINS);
    CHECK(page_bins_release(s, 0) == PAGES, "a listed span");
    CHECK(page_bins_check(END), "a span in another list is sound");
    span_list_remove(s);
    return;
  }
  CHECK(page_bins_release(s, 0) == PAGES, "page %u", s);
}

Test(page_bins, T11_random_operations)
{
  begin();
  compare();
  for (uint32_t i = 0; i < STEPS; i++) {
    switch (prng_below(5)) {
    case 0:
    case 1:
      take();
      break;
    case 2:
    case 3:
      release();
      break;
    default:
      release_wrong();
    }
    if (i % (1 + ARENA_PAGES / 256) == 0) {
      compare();
    }
  }
  while (count > 0) {
    release();
  }
  compare();
  for (uint32_t s = FIRST; s < END; s += ARENA_PAGES) {
    CHECK(span_kind[s] == SPAN_FREE && span_len[s] == ARENA_PAGES, "arena at %u", s);
    page_bins_remove(s);
    CHECK(span_kind[s] == SPAN_NONE && list_of[s] == 0, "arena at %u is gone", s);
    CHECK(span_check(END) && span_list_check(END) && page_bins_check(END), "arena at %u", s);
  }
  CHECK(page_bins_find(1) == PAGES, "there is a span");
}

/* ---- bins ------------------------------------------------------------------------- */

/* Every length has one bin, later ones hold longer spans, and what find looks
 * through is long enough. */
Test(page_bins, bins_are_in_order)
{
  uint32_t last = 0;
  for (uint32_t len = 1; len <= ARENA_PAGES; len++) {
    uint32_t bin = page_bins_bin(len);
    CHECK(bin < BIN_RUNS && (bin == last || bin == last + 1), "length %u: bin %u after %u", len,
          bin, last);
    CHECK(len > EXACT_BINS || bin == len - 1, "length %u: bin %u", len, bin);
    last = bin;
  }
  CHECK(page_bins_bin(ARENA_PAGES + 1) == BIN_RUNS, "a run");
  CHECK(page_bins_bin(UINT32_MAX) == BIN_RUNS, "a run");
}

/* A free span of exactly the length is found if it is the only one, where bins
 * are exact and at the least length of each bin; else perhaps not. */
Test(page_bins, finds_what_fits)
{
  for (uint32_t n = 1; n <= ARENA_PAGES; n += n < 300 ? 1 : n / 16) {
    begin();
    page_bins_take(FIRST + ARENA_PAGES, ARENA_PAGES);
    if (n < ARENA_PAGES) {
      page_bins_take(FIRST, ARENA_PAGES - n);
    }
    uint32_t found = page_bins_find(n);
    bool least = n <= EXACT_BINS || page_bins_bin(n - 1) != page_bins_bin(n);
    CHECK(found != PAGES || !least, "%u pages are not found", n);
    CHECK(found == PAGES || found == FIRST + ARENA_PAGES - n, "%u pages at %u", n, found);
    CHECK(n == ARENA_PAGES || page_bins_find(n + 1) == PAGES, "more than %u pages", n);
  }
}

/* ---- the checker --------------------------------------------------------------------- */

Test(page_bins, the_checker_finds_damage)
{
  begin();
  for (uint32_t i = 0; i < 60; i++) {
    take();
    if (prng_once_in(3)) {
      release();
    }
  }
  compare();
  for (uint32_t i = 0; i < CORRUPTIONS; i++) {
    uint32_t p = FIRST;
    for (uint32_t k = prng_below32(40); k > 0 && p + span_len[p] < END; k--) {
      p += span_len[p];
    }
    uint8_t kind = span_kind[p];
    uint16_t list = list_of[p];
    uint32_t resident = span_resident[p];
    bool sound = true;
    switch (prng_below(4)) {
    case 0:
      span_kind[p] = kind == SPAN_FREE ? SPAN_USED : SPAN_FREE;
      sound = false;
      break;
    case 1:
      list_of[p] = (uint16_t)prng_below(SPAN_LISTS + 1);
      sound = kind == SPAN_FREE ? list_of[p] == list : list_of[p] == 0 || list_of[p] > BINS;
      break;
    case 2:
      span_resident[p] = prng_below32(2 * span_len[p]);
      sound = kind != SPAN_FREE || span_resident[p] <= span_len[p];
      break;
    default:
      span_kind[p] = SPAN_NONE;
      sound = kind == SPAN_USED; /* the span table's own checker sees that */
    }
    CHECK(page_bins_check(END) == sound, "page %u: kind %u, list %u", p, span_kind[p], list_of[p]);
    span_kind[p] = kind;
    list_of[p] = list;
    span_resident[p] = resident;
  }
}
