/* A law that holds because its `requires` contradict the invariant: no entry
 * of the radix map is above MAX_ARENAS.
 *
 * expect: smoke typed_(law_vacuous|radix_get)_wp_smoke
 */
#include "radix_map.h"

/*@ requires forward: radix_wf_forward; requires back: radix_wf_back;
    requires key: key < RADIX_KEYS && radix_arena[key] > MAX_ARENAS;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T2_absurd: \result == 0; */
uint32_t law_vacuous(uint64_t key)
{
  return radix_get(key);
}
