/* An axiom is taken as true; this one is false, and the lemma follows from it.
 *
 * expect: assumed axiom negative_less
 */

/*@ axiomatic negative_square {
      logic integer negative_square(integer x);
      axiom negative_less: \forall integer x; negative_square(x) < x;
      lemma negative_follows: negative_square(negative_square(3)) < 2;
    } */

/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures less: negative_square(x) < x; */
int same(int x)
{
  return x;
}
