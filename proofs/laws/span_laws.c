/* Laws of the span table: client code that verifies against the contracts of
 * span.h alone. */
#include "span.h"

/* T3: releasing what was just taken restores the free span, split or not. */
/*@ requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires free: s < PAGES && span_kind[s] == SPAN_FREE;
    requires size: 1 <= n <= span_len[s];
    requires usable: span_usable(s);
    requires whole: n == span_len[s] || s % ARENA_PAGES + span_len[s] <= ARENA_PAGES;
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures T3_same: span_kind[s] == SPAN_FREE && span_len[s] == \old(span_len[s]);
    ensures T3_at: \result == s; */
uint32_t law_T3_release_after_take(uint32_t s, uint32_t n)
{
  //@ assert alone: !span_free_before(s);
  //@ assert inner: n < span_len[s] ==> !span_edge(s + n);
  //@ assert tag: !span_edge(s) ==> span_end(span_back[s - 1]) == s;
before:
  span_take(s, n);
  /*@ assert only: \forall integer u; 0 <= u < PAGES && span_head(u) && span_end(u) == s
      ==> \at(span_head(u), before) && \at(span_end(u), before) == s; */
  //@ assert still: !span_free_before(s);
  //@ assert split: n < \at(span_len[s], before) ==> span_free_behind(s);
  //@ assert entire: n == \at(span_len[s], before) ==> !span_free_behind(s);
  return span_release(s);
}

/* T3: a span in use survives the taking of another one. */
/*@ requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires free: s < PAGES && span_kind[s] == SPAN_FREE;
    requires size: 1 <= n <= span_len[s];
    requires whole: n == span_len[s] || s % ARENA_PAGES + span_len[s] <= ARENA_PAGES;
    requires used: t < PAGES && span_kind[t] == SPAN_USED;
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures T3_kept: span_kind[t] == SPAN_USED && span_len[t] == \old(span_len[t]);
    ensures T3_apart: span_end(s) <= t || span_end(t) <= s; */
void law_T3_take_keeps_others(uint32_t s, uint32_t n, uint32_t t)
{
  span_take(s, n);
}

/* T3: a span in use survives the release of another one. */
/*@ requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires other: s != t;
    requires usable: s < PAGES ==> span_usable(s);
    requires used: t < PAGES && span_kind[t] == SPAN_USED;
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures T3_kept: span_kind[t] == SPAN_USED && span_len[t] == \old(span_len[t]); */
void law_T3_release_keeps_others(uint32_t s, uint32_t t)
{
  uint32_t r = span_release(s);
  //@ assert outside: r == PAGES || t < r || span_end(r) <= t;
}

/* T3: a span is released once. */
/*@ requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires used: s < PAGES && span_kind[s] == SPAN_USED && span_usable(s);
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures T3_once: \result == PAGES; */
uint32_t law_T3_release_twice(uint32_t s)
{
  span_release(s);
  return span_release(s);
}
