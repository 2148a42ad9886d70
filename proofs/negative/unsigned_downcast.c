/* Without -warn-unsigned-downcast a cast may lose bits.
 *
 * expect: goal typed_narrow_assert_rte_unsigned_downcast
 */
#include <stdint.h>

/*@ terminates \true; exits \false;
    assigns \nothing; */
uint8_t narrow(uint32_t x)
{
  return (uint8_t)x;
}
