/* page_bins: the free spans by length, so that one that fits is found without a
 * search; and what becomes of them when pages are taken and released.
 *
 * Owns lists 0 .. BINS - 1 of span_list and span_resident[]; changes the span
 * table through span.  All of it under the page heap's lock.
 *
 * Invariant (spec/page_bins.acsl.h): exactly the free spans are in bins, each in
 * the one for its length; span_resident[] of a free span's first page is at most
 * its length.  Theorem T11: pages are conserved, and what fails changes nothing.
 *
 * Bins: one for each length up to EXACT_BINS pages, then eight a doubling (good
 * fit, as in TLSF: Masmano et al., 2004).  Runs of arenas are in a bin of their
 * own and are handed out whole.
 */
#ifndef ASHLAR_PAGE_BINS_H
#define ASHLAR_PAGE_BINS_H

#include "span.h"
#include "span_list.h"

enum {
  /* whole runs of more than one arena; no length in an arena reaches it */
  BIN_RUNS = BINS - 1
};

#include "../spec/page_bins.acsl.h"

/* The bin of a length.
 * len: pages, at least 1. */
/*@ requires len: 1 <= len;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result < BINS;
    ensures fits: bins_fit(\result, len);
    ensures only: \forall integer b; 0 <= b < BINS && bins_fit(b, len) ==> b == \result; */
uint32_t page_bins_bin(uint32_t len);

/* Finds a free span, in the first bin that is not empty of those all of whose
 * spans are long enough.
 * n: pages, 1 .. ARENA_PAGES.  Returns its first page, or PAGES where none of
 * these bins has a span. */
/*@ requires prev: list_wf_prev; requires front: list_wf_front; requires first: list_wf_first;
    requires range: list_wf_range; requires order: list_wf_order;
    requires free: bins_wf_free; requires fit: bins_wf_len;
    requires n: 1 <= n <= ARENA_PAGES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures found: \result == PAGES
      || \result < PAGES && span_kind[\result] == SPAN_FREE
        && n <= span_len[\result] <= ARENA_PAGES;
    ensures T11_best: \result < PAGES ==> \forall integer p; 0 <= p < PAGES && bins_serve(p, n)
      ==> list_of[\result] <= list_of[p];
    ensures T11_none: \result == PAGES ==> \forall integer p; 0 <= p < PAGES ==> !bins_serve(p,
      n); */
uint32_t page_bins_find(uint32_t n);

/* Puts a free span that is new into its bin.
 * s: its first page.  resident: how many of its pages may be backed. */
/*@ requires next: list_wf_next; requires prev: list_wf_prev; requires front: list_wf_front;
    requires first: list_wf_first; requires range: list_wf_range;
    requires order: list_wf_order; requires places: list_wf_places; requires one: list_wf_one;
    requires len: span_wf_len;
    requires s: s < PAGES && span_kind[s] == SPAN_FREE && list_of[s] == 0;
    requires free: \forall integer p; 0 <= p < PAGES && p != s ==> (bins_hold(p)
      <==> span_kind[p] == SPAN_FREE);
    requires fit: bins_wf_len; requires head: bins_wf_head;
    requires backed: \forall integer p; 0 <= p < PAGES && p != s && span_kind[p] == SPAN_FREE
      ==> span_resident[p] <= span_len[p];
    requires resident: resident <= span_len[s];
    terminates \true; exits \false;
    assigns span_resident[s], list_next[s], list_prev[0 .. PAGES - 1], list_of[s],
      list_first[0 .. SPAN_LISTS - 1], list_place[0 .. PAGES - 1];
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures free: bins_wf_free; ensures fit: bins_wf_len; ensures head: bins_wf_head;
    ensures backed: bins_wf_resident;
    ensures resident: span_resident[s] == resident; */
void page_bins_add(uint32_t s, uint32_t resident);

/* Takes the first pages of a free span out of the bins and into use.
 * s: its first page.  n: pages, at most the span's; of a run of arenas all.
 * Afterwards span s has n pages, is in use and in no list; what was left is a
 * free span behind it, in its bin.  span_resident[] of both add up to what it
 * was, and what is left has as much of it as it has pages for; all other spans
 * stay as they were. */
