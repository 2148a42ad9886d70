/* pool_list: the objects of a pool, and a list of those that may be handed out.
 *
 * Owns the state bytes of a pool, one for each granule, and the entries of its
 * lists: granule numbers, in tables out of line.  A pool with one owner has one
 * list.  A shared pool has one under the pool's lock and one for each thread; all
 * of them lead to the same state bytes.  A list, and the state of what it names,
 * is written by its owner, its thread, or under the lock; the state of a live
 * object by whoever frees it: in a shared pool by an atomic exchange, because a
 * wrong program may free one object from two threads at once.
 *
 * Invariant (spec/pool_list.acsl.h): objects lie inside the pool, no two
 * overlap, and entries are granules of the pool.  The list is a hint and the
 * bytes are the truth: an object is handed out only if its byte says HELD at
 * that moment.  Theorem T13.
 */
#ifndef ASHLAR_POOL_LIST_H
#define ASHLAR_POOL_LIST_H

#include "byte.h"

/* States of a granule. */
enum {
  POOL_NONE = 0,  /* no object starts here */
  POOL_ASIDE = 1, /* one does, whose pages a trim looks at */
  POOL_HELD = 2,  /* ... held by a list */
  POOL_LIVE = 3   /* ... handed out */
};

/* Granules that a pool can have, and the bound of their addresses. */
#define POOL_GRANULES ((uint32_t)1 << 30)
#define POOL_ADDRESSES ((uint64_t)1 << ASHLAR_ADDRESS_BITS)

/* What pool_list_take and pool_list_release return instead of a granule. */
#define POOL_REFUSED ((uint32_t)1 << 31)
enum pool_refusal {
  POOL_EMPTY = 0,       /* nothing to hand out */
  POOL_TORN = 1,        /* the list names an object that is not held */
  POOL_FOREIGN = 2,     /* the address lies outside of the pool */
  POOL_INTERIOR = 3,    /* no object starts there */
  POOL_ALREADY_FREE = 4 /* one does, but it is not live */
};

_Static_assert(POOL_GRANULES < POOL_REFUSED, "a granule is no refusal");
_Static_assert(POOL_ADDRESSES < UINT64_MAX - POOL_REFUSED * (uint64_t)GRANULE_BYTES,
               "the address of a granule fits 64 bits");

struct pool_list {
  uint64_t handle;   /* of the pool, for the caller */
  uintptr_t base;    /* the address of granule 0, a multiple of 16 */
  uint8_t *state;    /* of each granule */
  uint32_t *entry;   /* the first granules of objects; the last one leaves first, but
                      * for the spare one */
  uint32_t granules; /* in which objects lie */
  uint32_t step;     /* granules of an object */
  uint32_t spare;    /* an entry more, plus one; 0 for none: saves who takes and gives
                      * one object at a time from waiting for count to come round */
  uint32_t count;    /* entries but the spare one */
  uint32_t limit;    /* ... for which there is room */
  uint32_t clear;    /* bytes that the caller clears on free, or 0 */
};

#include "../spec/pool_list.acsl.h"

/* Takes the object that is to leave first, and makes it live.
 * Returns its first granule; or, plus POOL_REFUSED, POOL_EMPTY, and nothing has
 * changed; or POOL_TORN, and the entry alone is gone. */
/*@ requires valid: pool_list_valid(l); requires sound: pool_list_sound(l);
    requires inside: pool_wf_inside(l); requires apart: pool_wf_apart(l);
    requires known: pool_wf_known(l); requires spare: pool_wf_spare(l);
    terminates \true; exits \false;
    assigns l->count, l->spare, l->state[0 .. l->granules - 1];
    ensures sound: pool_list_sound(l);
    ensures T13_inside: pool_wf_inside(l); ensures T13_apart: pool_wf_apart(l);
    ensures known: pool_wf_known(l); ensures spare: pool_wf_spare(l);
    behavior empty: assumes pool_size(l) == 0;
      assigns \nothing;
      ensures T13_exhausted: \result == POOL_REFUSED + POOL_EMPTY && pool_size(l) == 0;
      ensures kept: \forall integer g; 0 <= g < l->granules ==> l->state[g] == \old(l->state[g]);
    behavior held: assumes pool_size(l) > 0 && l->state[pool_next(l)] == POOL_HELD;
      ensures next: \result == \old(pool_next(l)) && pool_size(l) == \old(pool_size(l)) - 1;
      ensures T13_fresh: !pool_live{Pre}(l, \result) && pool_live(l, \result);
      ensures others: \forall integer g; 0 <= g < l->granules && g != \result
        ==> l->state[g] == \old(l->state[g]);
    behavior torn: assumes pool_size(l) > 0 && l->state[pool_next(l)] != POOL_HELD;
      ensures refused: \result == POOL_REFUSED + POOL_TORN
        && pool_size(l) == \old(pool_size(l)) - 1;
      ensures torn_kept: \forall integer g; 0 <= g < l->granules
        ==> l->state[g] == \old(l->state[g]);
    complete behaviors; disjoint behaviors; */
