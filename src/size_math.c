#include "size_math.h"

bool size_add(size_t a, size_t b, size_t *sum)
{
  if (b > SIZE_MAX - a) {
    return false;
  }
  *sum = a + b;
  return true;
}

bool size_multiply(size_t a, size_t b, size_t *product)
{
  if (a != 0 && b > SIZE_MAX / a) {
    return false;
  }
  *product = a * b;
  return true;
}

bool size_round_up(size_t n, size_t step, size_t *rounded)
{
  size_t past = n % step;
  if (past == 0) {
    *rounded = n;
    return true;
  }
  if (step - past > SIZE_MAX - n) {
    return false;
  }
  *rounded = n + (step - past);
  return true;
}