/*@ requires next: list_wf_next; requires prev: list_wf_prev; requires front: list_wf_front;
    requires first: list_wf_first; requires range: list_wf_range;
    requires order: list_wf_order; requires places: list_wf_places; requires one: list_wf_one;
    requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires snext: span_wf_next; requires sback: span_wf_back;
      requires co: span_coalesced;
    requires free: bins_wf_free; requires fit: bins_wf_len; requires head: bins_wf_head;
    requires backed: bins_wf_resident;
    requires s: s < PAGES && span_kind[s] == SPAN_FREE;
    requires size: 1 <= n <= span_len[s];
    requires whole: n == span_len[s] || s % ARENA_PAGES + span_len[s] <= ARENA_PAGES;
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1],
      span_resident[0 .. PAGES - 1], list_next[0 .. PAGES - 1], list_prev[0 .. PAGES - 1],
      list_of[0 .. PAGES - 1], list_first[0 .. SPAN_LISTS - 1], list_place[0 .. PAGES - 1];
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures free: bins_wf_free; ensures fit: bins_wf_len; ensures head: bins_wf_head;
    ensures backed: bins_wf_resident;
    ensures T11_taken: span_kind[s] == SPAN_USED && span_len[s] == n && list_of[s] == 0;
    ensures T11_rest: n < \old(span_len[s]) ==>
      span_kind[s + n] == SPAN_FREE && span_len[s + n] == \old(span_len[s]) - n
      && span_resident[s] + span_resident[s + n] == \old(span_resident[s]);
    ensures T11_backed: n < \old(span_len[s]) ==> span_resident[s + n] ==
      (\old(span_resident[s]) < \old(span_len[s]) - n ? \old(span_resident[s]) : \old(span_len[s])
        - n);
    ensures T11_all: n == \old(span_len[s]) ==> span_resident[s] == \old(span_resident[s]);
    ensures T11_others: \forall integer p; 0 <= p < PAGES && p != s && !(p == s + n
      && n < \old(span_len[s]))
      ==> span_kind[p] == \old(span_kind[p]) && span_len[p] == \old(span_len[p])
          && span_resident[p] == \old(span_resident[p]) && list_of[p] == \old(list_of[p]); */
void page_bins_take(uint32_t s, uint32_t n);

/* Takes a span out of use, merges it with free neighbours on both sides, and
 * puts what became of it into its bin.
 * s: any usable page, or any number that is no page's (arena.h).
 * resident: how many of its pages the kernel may have backed.
 * Returns the first page of the free span in which it ended up, with the resident
 * pages of all that it was made of; or PAGES, and nothing has changed, where no
 * span in use starts on s, or one that is in a list. */
