/* A contract that does not say what the function writes: Frama-C takes it from
 * the prototype, which cannot know of tables.
 *
 * expect: missing-spec No code nor implicit assigns clause for function negative_bump
 * expect: pedantic-assigns No 'assigns' specification for function 'negative_bump'
 * expect: property in negative_bump: (assigns|from) clause, Unknown
 * expect: assumed negative_bump: .* proved nowhere
 */

extern int negative_counter;

/*@ terminates \true; exits \false;
    ensures positive: \result > 0; */
int negative_bump(void);

/*@ requires three: negative_counter == 3;
    terminates \true; exits \false;
    assigns \nothing;
    ensures still: negative_counter == 3; */
int bump(void)
{
  return negative_bump();
}
