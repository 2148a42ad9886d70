#include "piece_set.h"

ASHLAR_TABLE(struct piece_set, piece_sets, REGIONS)

void piece_add(uint32_t r, uint32_t p)
{
  piece_sets[r].piece[piece_sets[r].count] = p;
  piece_place[p] = (uint16_t)piece_sets[r].count;
  piece_owner[p] = (uint16_t)(r + 1);
  piece_sets[r].count++;
}

bool piece_remove(uint32_t r, uint32_t p)
{
  if (p >= PAGES || piece_owner[p] != r + 1) {
    return false;
  }
  uint32_t place = piece_place[p];
  uint32_t last = piece_sets[r].piece[piece_sets[r].count - 1];
  //@ assert in: place < piece_sets[r].count && piece_sets[r].piece[place] == p;
  piece_sets[r].piece[place] = last;
  piece_place[last] = (uint16_t)place;
  piece_owner[p] = 0;
  piece_sets[r].count--;
  return true;
}

uint32_t piece_pop(uint32_t r)
{
  if (piece_sets[r].count == 0) {
    return PAGES;
  }
  piece_sets[r].count--;
  uint32_t p = piece_sets[r].piece[piece_sets[r].count];
  piece_owner[p] = 0;
  return p;
}

bool piece_check(uint32_t r, uint32_t n)
{
  if (piece_sets[r].count > REGION_PIECES) {
    return false;
  }
  /*@ loop invariant range: 0 <= k <= piece_sets[r].count;
      loop invariant named: \forall integer i; 0 <= i < k ==> piece_sets[r].piece[i] < PAGES
        && piece_owner[piece_sets[r].piece[i]] == r + 1 && piece_place[piece_sets[r].piece[i]] == i;
      loop assigns k;
      loop variant piece_sets[r].count - k; */
  for (uint32_t k = 0; k < piece_sets[r].count; k++) {
    uint32_t p = piece_sets[r].piece[k];
    if (p >= PAGES || piece_owner[p] != r + 1 || piece_place[p] != k) {
      return false;
    }
  }
  /*@ loop invariant range: 0 <= p <= n;
      loop invariant placed: \forall integer i; 0 <= i < p && piece_owner[i] == r + 1
        ==> piece_place[i] < piece_sets[r].count && piece_sets[r].piece[piece_place[i]] == i;
      loop assigns p;
      loop variant n - p; */
  for (uint32_t p = 0; p < n; p++) {
    if (piece_owner[p] != r + 1) {
      continue;
    }
    if (piece_place[p] >= piece_sets[r].count || piece_sets[r].piece[piece_place[p]] != p) {
      return false;
    }
  }
  return true;
}
