#include "pool_list.h"

ASHLAR_HOT uint32_t pool_list_take(struct pool_list *l)
{
  uint32_t g;
  if (ASHLAR_LIKELY(l->spare != 0)) {
    g = l->spare - 1;
    l->spare = 0;
  } else {
    if (l->count == 0) {
      return POOL_REFUSED + POOL_EMPTY;
    }
    l->count--;
    g = l->entry[l->count];
  }
  if (ASHLAR_LIKELY(byte_get(&l->state[g]) == POOL_HELD)) {
    byte_set(&l->state[g], POOL_LIVE);
    return g;
  }
  return POOL_REFUSED + POOL_TORN;
}

ASHLAR_HOT uint32_t pool_list_release(struct pool_list *l, uintptr_t address, bool shared)
{
  uint64_t offset = granule_offset(address, l->base);
  if (offset >= l->granules) {
    bool inside = address >= l->base && (address - l->base) / GRANULE_BYTES < l->granules;
    return POOL_REFUSED + (inside ? POOL_INTERIOR : POOL_FOREIGN);
  }
  uint32_t g = (uint32_t)offset;
  uint8_t seen = byte_get(&l->state[g]);
  if (ASHLAR_LIKELY(seen == POOL_LIVE) && byte_swap(&l->state[g], POOL_LIVE, POOL_HELD, shared)) {
    return g;
  }
  return POOL_REFUSED + (seen == POOL_NONE ? POOL_INTERIOR : POOL_ALREADY_FREE);
}

ASHLAR_HOT bool pool_list_push(struct pool_list *l, uint32_t g)
{
  if (ASHLAR_LIKELY(l->spare == 0)) {
    l->spare = g + 1;
    return true;
  }
  if (l->count >= l->limit) {
    return false;
  }
  l->entry[l->count] = g;
  l->count++;
  return true;
}

void pool_list_carve(struct pool_list *l, uint32_t to)
{
  uint8_t *states = l->state;
  uint32_t *entry = l->entry;
  uint32_t step = l->step;
  uint32_t limit = l->limit;
  uint32_t first = l->granules;
  uint32_t end = first;
  uint32_t n = l->count;
  /*@ loop invariant range: first <= end <= to;
      loop invariant count: \at(l->count, Pre) <= n <= limit;
      loop invariant some: n == \at(l->count, Pre) ==> end == first;
      loop invariant all: end - first == (n - \at(l->count, Pre)) * step;
      loop invariant inside: \forall integer g; 0 <= g < end && states[g] != POOL_NONE
        ==> g + step <= end;
      loop invariant apart: \forall integer g, h; 0 <= g < h < end && states[g] != POOL_NONE
        && states[h] != POOL_NONE ==> g + step <= h;
      loop invariant known: \forall integer k; 0 <= k < n ==> entry[k] < end;
      loop invariant blank: \forall integer g; end <= g < to ==> states[g] == POOL_NONE;
      loop invariant others: \forall integer g; 0 <= g < first ==> states[g] == \at(l->state[g],
        Pre);
      loop invariant new: \forall integer g; first <= g < end ==> states[g] == POOL_NONE
        || states[g] == POOL_HELD;
      loop assigns end, n, states[first .. to - 1], entry[\at(l->count, Pre) .. limit - 1];
      loop variant to - end; */
  while (to - end >= step && n < limit) {
    byte_set(&states[end], POOL_HELD);
    entry[n] = end;
    n++;
    end += step;
  }
  l->granules = end;
  l->count = n;
}

uint32_t pool_list_move(struct pool_list *from, struct pool_list *to, uint32_t n)
{
  const uint32_t *source = from->entry;
  uint32_t *target = to->entry;
  uint32_t left = from->count;
  uint32_t came = to->count;
  uint32_t room = to->limit - came;
  uint32_t most = left < room ? left : room;
  uint32_t moved = n < most ? n : most;
  /*@ loop invariant range: 0 <= k <= moved;
      loop invariant kept: \forall integer i; 0 <= i < left ==> source[i] == \at(from->entry[i],
        Pre);
      loop invariant same: \forall integer i; came <= i < came + k
        ==> target[i] == source[left - 1 - (i - came)];
      loop invariant known: \forall integer i; 0 <= i < came + k ==> target[i] < \at(to->granules,
        Pre);
      loop assigns k, target[came .. came + moved - 1];
      loop variant moved - k; */
  for (uint32_t k = 0; k < moved; k++) {
    target[came + k] = source[left - 1 - k];
  }
  from->count = left - moved;
  to->count = came + moved;
  return moved;
}

uint32_t pool_list_find(const struct pool_list *l, uint32_t g, uint8_t least)
{
  uint32_t h = g;
  /*@ loop invariant range: g <= h <= l->granules;
      loop invariant none: \forall integer i; g <= i < h ==> l->state[i] < least;
      loop assigns h;
      loop variant l->granules - h; */
  while (h < l->granules && byte_get(&l->state[h]) < least) {
    h++;
  }
  return h;
}

bool pool_list_check(const struct pool_list *l)
{
  uint32_t end = 0; /* of the last object seen */
  /*@ loop invariant range: 0 <= g <= l->granules && end <= l->granules;
      loop invariant one: \forall integer h; 0 <= h < g && l->state[h] != POOL_NONE
        ==> h + l->step <= end;
      loop invariant last: end == 0 || \exists integer h; 0 <= h < g
        && l->state[h] != POOL_NONE && h + l->step == end;
      loop invariant apart: \forall integer h, i; 0 <= h < i < g && l->state[h] != POOL_NONE
        && l->state[i] != POOL_NONE ==> h + l->step <= i;
      loop assigns g, end;
      loop variant l->granules - g; */
  for (uint32_t g = 0; g < l->granules; g++) {
    if (byte_get(&l->state[g]) == POOL_NONE) {
      continue;
    }
    if (g < end || l->granules - g < l->step) {
      return false;
    }
    end = g + l->step;
  }
  /*@ loop invariant range: 0 <= k <= l->count;
      loop invariant known: \forall integer i; 0 <= i < k ==> l->entry[i] < l->granules;
      loop assigns k;
      loop variant l->count - k; */
  for (uint32_t k = 0; k < l->count; k++) {
    if (l->entry[k] >= l->granules) {
      return false;
    }
  }
  return l->spare <= l->granules;
}
