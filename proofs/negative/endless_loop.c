/* A loop that never ends proves anything behind it, as `Valid (Unreachable)`.
 *
 * expect: unreachable seven_ensures_seven
 * expect: unreachable seven_assigns
 * expect: goal typed_seven_terminates
 * expect: smoke Failed smoke-test
 */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures seven: \result == 7; */
int seven(void)
{
  /*@ loop assigns \nothing; */
  while (1) {
  }
  return 8;
}