uint32_t pool_list_take(struct pool_list *l);

/* Takes an object back from the program; the caller's list holds it from then
 * on, and the caller puts it in.
 * address: any value.  shared: whether another thread may do the same.
 * Returns the first granule of the live object that starts there, which is HELD
 * now; or, plus POOL_REFUSED, what is wrong, and nothing has changed.  Of two
 * threads that release one object at the same time, one gets POOL_ALREADY_FREE. */
/*@ requires valid: pool_list_valid(l); requires sound: pool_list_sound(l);
    requires inside: pool_wf_inside(l); requires apart: pool_wf_apart(l);
      requires known: pool_wf_known(l); requires spare: pool_wf_spare(l);
    terminates \true; exits \false;
    assigns l->state[0 .. l->granules - 1];
    ensures T13_inside: pool_wf_inside(l); ensures T13_apart: pool_wf_apart(l);
      ensures known: pool_wf_known(l); ensures spare: pool_wf_spare(l);
    behavior live: assumes \exists integer g; pool_live(l, g) && address == pool_address(l, g);
      ensures T13_accepted: \result < l->granules && address == pool_address(l, \result)
        && l->state[\result] == POOL_HELD;
      ensures others: \forall integer g; 0 <= g < l->granules && g != \result
        ==> l->state[g] == \old(l->state[g]);
    behavior free: assumes \exists integer g; pool_starts(l, g) && !pool_live(l, g)
        && address == pool_address(l, g);
      ensures T13_already_free: \result == POOL_REFUSED + POOL_ALREADY_FREE;
      ensures free_kept: \forall integer g; 0 <= g < l->granules
        ==> l->state[g] == \old(l->state[g]);
    behavior interior: assumes l->base <= address < pool_address(l, l->granules);
      assumes \forall integer g; 0 <= g < l->granules && l->state[g] != POOL_NONE
        ==> address != pool_address(l, g);
      ensures T13_interior: \result == POOL_REFUSED + POOL_INTERIOR;
      ensures interior_kept: \forall integer g; 0 <= g < l->granules
        ==> l->state[g] == \old(l->state[g]);
    behavior foreign: assumes !(l->base <= address < pool_address(l, l->granules));
      ensures T13_foreign: \result == POOL_REFUSED + POOL_FOREIGN;
      ensures foreign_kept: \forall integer g; 0 <= g < l->granules
        ==> l->state[g] == \old(l->state[g]);
    complete behaviors; disjoint behaviors; */
uint32_t pool_list_release(struct pool_list *l, uintptr_t address, bool shared);

/* Puts an object in; it leaves first if there is no spare one, else after that.
 * g: its first granule.
 * Returns whether there was room; if not, nothing has changed. */
/*@ requires valid: pool_list_valid(l); requires sound: pool_list_sound(l);
    requires known: pool_wf_known(l); requires spare: pool_wf_spare(l);
    requires g: g < l->granules;
    terminates \true; exits \false;
    assigns l->count, l->spare, l->entry[l->count];
    ensures sound: pool_list_sound(l); ensures known: pool_wf_known(l);
      ensures spare: pool_wf_spare(l);
    behavior spare: assumes l->spare == 0;
      ensures first: \result && l->spare == g + 1 && l->count == \old(l->count);
    behavior room: assumes l->spare != 0 && l->count < l->limit;
      ensures last: \result && l->spare == \old(l->spare) && l->count == \old(l->count) + 1
        && l->entry[l->count - 1] == g;
    behavior full: assumes l->spare != 0 && l->count == l->limit;
      assigns \nothing;
      ensures full: !\result && l->spare == \old(l->spare) && l->count == \old(l->count);
    complete behaviors; disjoint behaviors; */
bool pool_list_push(struct pool_list *l, uint32_t g);

/* Makes objects behind those that are there, and puts them in, as far as there
 * is room.
 * to: the granule up to which the pool's memory and tables are usable now; the
 * state bytes up to there are NONE.
 * Fewer granules than an object has stay behind the last one, or the list is
 * full. */
