/* Code that nothing reaches promises what it likes.
 *
 * expect: smoke typed_clamp_wp_smoke_dead_code
 */
#include <stdint.h>

/*@ requires small: x < 100;
    terminates \true; exits \false;
    assigns \nothing;
    ensures same: \result == x; */
uint32_t clamp(uint32_t x)
{
  if (x > 200) {
    return 1;
  }
  return x;
}
