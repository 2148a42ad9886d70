/* Whole programs with the library as it ships, in place of malloc.
 *
 * A program of tests/system is compiled without Ashlar and run with each
 * profile preloaded (tests/system/system.mk).  Each test runs in a process of
 * its own, which is killed after its time; it fails if a `must` does not hold
 * or if the process ends in any other way than by returning.
 *
 * A measurement is a function that gives a number.  A test asks for it under
 * the library that it runs with, or under glibc's malloc, so that both sides
 * are taken in one run; it prints what it compared with `figure`.
 */
#ifndef ASHLAR_TESTS_SYSTEM_H
#define ASHLAR_TESTS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

/* Aborts the test, saying where and what, if it does not hold. */
#define must(holds) system_must((holds), #holds, __FILE__, __LINE__)
void system_must(bool holds, const char *what, const char *file, int line);

/* Prints a line with a figure that a test saw. */
void figure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of this process, in bytes: resident memory, address space; and how many mappings. */
size_t resident_bytes(void);
size_t address_space_bytes(void);
size_t mappings(void);

/* Processor time of this process and of its children that were waited for, in seconds. */
double processor_seconds(void);
double wall_seconds(void);

/* The name of the library that stands in for malloc: "default", "light", or
 * "glibc" if none does. */
const char *profile(void);

/* What a measurement gives in a new process; NAN if the process fails or takes
 * longer than `seconds`.  under_glibc: without the library. */
double measured(const char *measurement, bool under_glibc, int seconds);

/* The median ratio of a measurement under the library to the same under
 * glibc's malloc, in so many pairs of runs; prints it as a figure. */
double ratio_to_glibc(const char *measurement, int pairs, int seconds);

/* Runs a command, argv style, with or without the library preloaded; returns
 * its wait status, or -1 if it took longer than `seconds`. */
int run_command(char *const argv[], bool under_glibc, int seconds);

/* Registers a test; seconds: how long it may take on a busy machine. */
#define SYSTEM_TEST(name, seconds)                                                                 \
  static void test_##name(void);                                                                   \
  __attribute__((constructor)) static void register_##name(void)                                   \
  {                                                                                                \
    system_register(#name, test_##name, seconds);                                                  \
  }                                                                                                \
  static void test_##name(void)
void system_register(const char *name, void (*test)(void), int seconds);

/* Registers a measurement. */
#define MEASUREMENT(name)                                                                          \
  static double measure_##name(void);                                                              \
  __attribute__((constructor)) static void register_measure_##name(void)                           \
  {                                                                                                \
    system_register_measurement(#name, measure_##name);                                            \
  }                                                                                                \
  static double measure_##name(void)
void system_register_measurement(const char *name, double (*measure)(void));

#endif
