/* What assembly does is not read.
 *
 * expect: construct assembly
 * expect: property in same: .*(Partially proven|assigns y)
 */
#include <stdint.h>

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures same: \result == x; */
uint32_t same(uint32_t x)
{
  uint32_t y = x;
  __asm__("incl %0" : "=r"(y) : "r"(y));
  return x;
}
