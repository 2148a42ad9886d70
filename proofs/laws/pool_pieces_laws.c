/* Laws of pool_pieces, proved from its contracts alone. */
#include "pool_pieces.h"

/* A piece that is cut and joined again is as it was. */
/*@ requires pieces_valid(p) && pieces_sound(p) && pieces_wf_inside(p) && pieces_wf_apart(p) && pieces_wf_back(p);
    requires g < p->units;
    requires p->state[g] == PIECE_FREE && 0 < n < p->len[g];
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1], p->len[0 .. p->units - 1], p->back[0 .. p->units - 1];
    ensures T13_back: \result && p->state[g] == PIECE_FREE && p->len[g] == \old(p->len[g]); */
bool law_T13_split_then_join(struct pool_pieces *p, uint32_t g, uint32_t n)
{
  pieces_split(p, g, n);
  //@ assert behind: g + p->len[g] < p->units && p->state[g + p->len[g]] == PIECE_FREE;
  return pieces_join(p, g);
}

/* What was handed out can be given back once. */
/*@ requires pieces_valid(p) && pieces_sound(p) && pieces_wf_inside(p) && pieces_wf_apart(p) && pieces_wf_back(p);
    requires g < p->units && p->state[g] == PIECE_FREE;
    requires address == pieces_address(p, g);
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1];
    ensures T13_twice: \result == PIECES_REFUSED + PIECES_ALREADY_FREE; */
uint32_t law_T13_claim_then_give_twice(struct pool_pieces *p, uint32_t g, uintptr_t address)
{
  pieces_claim(p, g);
  //@ assert live: p->state[g] == PIECE_LIVE && address == pieces_address(p, g);
  uint32_t h = pieces_release(p, address);
  //@ assert free: h == g && p->state[h] == PIECE_FREE && address == pieces_address(p, h);
  return pieces_release(p, address);
}
