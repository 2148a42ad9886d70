/* The C entry points by Ashlar's own names: what they return, and with which
 * errors. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <errno.h>
#include <string.h>

static bool is_zero(const unsigned char *block, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    if (block[i] != 0) {
      return false;
    }
  }
  return true;
}

/* Every size of 0 .. 4096, and some around each class boundary beyond. */
Test(allocate, every_small_size)
{
  for (size_t n = 0; n <= 4096; n++) {
    unsigned char *block = ashlar_malloc(n);
    CHECK(block != NULL && (uintptr_t)block % 16 == 0, "%zu bytes at %p", n, (void *)block);
    size_t usable = ashlar_malloc_usable_size(block);
    CHECK(usable >= n && usable < n + 1 + n / 256, "%zu of %zu bytes may be used", usable, n);
    CHECK(is_zero(block, n), "%zu bytes are not zero", n);
    memset(block, 0xa5, n);
    ashlar_free(block);
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

Test(allocate, too_large)
{
  static const size_t sizes[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX, SIZE_MAX - 15, (size_t)1 << 46};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    errno = 0;
    CHECK(ashlar_malloc(sizes[i]) == NULL && errno == ENOMEM, "%#zx bytes", sizes[i]);
    errno = 0;
    CHECK(ashlar_calloc(sizes[i], 1) == NULL && errno == ENOMEM, "%#zx bytes", sizes[i]);
  }
  errno = 0;
  CHECK(ashlar_calloc(SIZE_MAX / 2, 3) == NULL && errno == ENOMEM, "the product wraps");
}
