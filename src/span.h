/* span: which pages of the arenas belong together.
 *
 * Owns span_kind[], span_len[] and span_back[], and touches nothing else; the
 * page heap's lock is held by whoever calls a function that changes them.
 *
 * Invariant (spec/span.acsl.h): in each arena in use, every page belongs to
 * exactly one span; a span's first page says its kind and length; its last
 * page says where it starts (a boundary tag, so that merging looks at two
 * entries and never searches).  Between calls no two free neighbours remain.
 * Theorem T3.  Boundary tags: Knuth, The Art of Computer Programming, 2.5.
 *
 * Pages are numbered through all arenas.  Spans on the two sides of an arena's
 * edge are no neighbours; a span longer than an arena is a run of whole ones.
 */
#ifndef ASHLAR_SPAN_H
#define ASHLAR_SPAN_H

#include "platform.h"

/* What span_kind[] says of a page. */
enum {
  SPAN_NONE = 0, /* no span starts here */
  SPAN_FREE = 1, /* a free span starts here */
  SPAN_USED = 2  /* a span in use starts here */
};

#include "../spec/span.acsl.h"

/* Puts an arena, or a run of them, under management as one free span.
 * s: its first page, at an arena's edge.  n: pages, whole arenas; no span may
 * start or lie there yet. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
      requires co: span_coalesced;
    requires where: s < PAGES && span_edge(s);
    requires size: 1 <= n <= PAGES - s && span_edge(s + n);
    requires empty: \forall integer p; s <= p < s + n ==> !span_head(p);
    requires before: \forall integer p; 0 <= p < s && span_head(p) ==> span_end(p) <= s;
    terminates \true; exits \false;
    assigns span_kind[s], span_len[s], span_back[s + n - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures added: span_kind[s] == SPAN_FREE && span_len[s] == n; */
void span_add(uint32_t s, uint32_t n);

/* Takes the first pages of a free span into use.
 * s: the span's first page.  n: pages, at most the span's; of a run of arenas
 * all of them.
 * Afterwards span s has n pages and is in use; what was left is a free span
 * behind it.  All other spans stay as they were. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
      requires co: span_coalesced;
    requires free: s < PAGES && span_kind[s] == SPAN_FREE;
    requires size: 1 <= n <= span_len[s];
    requires whole: n == span_len[s] || s % ARENA_PAGES + span_len[s] <= ARENA_PAGES;
    terminates \true; exits \false;
    assigns span_kind[s], span_len[s], span_back[s + n - 1], span_kind[s + n], span_len[s + n],
      span_back[s + span_len[s] - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures used: span_kind[s] == SPAN_USED && span_len[s] == n;
    ensures rest: n < \old(span_len[s]) ==>
      span_kind[s + n] == SPAN_FREE && span_len[s + n] == \old(span_len[s]) - n;
    ensures others: \forall integer p; 0 <= p < PAGES && p != s && !(p == s + n
      && n < \old(span_len[s]))
      ==> span_kind[p] == \old(span_kind[p]) && span_len[p] == \old(span_len[p]); */
void span_take(uint32_t s, uint32_t n);

/* Frees a span, and merges it with free neighbours on both sides.
 * s: any usable page, or any number that is no page's; of others there are no
 * entries (arena.h).
 * Returns the first page of the free span in which it ended up, which begins
 * with the neighbour before it and ends with the one behind it where those are
 * free; or PAGES, and nothing has changed, where no span in use starts on s.  Spans that are no
 * free neighbours of s stay as they were. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
      requires co: span_coalesced;
    requires usable: s < PAGES ==> span_usable(s);
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    behavior wrong: assumes s >= PAGES || span_kind[s] != SPAN_USED;
      assigns \nothing;
      ensures refused: \result == PAGES;
      ensures kept: \forall integer p; 0 <= p < PAGES ==> span_kind[p] == \old(span_kind[p])
        && span_len[p] == \old(span_len[p]) && span_back[p] == \old(span_back[p]);
    behavior used: assumes s < PAGES && span_kind[s] == SPAN_USED;
      ensures merged: \result <= s && span_kind[\result] == SPAN_FREE;
      ensures from_before: span_free_before{Pre}(s) ==> \result == \old(span_back[s - 1]);
      ensures from_s: !span_free_before{Pre}(s) ==> \result == s;
      ensures to_behind: span_free_behind{Pre}(s)
        ==> span_end(\result) == s + \old(span_len[s]) + \old(span_len[s + span_len[s]]);
      ensures to_s: !span_free_behind{Pre}(s) ==> span_end(\result) == s + \old(span_len[s]);
      ensures low: \forall integer p; 0 <= p < \result
        ==> span_kind[p] == \old(span_kind[p]) && span_len[p] == \old(span_len[p]);
      ensures high: \forall integer p; span_end(\result) <= p < PAGES
        ==> span_kind[p] == \old(span_kind[p]) && span_len[p] == \old(span_len[p]);
      ensures one: \forall integer p; \result < p < span_end(\result) ==> !span_head(p);
      ensures neighbours: \forall integer p; \result <= p < span_end(\result) && p != s
        && span_head{Pre}(p)
        ==> \at(span_kind[p], Pre) == SPAN_FREE
            && (p == s + \old(span_len[s]) || p + \at(span_len[p], Pre) == s);
    complete behaviors; disjoint behaviors; */
uint32_t span_release(uint32_t s);

/* Takes a free span out of management that is an arena, or a run of them.
 * s: its first page.  Afterwards no span starts or lies there. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
      requires co: span_coalesced;
    requires free: s < PAGES && span_kind[s] == SPAN_FREE;
    requires whole: span_edge(s) && span_edge(span_end(s));
    terminates \true; exits \false;
    assigns span_kind[s];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures gone: \forall integer p; s <= p < span_end(s) ==> !span_head(p); */
void span_remove(uint32_t s);

/* Finds the span in which a page lies, by walking the arena; for reports and
 * statistics, not for speed.
 * first: the first page of the page's arena or run, on which a span starts.
 * p: the page; no arena begins between the two, unless the span on first is a run
 * that reaches beyond p.
 * Returns the first page of the one span that contains p. */
/*@ requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires next: span_wf_next; requires back: span_wf_back;
    requires first: first <= p < PAGES && span_head(first);
    requires arena: p < span_end(first) || \forall integer e; first < e <= p ==> !span_edge(e);
    terminates \true; exits \false;
    assigns \nothing;
    ensures T3_in: first <= \result <= p < span_end(\result) && span_head(\result);
    ensures T3_unique: \forall integer t; 0 <= t < PAGES && span_head(t) && t <= p < span_end(t)
      ==> t == \result; */
uint32_t span_owner(uint32_t first, uint32_t p);

/* The invariant as a function.
 * n: pages that ever were in use; no span starts on a higher page.
 * Returns true exactly where all clauses hold and no two free spans are
 * neighbours. */
/*@ requires bound: n <= PAGES;
    requires unused: \forall integer p; n <= p < PAGES ==> !span_head(p);
    terminates \true; exits \false;
    assigns \nothing;
    ensures sound: \result ==> span_wf_kind && span_wf_len && span_wf_inside && span_wf_apart
      && span_wf_next && span_wf_back && span_coalesced;
    ensures complete: span_wf_kind && span_wf_len && span_wf_inside && span_wf_apart
      && span_wf_next && span_wf_back && span_coalesced ==> \result; */
bool span_check(uint32_t n);

#endif
