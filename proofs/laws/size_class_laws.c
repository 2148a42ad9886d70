/* Laws of the size classes: client code that verifies against the contracts of
 * size_class.h alone. */
#include "size_class.h"

/* T1: a larger request never gets a smaller class. */
/*@ requires small: a <= b < SMALL_BYTES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T1_monotone: \result; */
bool law_T1_monotone(uint32_t a, uint32_t b)
{
  return size_class_of(a) <= size_class_of(b);
}

/* T1: no class with room for a request is smaller than the one it gets. */
/*@ requires small: 1 <= asked < SMALL_BYTES;
    requires room: 1 <= c < SIZE_CLASSES && asked < class_bytes(c);
    terminates \true; exits \false;
    assigns \nothing;
    ensures T1_least: \result; */
bool law_T1_least(uint32_t asked, uint32_t c)
{
  return size_class_bytes(size_class_of(asked)) <= size_class_bytes(c);
}

/* T7: what the slack code records is what was asked, up to the class's unit,
 * and never reaches the last byte of the slot. */
/*@ requires small: 1 <= asked < SMALL_BYTES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T7_least: asked <= \result;
    ensures T7_exact: asked < 512 ==> \result == asked;
    ensures T7_relative: asked >= 512 ==> 256 * (\result - asked) < asked; */
uint32_t law_T7_round_trip(uint32_t asked)
{
  uint32_t c = size_class_of(asked);
  return size_class_recorded(c, size_class_slack(c, asked));
}
