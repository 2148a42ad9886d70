/* Provers that say yes to everything: the smoke tests are what notices.
 *
 * provers: credulous
 * expect: smoke typed_larger_wp_smoke_default_requires
 */
#include <stdint.h>

/*@ requires x: x < 1000;
    terminates \true; exits \false;
    assigns \nothing;
    ensures absurd: \result * \result > 7 * x + 5; */
uint32_t larger(uint32_t x)
{
  return x / 7;
}
