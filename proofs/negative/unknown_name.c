/* A contract that names what does not exist.  Frama-C can be told to pass over
 * such contracts; then the function has none.
 *
 * expect: annotation unbound logic
 */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures known: negative_unknown(\result); */
int one(void)
{
  return 1;
}
