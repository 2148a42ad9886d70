/* span_list: doubly linked lists of spans, by page number: the page heap's bins
 * of free spans, and each size class's spans with free slots.
 *
 * Owns list_next[], list_prev[], list_of[] and list_first[].  Links are page
 * numbers plus one, and list numbers plus one, so that all zero is empty.  An
 * entry belongs to whoever holds the lock of the list that the span is in; a
 * span in no list, to whoever holds the span.
 *
 * Invariant (spec/span_list.acsl.h), local as everywhere: next and previous
 * point back at each other and stay in one list; a span without a previous one
 * is its list's first; a list's first has no previous one.  And one that the
 * prover alone keeps: no list is a ring, since the pages have an order in which the
 * next one stands behind; so a list's first leads to all that is in it.
 */
#ifndef ASHLAR_SPAN_LIST_H
#define ASHLAR_SPAN_LIST_H

#include "platform.h"
//@ ghost extern uint32_t list_place[PAGES];
#include "../spec/span_list.acsl.h"

/* Puts a span in front of a list.
 * p: its first page; it is in no list.  list: below SPAN_LISTS. */
/*@ requires next: list_wf_next; requires prev: list_wf_prev; requires front: list_wf_front;
    requires first: list_wf_first; requires range: list_wf_range;
    requires order: list_wf_order; requires places: list_wf_places; requires one: list_wf_one;
    requires p: p < PAGES && list_of[p] == 0;
    requires list: list < SPAN_LISTS;
    terminates \true; exits \false;
    assigns list_next[p], list_prev[0 .. PAGES - 1], list_of[p], list_first[list],
      list_place[0 .. PAGES - 1];
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures in: list_of[p] == list + 1 && list_first[list] == p + 1; */
void span_list_insert(uint32_t p, uint32_t list);

/* Takes a span out of its list.
 * p: its first page.  What is in no list stays so. */
/*@ requires next: list_wf_next; requires prev: list_wf_prev; requires front: list_wf_front;
    requires first: list_wf_first; requires range: list_wf_range;
    requires order: list_wf_order; requires places: list_wf_places; requires one: list_wf_one;
    requires p: p < PAGES;
    terminates \true; exits \false;
    assigns list_of[p], list_first[0 .. SPAN_LISTS - 1], list_next[0 .. PAGES - 1],
      list_prev[0 .. PAGES - 1];
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures out: list_of[p] == 0; */
void span_list_remove(uint32_t p);

/* The span in front of a list.
 * list: below SPAN_LISTS.  Returns its first page, or PAGES for an empty list.
 * Nothing is asked of other lists, which have locks of their own. */
/*@ requires list: list < SPAN_LISTS;
    requires first: list_sound_first(list);
    terminates \true; exits \false;
    assigns \nothing;
    ensures none: list_first[list] == 0 ==> \result == PAGES;
    ensures some: list_first[list] != 0 ==> \result < PAGES && list_of[\result] == list + 1; */
uint32_t span_list_first(uint32_t list);

/* The invariant as a function.
 * n: pages that ever were in use; higher ones are in no list. */
/*@ requires bound: n <= PAGES;
    requires unused: \forall integer p; n <= p < PAGES ==> list_of[p] == 0;
    terminates \true; exits \false;
    assigns \nothing;
    ensures sound: \result ==> list_wf_next && list_wf_prev && list_wf_front && list_wf_first
      && list_wf_range;
    ensures complete: list_wf_next && list_wf_prev && list_wf_front && list_wf_first
      && list_wf_range
      ==> \result; */
bool span_list_check(uint32_t n);

#endif
