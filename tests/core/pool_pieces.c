/* pool_pieces against a plain array of pieces. */
#include "../../src/pool_pieces.h"
#include "../support/harness.h"

#include <string.h>

enum {
  UNITS = 64,
  STEPS = EFFORT(60000)
};

static uint8_t state[UNITS];
static uint32_t len[UNITS];
static uint32_t back[UNITS];
static uint8_t model[UNITS];
static uint32_t model_len[UNITS];

static void step(struct pool_pieces *p)
{
  uint32_t g = prng_below32(UNITS);
  uint32_t n = prng_below32(12);
  bool is_free = model[g] == PIECE_FREE;
  uint32_t behind = g + model_len[g];
  switch (prng_below(4)) {
  case 0:
    CHECK(pieces_split(p, g, n) == (is_free && n > 0 && n < model_len[g]), "unit %u at %u", g, n);
    if (is_free && n > 0 && n < model_len[g]) {
      model[g + n] = PIECE_FREE;
      model_len[g + n] = model_len[g] - n;
      model_len[g] = n;
    }
    break;
  case 1: {
    bool joins = is_free && behind < UNITS && model[behind] == PIECE_FREE;
    CHECK(pieces_join(p, g) == joins, "unit %u", g);
    if (joins) {
      model_len[g] += model_len[behind];
      model[behind] = PIECE_NONE;
    }
    break;
  }
  case 2:
    CHECK(pieces_claim(p, g) == is_free, "unit %u", g);
    model[g] = is_free ? PIECE_LIVE : model[g];
    break;
  default: {
    uintptr_t address = p->base + (uintptr_t)g * PIECES_UNIT + (prng_once_in(8) ? n : 0);
    bool exact = address % PIECES_UNIT == 0 && model[g] != PIECE_NONE;
    uint32_t expected = !exact                   ? PIECES_REFUSED + PIECES_INTERIOR
                        : model[g] == PIECE_LIVE ? g
                                                 : PIECES_REFUSED + PIECES_ALREADY_FREE;
    CHECK(pieces_release(p, address) == expected, "unit %u", g);
    model[g] = expected == g ? PIECE_FREE : model[g];
  }
  }
}

Test(pool_pieces, model)
{
  struct pool_pieces p = {state, len, back, 1 << 20, UNITS};
  state[0] = model[0] = PIECE_FREE;
  len[0] = model_len[0] = UNITS;
  for (int i = 0; i < STEPS; i++) {
    step(&p);
    CHECK(pieces_check(&p) && memcmp(state, model, sizeof state) == 0, "step %d", i);
    uint32_t before = UNITS;
    for (uint32_t g = 0; g < UNITS; g += len[g]) {
      CHECK(len[g] == model_len[g], "unit %u: %u", g, len[g]);
      bool joins = before != UNITS && model[before] == PIECE_FREE;
      CHECK(pieces_before(&p, g) == (joins ? before : g), "before unit %u", g);
      before = g;
    }
  }
  CHECK(pieces_release(&p, p.base - 1) == PIECES_REFUSED + PIECES_FOREIGN, "before it");
  CHECK(pieces_release(&p, p.base + UNITS * PIECES_UNIT) == PIECES_REFUSED + PIECES_FOREIGN,
        "behind it");
  memset(state, PIECE_NONE, sizeof state);
  state[0] = state[8] = PIECE_FREE;
  len[0] = 8;
  len[8] = UNITS - 8;
  back[7] = 0;
  back[UNITS - 1] = 8;
  CHECK(pieces_check(&p) && pieces_before(&p, 8) == 0, "two pieces");
  back[7] = 1;
  CHECK(!pieces_check(&p), "a wrong boundary tag");
  back[7] = 8;
  CHECK(!pieces_check(&p) && pieces_before(&p, 8) == 8, "a boundary tag that leads on");
  back[7] = 0;
  len[0] = 7;
  CHECK(pieces_before(&p, 8) == 8, "a boundary tag of a shorter piece");
  len[0] = 9;
  back[8] = 0;
  CHECK(!pieces_check(&p), "two pieces that overlap");
  state[8] = PIECE_NONE;
  len[0] = 0;
  CHECK(!pieces_check(&p), "a piece of nothing");
  len[0] = UNITS + 1;
  CHECK(!pieces_check(&p), "a piece too long");
}
