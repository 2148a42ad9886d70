/* span against an array that says of every page whose it is. */
#include "../../src/span.h"
#include "../support/harness.h"
#include "tables.h"

#include <string.h>

#ifdef ASHLAR_SMALL
enum {
  TRACKED_ARENAS = MAX_ARENAS,
  ROUNDS = 1000,
  STEPS = EFFORT(100),
  CORRUPTIONS = EFFORT(100000)
};
#else
enum {
  TRACKED_ARENAS = 4,
  ROUNDS = 4,
  STEPS = EFFORT(700),
  CORRUPTIONS = EFFORT(4000)
};
#endif
enum {
  TRACKED = TRACKED_ARENAS * ARENA_PAGES
};

/* ---- the model ----------------------------------------------------------- */

/* By page, counted from `base`: a number that all pages of a span share and no
 * other page has, 0 where no arena is; and whether the span is in use. */
static uint32_t owner[TRACKED];
static bool in_use[TRACKED];
static uint32_t base;
static uint32_t last_owner;

/* First pages of the spans, as the model has them. */
static uint32_t free_heads[TRACKED];
static uint32_t used_heads[TRACKED];
static uint32_t frees;
static uint32_t useds;

static bool same_owner(uint32_t i, uint32_t j)
{
  return owner[i] == owner[j];
}

/* How many pages the span has to which page i belongs, from i on. */
static uint32_t length_from(uint32_t i)
{
  uint32_t n = 1;
  while (i + n < TRACKED && same_owner(i, i + n)) {
    n++;
  }
  return n;
}

static uint32_t first_of(uint32_t i)
{
  while (i > 0 && same_owner(i - 1, i)) {
    i--;
  }
  return i;
}

static void claim(uint32_t i, uint32_t n, bool use)
{
  last_owner++;
  for (uint32_t k = i; k < i + n; k++) {
    owner[k] = last_owner;
    in_use[k] = use;
  }
}

/* Frees the span of page i, page by page grown to both sides as long as the
 * arena goes on and the next page is free. */
static uint32_t release(uint32_t i)
{
  uint32_t lo = i;
  uint32_t hi = i + length_from(i);
  while (lo % ARENA_PAGES != 0 && owner[lo - 1] != 0 && !in_use[lo - 1]) {
    lo--;
  }
  while (hi % ARENA_PAGES != 0 && owner[hi] != 0 && !in_use[hi]) {
    hi++;
  }
  claim(lo, hi - lo, false);
  return lo;
}

static void begin(uint32_t first_page)
{
  tables_reset();
  memset(owner, 0, sizeof owner);
  memset(in_use, 0, sizeof in_use);
  base = first_page;
  frees = 0;
  useds = 0;
}

/* ---- comparing ------------------------------------------------------------- */

/* What the tables must say of every tracked page; collects the heads. */
static void compare(void)
{
  frees = 0;
  useds = 0;
  uint32_t first = 0;
  for (uint32_t i = 0; i < TRACKED; i++) {
    uint32_t p = base + i;
    bool head = owner[i] != 0 && (i == 0 || !same_owner(i - 1, i));
    unsigned kind = head ? (in_use[i] ? SPAN_USED : SPAN_FREE) : SPAN_NONE;
    CHECK(span_kind[p] == kind, "page %u is of kind %u, not %u", p, span_kind[p], kind);
    if (head) {
      first = i;
      *(in_use[i] ? &used_heads[useds++] : &free_heads[frees++]) = i;
    }
    if (owner[i] != 0 && (i + 1 == TRACKED || !same_owner(i, i + 1))) {
      CHECK(span_len[base + first] == i + 1 - first, "span %u has %u pages, not %u", base + first,
            span_len[base + first], i + 1 - first);
      CHECK(span_back[p] == base + first, "page %u leads back to %u, not %u", p, span_back[p],
            base + first);
    }
  }
}

static void compare_owner(void)
{
  uint32_t i = prng_below32(TRACKED);
  uint32_t arena = i - i % ARENA_PAGES;
  if (owner[i] == 0 || first_of(arena) != arena) {
    return; /* no arena; or a later one of a run */
  }
  uint32_t found = span_owner(base + arena, base + i);
  CHECK(found == base + first_of(i), "page %u is of span %u, not %u", base + i, found,
        base + first_of(i));
}

/* ---- operations --------------------------------------------------------------- */

static void add(void)
{
  uint32_t arena = prng_below32(TRACKED_ARENAS);
  uint32_t n = 0;
  while (arena + n < TRACKED_ARENAS && owner[(size_t)(arena + n) * ARENA_PAGES] == 0) {
    n++;
  }
  if (n > 0) {
    n = prng_once_in(3) ? 1 + prng_below32(n) : 1;
    span_add(base + arena * ARENA_PAGES, n * ARENA_PAGES);
    claim(arena * ARENA_PAGES, n * ARENA_PAGES, false);
  }
}

