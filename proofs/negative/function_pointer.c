/* What a pointer to a function calls is not known.
 *
 * expect: warning no 'calls' specification
 * expect: warning Missing 'calls'
 * expect: warning valid_function not yet implemented
 * expect: warning No 'decreases' clause on recursive function
 * expect: goal typed_call_
 */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures five: \result == 5; */
int call(int (*callee)(void))
{
  callee();
  return 5;
}