/*@ requires valid: pool_list_valid(l); requires sound: pool_list_sound(l);
    requires inside: pool_wf_inside(l); requires apart: pool_wf_apart(l);
      requires known: pool_wf_known(l); requires spare: pool_wf_spare(l);
    requires to: l->granules <= to <= POOL_GRANULES;
    requires table: \valid(l->state + (0 .. to - 1));
    requires away: \separated(l, l->state + (0 .. to - 1), l->entry + (0 .. l->limit - 1));
    requires blank: \forall integer g; l->granules <= g < to ==> l->state[g] == POOL_NONE;
    terminates \true; exits \false;
    assigns l->granules, l->count, l->state[l->granules .. to - 1],
      l->entry[l->count .. l->limit - 1];
    ensures sound: pool_list_sound(l);
    ensures T13_inside: pool_wf_inside(l); ensures T13_apart: pool_wf_apart(l);
      ensures known: pool_wf_known(l); ensures spare: pool_wf_spare(l);
    ensures range: \old(l->granules) <= l->granules <= to;
    ensures whole: to - l->granules < l->step || l->count == l->limit;
    ensures more: l->count >= \old(l->count);
    ensures all: l->granules - \old(l->granules) == (l->count - \old(l->count)) * l->step;
    ensures some: to - \old(l->granules) >= l->step && \old(l->count) < l->limit
      ==> l->count > \old(l->count);
    ensures others: \forall integer g; 0 <= g < \old(l->granules)
      ==> l->state[g] == \old(l->state[g]);
    ensures new: \forall integer g; \old(l->granules) <= g < l->granules
      ==> l->state[g] == POOL_NONE || l->state[g] == POOL_HELD; */
void pool_list_carve(struct pool_list *l, uint32_t to);

/* Moves entries between two lists of a pool, but not the spare one; the last
 * one first.
 * from, to: different lists; to knows at least the granules that from does.
 * n: at most so many.
 * Returns how many came: n, or all of from, or as many as there was room for. */
/*@ requires valid: \valid(from) && \valid(to);
    requires sound_from: pool_list_sound(from); requires sound_to: pool_list_sound(to);
    requires source: \valid_read(from->entry + (0 .. from->count - 1));
    requires target: \valid(to->entry + (0 .. to->limit - 1));
    requires away: \separated(from, to, from->entry + (0 .. from->count - 1),
      to->entry + (0 .. to->limit - 1));
    requires known_from: pool_wf_known(from); requires known_to: pool_wf_known(to);
    requires one_pool: from->granules <= to->granules;
    terminates \true; exits \false;
    assigns from->count, to->count, to->entry[to->count .. to->limit - 1];
    ensures sound_from: pool_list_sound(from); ensures sound_to: pool_list_sound(to);
    ensures known_from: pool_wf_known(from); ensures known_to: pool_wf_known(to);
    ensures moved: \result <= n && to->count == \old(to->count) + \result;
    ensures left: from->count == \old(from->count) - \result;
    ensures all: \result == n || from->count == 0 || to->count == to->limit;
    ensures same: \forall integer k; \old(to->count) <= k < to->count
      ==> to->entry[k] == \at(from->entry[\at(from->count, Pre) - 1 - (k - \at(to->count, Pre))],
        Pre); */
uint32_t pool_list_move(struct pool_list *from, struct pool_list *to, uint32_t n);

/* Finds the first object from a granule on that is in a state or a later one.
 * g: at most granules.  least: a state.
 * Returns its first granule, or granules where there is none. */
/*@ requires valid: pool_list_valid(l);
    requires g: g <= l->granules;
    requires least: least > POOL_NONE;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: g <= \result <= l->granules;
    ensures none: \forall integer h; g <= h < \result ==> l->state[h] < least;
    ensures found: \result < l->granules ==> l->state[\result] >= least; */
uint32_t pool_list_find(const struct pool_list *l, uint32_t g, uint8_t least);

/* The invariant as a function: true exactly where objects lie inside, no two
 * overlap, and entries are granules of the pool. */
/*@ requires valid: pool_list_valid(l); requires sound: pool_list_sound(l);
    terminates \true; exits \false;
    assigns \nothing;
    ensures sound: \result ==> pool_wf_inside(l) && pool_wf_apart(l) && pool_wf_known(l)
      && pool_wf_spare(l);
    ensures complete: pool_wf_inside(l) && pool_wf_apart(l) && pool_wf_known(l) && pool_wf_spare(l)
      ==> \result; */
bool pool_list_check(const struct pool_list *l);

#endif
