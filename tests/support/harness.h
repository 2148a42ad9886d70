/* harness: what every test of the tree is written with.
 *
 * A test is Criterion's `Test(suite, name) { ... }`, run in a process of its
 * own.  It says what must hold with CHECK, and draws at random from the prng
 * below: the same numbers in every run unless ASHLAR_TEST_SEED says otherwise;
 * a failure names the seed.
 */
#ifndef ASHLAR_TESTS_HARNESS_H
#define ASHLAR_TESTS_HARNESS_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>

/* What must hold, and (as printf takes it) what to say where it does not.
 * Only for the thread that runs the test. */
#define CHECK(condition, ...)                                                                      \
  do {                                                                                             \
    if (__builtin_expect(!(condition), 0)) {                                                       \
      test_failed(__FILE__, __LINE__, #condition, __VA_ARGS__);                                    \
    }                                                                                              \
  } while (0)

_Noreturn void test_failed(const char *file, int line, const char *condition, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));

/* How many of n random steps to make: ThreadSanitizer makes each one many times
 * dearer, and has most to say where there are threads. */
#ifdef __SANITIZE_THREAD__
#define EFFORT(n) ((n) / 5)
#else
#define EFFORT(n) (n)
#endif

/* A number of 64 random bits. */
uint64_t prng(void);

/* A random number below n, which is not 0. */
uint64_t prng_below(uint64_t n);
uint32_t prng_below32(uint32_t n);

/* A random number of lo .. hi. */
uint64_t prng_between(uint64_t lo, uint64_t hi);

/* True once in n times. */
bool prng_once_in(uint32_t n);

/* A random number of random length: small and huge ones are equally likely. */
uint64_t prng_any_length(void);

#endif
