/* free_list: the blocks that one thread holds free, of one size class, by age.
 *
 * Owns nothing: each list belongs to one thread cache and is touched by its
 * thread alone.  Invariant: tail < LIST_CAPACITY and young <= count <=
 * LIST_CAPACITY.
 *
 * The list is a ring.  The block of age rank k (0 the oldest) stands at place
 * (tail + k) mod LIST_CAPACITY.  A freed block is appended as the youngest; what
 * comes from the central cache goes in as the oldest.  The `young` youngest
 * never leave by malloc: each append makes one more block young, up to Q.  An
 * allocation takes a random one of the others, and the oldest moves into the
 * gap.  So an entry's place is never older than its birth, the young always
 * stand in the order in which they came, and theorem T9 follows: a block is not
 * taken before Q later ones were appended (proofs/laws/free_list_laws.c).  What
 * a block is, is the caller's business.
 */
#ifndef ASHLAR_FREE_LIST_H
#define ASHLAR_FREE_LIST_H

#include "platform.h"

struct free_list {
  uint32_t tail;                  /* the place of the oldest block */
  uint32_t count;                 /* blocks held */
  uint32_t young;                 /* of these, the youngest that may not be taken */
  uintptr_t block[LIST_CAPACITY]; /* the ring */
};

#include "../spec/free_list.acsl.h"

/* Appends a block as the youngest.
 * list: with room (count < LIST_CAPACITY).  block: any value.
 * q: the minimum age, in later appends; always the same for one list.
 * The new block gets age rank count; the ranks and places of the others stay.
 * One more of them is young, where fewer than q were. */
/*@ requires valid: \valid(list);
    requires wf: free_list_wf(list);
    requires room: list->count < LIST_CAPACITY;
    terminates \true; exits \false;
    assigns list->count, list->young, list->block[free_list_place(list, list->count)];
    ensures wf: free_list_wf(list);
    ensures count: list->count == \old(list->count) + 1;
    ensures T9_younger: \old(list->young) < q ==> list->young == \old(list->young) + 1;
    ensures T9_enough: \old(list->young) >= q ==> list->young == \old(list->young);
    ensures youngest: free_list_at(list, \old(list->count)) == block;
    ensures others: \forall integer i; 0 <= i < LIST_CAPACITY
      && i != \old(free_list_place(list, list->count)) ==> list->block[i] == \old(list->block[i]);
        */
void free_list_append(struct free_list *list, uintptr_t block, uint32_t q);

/* Puts a block in as the oldest (a refill: what comes from the central cache
 * leaves before what this thread freed, and makes none of that older).
 * list: with room.  block: any value.
 * The new block gets age rank 0; the places of the others stay. */
/*@ requires valid: \valid(list);
    requires wf: free_list_wf(list);
    requires room: list->count < LIST_CAPACITY;
    terminates \true; exits \false;
    assigns list->tail, list->count, list->block[free_list_before(list->tail)];
    ensures wf: free_list_wf(list);
    ensures count: list->count == \old(list->count) + 1;
    ensures tail: list->tail == free_list_before(\old(list->tail));
    ensures oldest: list->block[list->tail] == block;
    ensures others: \forall integer i; 0 <= i < LIST_CAPACITY && i != list->tail
      ==> list->block[i] == \old(list->block[i]); */
void free_list_prepend(struct free_list *list, uintptr_t block);

/* Takes the block of age rank r.
 * list: with a block that is not young.
 * r: the rank, below count - young; drawn at random it makes reuse
 * unpredictable.
 * Returns the block.  The oldest moves to its place; all others, the young
 * among them, keep their places. */
/*@ requires valid: \valid(list);
    requires wf: free_list_wf(list);
    requires T9_aged: r + list->young < list->count;
    terminates \true; exits \false;
    assigns list->tail, list->count, list->block[free_list_place(list, r)];
    ensures wf: free_list_wf(list);
    ensures T9_taken: \result == \old(free_list_at(list, r));
    ensures count: list->count == \old(list->count) - 1;
    ensures tail: list->tail == free_list_wrap(\old(list->tail) + 1);
    ensures moved: r > 0 ==> list->block[\old(free_list_place(list,
      r))] == \old(free_list_at(list, 0));
    ensures others: \forall integer i; 0 <= i < LIST_CAPACITY
      && i != \old(free_list_place(list, r)) ==> list->block[i] == \old(list->block[i]); */
uintptr_t free_list_take(struct free_list *list, uint32_t r);

/* Hands over the n oldest blocks, oldest first (a flush to the central cache).
 * n: blocks, at most count.  out: room for n, apart from the list.
 * The blocks that stay keep their places and their order; those of them that
 * were young stay young. */
/*@ requires valid: \valid(list);
    requires wf: free_list_wf(list);
    requires held: n <= list->count;
    requires out: \valid(out + (0 .. n - 1));
    requires apart: \separated(list, out + (0 .. n - 1));
    terminates \true; exits \false;
    assigns list->tail, list->count, list->young, out[0 .. n - 1];
    ensures wf: free_list_wf(list);
    ensures count: list->count == \old(list->count) - n;
    ensures young: \old(list->young) <= list->count ==> list->young == \old(list->young);
    ensures all_young: \old(list->young) > list->count ==> list->young == list->count;
    ensures tail: list->tail == free_list_wrap(\old(list->tail) + n);
    ensures oldest: \forall integer k; 0 <= k < n ==> out[k] == \old(free_list_at(list, k)); */
void free_list_hand_over(struct free_list *list, uint32_t n, uintptr_t *out);

/* The invariant as a function: true exactly where free_list_wf holds. */
/*@ requires valid: \valid_read(list);
    terminates \true; exits \false;
    assigns \nothing;
    ensures equivalent: \result <==> free_list_wf(list); */
bool free_list_check(const struct free_list *list);

#endif
