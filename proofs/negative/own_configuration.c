/* Proved for constants that do not ship: with the small arenas of the tests a
 * size class above the 25th is out of the question.
 *
 * expect: fork define ASHLAR_SMALL
 */
#define ASHLAR_SMALL
#include "size_class.h"

/*@ requires small: asked < 512;
    terminates \true; exits \false;
    assigns \nothing;
    ensures few: \result < 25; */
uint32_t class_of(uint32_t asked)
{
  return size_class_of(asked);
}
