#include "span.h"

/* Cuts a span in two of its kind.
 * s: the span's first page.  n: pages of the first part, fewer than it has.
 * The span lies in one arena. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
    requires head: s < PAGES && span_head(s);
    requires size: 1 <= n < span_len[s];
    requires arena: s % ARENA_PAGES + span_len[s] <= ARENA_PAGES;
    terminates \true; exits \false;
    assigns span_len[s], span_len[s + n], span_kind[s + n], span_back[s + n - 1],
      span_back[s + span_len[s] - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
    ensures first: span_len[s] == n;
    ensures second: span_len[s + n] == \old(span_len[s]) - n && span_kind[s + n] == span_kind[s];
    ensures new: !span_head{Pre}(s + n); */
static void span_split(uint32_t s, uint32_t n)
{
  uint32_t all = span_len[s];
  uint32_t t = s + n;
  //@ assert next: !span_edge(s + all) ==> span_head(s + all);
  //@ assert mid: !span_edge(t);
  //@ assert none: \forall integer p; s < p < s + all ==> !span_head(p);
  span_len[s] = n;
  span_back[t - 1] = s;
  span_len[t] = all - n;
  span_back[s + all - 1] = t;
  span_kind[t] = span_kind[s];
}

/* Joins a span with the one behind it.
 * s, t: their first pages; both in one arena. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
    requires head: s < PAGES && span_head(s);
    requires behind: t == span_end(s) && !span_edge(t);
    terminates \true; exits \false;
    assigns span_len[s], span_kind[t], span_back[t + span_len[t] - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
    ensures sum: span_len[s] == \old(span_len[s]) + \old(span_len[t]);
    ensures gone: !span_head(t);
    ensures was: span_head{Pre}(t) && t + \old(span_len[t]) <= PAGES; */
static void span_merge(uint32_t s, uint32_t t)
{
  //@ assert head: span_head(t);
  uint32_t all = span_len[s] + span_len[t];
  span_len[s] = all;
  span_kind[t] = SPAN_NONE;
  span_back[s + all - 1] = s;
}

/* Joins a free span with the one behind it, if that is free too. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
    requires free: s < PAGES && span_kind[s] == SPAN_FREE;
    requires co: span_coalesced_but(s);
    terminates \true; exits \false;
    assigns span_len[s], span_kind[s .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
    ensures co: span_coalesced_behind(s);
    ensures same: span_kind[s] == SPAN_FREE;
    ensures to_behind: span_free_behind{Pre}(s)
      ==> span_end(s) == s + \old(span_len[s]) + \old(span_len[s + span_len[s]]);
    ensures to_s: !span_free_behind{Pre}(s) ==> span_len[s] == \old(span_len[s]);
    ensures inner: \forall integer p; s < p < span_end(s) ==> \at(span_kind[p], Pre) == SPAN_NONE
      || p == s + \old(span_len[s]) && \at(span_kind[p], Pre) == SPAN_FREE;
    ensures high: \forall integer p; span_end(s) <= p < PAGES
      ==> span_kind[p] == \at(span_kind[p], Pre); */
static void merge_behind(uint32_t s)
{
  uint32_t t = s + span_len[s];
  //@ assert own: \forall integer p; s < p < t ==> span_kind[p] == SPAN_NONE;
  if (t % ARENA_PAGES != 0 && span_kind[t] == SPAN_FREE) {
    //@ assert other: \forall integer p; t < p < t + span_len[t] ==> span_kind[p] == SPAN_NONE;
    span_merge(s, t);
  }
}

/* Joins a free span with the one before it, if that is free too.
 * Returns the first page of the span in which s ended up. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
    requires free: s < PAGES && span_kind[s] == SPAN_FREE;
    requires co: span_coalesced_behind(s);
    terminates \true; exits \false;
    assigns span_len[0 .. s], span_kind[s], span_back[0 .. PAGES - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
    ensures co: span_coalesced;
    ensures in: \result <= s && span_kind[\result] == SPAN_FREE;
    ensures from_before: span_free_before{Pre}(s) ==> \result == \old(span_back[s - 1]);
    ensures from_s: !span_free_before{Pre}(s) ==> \result == s;
    ensures end: span_end(\result) == s + \old(span_len[s]);
    ensures low: \forall integer p; 0 <= p < \result ==> span_len[p] == \at(span_len[p], Pre);
    ensures inner: \forall integer p; \result < p < s ==> \at(span_kind[p], Pre) == SPAN_NONE;
    ensures before: \result < s ==> \result + \at(span_len[\result], Pre) == s;
    ensures was: \at(span_kind[\result], Pre) == SPAN_FREE;
    ensures gone: \result < s ==> span_kind[s] == SPAN_NONE; */
static uint32_t merge_before(uint32_t s)
{
  if (s % ARENA_PAGES == 0) {
    return s;
  }
  uint32_t q = span_back[s - 1];
  //@ assert only: \forall integer u; 0 <= u < PAGES && span_head(u) && span_end(u) == s ==> u == q;
  if (span_kind[q] != SPAN_FREE) {
    return s;
  }
  //@ assert behind: !span_edge(span_end(s)) ==> span_kind[span_end(s)] != SPAN_FREE;
  /*@ assert rest: \forall integer u; 0 <= u < PAGES && span_kind[u] == SPAN_FREE
      && !span_edge(span_end(u)) && u != q ==> span_kind[span_end(u)] != SPAN_FREE; */
  span_merge(q, s);
  return q;
}

