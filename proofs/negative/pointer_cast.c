/* An object written through a pointer to another type.  Under Typed+cast the
 * wrong promise is all green; under Typed the goals that Frama-C cannot
 * translate must stay open, and the cast must be said.
 *
 * expect: cast Cast with incompatible pointers types
 * expect: construct cast to a pointer
 * expect: goal typed_write_assert_rte_mem_access
 * expect: goal typed_write_assigns
 */
#include <stdint.h>

/*@ requires object: \valid(p);
    terminates \true; exits \false;
    assigns *p;
    ensures unchanged: *p == 42; */
void write(uint64_t *p)
{
  *p = 42;
  uint8_t *q = (uint8_t *)p;
  *q = 7;
}
