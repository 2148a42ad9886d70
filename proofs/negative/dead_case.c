/* A behavior whose `assumes` never holds promises nothing.
 *
 * expect: smoke typed_half_wp_smoke_odd_assumes
 */
#include <stdint.h>

/*@ requires even: x % 2 == 0;
    terminates \true; exits \false;
    assigns \nothing;
    behavior even: assumes x % 2 == 0;
      ensures half: 2 * \result == x;
    behavior odd: assumes x % 2 == 1;
      ensures absurd: \result > x;
    complete behaviors; disjoint behaviors; */
uint32_t half(uint32_t x)
{
  return x / 2;
}
