/* piece_set: the pieces of memory that a region holds, by page number.
 *
 * Owns piece_sets[], by region, and piece_owner[] and piece_place[] of the pages that are in
 * one.  A set belongs to whoever holds its region; a page's entries, to whoever
 * holds the memory that begins there.
 *
 * Invariant (spec/piece_set.acsl.h): the pieces of a set name it and their
 * places in it, and every page that names it is at its place.  So a set without
 * pieces is named by no page: theorem T13, reset and destroy return every
 * piece.  (A sparse set: Briggs and Torczon, 1993.)
 */
#ifndef ASHLAR_PIECE_SET_H
#define ASHLAR_PIECE_SET_H

#include "platform.h"

struct piece_set {
  uint32_t count;
  uint32_t piece[REGION_PIECES]; /* page numbers */
};

ASHLAR_LATE_TABLE(struct piece_set, piece_sets, REGIONS)

#include "../spec/piece_set.acsl.h"

/* Puts a piece in.
 * r: a region, with room (count < REGION_PIECES).  p: its page, which is in no set. */
/*@ requires r: r < REGIONS;
    requires count: piece_wf_count(r); requires named: piece_wf_named(r);
      requires placed: piece_wf_placed(r);
    requires room: piece_sets[r].count < REGION_PIECES;
    requires p: p < PAGES && piece_owner[p] == 0;
    terminates \true; exits \false;
    assigns piece_sets[r].count, piece_sets[r].piece[piece_sets[r].count], piece_owner[p],
      piece_place[p];
    ensures count: piece_wf_count(r); ensures named: piece_wf_named(r);
      ensures placed: piece_wf_placed(r);
    ensures in: piece_owner[p] == r + 1 && piece_sets[r].count == \old(piece_sets[r].count) + 1;
    ensures T13_others: \forall integer q; 0 <= q < PAGES && q != p
      ==> piece_owner[q] == \old(piece_owner[q]) && piece_place[q] == \old(piece_place[q]); */
void piece_add(uint32_t r, uint32_t p);

/* Takes a piece out.
 * p: any page.
 * Returns whether it was a piece of the set; if not, nothing has changed. */
/*@ requires r: r < REGIONS;
    requires count: piece_wf_count(r); requires named: piece_wf_named(r);
      requires placed: piece_wf_placed(r);
    terminates \true; exits \false;
    assigns piece_sets[r].count, piece_sets[r].piece[0 .. REGION_PIECES - 1],
      piece_owner[0 .. PAGES - 1], piece_place[0 .. PAGES - 1];
    ensures count: piece_wf_count(r); ensures named: piece_wf_named(r);
      ensures placed: piece_wf_placed(r);
    behavior in: assumes p < PAGES && piece_owner[p] == r + 1;
      ensures out: \result && piece_owner[p] == 0
        && piece_sets[r].count == \old(piece_sets[r].count) - 1;
      ensures T13_others: \forall integer q; 0 <= q < PAGES && q != p
        ==> piece_owner[q] == \old(piece_owner[q]);
      ensures foreign: \forall integer q; 0 <= q < PAGES && piece_owner[q] != r + 1
        ==> piece_place[q] == \old(piece_place[q]);
    behavior other: assumes p >= PAGES || piece_owner[p] != r + 1;
      assigns \nothing;
      ensures refused: !\result && piece_sets[r].count == \old(piece_sets[r].count);
      ensures kept: \forall integer q; 0 <= q < PAGES
        ==> piece_owner[q] == \old(piece_owner[q]) && piece_place[q] == \old(piece_place[q]);
    complete behaviors; disjoint behaviors; */
bool piece_remove(uint32_t r, uint32_t p);

/* Takes the last piece out.
 * Returns its page, or PAGES where there is none; then no page names the set. */
/*@ requires r: r < REGIONS;
    requires count: piece_wf_count(r); requires named: piece_wf_named(r);
      requires placed: piece_wf_placed(r);
    terminates \true; exits \false;
    assigns piece_sets[r].count, piece_owner[0 .. PAGES - 1];
    ensures count: piece_wf_count(r); ensures named: piece_wf_named(r);
      ensures placed: piece_wf_placed(r);
    behavior some: assumes piece_sets[r].count > 0;
      ensures last: \result == \old(piece_sets[r].piece[piece_sets[r].count - 1])
        && \result < PAGES;
      ensures out: piece_owner[\result] == 0
        && piece_sets[r].count == \old(piece_sets[r].count) - 1;
      ensures T13_others: \forall integer q; 0 <= q < PAGES && q != \result
        ==> piece_owner[q] == \old(piece_owner[q]);
    behavior none: assumes piece_sets[r].count == 0;
      assigns \nothing;
      ensures T13_all_returned: \result == PAGES && piece_sets[r].count == 0
        && \forall integer q; 0 <= q < PAGES ==> piece_owner[q] != r + 1;
      ensures kept: \forall integer q; 0 <= q < PAGES ==> piece_owner[q] == \old(piece_owner[q]);
    complete behaviors; disjoint behaviors; */
uint32_t piece_pop(uint32_t r);

/* The invariant as a function.
 * n: pages that ever were in use; no higher one names a set.
 * Returns true exactly where all clauses hold. */
/*@ requires r: r < REGIONS;
    requires bound: n <= PAGES;
    requires unused: \forall integer p; n <= p < PAGES ==> piece_owner[p] == 0;
    terminates \true; exits \false;
    assigns \nothing;
    ensures sound: \result ==> piece_wf_count(r) && piece_wf_named(r) && piece_wf_placed(r);
    ensures complete: piece_wf_count(r) && piece_wf_named(r) && piece_wf_placed(r) ==> \result; */
bool piece_check(uint32_t r, uint32_t n);

#endif
