/* harness: the failure report and the random numbers of the tests. */
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/single_threaded.h>

static const uint64_t DEFAULT_SEED = 0x5eed;

static bool seeded;
static uint64_t seed;
static uint64_t state;

/* Takes the seed when first asked for it: each test runs in its own process,
 * so each begins the same sequence. */
static uint64_t seed_of_run(void)
{
  if (!seeded) {
    const char *given = getenv("ASHLAR_TEST_SEED");
    seed = given != NULL ? strtoull(given, NULL, 0) : DEFAULT_SEED;
    state = seed;
    seeded = true;
  }
  return seed;
}

void test_failed(const char *file, int line, const char *condition, const char *format, ...)
{
  /* A test may have said otherwise; the report below may use threads. */
  __libc_single_threaded = 0;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  unsigned long long used = seed_of_run();
#ifdef ASHLAR_PLAIN_RUNNER
  fprintf(stderr, "%s:%d: not so: %s: %s (ASHLAR_TEST_SEED=%#llx)\n", file, line, condition, text,
          used);
#else
  cr_assert_fail("%s:%d: not so: %s: %s (ASHLAR_TEST_SEED=%#llx)", file, line, condition, text,
                 used);
#endif
  abort();
}

/* SplitMix64 (Steele, Lea, Flood 2014): any seed will do, zero too. */
uint64_t prng(void)
{
  (void)seed_of_run();
  state += 0x9e3779b97f4a7c15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t prng_below(uint64_t n)
{
  return prng() % n;
}

uint32_t prng_below32(uint32_t n)
{
  return (uint32_t)(prng() % n);
}

uint64_t prng_between(uint64_t lo, uint64_t hi)
{
  uint64_t span = hi - lo;
  return span == UINT64_MAX ? prng() : lo + prng_below(span + 1);
}

bool prng_once_in(uint32_t n)
{
  return prng_below(n) == 0;
}

uint64_t prng_any_length(void)
{
  return prng() >> prng_below(64);
}
