/* Laws of the radix map: client code that verifies against the contracts of
 * radix_map.h alone. */
#include "radix_map.h"

/* T2: what was set is found, and every other key finds what it found before. */
/*@ requires f: radix_wf_forward; requires b: radix_wf_back;
    requires key: key < RADIX_KEYS && radix_arena[key] == 0;
    requires arena: 0 < arena < MAX_ARENAS && arena_key[arena] == 0;
    terminates \true; exits \false;
    assigns radix_arena[key], arena_key[arena];
    ensures T2_get_after_set: \result; */
bool law_T2_get_after_set(uint64_t key, uint32_t arena, uint64_t other)
{
  uint32_t before = radix_get(other);
  radix_set(key, arena);
  if (radix_get(key) != arena || (other != key && radix_get(other) != before)) {
    //@ assert never: \false;
    return false;
  }
  return true;
}

/* T2: what was unset is gone; unsetting what was set restores the map. */
/*@ requires f: radix_wf_forward; requires b: radix_wf_back;
    requires key: key < RADIX_KEYS && radix_arena[key] == 0;
    requires arena: 0 < arena < MAX_ARENAS && arena_key[arena] == 0;
    terminates \true; exits \false;
    assigns radix_arena[key], arena_key[arena], radix_arena[arena_key[arena] - 1];
    ensures f: radix_wf_forward; ensures b: radix_wf_back;
    ensures T2_same: \forall integer k; 0 <= k < RADIX_KEYS
      ==> radix_arena[k] == \old(radix_arena[k]);
    ensures T2_none: \result == 0; */
uint32_t law_T2_get_after_unset(uint64_t key, uint32_t arena)
{
  radix_set(key, arena);
  //@ assert known: arena_key[arena] - 1 == key;
  radix_unset(arena);
  return radix_get(key);
}

/* T2: a granule's address leads back to the granule. */
/*@ requires f: radix_wf_forward; requires b: radix_wf_back;
    requires granule: g < GRANULES && arena_key[g / ARENA_GRANULES] != 0;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T2_round_trip: \result == g; */
uint64_t law_T2_granule_of_address(uint64_t g)
{
  return radix_granule(radix_address(g));
}
