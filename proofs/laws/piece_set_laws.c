/* Laws of piece_set, proved from its contracts alone. */
#include "piece_set.h"

/* What was put in comes out, and its page names nobody then. */
/*@ requires r < REGIONS;
    requires piece_wf_count(r) && piece_wf_named(r) && piece_wf_placed(r);
    requires piece_sets[r].count < REGION_PIECES;
    requires p < PAGES && piece_owner[p] == 0;
    terminates \true; exits \false;
    assigns piece_sets[r].count, piece_sets[r].piece[0 .. REGION_PIECES - 1],
      piece_owner[0 .. PAGES - 1], piece_place[0 .. PAGES - 1];
    ensures T13_back: \result && piece_sets[r].count == \old(piece_sets[r].count);
    ensures T13_owners: \forall integer q; 0 <= q < PAGES
      ==> piece_owner[q] == \old(piece_owner[q]); */
bool law_T13_add_then_remove(uint32_t r, uint32_t p)
{
  piece_add(r, p);
  return piece_remove(r, p);
}

/* Destroying: after as many pops as there were pieces, no page names the set. */
/*@ requires r < REGIONS;
    requires piece_wf_count(r) && piece_wf_named(r) && piece_wf_placed(r);
    terminates \true; exits \false;
    assigns piece_sets[r].count, piece_owner[0 .. PAGES - 1];
    ensures T13_all_returned: \forall integer q; 0 <= q < PAGES ==> piece_owner[q] != r + 1;
    ensures T13_others: \forall integer q; 0 <= q < PAGES && \old(piece_owner[q]) != r + 1
      ==> piece_owner[q] == \old(piece_owner[q]); */
void law_T13_destroy_returns_all(uint32_t r)
{
  /*@ loop invariant count: piece_wf_count(r);
      loop invariant named: piece_wf_named(r);
      loop invariant placed: piece_wf_placed(r);
      loop invariant others: \forall integer q; 0 <= q < PAGES && \at(piece_owner[q], Pre) != r + 1
        ==> piece_owner[q] == \at(piece_owner[q], Pre);
      loop assigns piece_sets[r].count, piece_owner[0 .. PAGES - 1];
      loop variant piece_sets[r].count; */
  while (piece_sets[r].count > 0) {
    piece_pop(r);
  }
}

/* A region's piece is not taken out of another's set. */
/*@ requires r < REGIONS;
    requires piece_wf_count(r) && piece_wf_named(r) && piece_wf_placed(r);
    requires p < PAGES && piece_owner[p] != r + 1;
    terminates \true; exits \false;
    assigns piece_sets[r].count, piece_sets[r].piece[0 .. REGION_PIECES - 1],
      piece_owner[0 .. PAGES - 1], piece_place[0 .. PAGES - 1];
    ensures T13_refused: !\result && piece_owner[p] == \old(piece_owner[p]); */
bool law_T13_wrong_region(uint32_t r, uint32_t p)
{
  return piece_remove(r, p);
}
