#include "free_list.h"

/* Wraps a place at most once around the ring. */
/*@ requires once: i < 2 * LIST_CAPACITY;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result < LIST_CAPACITY;
    ensures value: \result == free_list_wrap(i); */
static ASHLAR_HOT uint32_t wrap(uint32_t i)
{
  return i < LIST_CAPACITY ? i : i - LIST_CAPACITY;
}

ASHLAR_HOT void free_list_append(struct free_list *list, uintptr_t block, uint32_t q)
{
  list->block[wrap(list->tail + list->count)] = block;
  list->count++;
  list->young += list->young < q ? 1 : 0;
}

void free_list_prepend(struct free_list *list, uintptr_t block)
{
  list->tail = list->tail == 0 ? LIST_CAPACITY - 1 : list->tail - 1;
  list->block[list->tail] = block;
  list->count++;
}

ASHLAR_HOT uintptr_t free_list_take(struct free_list *list, uint32_t r)
{
  uint32_t place = wrap(list->tail + r);
  uintptr_t taken = list->block[place];
  list->block[place] = list->block[list->tail];
  list->tail = wrap(list->tail + 1);
  list->count--;
  return taken;
}

void free_list_hand_over(struct free_list *list, uint32_t n, uintptr_t *out)
{
  /*@ loop invariant range: 0 <= k <= n;
      loop invariant oldest: \forall integer i; 0 <= i < k ==>
        out[i] == \at(free_list_at(list, i), Pre);
      loop assigns k, out[0 .. n - 1];
      loop variant n - k; */
  for (uint32_t k = 0; k < n; k++) {
    out[k] = list->block[wrap(list->tail + k)];
  }
  list->tail = wrap(list->tail + n);
  list->count -= n;
  if (list->young > list->count) {
    list->young = list->count;
  }
}

bool free_list_check(const struct free_list *list)
{
  return list->tail < LIST_CAPACITY && list->young <= list->count && list->count <= LIST_CAPACITY;
}
