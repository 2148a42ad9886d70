/* `admit` is taken as true, and Frama-C counts it as proved.
 *
 * expect: admit in next: (small: )?x < 100
 * expect: admit in next: huge: .result > 100
 */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures larger: \result > x;
    admit ensures huge: \result > 100; */
int next(int x)
{
  //@ admit small: x < 100;
  return x + 1;
}
