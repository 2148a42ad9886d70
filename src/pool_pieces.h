/* pool_pieces: the pieces into which the memory of a pool set is cut.
 *
 * Owns, of a set, the state and the length of each piece, by its first unit,
 * and for each last unit where its piece starts: tables out of line.  Written by
 * the set's owner, or under its lock.
 *
 * Invariant (spec/pool_pieces.acsl.h): pieces lie inside the set, no two overlap,
 * and the last unit of each says where it starts.  What back[] says of other units
 * is left over: who goes by it looks whether it is right.  Theorem T13.  Boundary
 * tags: Knuth, The Art of Computer Programming, 2.5.
 */
#ifndef ASHLAR_POOL_PIECES_H
#define ASHLAR_POOL_PIECES_H

#include "platform.h"

enum {
  PIECE_NONE = 0, /* no piece starts here */
  PIECE_FREE = 1,
  PIECE_LIVE = 2,

  /* bytes of a unit: pieces begin at multiples of it, and are multiples long */
  PIECES_UNIT = 64
};

#define PIECES_UNITS ((uint32_t)1 << 28)
#define PIECES_ADDRESSES ((uint64_t)1 << ASHLAR_ADDRESS_BITS)

/* What pieces_release returns instead of a unit. */
#define PIECES_REFUSED ((uint32_t)1 << 31)
enum pieces_refusal {
  PIECES_FOREIGN = 0,
  PIECES_INTERIOR = 1,
  PIECES_ALREADY_FREE = 2
};

struct pool_pieces {
  uint8_t *state;
  uint32_t *len;
  uint32_t *back;
  uintptr_t base; /* the address of unit 0 */
  uint32_t units;
};

#include "../spec/pool_pieces.acsl.h"

/* Cuts a free piece in two.
 * g: any unit.  n: units of the first part.
 * Returns whether a free piece of more than n units, and n is not 0, starts
 * there; if not, nothing has changed. */
/*@ requires valid: pieces_valid(p); requires sound: pieces_sound(p);
    requires inside: pieces_wf_inside(p); requires apart: pieces_wf_apart(p);
      requires back: pieces_wf_back(p);
    requires g: g < p->units;
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1], p->len[0 .. p->units - 1], p->back[0 .. p->units - 1];
    ensures T13_inside: pieces_wf_inside(p); ensures T13_apart: pieces_wf_apart(p);
      ensures back: pieces_wf_back(p);
    behavior cut: assumes p->state[g] == PIECE_FREE && 0 < n < p->len[g];
      ensures first: \result && p->state[g] == PIECE_FREE && p->len[g] == n;
      ensures second: p->state[g + n] == PIECE_FREE && p->len[g + n] == \old(p->len[g]) - n;
      ensures others: \forall integer h; 0 <= h < p->units && h != g && h != g + n
        ==> p->state[h] == \old(p->state[h]) && p->len[h] == \old(p->len[h]);
    behavior other: assumes p->state[g] != PIECE_FREE || n == 0 || n >= p->len[g];
      assigns \nothing;
      ensures refused: !\result;
      ensures kept: \forall integer h; 0 <= h < p->units
        ==> p->state[h] == \old(p->state[h]) && p->len[h] == \old(p->len[h]);
    complete behaviors; disjoint behaviors; */
bool pieces_split(struct pool_pieces *p, uint32_t g, uint32_t n);

/* Joins a free piece with the one behind it, if that is free too.
 * g: any unit.
 * Returns whether it did; if not, nothing has changed. */
/*@ requires valid: pieces_valid(p); requires sound: pieces_sound(p);
    requires inside: pieces_wf_inside(p); requires apart: pieces_wf_apart(p);
      requires back: pieces_wf_back(p);
    requires g: g < p->units;
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1], p->len[g], p->back[0 .. p->units - 1];
    ensures T13_inside: pieces_wf_inside(p); ensures T13_apart: pieces_wf_apart(p);
      ensures back: pieces_wf_back(p);
    behavior join: assumes p->state[g] == PIECE_FREE && g + p->len[g] < p->units
        && p->state[g + p->len[g]] == PIECE_FREE;
      ensures one: \result && p->state[g] == PIECE_FREE
        && p->len[g] == \old(p->len[g]) + \old(p->len[g + p->len[g]]);
      ensures gone: p->state[g + \old(p->len[g])] == PIECE_NONE;
      ensures others: \forall integer h; 0 <= h < p->units && h != g + \old(p->len[g])
        ==> p->state[h] == \old(p->state[h]);
    behavior other: assumes p->state[g] != PIECE_FREE || g + p->len[g] >= p->units
        || p->state[g + p->len[g]] != PIECE_FREE;
      assigns \nothing;
      ensures refused: !\result;
      ensures kept: \forall integer h; 0 <= h < p->units
        ==> p->state[h] == \old(p->state[h]) && p->len[h] == \old(p->len[h]);
    complete behaviors; disjoint behaviors; */
