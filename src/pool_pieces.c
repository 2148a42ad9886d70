#include "pool_pieces.h"

bool pieces_split(struct pool_pieces *p, uint32_t g, uint32_t n)
{
  uint32_t all = p->len[g];
  if (p->state[g] != PIECE_FREE || n == 0 || n >= all) {
    return false;
  }
  uint32_t h = g + n;
  //@ assert nothing: \forall integer i; g < i < g + all ==> p->state[i] == PIECE_NONE;
  /*@ assert before: \forall integer i; 0 <= i < g && p->state[i] != PIECE_NONE
      ==> i + p->len[i] <= g; */
  p->len[g] = n;
  p->len[h] = all - n;
  p->back[h - 1] = g;
  p->back[g + all - 1] = h;
  p->state[h] = PIECE_FREE;
  /*@ assert still_before: \forall integer i; 0 <= i < g && p->state[i] != PIECE_NONE
      ==> i + p->len[i] <= g; */
  /*@ assert low: \forall integer i, j; 0 <= i < j < g && p->state[i] != PIECE_NONE
      && p->state[j] != PIECE_NONE ==> i + p->len[i] <= j; */
  //@ assert only: \forall integer i; g < i < g + all && p->state[i] != PIECE_NONE ==> i == h;
  /*@ assert behind: \forall integer i, j; g + all <= i < j < p->units
      && p->state[i] != PIECE_NONE && p->state[j] != PIECE_NONE ==> i + p->len[i] <= j; */
  /*@ assert here: \forall integer j; g < j < p->units && p->state[j] != PIECE_NONE
      ==> g + p->len[g] <= j; */
  /*@ assert second: \forall integer j; h < j < p->units && p->state[j] != PIECE_NONE
      ==> h + p->len[h] <= j; */
  return true;
}

bool pieces_join(struct pool_pieces *p, uint32_t g)
{
  if (p->state[g] != PIECE_FREE) {
    return false;
  }
  uint32_t h = g + p->len[g];
  if (h >= p->units || p->state[h] != PIECE_FREE) {
    return false;
  }
  uint32_t all = p->len[g] + p->len[h];
  p->len[g] = all;
  p->back[g + all - 1] = g;
  p->state[h] = PIECE_NONE;
  return true;
}

uint32_t pieces_before(const struct pool_pieces *p, uint32_t g)
{
  if (g == 0) {
    return g;
  }
  uint32_t s = p->back[g - 1];
  if (s >= g || p->state[s] != PIECE_FREE || p->len[s] != g - s) {
    return g;
  }
  return s;
}

bool pieces_claim(struct pool_pieces *p, uint32_t g)
{
  if (p->state[g] != PIECE_FREE) {
    return false;
  }
  p->state[g] = PIECE_LIVE;
  return true;
}

uint32_t pieces_release(struct pool_pieces *p, uintptr_t address)
{
  if (address < p->base || (address - p->base) / PIECES_UNIT >= p->units) {
    return PIECES_REFUSED + PIECES_FOREIGN;
  }
  uint64_t offset = address - p->base;
  uint32_t g = (uint32_t)(offset / PIECES_UNIT);
  if (offset % PIECES_UNIT != 0 || p->state[g] == PIECE_NONE) {
    return PIECES_REFUSED + PIECES_INTERIOR;
  }
  if (p->state[g] != PIECE_LIVE) {
    return PIECES_REFUSED + PIECES_ALREADY_FREE;
  }
  p->state[g] = PIECE_FREE;
  return g;
}

bool pieces_check(const struct pool_pieces *p)
{
  uint32_t end = 0; /* of the last piece seen */
  /*@ loop invariant range: 0 <= g <= p->units && end <= p->units;
      loop invariant one: \forall integer h; 0 <= h < g && p->state[h] != PIECE_NONE
        ==> 1 <= p->len[h] && h + p->len[h] <= end && p->back[h + p->len[h] - 1] == h;
      loop invariant last: end == 0 || \exists integer h; 0 <= h < g
        && p->state[h] != PIECE_NONE && h + p->len[h] == end;
      loop invariant apart: \forall integer h, i; 0 <= h < i < g && p->state[h] != PIECE_NONE
        && p->state[i] != PIECE_NONE ==> h + p->len[h] <= i;
      loop assigns g, end;
      loop variant p->units - g; */
  for (uint32_t g = 0; g < p->units; g++) {
    if (p->state[g] == PIECE_NONE) {
      continue;
    }
    if (g < end || p->len[g] == 0 || p->len[g] > p->units - g) {
      return false;
    }
    end = g + p->len[g];
    if (p->back[end - 1] != g) {
      return false;
    }
  }
  return true;
}
