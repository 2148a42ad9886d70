/* A loop that does not say what it writes may write everything.
 *
 * expect: warning Missing assigns clause
 * expect: goal typed_count_(assigns|ensures_all)
 */
#include <stdint.h>

extern uint32_t negative_counter;

/*@ requires n: n < 1000;
    terminates \true; exits \false;
    assigns \nothing;
    ensures all: \result == n; */
uint32_t count(uint32_t n)
{
  uint32_t i = 0;
  /*@ loop invariant range: 0 <= i <= n;
      loop variant n - i; */
  while (i < n) {
    i++;
  }
  return i;
}
