/* A contract that is assumed, and that no function can keep: what is called
 * never comes back, and behind it everything holds.
 *
 * expect: smoke typed_negative_draw_wp_smoke_dead_call
 * expect: smoke typed_draw_twice_wp_smoke_dead_code
 * expect: assumed negative_draw: .* proved nowhere
 */
#include <stdint.h>

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures low: \result < 4;
    ensures high: \result > 8; */
uint32_t negative_draw(void);

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures absurd: \result == 7; */
uint32_t draw_twice(void)
{
  return negative_draw() + negative_draw();
}