void span_add(uint32_t s, uint32_t n)
{
  span_kind[s] = SPAN_FREE;
  span_len[s] = n;
  span_back[s + n - 1] = s;
  //@ assert edge: span_edge(span_end(s));
  /*@ assert old: \forall integer u; 0 <= u < PAGES && u != s && span_head(u)
      ==> \at(span_head(u), Pre) && span_len[u] == \at(span_len[u], Pre); */
}

void span_take(uint32_t s, uint32_t n)
{
  if (n < span_len[s]) {
    span_split(s, n);
  }
  span_kind[s] = SPAN_USED;
}

uint32_t span_release(uint32_t s)
{
  if (s >= PAGES || span_kind[s] != SPAN_USED) {
    return PAGES;
  }
  span_kind[s] = SPAN_FREE;
  //@ assert next: span_wf_next;
  //@ assert apart: span_wf_apart;
  //@ assert back: span_wf_back;
  //@ assert around: span_coalesced_but(s);
  merge_behind(s);
  uint32_t r = merge_before(s);
  //@ assert one: \forall integer p; r < p < span_end(r) ==> !span_head(p);
  return r;
}

void span_remove(uint32_t s)
{
  //@ assert alone: \forall integer p; s < p < span_end(s) ==> !span_head(p);
  /*@ assert before: \forall integer u; 0 <= u < PAGES && span_head(u) && span_end(u) == s
      ==> span_edge(span_end(u)); */
  /*@ assert behind: \forall integer v; 0 <= v < PAGES && span_head(v) && v == span_end(s)
      ==> span_edge(v); */
  span_kind[s] = SPAN_NONE;
}

uint32_t span_owner(uint32_t first, uint32_t p)
{
  uint32_t s = first;
  /*@ loop invariant at: first <= s <= p && span_head(s);
      loop invariant run: p < span_end(first) ==> s == first;
      loop assigns s;
      loop variant p - s; */
  while (span_len[s] <= p - s) {
    s += span_len[s];
  }
  return s;
}

/* What one span must be by itself and to its neighbours. */
/*@ predicate span_sound{L}(integer p) =
      span_kind[p] <= SPAN_USED
      && 1 <= span_len[p] && span_end(p) <= PAGES
      && (p % ARENA_PAGES + span_len[p] <= ARENA_PAGES || span_edge(p) && span_edge(span_end(p)))
      && (!span_edge(span_end(p)) ==> span_head(span_end(p))
          && !(span_kind[p] == SPAN_FREE && span_kind[span_end(p)] == SPAN_FREE))
      && (!span_edge(p) ==> 0 <= span_back[p - 1] < p && span_head(span_back[p - 1])
          && span_end(span_back[p - 1]) == p); */
/*@ requires head: p < PAGES && span_head(p);
    terminates \true; exits \false;
    assigns \nothing;
    ensures equivalent: \result <==> span_sound(p); */
static bool check_one(uint32_t p)
{
  uint32_t len = span_len[p];
  if (span_kind[p] > SPAN_USED || len == 0 || len > PAGES - p) {
    return false;
  }
  uint32_t end = p + len;
  bool whole = p % ARENA_PAGES == 0 && end % ARENA_PAGES == 0;
  if (len > ARENA_PAGES - p % ARENA_PAGES && !whole) {
    return false;
  }
  if (end % ARENA_PAGES != 0) {
    if (span_kind[end] == SPAN_NONE) {
      return false;
    }
    if (span_kind[p] == SPAN_FREE && span_kind[end] == SPAN_FREE) {
      return false;
    }
  }
  if (p % ARENA_PAGES == 0) {
    return true;
  }
  uint32_t q = span_back[p - 1];
  return q < p && span_kind[q] != SPAN_NONE && span_len[q] == p - q;
}

bool span_check(uint32_t n)
{
  uint32_t end = 0; /* of the last span seen */
  /*@ loop invariant range: 0 <= p <= n && end <= PAGES;
      loop invariant one: \forall integer s; 0 <= s < p && span_head(s) ==> span_sound(s)
        && span_end(s) <= end;
      loop invariant last: end == 0 || \exists integer s; 0 <= s < p && span_head(s)
        && span_end(s) == end;
      loop invariant apart: \forall integer s, t; 0 <= s < t < p && span_head(s)
        && span_head(t) ==> span_end(s) <= t;
      loop assigns p, end;
      loop variant n - p; */
  for (uint32_t p = 0; p < n; p++) {
    if (span_kind[p] == SPAN_NONE) {
      continue;
    }
    if (p < end || !check_one(p)) {
      return false;
    }
    end = p + span_len[p];
  }
  //@ assert all: \forall integer s; 0 <= s < PAGES && span_head(s) ==> span_sound(s);
  return true;
}
