#include "page_bins.h"

uint32_t page_bins_bin(uint32_t len)
{
  if (len > ARENA_PAGES) {
    return BIN_RUNS;
  }
  // cppcheck-suppress knownConditionTrueFalse ; it is, with the small constants
  if (len <= EXACT_BINS) {
    return len - 1;
  }
  /* Not often, and then a few dozen steps at most. */
  uint32_t bin = EXACT_BINS;
  uint32_t low = EXACT_BINS;
  uint32_t step = EXACT_BINS / BINS_PER_DOUBLING;
  /*@ loop invariant range: EXACT_BINS <= bin < BIN_RUNS - 1 && 1 <= step
      && low <= len <= ARENA_PAGES;
      loop invariant low: bin == EXACT_BINS ? low == EXACT_BINS : low == bins_low(bin);
      loop invariant high: low + step == bins_low(bin + 1);
      loop invariant step: step == pow2((bin - EXACT_BINS) / BINS_PER_DOUBLING + EXACT_SHIFT - 3);
      loop assigns bin, low, step;
      loop variant len - low; */
  while (len - low >= step) {
    low += step;
    bin++;
    if (low == 2 * BINS_PER_DOUBLING * step) {
      step *= 2;
    }
  }
  return bin;
}

/* The first bin all of whose spans have at least n pages. */
/*@ requires n: 1 <= n <= ARENA_PAGES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result < BIN_RUNS;
    ensures enough: n <= bins_low(\result);
    ensures tight: \forall integer b; 0 <= b < \result ==> bins_low(b) < n; */
static uint32_t first_bin(uint32_t n)
{
  return n == 1 ? 0 : page_bins_bin(n - 1) + 1;
}

uint32_t page_bins_find(uint32_t n)
{
  /* From every linked span its list's first is reached. */
  /*@ ghost
      /@ loop invariant range: 0 <= p <= PAGES;
         loop invariant reached: \forall integer q; 0 <= q < p && list_of[q] != 0
           ==> list_first[list_of[q] - 1] != 0;
         loop assigns p;
         loop variant PAGES - p; @/
      for (uint32_t p = 0; p < PAGES; p++) {
        if (list_of[p] != 0) {
          uint32_t q = p;
          /@ loop invariant same: q < PAGES && list_of[q] == list_of[p];
             loop assigns q;
             loop variant list_place[q]; @/
          while (list_prev[q] != 0) {
            q = list_prev[q] - 1;
          }
        }
      } */
  /*@ assert reached: \forall integer p; 0 <= p < PAGES && bins_hold(p)
      ==> list_first[list_of[p] - 1] != 0; */
  /*@ loop invariant range: 0 <= b <= BIN_RUNS;
      loop invariant enough: b < BIN_RUNS ==> n <= bins_low(b);
      loop invariant passed: \forall integer l; 0 <= l < b && n <= bins_low(l)
        ==> list_first[l] == 0;
      loop assigns b;
      loop variant BIN_RUNS - b; */
  for (uint32_t b = first_bin(n); b < BIN_RUNS; b++) {
    uint32_t s = span_list_first(b);
    if (s != PAGES) {
      return s;
    }
  }
  return PAGES;
}

void page_bins_add(uint32_t s, uint32_t resident)
{
  span_resident[s] = resident;
  span_list_insert(s, page_bins_bin(span_len[s]));
}

void page_bins_take(uint32_t s, uint32_t n)
{
  uint32_t all = span_len[s];
  uint32_t resident = span_resident[s];
  span_list_remove(s);
  /*@ assert without: \forall integer p; 0 <= p < PAGES && p != s ==> (bins_hold(p)
      <==> span_kind[p] == SPAN_FREE); */
  //@ assert inner: n < all ==> !span_head(s + n);
  span_take(s, n);
  if (n < all) {
    uint32_t left = all - n;
    uint32_t behind = resident < left ? resident : left;
    span_resident[s] = resident - behind;
    page_bins_add(s + n, behind);
  }
}