bool pieces_join(struct pool_pieces *p, uint32_t g);

/* The free piece that ends where another begins.
 * g: a unit.  Returns its first unit; or g where there is none. */
/*@ requires valid: pieces_valid(p); requires sound: pieces_sound(p);
    requires inside: pieces_wf_inside(p); requires apart: pieces_wf_apart(p);
      requires back: pieces_wf_back(p);
    requires g: g < p->units;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result <= g;
    ensures ends: \result < g ==> p->state[\result] == PIECE_FREE && \result + p->len[\result] == g;
    ensures none: \result == g ==> \forall integer s; 0 <= s < g && p->state[s] == PIECE_FREE
      ==> s + p->len[s] != g; */
uint32_t pieces_before(const struct pool_pieces *p, uint32_t g);

/* Hands out a free piece.
 * g: any unit.  Returns whether a free piece starts there, which is live now. */
/*@ requires valid: pieces_valid(p); requires sound: pieces_sound(p);
    requires inside: pieces_wf_inside(p); requires apart: pieces_wf_apart(p);
      requires back: pieces_wf_back(p);
    requires g: g < p->units;
    terminates \true; exits \false;
    assigns p->state[g];
    ensures T13_inside: pieces_wf_inside(p); ensures T13_apart: pieces_wf_apart(p);
      ensures back: pieces_wf_back(p);
    behavior free: assumes p->state[g] == PIECE_FREE;
      ensures T13_fresh: \result && p->state[g] == PIECE_LIVE;
    behavior other: assumes p->state[g] != PIECE_FREE;
      assigns \nothing;
      ensures refused: !\result && p->state[g] == \old(p->state[g]);
    complete behaviors; disjoint behaviors; */
bool pieces_claim(struct pool_pieces *p, uint32_t g);

/* Takes a piece back.
 * address: any value.
 * Returns the first unit of the live piece that starts there, which is free
 * now; or, plus PIECES_REFUSED, what is wrong, and nothing has changed. */
/*@ requires valid: pieces_valid(p); requires sound: pieces_sound(p);
    requires inside: pieces_wf_inside(p); requires apart: pieces_wf_apart(p);
      requires back: pieces_wf_back(p);
    terminates \true; exits \false;
    assigns p->state[0 .. p->units - 1];
    ensures T13_inside: pieces_wf_inside(p); ensures T13_apart: pieces_wf_apart(p);
      ensures back: pieces_wf_back(p);
    behavior live: assumes \exists integer g; 0 <= g < p->units && p->state[g] == PIECE_LIVE
        && address == pieces_address(p, g);
      ensures T13_accepted: \result < p->units && address == pieces_address(p, \result)
        && p->state[\result] == PIECE_FREE;
      ensures others: \forall integer g; 0 <= g < p->units && g != \result
        ==> p->state[g] == \old(p->state[g]);
    behavior free: assumes \exists integer g; 0 <= g < p->units && p->state[g] != PIECE_NONE
        && p->state[g] != PIECE_LIVE && address == pieces_address(p, g);
      ensures T13_already_free: \result == PIECES_REFUSED + PIECES_ALREADY_FREE;
      ensures free_kept: \forall integer g; 0 <= g < p->units ==> p->state[g] == \old(p->state[g]);
    behavior interior: assumes p->base <= address < pieces_address(p, p->units);
      assumes \forall integer g; 0 <= g < p->units && p->state[g] != PIECE_NONE
        ==> address != pieces_address(p, g);
      ensures T13_interior: \result == PIECES_REFUSED + PIECES_INTERIOR;
      ensures interior_kept: \forall integer g; 0 <= g < p->units
        ==> p->state[g] == \old(p->state[g]);
    behavior foreign: assumes !(p->base <= address < pieces_address(p, p->units));
      ensures T13_foreign: \result == PIECES_REFUSED + PIECES_FOREIGN;
      ensures foreign_kept: \forall integer g; 0 <= g < p->units
        ==> p->state[g] == \old(p->state[g]);
    complete behaviors; disjoint behaviors; */
uint32_t pieces_release(struct pool_pieces *p, uintptr_t address);

/* The invariant as a function: true exactly where all three clauses hold. */
/*@ requires valid: pieces_valid(p); requires sound: pieces_sound(p);
    terminates \true; exits \false;
    assigns \nothing;
    ensures sound: \result ==> pieces_wf_inside(p) && pieces_wf_apart(p) && pieces_wf_back(p);
    ensures complete: pieces_wf_inside(p) && pieces_wf_apart(p) && pieces_wf_back(p) ==> \result; */
bool pieces_check(const struct pool_pieces *p);

#endif
