/* Slots carved one granule too far: the condition lets the last slot begin
 * where its end lies behind the span.  The same with `end - g >= step` proves.
 *
 * expect: goal typed_carve_too_far_loop_invariant_(inside|range)_preserved
 */
#include <stdint.h>

enum { NEGATIVE_GRANULES = 256 };
extern uint8_t negative_state[NEGATIVE_GRANULES];

/*@ requires range: low <= end <= NEGATIVE_GRANULES;
    requires step: 1 <= step <= 16;
    requires empty: \forall integer g; low <= g < NEGATIVE_GRANULES ==> negative_state[g] == 0;
    terminates \true; exits \false;
    assigns negative_state[low .. end - 1];
    ensures inside: \forall integer g; low <= g < NEGATIVE_GRANULES && negative_state[g] != 0
      ==> g + step <= end; */
void carve(uint32_t low, uint32_t end, uint32_t step)
{
  uint32_t g = low;
  /*@ loop invariant range: low <= g <= end;
      loop invariant inside: \forall integer h; low <= h < NEGATIVE_GRANULES && negative_state[h] != 0
        ==> h + step <= end;
      loop assigns g, negative_state[low .. end - 1];
      loop variant end - g; */
  while (end - g >= step) {
    negative_state[g] = 1;
    g += step;
  }
}

/*@ requires range: low <= end <= NEGATIVE_GRANULES;
    requires step: 1 <= step <= 16;
    requires empty: \forall integer g; low <= g < NEGATIVE_GRANULES ==> negative_state[g] == 0;
    terminates \true; exits \false;
    assigns negative_state[low .. end - 1];
    ensures inside: \forall integer g; low <= g < NEGATIVE_GRANULES && negative_state[g] != 0
      ==> g + step <= end; */
void carve_too_far(uint32_t low, uint32_t end, uint32_t step)
{
  uint32_t g = low;
  /*@ loop invariant range: low <= g <= end + step - 1;
      loop invariant inside: \forall integer h; low <= h < NEGATIVE_GRANULES && negative_state[h] != 0
        ==> h + step <= end;
      loop assigns g, negative_state[low .. end - 1];
      loop variant end + step - g; */
  while (g < end && end - g + 1 >= step) {
    negative_state[g] = 1;
    g += step;
  }
}