/*@ requires next: list_wf_next; requires prev: list_wf_prev; requires front: list_wf_front;
    requires first: list_wf_first; requires range: list_wf_range;
    requires order: list_wf_order; requires places: list_wf_places; requires one: list_wf_one;
    requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires snext: span_wf_next; requires sback: span_wf_back;
      requires co: span_coalesced;
    requires free: bins_wf_free; requires fit: bins_wf_len; requires head: bins_wf_head;
    requires backed: bins_wf_resident;
    requires usable: s < PAGES ==> span_usable(s);
    requires resident: s < PAGES && span_kind[s] == SPAN_USED ==> resident <= span_len[s];
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1],
      span_resident[0 .. PAGES - 1], list_next[0 .. PAGES - 1], list_prev[0 .. PAGES - 1],
      list_of[0 .. PAGES - 1], list_first[0 .. SPAN_LISTS - 1], list_place[0 .. PAGES - 1];
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures free: bins_wf_free; ensures fit: bins_wf_len; ensures head: bins_wf_head;
    ensures backed: bins_wf_resident;
    behavior wrong: assumes s >= PAGES || span_kind[s] != SPAN_USED || list_of[s] != 0;
      assigns \nothing;
      ensures refused: \result == PAGES;
      ensures T11_kept: \forall integer p; 0 <= p < PAGES ==> span_kind[p] == \old(span_kind[p])
        && span_len[p] == \old(span_len[p]) && span_resident[p] == \old(span_resident[p])
        && list_of[p] == \old(list_of[p]);
    behavior used: assumes s < PAGES && span_kind[s] == SPAN_USED && list_of[s] == 0;
      ensures T11_merged: \result <= s && span_kind[\result] == SPAN_FREE;
      ensures T11_from: span_free_before{Pre}(s) ==> \result == \old(span_back[s - 1]);
      ensures T11_from_s: !span_free_before{Pre}(s) ==> \result == s;
      ensures T11_to: span_free_behind{Pre}(s)
        ==> span_end(\result) == s + \old(span_len[s]) + \old(span_len[s + span_len[s]]);
      ensures T11_to_s: !span_free_behind{Pre}(s) ==> span_end(\result) == s + \old(span_len[s]);
      ensures T11_backed_s: !span_free_before{Pre}(s) && !span_free_behind{Pre}(s)
        ==> span_resident[\result] == resident;
      ensures T11_backed_behind: !span_free_before{Pre}(s) && span_free_behind{Pre}(s)
        ==> span_resident[\result] == resident + \old(span_resident[s + span_len[s]]);
      ensures T11_backed_before: span_free_before{Pre}(s) && !span_free_behind{Pre}(s)
        ==> span_resident[\result] == resident + \old(span_resident[span_back[s - 1]]);
      ensures T11_backed_both: span_free_before{Pre}(s) && span_free_behind{Pre}(s)
        ==> span_resident[\result] == resident + \old(span_resident[span_back[s - 1]])
            + \old(span_resident[s + span_len[s]]);
      ensures T11_others: \forall integer p; (0 <= p < \result || span_end(\result) <= p < PAGES)
        ==> span_kind[p] == \old(span_kind[p]) && span_len[p] == \old(span_len[p])
            && span_resident[p] == \old(span_resident[p]);
    complete behaviors; disjoint behaviors; */
uint32_t page_bins_release(uint32_t s, uint32_t resident);

/* Takes a free span out of its bin and out of management that is an arena, or a
 * run of them.
 * s: its first page.  All other spans stay as they were. */
/*@ requires next: list_wf_next; requires prev: list_wf_prev; requires front: list_wf_front;
    requires first: list_wf_first; requires range: list_wf_range;
    requires order: list_wf_order; requires places: list_wf_places; requires one: list_wf_one;
    requires kind: span_wf_kind; requires len: span_wf_len; requires inside: span_wf_inside;
    requires apart: span_wf_apart; requires snext: span_wf_next; requires sback: span_wf_back;
      requires co: span_coalesced;
    requires free: bins_wf_free; requires fit: bins_wf_len; requires head: bins_wf_head;
    requires backed: bins_wf_resident;
    requires s: s < PAGES && span_kind[s] == SPAN_FREE;
    requires whole: span_edge(s) && span_edge(span_end(s));
    terminates \true; exits \false;
    assigns span_kind[s], list_next[0 .. PAGES - 1], list_prev[0 .. PAGES - 1],
      list_of[0 .. PAGES - 1], list_first[0 .. SPAN_LISTS - 1];
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures free: bins_wf_free; ensures fit: bins_wf_len; ensures head: bins_wf_head;
    ensures backed: bins_wf_resident;
    ensures T11_gone: \forall integer p; s <= p < span_end(s) ==> !span_head(p);
    ensures T11_others: \forall integer p; 0 <= p < PAGES && p != s
      ==> span_kind[p] == \old(span_kind[p]) && list_of[p] == \old(list_of[p]); */
void page_bins_remove(uint32_t s);

/* The invariant as a function.
 * n: pages that ever were in use; on a higher one no span starts, and it is in
 * no list. */
/*@ requires bound: n <= PAGES;
    requires unused: \forall integer p; n <= p < PAGES ==> !span_head(p) && list_of[p] == 0;
    requires len: span_wf_len;
    terminates \true; exits \false;
    assigns \nothing;
    ensures sound: \result ==> bins_wf_free && bins_wf_len && bins_wf_head && bins_wf_resident;
    ensures complete: bins_wf_free && bins_wf_len && bins_wf_head && bins_wf_resident ==> \result;
      */
bool page_bins_check(uint32_t n);

#endif
