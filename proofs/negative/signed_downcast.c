/* Without -warn-signed-downcast a cast may lose bits and sign.
 *
 * expect: goal typed_narrow_assert_rte_signed_downcast
 */
#include <stdint.h>

/*@ terminates \true; exits \false;
    assigns \nothing; */
int8_t narrow(int32_t x)
{
  return (int8_t)x;
}
