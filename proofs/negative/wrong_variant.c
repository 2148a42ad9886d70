/* A measure that does not fall with each turn.
 *
 * expect: goal typed_count_loop_variant_decrease
 */
#include <stdint.h>

/*@ requires n: n < 1000;
    terminates \true; exits \false;
    assigns \nothing;
    ensures all: \result == n; */
uint32_t count(uint32_t n)
{
  uint32_t i = 0;
  /*@ loop invariant range: 0 <= i <= n;
      loop assigns i;
      loop variant n; */
  while (i < n) {
    i++;
  }
  return i;
}
