/* The least of all: a promise that the code does not keep.
 *
 * expect: goal typed_larger_ensures_larger
 */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures larger: \result > x; */
int larger(int x)
{
  return x < 100 ? x + 1 : x;
}
