/* Provers that say nothing: what does not come from a prover must not count as
 * proved.
 *
 * provers: silent
 * expect: goal typed_larger_ensures_larger
 */
#include <stdint.h>

/*@ requires x: x < 1000 && y < x;
    terminates \true; exits \false;
    assigns \nothing;
    ensures larger: \result * x >= y * \result; */
uint32_t larger(uint32_t x, uint32_t y)
{
  return x / 7;
}
