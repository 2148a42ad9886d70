/* What each entry point refuses, with which error, and what it leaves alone. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static const size_t HUGE_SIZES[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX, SIZE_MAX - 15,
                                    SIZE_MAX - 4096, (size_t)1 << 46};

/* A call that must fail with ENOMEM. */
#define REFUSED(call)                                                                              \
  do {                                                                                             \
    errno = 0;                                                                                     \
    CHECK((call) == NULL, #call " with %#zx", size);                                               \
    CHECK(errno == ENOMEM, #call " with %#zx: errno %d", size, errno);                             \
  } while (0)

Test(errors, too_large_for_all)
{
  unsigned char *block = ashlar_malloc(100);
  memset(block, 0x3c, 100);
  for (size_t i = 0; i < sizeof HUGE_SIZES / sizeof *HUGE_SIZES; i++) {
    size_t size = HUGE_SIZES[i];
    REFUSED(ashlar_malloc(size));
    REFUSED(ashlar_calloc(1, size));
    REFUSED(ashlar_calloc(size, 1));
    REFUSED(ashlar_realloc(NULL, size));
    REFUSED(ashlar_realloc(block, size));
    REFUSED(ashlar_reallocarray(block, size, 1));
    REFUSED(ashlar_memalign(64, size));
    REFUSED(ashlar_memalign(1 << 20, size));
    REFUSED(ashlar_aligned_alloc(4096, size));
    REFUSED(ashlar_valloc(size));
    REFUSED(ashlar_pvalloc(size));
    void *untouched = &untouched;
    errno = 77;
    CHECK(ashlar_posix_memalign(&untouched, 64, size) == ENOMEM, "%#zx", size);
    CHECK(errno == ENOMEM, "posix_memalign left errno %d, and glibc's ENOMEM", errno);
    CHECK(untouched == &untouched, "posix_memalign changed the pointer");
  }
  CHECK(ashlar_malloc_usable_size(block) >= 100, "the block is gone");
  for (int i = 0; i < 100; i++) {
    CHECK(block[i] == 0x3c, "a failed realloc changed byte %d", i);
  }
  ashlar_free(block);
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* The same of a large block, whose realloc takes other paths. */
Test(errors, failed_realloc_of_large)
{
  enum {
    BYTES = 700000
  };
  unsigned char *block = ashlar_malloc(BYTES);
  memset(block, 0x3c, BYTES);
  size_t size = (size_t)1 << 46;
  REFUSED(ashlar_realloc(block, size));
  for (int i = 0; i < BYTES; i++) {
    CHECK(block[i] == 0x3c, "a failed realloc changed byte %d", i);
  }
  ashlar_free(block);
}

Test(errors, products_that_wrap)
{
  void *block = ashlar_malloc(10);
  static const size_t factors[][2] = {
      {SIZE_MAX, 2},        {2, SIZE_MAX},
      {SIZE_MAX / 2, 3},    {(size_t)1 << 32, (size_t)1 << 32},
      {SIZE_MAX, SIZE_MAX}, {((size_t)1 << 32) + 1, (size_t)1 << 32}};
  for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
    size_t size = factors[i][0];
    REFUSED(ashlar_calloc(factors[i][0], factors[i][1]));
    REFUSED(ashlar_reallocarray(NULL, factors[i][0], factors[i][1]));
    REFUSED(ashlar_reallocarray(block, factors[i][0], factors[i][1]));
  }
  ashlar_free(block);
  CHECK(ashlar_malloc_usable_size(ashlar_calloc(0, SIZE_MAX)) == 0, "nothing is something");
  CHECK(ashlar_malloc_usable_size(ashlar_calloc(SIZE_MAX, 0)) == 0, "nothing is something");
}

Test(errors, alignments_that_are_none)
{
  static const size_t none[] = {0, 3, 5, 6, 24, 100, SIZE_MAX};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    errno = 0;
    CHECK(ashlar_aligned_alloc(none[i], 64) == NULL && errno == EINVAL, "%zu", none[i]);
    void *block = &block;
    errno = 77;
    CHECK(ashlar_posix_memalign(&block, none[i], 64) == EINVAL, "%zu", none[i]);
    CHECK(errno == 77 && block == &block, "posix_memalign changed errno or the pointer");
  }
  void *block = NULL;
  for (size_t below = 1; below < sizeof(void *); below *= 2) {
    CHECK(ashlar_posix_memalign(&block, below, 64) == EINVAL, "%zu", below);
  }
  /* memalign raises to a power of two. */
  for (size_t given = 0; given < 3000; given = given * 2 + 3) {
    void *raised = ashlar_memalign(given, 10);
    CHECK(raised != NULL && (given == 0 || (uintptr_t)raised % 16 == 0), "%zu", given);
    ashlar_free(raised);
  }
  static const size_t no_power_above[] = {((size_t)1 << 63) + 1, (size_t)3 << 62, SIZE_MAX};
  for (int i = 0; i < 3; i++) {
    errno = 0;
    CHECK(ashlar_memalign(no_power_above[i], 10) == NULL && errno == EINVAL, "no such power");
    errno = 0;
    CHECK(ashlar_memalign(no_power_above[i], SIZE_MAX) == NULL && errno == EINVAL, "no such power");
  }
}

/* Alignments up to the highest, with sizes up to the largest: there is no memory
 * for them, whichever of the two is absurd.  memalign raises what is no power. */
Test(errors, alignments_beyond_memory)
{
  static const size_t sizes[] = {
      0,       1, 100, 5000, 300000, (size_t)1 << 62, PTRDIFF_MAX, (size_t)1 << 63, SIZE_MAX - 4096,
      SIZE_MAX};
  for (int shift = 47; shift < 64; shift++) {
    size_t alignment = (size_t)1 << shift;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      size_t size = sizes[i];
      REFUSED(ashlar_memalign(alignment, size));
      REFUSED(ashlar_memalign(alignment - 1, size));
      REFUSED(ashlar_memalign(alignment / 2 + 1, size));
      REFUSED(ashlar_aligned_alloc(alignment, size));
      void *untouched = &untouched;
      errno = 0;
      CHECK(ashlar_posix_memalign(&untouched, alignment, size) == ENOMEM && errno == ENOMEM,
            "%#zx of %#zx: errno %d", size, alignment, errno);
      CHECK(untouched == &untouched, "posix_memalign changed the pointer");
    }
  }
  for (size_t i = 5; i < sizeof sizes / sizeof *sizes; i++) {
    size_t size = sizes[i];
    for (size_t alignment = 0; alignment < 100; alignment = alignment * 2 + 1) {
      REFUSED(ashlar_memalign(alignment, size));
    }
    REFUSED(ashlar_valloc(size));
    REFUSED(ashlar_pvalloc(size));
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* free, and all that free, keep errno; so do those that succeed. */
Test(errors, errno_is_kept)
{
  static const size_t sizes[] = {0, 1, 100, 5000, 200000, 300000, 5000000, 80000000};
  for (int round = 0; round < 200; round++) {
    size_t size = sizes[prng_below(sizeof sizes / sizeof *sizes)];
    errno = 4711;
    void *a = ashlar_malloc(size);
    void *b = ashlar_aligned_alloc(256, size);
    void *c = ashlar_calloc(size, 1);
    CHECK(a != NULL && b != NULL && c != NULL, "%zu bytes", size);
    c = ashlar_realloc(c, size / 2 + 1);
    ashlar_free(a);
    ashlar_free_aligned_sized(b, 256, size);
    ashlar_free_sized(c, size / 2 + 1);
    ashlar_free(NULL);
    ashlar_free_sized(NULL, 5);
    ashlar_free_aligned_sized(NULL, 16, 5);
    if (round % 50 == 0) {
      ashlar_malloc_trim(0);
    }
    CHECK(errno == 4711, "errno became %d at %zu bytes", errno, size);
  }
}

Test(errors, nothing_of_null)
{
  CHECK(ashlar_malloc_usable_size(NULL) == 0, "NULL has a size");
  CHECK(ashlar_object_size(NULL) == 0, "NULL has a size");
  void *block = ashlar_realloc(NULL, 50);
  CHECK(ashlar_malloc_usable_size(block) >= 50, "realloc of NULL is no malloc");
  errno = 77;
  CHECK(ashlar_realloc(block, 0) == NULL && errno == 77, "realloc to 0 frees without an error");
  CHECK(ashlar_object_size(block) == 0, "realloc to 0 did not free");
}

/* malloc(0): addresses of their own. */
Test(errors, nothing_asked)
{
  enum {
    BLOCKS = 3000
  };
  static void *block[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = i % 2 == 0 ? ashlar_malloc(0) : ashlar_calloc(0, 8);
    CHECK(block[i] != NULL && (uintptr_t)block[i] % 16 == 0, "at %p", block[i]);
    CHECK(ashlar_malloc_usable_size(block[i]) == 0, "some of nothing may be used");
    CHECK(ashlar_object_size(block[i]) == 0, "some of nothing may be used");
  }
  struct ashlar_statistics s;
  ashlar_statistics(&s);
  CHECK(s.live_blocks == BLOCKS && s.live == 0, "two of them are one");
  for (int i = 0; i < BLOCKS; i++) {
    if (i % 3 == 0) {
      unsigned char *grown = ashlar_realloc(block[i], 20);
      CHECK(grown != NULL && grown[0] == 0 && grown[19] == 0, "grown from nothing");
      grown[19] = 1;
      block[i] = grown;
    }
    ashlar_free(block[i]);
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}
