#include "span_list.h"

void span_list_insert(uint32_t p, uint32_t list)
{
  uint32_t old = list_first[list];
  list_next[p] = old;
  list_prev[p] = 0;
  list_of[p] = (uint16_t)(list + 1);
  if (old != 0) {
    list_prev[old - 1] = p + 1;
  }
  list_first[list] = p + 1;
  /* p comes before all others in the order. */
  //@ ghost uint32_t place = list_place[p];
  /*@ ghost
      /@ loop invariant range: 0 <= q <= PAGES;
         loop invariant behind: \forall integer i; q <= i < PAGES
           ==> list_place[i] == \at(list_place[i], Pre);
         loop invariant self: p < q ==> list_place[p] == 0;
         loop invariant low: \forall integer i; 0 <= i < q && i != p && \at(list_place[i],
           Pre) < place
           ==> list_place[i] == \at(list_place[i], Pre) + 1;
         loop invariant high: \forall integer i; 0 <= i < q && i != p && \at(list_place[i],
           Pre) >= place
           ==> list_place[i] == \at(list_place[i], Pre);
         loop assigns q, list_place[0 .. PAGES - 1];
         loop variant PAGES - q; @/
      for (uint32_t q = 0; q < PAGES; q++) {
        if (q == p) {
          list_place[q] = 0;
        } else if (list_place[q] < place) {
          list_place[q]++;
        }
      } */
}

void span_list_remove(uint32_t p)
{
  uint32_t list = list_of[p];
  if (list == 0) {
    return;
  }
  uint32_t before = list_prev[p];
  uint32_t behind = list_next[p];
  if (before != 0) {
    list_next[before - 1] = behind;
  } else {
    list_first[list - 1] = behind;
  }
  if (behind != 0) {
    list_prev[behind - 1] = before;
  }
  list_of[p] = 0;
}

uint32_t span_list_first(uint32_t list)
{
  uint32_t first = list_first[list];
  return first == 0 ? PAGES : first - 1;
}

/* What the entry of one page must be. */
/*@ predicate link_sound{L}(integer p) =
      list_of[p] <= SPAN_LISTS
      && (list_of[p] != 0 && list_next[p] != 0 ==> list_next[p] <= PAGES
          && list_of[list_next[p] - 1] == list_of[p] && list_prev[list_next[p] - 1] == p + 1)
      && (list_of[p] != 0 && list_prev[p] != 0 ==> list_prev[p] <= PAGES
          && list_of[list_prev[p] - 1] == list_of[p] && list_next[list_prev[p] - 1] == p + 1)
      && (list_of[p] != 0 && list_prev[p] == 0 ==> list_first[list_of[p] - 1] == p + 1); */
/*@ requires p: p < PAGES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures equivalent: \result <==> link_sound(p); */
static bool span_list_check_one(uint32_t p)
{
  uint32_t list = list_of[p];
  if (list > SPAN_LISTS) {
    return false;
  }
  if (list == 0) {
    return true;
  }
  uint32_t behind = list_next[p];
  if (behind != 0) {
    if (behind > PAGES || list_of[behind - 1] != list || list_prev[behind - 1] != p + 1) {
      return false;
    }
  }
  uint32_t before = list_prev[p];
  if (before == 0) {
    return list_first[list - 1] == p + 1;
  }
  return before <= PAGES && list_of[before - 1] == list && list_next[before - 1] == p + 1;
}

bool span_list_check(uint32_t n)
{
  /*@ loop invariant range: 0 <= p <= n;
      loop invariant sofar: \forall integer i; 0 <= i < p ==> link_sound(i);
      loop assigns p;
      loop variant n - p; */
  for (uint32_t p = 0; p < n; p++) {
    if (!span_list_check_one(p)) {
      return false;
    }
  }
  //@ assert all: \forall integer i; 0 <= i < PAGES ==> link_sound(i);
  /*@ loop invariant range: 0 <= l <= SPAN_LISTS;
      loop invariant sofar: \forall integer i; 0 <= i < l && list_first[i] != 0
        ==> list_first[i] <= PAGES
        && list_of[list_first[i] - 1] == i + 1 && list_prev[list_first[i] - 1] == 0;
      loop assigns l;
      loop variant SPAN_LISTS - l; */
  for (uint32_t l = 0; l < SPAN_LISTS; l++) {
    uint32_t first = list_first[l];
    if (first == 0) {
      continue;
    }
    if (first > PAGES || list_of[first - 1] != l + 1 || list_prev[first - 1] != 0) {
      return false;
    }
  }
  return true;
}
