/* Alignment: of every entry point that takes one, and of those that do not. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <string.h>
#include <unistd.h>

enum {
  HELD = 8
};

static void fill_and_check(unsigned char *block, size_t align, size_t size)
{
  CHECK(block != NULL && (uintptr_t)block % align == 0, "%zu bytes at a multiple of %zu: %p", size,
        align, (void *)block);
  CHECK(ashlar_malloc_usable_size(block) >= size, "%zu bytes at a multiple of %zu", size, align);
  if (size > 0) {
    CHECK(block[0] == 0 && block[size / 2] == 0 && block[size - 1] == 0, "not zero");
    memset(block, 0x7e, size < 70000 ? size : 70000);
    block[size - 1] = 0x7e;
  }
}

/* All alignments of 16 .. 4 MiB, with sizes that need not be multiples. */
Test(align, all_by_many_sizes)
{
  for (size_t align = 16; align <= (size_t)4 << 20; align *= 2) {
    size_t sizes[64];
    size_t n = 0;
    for (size_t size = 1; size <= (size_t)1 << 20; size *= 4) {
      sizes[n++] = size - 1;
      sizes[n++] = size;
      sizes[n++] = size + 1;
    }
    sizes[n++] = align - 1;
    sizes[n++] = align;
    sizes[n++] = align + 1;
    for (size_t i = 0; i < n; i++) {
      void *a = ashlar_aligned_alloc(align, sizes[i]);
      void *m = ashlar_memalign(align, sizes[i]);
      void *p = NULL;
      CHECK(ashlar_posix_memalign(&p, align, sizes[i]) == 0, "%zu of %zu", align, sizes[i]);
      fill_and_check(a, align, sizes[i]);
      fill_and_check(m, align, sizes[i]);
      fill_and_check(p, align, sizes[i]);
      ashlar_free(a);
      ashlar_free_sized(m, sizes[i]);
      ashlar_free_aligned_sized(p, align, sizes[i]);
    }
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* An alignment below 16 changes nothing. */
Test(align, small_ones)
{
  for (size_t align = 1; align <= 16; align *= 2) {
    void *block = ashlar_aligned_alloc(align, 33);
    fill_and_check(block, 16, 33);
    ashlar_free(block);
  }
}

Test(align, pages)
{
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  static const size_t sizes[] = {0, 1, 100, 4095, 4096, 4097, 100000, 1000000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    void *v = ashlar_valloc(sizes[i]);
    fill_and_check(v, page, sizes[i]);
    void *p = ashlar_pvalloc(sizes[i]);
    size_t whole = sizes[i] == 0 ? page : (sizes[i] + page - 1) / page * page;
    fill_and_check(p, page, whole);
    ashlar_free(v);
    ashlar_free(p);
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* 16 for every size that has no alignment of its own. */
Test(align, every_size)
{
  void *held[HELD] = {NULL};
  for (size_t size = 0; size < (size_t)600 << 10; size += 1 + size / 64) {
    size_t i = prng_below(HELD);
    ashlar_free(held[i]);
    held[i] = prng_once_in(2) ? ashlar_malloc(size) : ashlar_realloc(ashlar_malloc(7), size + 1);
    CHECK(held[i] != NULL && (uintptr_t)held[i] % 16 == 0, "%zu bytes at %p", size, held[i]);
  }
}

/* realloc of an aligned block keeps what it holds; no alignment is promised. */
Test(align, realloc_of_aligned)
{
  for (size_t align = 16; align <= 65536; align *= 4) {
    unsigned char *block = ashlar_aligned_alloc(align, 1000);
    memset(block, 0x11, 1000);
    block = ashlar_realloc(block, 3000);
    for (int i = 0; i < 3000; i++) {
      CHECK(block[i] == (i < 1000 ? 0x11 : 0), "byte %d", i);
    }
    block = ashlar_realloc(block, 30);
    for (int i = 0; i < 30; i++) {
      CHECK(block[i] == 0x11, "byte %d", i);
    }
    ashlar_free_sized(block, 30);
  }
}