static void take(void)
{
  if (frees == 0) {
    return;
  }
  uint32_t i = free_heads[prng_below(frees)];
  uint32_t len = length_from(i);
  uint32_t n = len;
  if (len <= ARENA_PAGES && !prng_once_in(8)) {
    uint32_t most = prng_once_in(4) || len < 32 ? len : 32;
    n = 1 + prng_below32(most);
  }
  span_take(base + i, n);
  claim(i, n, true);
}

static void give_back(void)
{
  if (useds > 0) {
    uint32_t i = used_heads[prng_below(useds)];
    uint32_t r = span_release(base + i);
    uint32_t expected = release(i);
    CHECK(r == base + expected, "span %u ends up in %u, not %u", base + i, r, base + expected);
  }
}

/* Any page number at all that is not the first page of a span in use. */
static void give_back_wrong(void)
{
  static const uint32_t absurd[] = {PAGES, PAGES + 1, UINT32_MAX, UINT32_MAX / 2 + 1};
  uint32_t p = prng_once_in(8) ? absurd[prng_below(sizeof absurd / sizeof *absurd)]
                               : base + prng_below32(TRACKED);
  if (p >= PAGES || span_kind[p] != SPAN_USED) {
    CHECK(span_release(p) == PAGES, "released page %u", p);
  }
}

/* Whole arenas go. */
static void withdraw(void)
{
  for (uint32_t k = 0; k < frees; k++) {
    uint32_t i = free_heads[k];
    uint32_t len = length_from(i);
    if (i % ARENA_PAGES == 0 && len % ARENA_PAGES == 0) {
      span_remove(base + i);
      memset(&owner[i], 0, len * sizeof owner[0]);
      return;
    }
  }
}

static void step(void)
{
  uint32_t choice = prng_below32(16);
  if (choice == 0) {
    prng_once_in(4) ? withdraw() : add();
  } else if (choice < 8) {
    take();
  } else if (choice < 13) {
    give_back();
  } else {
    give_back_wrong();
  }
  compare();
  compare_owner();
}

Test(span, T3_T11_random_operations)
{
  for (uint32_t round = 0; round < ROUNDS; round++) {
    begin(0);
    for (uint32_t i = 0; i < STEPS; i++) {
      step();
      CHECK(span_check(TRACKED), "round %u, step %u", round, i);
    }
  }
}

/* The same where the tables end.  The checker reads them all, so seldom. */
Test(span, T3_random_operations_at_the_end)
{
  begin(PAGES - TRACKED);
  for (uint32_t i = 0; i < STEPS; i++) {
    step();
  }
  CHECK(frees + useds > 0, "nothing happened");
#ifndef __SANITIZE_THREAD__ /* a look at every page there can be: hours, with its shadow */
  CHECK(span_check(PAGES), "the checker says no");
#endif
}

/* One page in use with free ones on both sides, and all that can be beside it. */
Test(span, T3_merges_with_free_neighbours_only)
{
  enum {
    LEFT = 1,
    RIGHT = 2
  };
  for (uint32_t used = 0; used < 4; used++) {
    begin(0);
    span_add(0, ARENA_PAGES);
    claim(0, ARENA_PAGES, false);
    span_take(0, 2);
    span_take(2, 1);
    span_take(3, 2);
    CHECK((used & LEFT) != 0 || span_release(0) == 0, "the left one is not freed");
    CHECK((used & RIGHT) != 0 || span_release(3) == 3, "the right one is not freed");
    CHECK(span_release(2) == ((used & LEFT) != 0 ? 2 : 0), "used neighbours %u", used);
    uint32_t first = (used & LEFT) != 0 ? 2 : 0;
    uint32_t end = (used & RIGHT) != 0 ? 3 : ARENA_PAGES;
    CHECK(span_len[first] == end - first, "used neighbours %u: %u pages", used, span_len[first]);
    CHECK(span_check(ARENA_PAGES), "used neighbours %u", used);
  }
}

/* ---- the checker ------------------------------------------------------------------- */

/* The clauses of spec/span.acsl.h, read off. */
enum clause {
  KIND,
  LEN,
  INSIDE,
  APART,
  NEXT,
  BACK,
  COALESCED,
  CLAUSES
};

static bool is_head(uint64_t p)
{
  return p < PAGES && span_kind[p] != SPAN_NONE;
}

static uint64_t end_of(uint64_t s)
{
  return s + span_len[s];
}

static bool is_edge(uint64_t p)
{
  return p % ARENA_PAGES == 0;
}

