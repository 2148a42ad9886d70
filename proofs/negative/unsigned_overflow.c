/* Without -warn-unsigned-overflow a sum may wrap.
 *
 * expect: goal typed_sum_assert_rte_unsigned_overflow
 */
#include <stdint.h>

/*@ terminates \true; exits \false;
    assigns \nothing; */
uint32_t sum(uint32_t a, uint32_t b)
{
  return a + b;
}
