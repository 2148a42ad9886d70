/* A contract of a statement, which WP reads past.
 *
 * expect: annotation Statement specifications not yet supported
 * expect: property postcondition
 */

/*@ requires small: x < 100;
    terminates \true; exits \false;
    assigns \nothing;
    ensures next: \result == x + 1; */
int next(int x)
{
  //@ ensures absurd: x == 7;
  x++;
  return x;
}
