/* piece_set and region_bump against plain models. */
#include "../../src/piece_set.h"
#include "../../src/region_bump.h"
#include "../support/harness.h"
#include "tables.h"

enum {
  STEPS = EFFORT(100000),
  CORRUPTIONS = EFFORT(20000),
  SETS = 3,
  PIECE_PAGES = PAGES < 300 ? PAGES : 300
};

static uint32_t owner[PIECE_PAGES]; /* the model: the set of a page plus one, or 0 */

static void start(void)
{
  tables_reset();
  for (uint32_t i = 0; i < SETS; i++) {
    piece_sets[i] = (struct piece_set){0};
  }
  for (uint32_t p = 0; p < PIECE_PAGES; p++) {
    owner[p] = 0;
  }
}

static uint32_t held(uint32_t i)
{
  uint32_t n = 0;
  for (uint32_t p = 0; p < PIECE_PAGES; p++) {
    n += owner[p] == i + 1;
  }
  return n;
}

static void compare(void)
{
  for (uint32_t i = 0; i < SETS; i++) {
    CHECK(piece_check(i, PIECE_PAGES), "the checker says no to set %u", i);
    CHECK(piece_sets[i].count == held(i), "set %u: %u pieces", i, piece_sets[i].count);
  }
  for (uint32_t p = 0; p < PIECE_PAGES; p++) {
    CHECK(piece_owner[p] == owner[p], "page %u: %u, not %u", p, piece_owner[p], owner[p]);
  }
}

Test(piece_set, model)
{
  start();
  for (uint32_t n = 0; n < STEPS; n++) {
    uint32_t i = prng_below32(SETS);
    uint32_t p = prng_below32(PIECE_PAGES);
    if (prng_once_in(3)) {
      bool was = owner[p] == i + 1;
      CHECK(piece_remove(i, p) == was, "page %u of set %u", p, i);
      owner[p] = was ? 0 : owner[p];
    } else if (prng_once_in(20)) {
      uint32_t got = piece_pop(i);
      CHECK(got == PAGES ? held(i) == 0 : owner[got] == i + 1, "set %u: page %u", i, got);
      if (got != PAGES) {
        owner[got] = 0;
      }
    } else if (owner[p] == 0 && piece_sets[i].count < REGION_PIECES) {
      piece_add(i, p);
      owner[p] = i + 1;
    }
    if (n % 64 == 0) {
      compare();
    }
  }
  CHECK(!piece_remove(0, PAGES) && !piece_remove(0, UINT32_MAX), "no such page");
  for (uint32_t i = 0; i < SETS; i++) {
    uint32_t n = held(i);
    for (uint32_t k = 0; k < n; k++) {
      owner[piece_pop(i)] = 0;
    }
    CHECK(piece_pop(i) == PAGES, "set %u is not empty", i);
  }
  compare();
}

Test(piece_set, checker)
{
  for (uint32_t n = 0; n < CORRUPTIONS; n++) {
    if (n % 100 == 0) {
      start();
      for (uint32_t p = 0; p < 20; p++) {
        piece_add(p % 2, p);
      }
    }
    uint16_t *entry = prng_once_in(2) ? &piece_owner[prng_below(24)] : &piece_place[prng_below(24)];
    uint16_t saved = *entry;
    *entry = (uint16_t)prng_below(12);
    struct piece_set *s = &piece_sets[0];
    bool sound = true;
    for (uint32_t k = 0; k < s->count; k++) {
      sound = sound && piece_owner[s->piece[k]] == 1 && piece_place[s->piece[k]] == k;
    }
    for (uint32_t p = 0; p < PIECE_PAGES; p++) {
      sound = sound &&
              (piece_owner[p] != 1 || (piece_place[p] < s->count && s->piece[piece_place[p]] == p));
    }
    CHECK(piece_check(0, PIECE_PAGES) == sound, "corruption %u", n);
    *entry = saved;
  }
  piece_sets[0] = (struct piece_set){.count = REGION_PIECES + 1};
  CHECK(!piece_check(0, PIECE_PAGES), "a piece too many");
  piece_sets[8] = (struct piece_set){.count = 1, .piece = {PAGES}};
  CHECK(!piece_check(8, PIECE_PAGES), "no such page");
}

static uintptr_t model_place(uintptr_t at, uintptr_t end, size_t size, size_t align)
{
  uintptr_t block = at;
  while (block % align != 0) {
    if (block == UINTPTR_MAX) {
      return 0;
    }
    block++;
  }
  return block <= end && size <= end - block ? block : 0;
}

Test(region_bump, model)
{
  for (uint32_t n = 0; n < STEPS; n++) {
    bool high = prng_once_in(2);
    uintptr_t at = high ? UINTPTR_MAX - prng_below(300) : 1 + prng_below(300);
    uintptr_t end = high ? prng_between(at, UINTPTR_MAX) : at + prng_below(400);
    size_t size = prng_once_in(8) ? prng_any_length() : 1 + prng_below(300);
    size = size == 0 ? 1 : size;
    size_t align = 1 + prng_below(100);
    CHECK(region_place(at, end, size) == model_place(at, end, size, GRANULE_BYTES),
          "%lu bytes in %lx .. %lx", size, at, end);
    CHECK(region_place_aligned(at, end, size, align) == model_place(at, end, size, align),
          "%lu bytes at %lu in %lx .. %lx", size, align, at, end);
  }
}
