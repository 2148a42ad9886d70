/* A call of something that was never declared.
 *
 * expect: warning Calling undeclared function negative_undeclared
 * expect: missing-spec Neither code nor specification for function negative_undeclared
 * expect: pedantic-assigns No 'assigns' specification for function 'negative_undeclared'
 * expect: warning Missing terminates clause
 * expect: goal typed_five_(terminates|exits)
 */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures five: \result == 5; */
int five(void)
{
  negative_undeclared();
  return 5;
}
