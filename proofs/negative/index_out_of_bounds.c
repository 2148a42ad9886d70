/* Without -wp-rte an index beyond a table is nobody's goal.
 *
 * expect: goal typed_entry_assert_rte_index_bound
 */
#include <stdint.h>

extern uint8_t negative_table[16];

/*@ requires i: i <= 16;
    terminates \true; exits \false;
    assigns \nothing; */
uint8_t entry(uint32_t i)
{
  return negative_table[i];
}