uint32_t page_bins_release(uint32_t s, uint32_t resident)
{
  if (s >= PAGES || span_kind[s] != SPAN_USED || list_of[s] != 0) {
    return PAGES;
  }
  uint32_t behind = s + span_len[s];
  if (behind % ARENA_PAGES != 0 && span_kind[behind] == SPAN_FREE) {
    resident += span_resident[behind];
    span_list_remove(behind);
  }
  //@ assert hold1: \forall integer p; 0 <= p < PAGES && bins_hold(p) ==> span_kind[p] == SPAN_FREE;
  /*@ assert free1: \forall integer p; 0 <= p < PAGES && span_kind[p] == SPAN_FREE
      && !(p == behind && !span_edge(behind)) ==> bins_hold(p); */
  //@ assert out1: !span_edge(behind) && span_kind[behind] == SPAN_FREE ==> list_of[behind] == 0;
  /*@ assert same1: \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      ==> list_of[p] == \at(list_of[p], Pre); */
  //@ assert fit1: bins_wf_len;
  //@ assert head1: bins_wf_head;
  //@ assert sum_s: !span_free_behind(s) ==> resident == \at(resident, Pre);
  /*@ assert sum_behind: span_free_behind(s) ==> resident == \at(resident,
      Pre) + \at(span_resident[s + span_len[s]], Pre); */
  if (s % ARENA_PAGES != 0) {
    uint32_t before = span_back[s - 1];
    if (span_kind[before] == SPAN_FREE) {
      resident += span_resident[before];
      span_list_remove(before);
      /*@ assert same_before: \forall integer p; 0 <= p < PAGES && list_of[p] != 0
          ==> list_of[p] == \at(list_of[p], Pre); */
      //@ assert fit_before: bins_wf_len;
      //@ assert head_before: bins_wf_head;
      /*@ assert out_inner: !span_edge(behind) && span_kind[behind] == SPAN_FREE
          ==> list_of[behind] == 0; */
    }
  }
  //@ assert hold2: \forall integer p; 0 <= p < PAGES && bins_hold(p) ==> span_kind[p] == SPAN_FREE;
  /*@ assert free2: \forall integer p; 0 <= p < PAGES && span_kind[p] == SPAN_FREE
      && !(p == behind && !span_edge(behind)) && !(p == span_back[s - 1] && !span_edge(s))
      ==> bins_hold(p); */
  /*@ assert same2: \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      ==> list_of[p] == \at(list_of[p], Pre); */
  //@ assert fit2: bins_wf_len;
  //@ assert head2: bins_wf_head;
  //@ assert sum00: !span_free_before(s) && !span_free_behind(s) ==> resident == \at(resident, Pre);
  /*@ assert sum01: !span_free_before(s) && span_free_behind(s) ==> resident == \at(resident,
      Pre) + \at(span_resident[s + span_len[s]], Pre); */
  /*@ assert sum10: span_free_before(s) && !span_free_behind(s) ==> resident == \at(resident,
      Pre) + \at(span_resident[span_back[s - 1]], Pre); */
  /*@ assert sum11: span_free_before(s) && span_free_behind(s) ==> resident == \at(resident,
      Pre) + \at(span_resident[span_back[s - 1]], Pre) + \at(span_resident[s + span_len[s]], Pre);
      */
  //@ assert out_s: list_of[s] == 0;
  /*@ assert out_behind: !span_edge(behind) && span_kind[behind] == SPAN_FREE
      ==> list_of[behind] == 0; */
  //@ assert out_before: span_free_before(s) ==> list_of[span_back[s - 1]] == 0;
  /*@ assert only: !span_edge(s) ==> \forall integer p; 0 <= p < s && span_head(p)
      && span_end(p) == s ==> p == span_back[s - 1]; */
  uint32_t r = span_release(s);
  /*@ assert low: \forall integer p; 0 <= p < r ==> span_kind[p] == \at(span_kind[p], Pre)
      && span_len[p] == \at(span_len[p], Pre); */
  /*@ assert high: \forall integer p; span_end(r) <= p < PAGES
      ==> span_kind[p] == \at(span_kind[p], Pre) && span_len[p] == \at(span_len[p], Pre); */
  //@ assert inner: \forall integer p; r < p < span_end(r) ==> span_kind[p] == SPAN_NONE;
  /*@ assert out_heads: \forall integer p; r <= p < span_end(r) && span_head{Pre}(p)
      ==> list_of[p] == 0; */
  //@ assert out: \forall integer p; r <= p < span_end(r) ==> list_of[p] == 0;
  /*@ assert free_low: \forall integer p; 0 <= p < r ==> (bins_hold(p)
      <==> span_kind[p] == SPAN_FREE); */
  /*@ assert free_high: \forall integer p; span_end(r) <= p < PAGES ==> (bins_hold(p)
      <==> span_kind[p] == SPAN_FREE); */
  /*@ assert free: \forall integer p; 0 <= p < PAGES && p != r ==> (bins_hold(p)
      <==> span_kind[p] == SPAN_FREE); */
  /*@ assert kept: \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      ==> span_kind[p] == \at(span_kind[p], Pre) && span_len[p] == \at(span_len[p], Pre); */
  //@ assert fit: bins_wf_len;
  //@ assert head: bins_wf_head;
  //@ assert sum: resident <= span_len[r];
  page_bins_add(r, resident);
  return r;
}

void page_bins_remove(uint32_t s)
{
  span_list_remove(s);
  //@ assert out: list_of[s] == 0;
  /*@ assert kept: \forall integer p; 0 <= p < PAGES && p != s ==> list_of[p] == \at(list_of[p],
      Pre); */
  span_remove(s);
}

/* What the entries of one page must be. */
/*@ predicate bin_sound{L}(integer p) =
      (bins_hold(p) <==> span_kind[p] == SPAN_FREE)
      && (bins_hold(p) ==> bins_fit(list_of[p] - 1, span_len[p]) && span_resident[p] <= span_len[p])
      && (list_of[p] != 0 ==> span_head(p)); */
/*@ requires p: p < PAGES;
    requires len: span_wf_len;
    terminates \true; exits \false;
    assigns \nothing;
    ensures equivalent: \result <==> bin_sound(p); */
static bool bin_check_one(uint32_t p)
{
  uint32_t list = list_of[p];
  if (span_kind[p] != SPAN_FREE) {
    return list == 0 || (list > BINS && span_kind[p] != SPAN_NONE);
  }
  return list != 0 && list - 1 == page_bins_bin(span_len[p]) && span_resident[p] <= span_len[p];
}

bool page_bins_check(uint32_t n)
{
  /*@ loop invariant range: 0 <= p <= n;
      loop invariant sofar: \forall integer i; 0 <= i < p ==> bin_sound(i);
      loop assigns p;
      loop variant n - p; */
  for (uint32_t p = 0; p < n; p++) {
    if (!bin_check_one(p)) {
      return false;
    }
  }
  //@ assert all: \forall integer i; 0 <= i < PAGES ==> bin_sound(i);
  return true;
}
