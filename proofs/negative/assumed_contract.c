/* A contract whose function has no body here, and is not listed as assumed.
 *
 * expect: assumed negative_width: .* proved nowhere
 */
#include <stdint.h>

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result <= 32; */
uint32_t negative_width(uint32_t x);

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result <= 64; */
uint32_t widths(uint32_t x, uint32_t y)
{
  return negative_width(x) + negative_width(y);
}
