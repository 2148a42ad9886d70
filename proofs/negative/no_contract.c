/* Neither code nor contract: Frama-C makes a contract up from the prototype.
 *
 * expect: missing-spec Neither code nor specification for function negative_other
 * expect: pedantic-assigns No 'assigns' specification for function 'negative_other'
 * expect: warning Missing terminates clause on call to negative_other
 * expect: goal typed_three_(terminates|exits)
 */

int negative_other(int x);

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures three: \result == 3; */
int three(int x)
{
  negative_other(x);
  return 3;
}
