/* A contract without `assigns` lets a function write what it likes, and is fit
 * for no caller.
 *
 * expect: contract touch: no `assigns`
 * expect: pedantic-assigns No 'assigns' specification for function 'touch'
 */

extern int negative_counter;

/*@ terminates \true; exits \false;
    ensures one: negative_counter == 1; */
void touch(void)
{
  negative_counter = 1;
}
