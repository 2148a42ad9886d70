/* Two names for one memory: plain Typed proves that a member is unchanged when
 * the other is written, and says nothing.  Only the text tells.
 *
 * expect: construct union: the memory model
 */
#include <stdint.h>

union negative_word {
  uint64_t all;
  uint32_t low;
};

/*@ requires object: \valid(word);
    terminates \true; exits \false;
    assigns *word;
    ensures unchanged: word->all == 5; */
void write(union negative_word *word)
{
  word->all = 5;
  word->low = 9;
}
