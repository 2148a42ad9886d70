/* Laws of the free list: client code that verifies against the contracts of
 * free_list.h alone. */
#include "free_list.h"

/* What is known of a block that q later ones have not yet followed: it stands
 * at a place that never changes, later blocks are younger, it is young as they
 * are, and it stands nowhere else. */
/*@ predicate waits{L}(struct free_list *l, uintptr_t block, integer place, integer later) =
      0 <= place < LIST_CAPACITY && l->block[place] == block
      && free_list_rank(l, place) + 1 + later == l->count;
    predicate is_young{L}(struct free_list *l, integer later, integer q) =
      later < q ==> later + 1 <= l->young;
    predicate nowhere_else{L}(struct free_list *l, uintptr_t block, integer place) =
      \forall integer i; free_list_held(l, i) && i != place ==> l->block[i] != block; */

/* T9: another block's arrival makes a waiting one older by one. */
/*@ requires list: \valid(list) && free_list_wf(list);
    requires room: list->count < LIST_CAPACITY;
    requires waits: waits(list, block, place, later);
    requires once: nowhere_else(list, block, place);
    requires young: is_young(list, later, q);
    requires other: other != block;
    terminates \true; exits \false;
    assigns *list;
    ensures list: free_list_wf(list);
    ensures T9_older: waits(list, block, place, later + 1);
    ensures T9_young: is_young(list, later + 1, q);
    ensures T9_once: nowhere_else(list, block, place); */
void law_T9_append(struct free_list *list, uintptr_t block, uint32_t place, uint32_t later,
                   uintptr_t other, uint32_t q)
{
  //@ ghost uint32_t sum = list->tail + list->count;
  //@ ghost uint32_t end = sum < LIST_CAPACITY ? sum : sum - LIST_CAPACITY;
before:
  free_list_append(list, other, q);
  //@ assert newest: list->block[end] == other && end != place;
  /*@ assert before: \forall integer i; free_list_held(list, i) && i != end
      ==> free_list_held{before}(list, i); */
  /*@ assert same: \forall integer i; 0 <= i < LIST_CAPACITY && i != end
      ==> list->block[i] == \at(list->block[i], before); */
}

/* T9: a refill does not age a waiting block. */
/*@ requires list: \valid(list) && free_list_wf(list);
    requires room: list->count < LIST_CAPACITY;
    requires waits: waits(list, block, place, later);
    requires once: nowhere_else(list, block, place);
    requires young: is_young(list, later, q);
    requires other: other != block;
    terminates \true; exits \false;
    assigns *list;
    ensures list: free_list_wf(list);
    ensures T9_waits: waits(list, block, place, later);
    ensures T9_young: is_young(list, later, q);
    ensures T9_once: nowhere_else(list, block, place); */
void law_T9_prepend(struct free_list *list, uintptr_t block, uint32_t place, uint32_t later,
                    uintptr_t other, uint32_t q)
{
  //@ assert apart: place != free_list_before(list->tail);
before:
  free_list_prepend(list, other);
  /*@ assert before: \forall integer i; free_list_held(list, i) && i != list->tail
      ==> free_list_held{before}(list, i); */
}

/* T9: while fewer than q blocks have followed, none that is taken is the one
 * that waits, and it waits on. */
/*@ requires list: \valid(list) && free_list_wf(list);
    requires waits: waits(list, block, place, later);
    requires once: nowhere_else(list, block, place);
    requires young: later < q && is_young(list, later, q);
    requires aged: r + list->young < list->count;
    terminates \true; exits \false;
    assigns *list;
    ensures list: free_list_wf(list);
    ensures T9_not_it: \result != block;
    ensures T9_waits: waits(list, block, place, later);
    ensures T9_young: is_young(list, later, q);
    ensures T9_once: nowhere_else(list, block, place); */
