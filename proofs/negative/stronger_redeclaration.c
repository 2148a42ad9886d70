/* The contract of a proved function, made stronger where it is used: the clause
 * is in no header, so it was proved nowhere.
 *
 * expect: warning found two (contracts|different terminates clauses)
 * expect: assumed proofs/negative/stronger_redeclaration.c:.* radix_get: postcondition .*proved nowhere
 */
#include "radix_map.h"

/*@ ensures always: \result == 1; */
uint32_t radix_get(uint64_t key);

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures one: \result == 1; */
uint32_t lookup(uint64_t key)
{
  return radix_get(key);
}
