/* Laws of pool_list, proved from its contracts alone. */
#include "pool_list.h"

/* What was handed out and given back is handed out again, not another one that
 * is live. */
/*@ requires pool_list_valid(l) && pool_list_sound(l);
    requires pool_wf_inside(l) && pool_wf_apart(l) && pool_wf_known(l) && pool_wf_spare(l);
    requires l->spare == 0 && l->count < l->limit;
    requires \exists integer g; pool_live(l, g) && address == pool_address(l, g);
    terminates \true; exits \false;
    assigns l->count, l->spare, l->state[0 .. l->granules - 1], l->entry[0 .. l->limit - 1];
    ensures T13_same: \result == address; */
uintptr_t law_T13_give_then_take(struct pool_list *l, uintptr_t address)
{
  uint32_t g = pool_list_release(l, address, false);
  pool_list_push(l, g);
  uint32_t h = pool_list_take(l);
  return l->base + (uintptr_t)h * GRANULE_BYTES;
}

/* Given back twice: the second time it is refused. */
/*@ requires pool_list_valid(l) && pool_list_sound(l);
    requires pool_wf_inside(l) && pool_wf_apart(l) && pool_wf_known(l) && pool_wf_spare(l);
    requires \exists integer g; pool_live(l, g) && address == pool_address(l, g);
    terminates \true; exits \false;
    assigns l->state[0 .. l->granules - 1];
    ensures T13_twice: \result == POOL_REFUSED + POOL_ALREADY_FREE; */
uint32_t law_T13_give_twice(struct pool_list *l, uintptr_t address)
{
  uint32_t g = pool_list_release(l, address, true);
  //@ assert held: pool_starts(l, g) && !pool_live(l, g) && address == pool_address(l, g);
  return pool_list_release(l, address, true);
}

/* Two objects that are out at once share no byte. */
/*@ requires pool_list_valid(l) && pool_list_sound(l);
    requires pool_wf_inside(l) && pool_wf_apart(l) && pool_wf_known(l) && pool_wf_spare(l);
    terminates \true; exits \false;
    assigns l->count, l->spare, l->state[0 .. l->granules - 1];
    ensures sound: pool_list_sound(l); */
void law_T13_two_are_disjoint(struct pool_list *l)
{
  uint32_t a = pool_list_take(l);
  uint32_t b = pool_list_take(l);
  if (a >= POOL_REFUSED || b >= POOL_REFUSED) {
    return;
  }
  //@ assert live: pool_live(l, a) && pool_live(l, b) && a != b;
  //@ assert T13_disjoint: a + l->step <= b || b + l->step <= a;
}

/* Memory between an object that is in use and the next one is nobody's: what a
 * trim gives back. */
/*@ requires pool_list_valid(l) && pool_list_sound(l);
    requires pool_wf_inside(l) && pool_wf_apart(l);
    requires from <= l->granules;
    requires \forall integer g; pool_live(l, g) && g < from ==> g + l->step <= from;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T13_idle: \forall integer g; pool_live(l, g) ==> g + l->step <= from || \result <= g; */
uint32_t law_T13_trim_spares_the_live(struct pool_list *l, uint32_t from)
{
  return pool_list_find(l, from, POOL_LIVE);
}
