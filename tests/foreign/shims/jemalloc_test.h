/* As much of jemalloc's test harness as its tests of the standard functions
 * use, for any malloc. */
#ifndef FOREIGN_JEMALLOC_TEST_H
#define FOREIGN_JEMALLOC_TEST_H

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_T_MAX SIZE_MAX
#define LG_SIZEOF_PTR 3
#define JEMALLOC_DIAGNOSTIC_PUSH
#define JEMALLOC_DIAGNOSTIC_POP
#define JEMALLOC_DIAGNOSTIC_IGNORE_ALLOC_SIZE_LARGER_THAN
#define TEST_MALLOC_SIZE(block) malloc_usable_size(block)

static int harness_failures;

#define HARNESS(holds, ...)                                                                        \
  do {                                                                                             \
    if (!(holds)) {                                                                                \
      harness_failures++;                                                                          \
      printf("%s:%d: %s: ", __FILE__, __LINE__, #holds);                                           \
      printf(__VA_ARGS__);                                                                         \
      printf("\n");                                                                                \
    }                                                                                              \
  } while (0)
#define expect_d_eq(a, b, ...) HARNESS((a) == (b), __VA_ARGS__)
#define expect_d_ne(a, b, ...) HARNESS((a) != (b), __VA_ARGS__)
#define expect_zu_eq(a, b, ...) HARNESS((a) == (b), __VA_ARGS__)
#define expect_false(a, ...) HARNESS(!(a), __VA_ARGS__)
#define expect_true(a, ...) HARNESS(a, __VA_ARGS__)
#define expect_ptr_null(a, ...) HARNESS((a) == NULL, __VA_ARGS__)
#define expect_ptr_not_null(a, ...) HARNESS((a) != NULL, __VA_ARGS__)
#define test_fail(...) HARNESS(false, __VA_ARGS__)
#define TEST_BEGIN(name)                                                                           \
  static void name(void)                                                                           \
  {
#define TEST_END }
#define test(...) harness_run((void (*[])(void)){__VA_ARGS__, NULL})
#ifdef __cplusplus
#undef test
#define test(name) (name(), harness_failures != 0)
#endif

static inline int get_errno(void)
{
  return errno;
}

#define BUFERROR_BUF 64
static inline void buferror(int error, char *text, size_t size)
{
  snprintf(text, size, "error %d", error);
}

static inline void set_errno(int value)
{
  errno = value;
}

#ifndef __cplusplus
static int harness_run(void (*tests[])(void))
{
  for (; *tests != NULL; tests++) {
    (*tests)();
  }
  return harness_failures != 0;
}
#endif

/* Purging has no counterpart; the largest size that can be asked for has. */
static inline int mallctl(const char *name, void *value, size_t *size, void *set, size_t length)
{
  (void)size, (void)set, (void)length;
  if (strcmp(name, "arenas.nlextents") == 0) {
    *(unsigned *)value = 1;
  }
  return 0;
}

static inline int mallctlnametomib(const char *name, size_t *mib, size_t *length)
{
  (void)name, (void)mib, (void)length;
  return 0;
}

static inline int mallctlbymib(const size_t *mib, size_t length, void *value, size_t *size,
                               void *set, size_t set_length)
{
  (void)mib, (void)length, (void)size, (void)set, (void)set_length;
  *(size_t *)value = PTRDIFF_MAX;
  return 0;
}

#endif