uintptr_t law_T9_take(struct free_list *list, uintptr_t block, uint32_t place, uint32_t later,
                      uint32_t q, uint32_t r)
{
  //@ ghost uint32_t oldest = list->tail;
  //@ ghost uint32_t sum = list->tail + r;
  //@ ghost uint32_t gap = sum < LIST_CAPACITY ? sum : sum - LIST_CAPACITY;
  //@ assert apart: place != oldest && place != gap;
  //@ assert in: free_list_held(list, gap) && free_list_held(list, oldest);
before:;
  uintptr_t taken = free_list_take(list, r);
  //@ assert before: \forall integer i; free_list_held(list, i) ==> free_list_held{before}(list, i);
  /*@ assert same: \forall integer i; 0 <= i < LIST_CAPACITY && i != gap
      ==> list->block[i] == \at(list->block[i], before); */
  //@ assert moved: list->block[gap] != block || r == 0;
  //@ assert gone: r == 0 ==> !free_list_held(list, gap);
  return taken;
}

/* T9: a block is not taken before q later ones were appended, whatever else is
 * appended, refilled and taken in the meantime, in any order and at any rank
 * among the aged.  The arrays say what is done: step i appends other[i] where
 * act[i] is 0, refills it where 1, else takes the block of rank[i]; what cannot
 * be done is passed over.
 * Returns whether the block was taken before q later ones had come. */
/*@ requires list: \valid(list) && free_list_wf(list);
    requires room: list->count < LIST_CAPACITY;
    requires new: \forall integer i; free_list_held(list, i) ==> list->block[i] != block;
    requires steps: \valid_read(act + (0 .. n - 1)) && \valid_read(other + (0 .. n - 1))
      && \valid_read(rank + (0 .. n - 1));
    requires apart: \separated(list, act + (0 .. n - 1)) && \separated(list, other + (0 .. n - 1))
      && \separated(list, rank + (0 .. n - 1));
    requires others: \forall integer i; 0 <= i < n ==> other[i] != block;
    terminates \true; exits \false;
    assigns *list;
    ensures T9_min_age: !\result; */
bool law_T9_min_age(struct free_list *list, uintptr_t block, uint32_t q, const uint8_t *act,
                    const uintptr_t *other, const uint32_t *rank, uint32_t n)
{
  uint32_t end = list->tail + list->count;
  uint32_t place = end < LIST_CAPACITY ? end : end - LIST_CAPACITY;
  free_list_append(list, block, q);
  uint32_t later = 0;
  /*@ loop invariant range: 0 <= i <= n && later <= i;
      loop invariant list: free_list_wf(list);
      loop invariant waits: waits(list, block, place, later);
      loop invariant young: is_young(list, later, q);
      loop invariant once: nowhere_else(list, block, place);
      loop assigns i, later, *list;
      loop variant n - i; */
  for (uint32_t i = 0; i < n && later < q; i++) {
    bool room = list->count < LIST_CAPACITY;
    if (act[i] == 0 && room) {
      law_T9_append(list, block, place, later, other[i], q);
      later++;
    } else if (act[i] == 1 && room) {
      law_T9_prepend(list, block, place, later, other[i], q);
    } else if (act[i] > 1 && rank[i] < list->count - list->young) {
      if (law_T9_take(list, block, place, later, q, rank[i]) == block) {
        //@ assert never: \false;
        return true;
      }
    }
  }
  return false;
}

/* What is handed over last is what was appended last. */
/*@ requires list: \valid(list) && free_list_wf(list);
    requires room: list->count < LIST_CAPACITY;
    requires out: \valid(out + (0 .. LIST_CAPACITY - 1));
    requires apart: \separated(list, out + (0 .. LIST_CAPACITY - 1));
    terminates \true; exits \false;
    assigns *list, out[0 .. LIST_CAPACITY - 1];
    ensures last: \result == block;
    ensures empty: list->count == 0; */
uintptr_t law_hand_over_after_append(struct free_list *list, uintptr_t block, uint32_t q,
                                     uintptr_t *out)
{
  free_list_append(list, block, q);
  uint32_t n = list->count;
  free_list_hand_over(list, n, out);
  return out[n - 1];
}

/* A thread's list that is all zero is an empty one. */
/*@ requires valid: \valid_read(list);
    requires zero: list->tail == 0 && list->count == 0 && list->young == 0;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T9_empty: free_list_wf(list); */
void law_T9_zero_is_sound(const struct free_list *list)
{
}
