#include "radix_map.h"

ASHLAR_HOT uint32_t radix_get(uint64_t key)
{
  if (ASHLAR_UNLIKELY(RADIX_BEYOND(key))) {
    return 0;
  }
  return radix_arena_get(key);
}

void radix_set(uint64_t key, uint32_t arena)
{
  arena_key[arena] = (uint32_t)(key + 1);
  radix_arena_set(key, (uint16_t)arena);
}

void radix_unset(uint32_t arena)
{
  radix_arena_set(arena_key[arena] - 1, 0);
  arena_key[arena] = 0;
}

ASHLAR_HOT uint64_t radix_granule(uintptr_t address)
{
  uint64_t arena = radix_get(address / ARENA_BYTES);
  uint64_t within = address % ARENA_BYTES / GRANULE_BYTES;
  //@ assert within: within < ARENA_GRANULES;
  //@ assert arena: arena < MAX_ARENAS;
  return arena * ARENA_GRANULES + within;
}

uintptr_t radix_address(uint64_t g)
{
  uint64_t key = arena_key[g / ARENA_GRANULES] - 1;
  uint64_t within = g % ARENA_GRANULES * GRANULE_BYTES;
  //@ assert within: within < ARENA_BYTES;
  uintptr_t address = key * ARENA_BYTES + within;
  //@ assert key: address / ARENA_BYTES == key;
  //@ assert rest: address % ARENA_BYTES == within;
  return address;
}

bool radix_check(void)
{
  /*@ loop invariant range: 0 <= k <= RADIX_KEYS;
      loop invariant sofar: \forall integer i; 0 <= i < k && radix_arena[i] != 0
        ==> radix_arena[i] < MAX_ARENAS && arena_key[radix_arena[i]] == i + 1;
      loop assigns k;
      loop variant RADIX_KEYS - k; */
  for (uint64_t k = 0; k < RADIX_KEYS; k++) {
    uint32_t entry = radix_get(k);
    if (entry == 0) {
      continue;
    }
    if (entry >= MAX_ARENAS || arena_key[entry] != k + 1) {
      return false;
    }
  }
  /*@ loop invariant range: 0 <= a <= MAX_ARENAS;
      loop invariant sofar: \forall integer i; 0 <= i < a && arena_key[i] != 0
        ==> i > 0 && arena_key[i] <= RADIX_KEYS && radix_arena[arena_key[i] - 1] == i;
      loop assigns a;
      loop variant MAX_ARENAS - a; */
  for (uint32_t a = 0; a < MAX_ARENAS; a++) {
    uint32_t key = arena_key[a];
    if (key == 0) {
      continue;
    }
    if (a == 0 || key > RADIX_KEYS || radix_get(key - 1) != a) {
      return false;
    }
  }
  return true;
}
