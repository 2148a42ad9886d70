/* Laws of pool_pieces, proved from its contracts alone. */
#include "pool_pieces.h"

/* A piece that is cut and joined again is as it was. */
/*@ requires pieces_valid(p) && pieces_sound(p) && pieces_wf_inside(p) && pieces_wf_apart(p)
    && pieces_wf_back(p);
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
/*@ requires pieces_valid(p) && pieces_sound(p) && pieces_wf_inside(p) && pieces_wf_apart(p)
    && pieces_wf_back(p);
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

/* A free piece that was joined with the one behind it has none there that is free. */
/*@ requires pieces_valid(p) && pieces_sound(p) && pieces_wf_inside(p) && pieces_wf_apart(p)
    && pieces_wf_back(p);
    requires free: g < p->units && p->state[g] == PIECE_FREE;
    requires around: pieces_coalesced_but(p, g);
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1], p->len[0 .. p->units - 1], p->back[0 .. p->units - 1];
    ensures inside: pieces_wf_inside(p); ensures apart: pieces_wf_apart(p);
      ensures back: pieces_wf_back(p);
    ensures free: p->state[g] == PIECE_FREE;
    ensures T13_behind: pieces_coalesced_behind(p, g); */
void law_T13_merge_behind(struct pool_pieces *p, uint32_t g)
{
  //@ ghost uint32_t h = g + p->len[g];
  /*@ assert after: h < p->units && p->state[h] == PIECE_FREE && h + p->len[h] < p->units
      ==> p->state[h + p->len[h]] != PIECE_FREE; */
before:
  pieces_join(p, g);
  /*@ assert lengths: \forall integer u; 0 <= u < p->units && u != g
      ==> p->len[u] == \at(p->len[u], before); */
  /*@ assert states: \forall integer u; 0 <= u < p->units && p->state[u] == PIECE_FREE
      ==> \at(p->state[u], before) == PIECE_FREE; */
  /*@ assert joined: h < p->units && \at(p->state[h], before) == PIECE_FREE
      ==> g + p->len[g] == h + p->len[h]; */
  //@ assert kept: !(h < p->units && \at(p->state[h], before) == PIECE_FREE) ==> g + p->len[g] == h;
  //@ assert own: g + p->len[g] < p->units ==> p->state[g + p->len[g]] != PIECE_FREE;
  /*@ assert rest: \forall integer u; 0 <= u < p->units && u != g
      && p->state[u] == PIECE_FREE && u + p->len[u] < p->units
      && p->state[u + p->len[u]] == PIECE_FREE ==> u + p->len[u] == g; */
}

/* So has one that was joined with the one before it: no two are neighbours. */
/*@ requires pieces_valid(p) && pieces_sound(p) && pieces_wf_inside(p) && pieces_wf_apart(p)
    && pieces_wf_back(p);
    requires free: g < p->units && p->state[g] == PIECE_FREE;
    requires behind: pieces_coalesced_behind(p, g);
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1], p->len[0 .. p->units - 1], p->back[0 .. p->units - 1];
    ensures inside: pieces_wf_inside(p); ensures apart: pieces_wf_apart(p);
      ensures back: pieces_wf_back(p);
    ensures T13_merged: pieces_coalesced(p); */
void law_T13_merge_before(struct pool_pieces *p, uint32_t g)
{
  uint32_t s = pieces_before(p, g);
  /*@ assert only: \forall integer u; 0 <= u < p->units && p->state[u] == PIECE_FREE
      && u + p->len[u] == g ==> u == s; */
  if (s == g) {
    /*@ assert nobody: \forall integer u; 0 <= u < p->units && p->state[u] == PIECE_FREE
        ==> u + p->len[u] != g; */
    //@ assert alone: pieces_coalesced(p);
    return;
  }
  /*@ assert others: \forall integer u; 0 <= u < p->units && u != s
      && p->state[u] == PIECE_FREE && u + p->len[u] < p->units
      ==> p->state[u + p->len[u]] != PIECE_FREE; */
  //@ assert own: s < g && g + p->len[g] < p->units ==> p->state[g + p->len[g]] != PIECE_FREE;
before:
  pieces_join(p, s);
  /*@ assert lengths: \forall integer u; 0 <= u < p->units && u != s
      ==> p->len[u] == \at(p->len[u], before); */
  /*@ assert states: \forall integer u; 0 <= u < p->units && p->state[u] == PIECE_FREE
      ==> \at(p->state[u], before) == PIECE_FREE; */
  //@ assert joined: s + p->len[s] == g + p->len[g];
  //@ assert first: s + p->len[s] < p->units ==> p->state[s + p->len[s]] != PIECE_FREE;
  /*@ assert rest: \forall integer u; 0 <= u < p->units && u != s
      && p->state[u] == PIECE_FREE && u + p->len[u] < p->units
      ==> p->state[u + p->len[u]] != PIECE_FREE; */
  //@ assert merged: pieces_coalesced(p);
}

/* What comes back is joined with free neighbours on both sides, so that no two free
 * pieces are neighbours after a free if none were before: what a pool set does. */
/*@ requires pieces_valid(p) && pieces_sound(p) && pieces_wf_inside(p) && pieces_wf_apart(p)
    && pieces_wf_back(p);
    requires pieces_coalesced(p);
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1], p->len[0 .. p->units - 1], p->back[0 .. p->units - 1];
    ensures inside: pieces_wf_inside(p); ensures apart: pieces_wf_apart(p);
      ensures back: pieces_wf_back(p);
    ensures T13_merged: pieces_coalesced(p); */
void law_T13_give_merges(struct pool_pieces *p, uintptr_t address)
{
  uint32_t g = pieces_release(p, address);
  if (g >= PIECES_REFUSED) {
    return;
  }
  //@ assert around: pieces_coalesced_but(p, g);
  law_T13_merge_behind(p, g);
  law_T13_merge_before(p, g);
}
