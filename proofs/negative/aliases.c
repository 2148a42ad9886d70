/* A pointer might point to the table that the function writes: the memory model
 * takes for granted that it does not, and only mentions it.
 *
 * expect: hypothesis last_drawn: .separated
 */
#include <stdint.h>

extern uint32_t negative_last;

/*@ requires seed: \valid_read(seed) && *seed < 100;
    terminates \true; exits \false;
    assigns negative_last;
    ensures last: negative_last == \old(*seed) + 1; */
void last_drawn(const uint32_t *seed)
{
  negative_last = *seed + 1;
}
