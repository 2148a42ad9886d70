/* A lemma that does not hold, and what would follow from it.  Lemmas are goals.
 *
 * expect: goal typed_lemma_negative_half
 * expect: smoke typed_halve_wp_smoke_default_requires
 */

/*@ lemma negative_half: \forall integer x; x >= 0 ==> 2 * (x / 2) == x; */

/*@ requires x: 0 <= x < 100;
    terminates \true; exits \false;
    assigns \nothing;
    ensures same: \result == x; */
int halve(int x)
{
  return x / 2 * 2;
}
