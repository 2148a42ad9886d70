/* An invariant of tables that no tables meet: each clause is local and looks
 * right, and together they are empty.
 *
 * expect: smoke typed_advance_wp_smoke_default_requires
 */
#include <stdint.h>

extern uint32_t negative_next[64];

/*@ predicate grows = \forall integer i; 0 <= i < 64 ==> i < negative_next[i];
    predicate bounded = \forall integer i; 0 <= i < 64 ==> negative_next[i] < 64; */

/*@ requires grows: grows; requires bounded: bounded;
    requires i: i < 64;
    terminates \true; exits \false;
    assigns \nothing;
    ensures same: \result == i; */
uint32_t advance(uint32_t i)
{
  return negative_next[i];
}