/* Whether a clause holds for the span on page s. */
static bool holds_alone(enum clause clause, uint64_t s)
{
  uint64_t end = end_of(s);
  switch (clause) {
  case KIND:
    return span_kind[s] <= SPAN_USED;
  case LEN:
    return span_len[s] >= 1 && end <= PAGES;
  case INSIDE:
    return s % ARENA_PAGES + span_len[s] <= ARENA_PAGES || (is_edge(s) && is_edge(end));
  case NEXT:
    return is_edge(end) || is_head(end);
  case BACK:
    return is_edge(s) ||
           (span_back[s - 1] < s && is_head(span_back[s - 1]) && end_of(span_back[s - 1]) == s);
  case COALESCED:
    return span_kind[s] != SPAN_FREE || is_edge(end) ||
           !(is_head(end) && span_kind[end] == SPAN_FREE);
  default:
    return true;
  }
}

/* The set of clauses that do not hold, of the spans on pages below n. */
static uint32_t violated(uint32_t n)
{
  static uint32_t heads[TRACKED];
  uint32_t count = 0;
  for (uint32_t p = 0; p < n; p++) {
    if (is_head(p)) {
      heads[count++] = p;
    }
  }
  uint32_t set = 0;
  for (uint32_t i = 0; i < count; i++) {
    for (enum clause c = KIND; c < CLAUSES; c++) {
      set |= (uint32_t)!holds_alone(c, heads[i]) << c;
    }
    for (uint32_t j = 0; j < count; j++) {
      if (heads[i] < heads[j] && end_of(heads[i]) > heads[j]) {
        set |= 1u << APART;
      }
    }
  }
  return set;
}

/* A page where a change is likely to matter: the first, the last or the next
 * one of a span; or any page. */
static uint32_t some_page(uint32_t n)
{
  uint32_t p = prng_below32(n);
  if (prng_once_in(4) || frees + useds == 0) {
    return p;
  }
  uint32_t k = prng_below32(frees + useds);
  uint32_t head = k < frees ? free_heads[k] : used_heads[k - frees];
  uint32_t place[] = {head, head + length_from(head) - 1, (head + length_from(head)) % n,
                      head > 0 ? head - 1 : 0};
  return place[prng_below(4)];
}

static void corrupt(uint32_t n)
{
  uint32_t p = some_page(n);
  uint32_t q = some_page(n);
  switch (prng_below(3)) {
  case 0:
    span_kind[p] = (uint8_t)(prng_once_in(8) ? prng() : prng_below(4));
    break;
  case 1: {
    const uint32_t values[] = {
        0,          1,           span_len[p] - 1, span_len[p] + 1,
        q - p,      PAGES - p,   PAGES - p + 1,   UINT32_MAX,
        UINT32_MAX, ARENA_PAGES, 2 * ARENA_PAGES, (uint32_t)prng_any_length()};
    span_len[p] = values[prng_below(sizeof values / sizeof *values)];
    break;
  }
  default: {
    const uint32_t values[] = {0, p, p + 1, q, PAGES, UINT32_MAX, (uint32_t)prng_any_length()};
    span_back[p] = values[prng_below(sizeof values / sizeof *values)];
  }
  }
}

Test(span, checker_against_the_predicates)
{
  enum {
    N = 2 * ARENA_PAGES
  };
  static uint8_t kind[N];
  static uint32_t len[N];
  static uint32_t back[N];
  uint32_t valid = 0;
  uint32_t broken[CLAUSES] = {0};
  for (uint32_t i = 0; i < CORRUPTIONS; i++) {
    if (i % 20 == 0) {
      /* A fresh valid state, in the first two arenas. */
      begin(0);
      span_add(0, ARENA_PAGES);
      claim(0, ARENA_PAGES, false);
      span_add(ARENA_PAGES, ARENA_PAGES);
      claim(ARENA_PAGES, ARENA_PAGES, false);
      compare();
      for (uint32_t k = prng_below32(40); k > 0; k--) {
        (void)(prng_once_in(3) ? give_back() : take());
        compare();
      }
      for (uint32_t p = 0; p < N; p++) {
        kind[p] = span_kind[p];
        len[p] = span_len[p];
        back[p] = span_back[p];
      }
      CHECK(violated(N) == 0 && span_check(N), "not valid to begin with");
    }
    for (uint64_t changes = prng_between(1, 2); changes > 0; changes--) {
      corrupt(N);
    }
    uint32_t set = violated(N);
    CHECK(span_check(N) == (set == 0), "corruption %u breaks the clauses %#x", i, set);
    valid += set == 0;
    for (enum clause c = KIND; c < CLAUSES; c++) {
      broken[c] += set >> c & 1;
    }
    for (uint32_t p = 0; p < N; p++) {
      span_kind[p] = kind[p];
      span_len[p] = len[p];
      span_back[p] = back[p];
    }
  }
  CHECK(valid > 0, "every corruption broke something");
  for (enum clause c = KIND; c < CLAUSES; c++) {
    CHECK(broken[c] > 0, "clause %u was never broken", c);
  }
}
