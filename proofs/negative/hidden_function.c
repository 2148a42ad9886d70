/* Code that ships, and that the prover is not shown.
 *
 * expect: function hidden: the prover does not see its body
 * expect: fork ifndef __FRAMAC__
 */

#ifndef __FRAMAC__
int hidden(int x)
{
  return x + 1;
}
#endif

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures same: \result == x; */
int seen(int x)
{
  return x;
}
