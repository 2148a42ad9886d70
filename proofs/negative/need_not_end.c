/* Without `terminates` a loop need not end, and what holds when it does is all
 * that is proved: here, that every number is 7.
 *
 * expect: contract seven: no `terminates .true`
 */

/*@ exits \false;
    assigns \nothing;
    ensures seven: \result == 7; */
int seven(int x)
{
  /*@ loop invariant any: \true;
      loop assigns \nothing; */
  while (x != 7) {
  }
  return x;
}
