/* WP makes no smoke test for code that `assert \false` declares dead.  In src/
 * that would hide a branch that a contradiction has cut off.
 *
 * expect: smoke assert .false hides code
 */
#include <stdint.h>

/*@ requires small: x < 100;
    terminates \true; exits \false;
    assigns \nothing;
    ensures same: \result == x; */
uint32_t clamp(uint32_t x)
{
  if (x > 200) {
    //@ assert never: \false;
    return 1;
  }
  return x;
}
