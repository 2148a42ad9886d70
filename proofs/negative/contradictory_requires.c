/* Nothing can meet these `requires`, so everything follows from them.  Without
 * -wp-smoke-tests all is green.
 *
 * expect: smoke typed_between_wp_smoke
 */
#include <stdint.h>

/*@ requires low: x > 10;
    requires high: x < y && y < 11;
    terminates \true; exits \false;
    assigns \nothing;
    ensures absurd: \result == x + 1; */
uint32_t between(uint32_t x, uint32_t y)
{
  return x == y ? y : x;
}
