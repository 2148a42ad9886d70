/* span_list against plain sequences of page numbers. */
#include "../../src/span_list.h"
#include "../support/harness.h"
#include "tables.h"

#include <string.h>

enum {
  N = PAGES < 64 ? PAGES : 64, /* pages in play */
  STEPS = EFFORT(100000),
  CORRUPTIONS = EFFORT(20000)
};

/* ---- the model: each list as an array, front first -------------------------- */

static uint32_t sequence[SPAN_LISTS][N];
static uint32_t length[SPAN_LISTS];
static uint32_t where[N]; /* list plus one, 0 for none */

static void model_insert(uint32_t p, uint32_t list)
{
  memmove(&sequence[list][1], &sequence[list][0], length[list] * sizeof sequence[list][0]);
  sequence[list][0] = p;
  length[list]++;
  where[p] = list + 1;
}

static void model_remove(uint32_t p)
{
  if (where[p] == 0) {
    return;
  }
  uint32_t list = where[p] - 1;
  uint32_t k = 0;
  while (sequence[list][k] != p) {
    k++;
  }
  length[list]--;
  memmove(&sequence[list][k], &sequence[list][k + 1],
          (length[list] - k) * sizeof sequence[list][0]);
  where[p] = 0;
}

static void compare(uint32_t list)
{
  uint32_t first = span_list_first(list);
  CHECK(length[list] == 0 ? first == PAGES : first == sequence[list][0], "list %u begins with %u",
        list, first);
  uint32_t k = 0;
  for (uint32_t p = list_first[list]; p != 0; p = list_next[p - 1]) {
    CHECK(k < length[list] && p - 1 == sequence[list][k], "list %u has %u at %u", list, p - 1, k);
    k++;
  }
  CHECK(k == length[list], "list %u has %u, not %u", list, k, length[list]);
}

/* A few lists, so that they grow; the first and the last among them. */
static uint32_t any_list(void)
{
  static const uint32_t lists[] = {0, 1, 2, BINS - 1, BINS, SPAN_LISTS - 1};
  return lists[prng_below(sizeof lists / sizeof *lists)];
}

static void step(void)
{
  uint32_t p = prng_below32(N);
  uint32_t list = where[p] == 0 ? any_list() : where[p] - 1;
  if (where[p] == 0 && !prng_once_in(8)) {
    span_list_insert(p, list);
    model_insert(p, list);
  } else {
    span_list_remove(p);
    model_remove(p);
  }
  CHECK(list_of[p] == where[p], "page %u is in list %u, not %u", p, list_of[p], where[p]);
  compare(list);
}

static void begin(void)
{
  tables_reset();
  memset(length, 0, sizeof length);
  memset(where, 0, sizeof where);
}

Test(span_list, random_operations)
{
  begin();
  for (uint32_t i = 0; i < STEPS; i++) {
    step();
    CHECK(span_list_check(N), "step %u", i);
  }
}

/* ---- the checker against the clauses of spec/span_list.acsl.h ----------------- */

static bool next_is_sound(uint32_t p)
{
  uint32_t q = list_next[p];
  return q == 0 || (q <= PAGES && list_of[q - 1] == list_of[p] && list_prev[q - 1] == p + 1);
}

static bool previous_is_sound(uint32_t p)
{
  uint32_t q = list_prev[p];
  if (q == 0) {
    return list_first[list_of[p] - 1] == p + 1;
  }
  return q <= PAGES && list_of[q - 1] == list_of[p] && list_next[q - 1] == p + 1;
}

static bool first_is_sound(uint32_t list)
{
  uint32_t q = list_first[list];
  return q == 0 || (q <= PAGES && list_of[q - 1] == list + 1 && list_prev[q - 1] == 0);
}

static bool invariant(void)
{
  bool sound = true;
  for (uint32_t p = 0; p < N; p++) {
    sound = sound && list_of[p] <= SPAN_LISTS;
  }
  for (uint32_t p = 0; sound && p < N; p++) {
    sound = list_of[p] == 0 || (next_is_sound(p) && previous_is_sound(p));
  }
  for (uint32_t list = 0; sound && list < SPAN_LISTS; list++) {
    sound = first_is_sound(list);
  }
  return sound;
}

/* A page number plus one, right or wrong; or none. */
static uint32_t any_link(void)
{
  return prng_once_in(8) ? PAGES + 1 + prng_below32(3) : prng_below32(N + 1);
}

static void corrupt(void)
{
  uint32_t p = prng_below32(N);
  switch (prng_below(4)) {
  case 0:
    list_next[p] = any_link();
    break;
  case 1:
    list_prev[p] = any_link();
    break;
  case 2:
    list_of[p] = (uint16_t)(prng_once_in(8) ? SPAN_LISTS + 1 + prng_below32(3) : any_list() + 1);
    break;
  default:
    list_first[any_list()] = any_link();
    break;
  }
}

Test(span_list, checker_against_the_predicate)
{
  uint32_t valid = 0;
  for (uint32_t i = 0; i < CORRUPTIONS; i++) {
    begin();
    for (uint32_t k = prng_below32(40); k > 0; k--) {
      step();
    }
    corrupt();
    bool wf = invariant();
    CHECK(span_list_check(N) == wf, "corruption %u", i);
    valid += wf;
  }
  CHECK(valid > 0 && valid < CORRUPTIONS, "one-sided: %u of %u", valid, CORRUPTIONS);
}
