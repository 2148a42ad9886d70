/* size_math: arithmetic on sizes that says when it does not fit.
 *
 * Owns nothing; pure functions, callable from anywhere without a lock.  Every
 * size that a program passes in goes through here before it is used.
 */
#ifndef ASHLAR_SIZE_MATH_H
#define ASHLAR_SIZE_MATH_H

#include "config.h"

/* Adds two sizes.
 * a, b: bytes.  sum: where the result goes.
 * Returns true and sets *sum to a + b where that fits; else false, and *sum
 * is as it was. */
/*@ requires out: \valid(sum);
    terminates \true; exits \false;
    assigns *sum;
    behavior fits: assumes a + b <= SIZE_MAX;
      ensures T12_value: \result && *sum == a + b;
    behavior wraps: assumes a + b > SIZE_MAX;
      assigns \nothing;
      ensures T12_refused: !\result && *sum == \old(*sum);
    complete behaviors; disjoint behaviors; */
bool size_add(size_t a, size_t b, size_t *sum);

/* Multiplies two sizes (calloc, reallocarray).
 * a, b: a count and bytes.  product: where the result goes.
 * Returns true and sets *product to a * b where that fits; else false, and
 * *product is as it was. */
/*@ requires out: \valid(product);
    terminates \true; exits \false;
    assigns *product;
    behavior fits: assumes a * b <= SIZE_MAX;
      ensures T12_value: \result && *product == a * b;
    behavior wraps: assumes a * b > SIZE_MAX;
      assigns \nothing;
      ensures T12_refused: !\result && *product == \old(*product);
    complete behaviors; disjoint behaviors; */
bool size_multiply(size_t a, size_t b, size_t *product);

/* Rounds a size up to a multiple.
 * n: bytes.  step: bytes, not 0; need not be a power of two.
 * rounded: where the result goes.
 * Returns true and sets *rounded to the least multiple of step that is at
 * least n, where that fits; else false, and *rounded is as it was. */
/*@ requires out: \valid(rounded);
    requires step: step > 0;
    terminates \true; exits \false;
    assigns *rounded;
    behavior aligned: assumes n % step == 0;
      ensures same: \result && *rounded == n;
    behavior fits: assumes n % step != 0 && n + (step - n % step) <= SIZE_MAX;
      ensures value: \result && *rounded == n + (step - n % step);
      ensures multiple: *rounded == (n / step + 1) * step;
    behavior wraps: assumes n % step != 0 && n + (step - n % step) > SIZE_MAX;
      assigns \nothing;
      ensures refused: !\result && *rounded == \old(*rounded);
    complete behaviors; disjoint behaviors; */
bool size_round_up(size_t n, size_t step, size_t *rounded);

#endif
