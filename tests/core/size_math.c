/* size_math against arithmetic in 128 bits. */
#include "../../src/size_math.h"
#include "../support/harness.h"

typedef unsigned __int128 wide;

enum {
  DRAWS = EFFORT(200000),
  UNTOUCHED = 0x5a
};

/* The sizes at which something can turn: 0, 1, the bounds, and the powers of
 * two with their neighbours. */
static size_t edge[3 * 64 + 2];
static uint32_t edges;

static void make_edges(void)
{
  edges = 0;
  for (uint32_t k = 0; k < 64; k++) {
    size_t power = (size_t)1 << k;
    edge[edges++] = power - 1;
    edge[edges++] = power;
    edge[edges++] = power + 1;
  }
  edge[edges++] = SIZE_MAX;
  edge[edges++] = SIZE_MAX - 1;
}

static void check_add(size_t a, size_t b)
{
  size_t sum = UNTOUCHED;
  wide exact = (wide)a + b;
  bool fits = size_add(a, b, &sum);
  CHECK(fits == (exact <= SIZE_MAX), "size_add(%zu, %zu) is %d", a, b, fits);
  CHECK(sum == (fits ? (size_t)exact : UNTOUCHED), "size_add(%zu, %zu) gives %zu", a, b, sum);
}

static void check_multiply(size_t a, size_t b)
{
  size_t product = UNTOUCHED;
  wide exact = (wide)a * b;
  bool fits = size_multiply(a, b, &product);
  CHECK(fits == (exact <= SIZE_MAX), "size_multiply(%zu, %zu) is %d", a, b, fits);
  CHECK(product == (fits ? (size_t)exact : UNTOUCHED), "size_multiply(%zu, %zu) gives %zu", a, b,
        product);
}

static void check_round_up(size_t n, size_t step)
{
  size_t rounded = UNTOUCHED;
  wide exact = ((wide)n + step - 1) / step * step;
  bool fits = size_round_up(n, step, &rounded);
  CHECK(fits == (exact <= SIZE_MAX), "size_round_up(%zu, %zu) is %d", n, step, fits);
  CHECK(rounded == (fits ? (size_t)exact : UNTOUCHED), "size_round_up(%zu, %zu) gives %zu", n, step,
        rounded);
}

static void check_all(size_t a, size_t b)
{
  check_add(a, b);
  check_multiply(a, b);
  if (b != 0) {
    check_round_up(a, b);
  }
}

Test(size_math, T12_all_pairs_of_edges)
{
  make_edges();
  for (uint32_t i = 0; i < edges; i++) {
    for (uint32_t j = 0; j < edges; j++) {
      check_all(edge[i], edge[j]);
    }
  }
}

Test(size_math, T12_random_pairs)
{
  for (uint32_t i = 0; i < DRAWS; i++) {
    check_all(prng_any_length(), prng_any_length());
  }
}

/* Products and sums that just fit, and those that just do not. */
Test(size_math, T12_around_the_bound)
{
  for (uint32_t i = 0; i < DRAWS; i++) {
    size_t a = prng_any_length();
    check_add(a, SIZE_MAX - a);
    check_add(a, SIZE_MAX - a + 1);
    if (a != 0) {
      check_multiply(a, SIZE_MAX / a);
      check_multiply(a, SIZE_MAX / a + 1);
      check_multiply(SIZE_MAX / a + 1, a);
      check_round_up(SIZE_MAX / a * a, a);
      check_round_up(SIZE_MAX / a * a + 1, a);
      check_round_up(SIZE_MAX, a);
    }
  }
}
