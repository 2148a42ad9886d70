/* A blank before the at sign: a comment, and no contract.
 *
 * expect: annotation a blank before @
 */

/* @ assigns \nothing;
    ensures absurd: \result == 3; */
/*@ terminates \true; exits \false;
    assigns \nothing; */
int one(void)
{
  return 1;
}
