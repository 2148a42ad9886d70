/* A call that breaks what the memory model takes for granted.  Without
 * -wp-check-memory-model the caller owes nothing.
 *
 * expect: hypothesis last_drawn: .separated
 * expect: goal typed_draw_again_call_last_drawn_wp_typed_requires
 * expect: smoke typed_last_drawn_wp_smoke_dead_call
 */
#include <stdint.h>

extern uint32_t negative_last;

/*@ requires seed: \valid_read(seed) && *seed < 100;
    terminates \true; exits \false;
    assigns negative_last; */
void last_drawn(const uint32_t *seed)
{
  negative_last = *seed + 1;
}

/*@ terminates \true; exits \false;
    assigns negative_last; */
void draw_again(void)
{
  negative_last = 3;
  last_drawn(&negative_last);
}
