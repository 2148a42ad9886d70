/* A function that proves its promise by calling itself, for ever.
 *
 * expect: warning No 'decreases' clause on recursive function 'seven'
 * expect: goal typed_seven_terminates
 */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures seven: \result == 7; */
int seven(int x)
{
  return seven(x);
}
