/* realloc keeps contents, over every class boundary and between small and
 * large; what is new is zero, as all memory that is handed out. */
#include "../../src/ashlar.h"
#include "../../src/os.h"
#include "../support/classes.h"
#include "../support/harness.h"
#include "../support/heap/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A byte that tells where in which block it is. */
static unsigned char mark(size_t at, size_t seed)
{
  return (unsigned char)((at * 131 + seed * 17) % 255 + 1);
}

static void mark_all(unsigned char *block, size_t from, size_t to, size_t seed)
{
  for (size_t i = from; i < to; i++) {
    block[i] = mark(i, seed);
  }
}

static void expect(const unsigned char *block, size_t kept, size_t size, size_t seed)
{
  for (size_t i = 0; i < size; i++) {
    CHECK(block[i] == (i < kept ? mark(i, seed) : 0), "byte %zu of %zu (%zu kept) is %d", i, size,
          kept, block[i]);
  }
}

static unsigned char *resize(unsigned char *block, size_t from, size_t to, size_t seed)
{
  /* What the slot had beyond the size asked for is not promised: only zeroes
   * from the old usable size on. */
  unsigned char *moved = ashlar_realloc(block, to);
  CHECK(moved != NULL && ashlar_malloc_usable_size(moved) >= to, "%zu to %zu", from, to);
  expect(moved, from < to ? from : to, to, seed);
  mark_all(moved, from < to ? from : to, to, seed);
  return moved;
}

/* Up over each boundary by one byte, and down again. */
Test(reallocate, over_every_boundary)
{
  uint32_t n = model_classes_make();
  for (uint32_t c = 1; c < n; c++) {
    size_t most = model_class[c].bytes - 1; /* the largest request of the class */
    unsigned char *block = ashlar_malloc(most);
    mark_all(block, 0, most, c);
    block = resize(block, most, most + 1, c);
    block = resize(block, most + 1, most, c);
    block = resize(block, most, most - 1, c);
    block = resize(block, most - 1, most + 1, c);
    ashlar_free_sized(block, most + 1);
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* One block through all sizes, and back. */
Test(reallocate, up_and_down)
{
  size_t size = 1;
  unsigned char *block = ashlar_malloc(1);
  mark_all(block, 0, 1, 0);
  while (size < (size_t)3 << 20) {
    size_t next = size + 1 + size / 5;
    block = resize(block, size, next, 0);
    size = next;
  }
  while (size > 1) {
    size_t next = size - 1 - size / 7;
    next = next == 0 ? 1 : next;
    block = resize(block, size, next, 0);
    size = next;
  }
  ashlar_free(block);
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

Test(reallocate, small_and_large)
{
  static const size_t sizes[] = {1,      100,    4096,   262143,  262144,   262145,
                                 270000, 400000, 800000, 1600000, 40000000, 70000000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
      size_t probe = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
      unsigned char *block = ashlar_malloc(sizes[i]);
      memset(block, 0x42, probe < 5000 ? probe : 5000);
      block[probe - 1] = 0x43;
      block = ashlar_realloc(block, sizes[k]);
      CHECK(block != NULL, "%zu to %zu", sizes[i], sizes[k]);
      CHECK(block[0] == (probe > 1 ? 0x42 : 0x43), "%zu to %zu", sizes[i], sizes[k]);
      CHECK(block[probe - 1] == 0x43, "%zu to %zu", sizes[i], sizes[k]);
      CHECK(sizes[k] <= probe || block[sizes[k] - 1] == 0, "%zu to %zu", sizes[i], sizes[k]);
      ashlar_free_sized(block, sizes[k]);
    }
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* ---- large blocks ------------------------------------------------------------- */

static size_t resident_pages(void)
{
  FILE *statm = fopen("/proc/self/statm", "r");
  size_t all = 0;
  size_t resident = 0;
  CHECK(statm != NULL && fscanf(statm, "%zu %zu", &all, &resident) == 2, "no statm");
  fclose(statm);
  return resident;
}

/* A thousand steps move a block a few dozen times at most, and only its pages. */
Test(reallocate, growth_in_steps)
{
  size_t size = 300000;
  unsigned char *block = ashlar_malloc(size);
  mark_all(block, 0, size, 3);
  int moves = 0;
  for (int i = 0; i < 1000; i++) {
    size_t next = size + 1 + (size_t)i * 37 % 20000;
    unsigned char *now = ashlar_realloc(block, next);
    CHECK(now != NULL && ashlar_malloc_usable_size(now) == next, "%zu to %zu", size, next);
    CHECK(now[0] == mark(0, 3) && now[size - 1] == mark(size - 1, 3), "%zu to %zu", size, next);
    moves += now != block;
    block = now;
    mark_all(block, size, next, 3);
    size = next;
  }
  CHECK(moves < 40, "%d moves", moves);
  expect(block, size, size, 3);
  ashlar_free_sized(block, size);
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* In and out of place, by less than a page and by many; what is gone reads as
 * zero if it comes again. */
Test(reallocate, up_and_down_by_all_amounts)
{
  static const size_t steps[] = {1, 15, 16, 17, 4095, 4096, 4097, 70000, 300000, 900000};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    size_t size = 1000003;
    unsigned char *block = ashlar_malloc(size);
    mark_all(block, 0, size, i);
    for (int k = 0; k < 3; k++) {
      block = resize(block, size, size + steps[i], i);
      block = resize(block, size + steps[i], size, i);
      if (size - steps[i] > 300000) {
        block = resize(block, size, size - steps[i], i);
        block = resize(block, size - steps[i], size, i);
      }
    }
    CHECK(((uintptr_t)block & 15) == 0, "misaligned");
    ashlar_free_sized(block, size);
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* A block that was aligned to more than malloc aligns to. */
Test(reallocate, aligned_and_large)
{
  for (size_t align = 32; align <= (size_t)1 << 22; align *= 2) {
    unsigned char *block = ashlar_aligned_alloc(align, 400000);
    CHECK(block != NULL && ((uintptr_t)block & (align - 1)) == 0, "alignment %zu", align);
    mark_all(block, 0, 400000, align);
    block = resize(block, 400000, 410000, align);
    block = resize(block, 410000, 2000000, align);
    block = resize(block, 2000000, 300000, align);
    ashlar_free(block);
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

Test(reallocate, untouched_stays_untouched)
{
  if (!kernel_moves()) {
    return;
  }
  static const size_t sizes[] = {40000000, 60000000, 300000000, 30000000, 800000000, 1000000};
  unsigned char *block = ashlar_calloc(1, sizes[0]);
  block[0] = 1;
  size_t before = resident_pages();
  for (size_t i = 1; i < sizeof sizes / sizeof *sizes; i++) {
    block = ashlar_realloc(block, sizes[i]);
    CHECK(block != NULL && block[0] == 1 && block[sizes[i] - 1] == 0, "to %zu", sizes[i]);
    CHECK(resident_pages() < before + 400, "%zu pages more", resident_pages() - before);
  }
  ashlar_free(block);
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* Nothing is lost where there is no memory for more, and what shrinks never fails. */
Test(reallocate, refused_and_large)
{
  size_t size = 5000000;
  unsigned char *block = ashlar_malloc(size);
  mark_all(block, 0, size, 1);
  os_test_fail_every = 1;
  errno = 0;
  CHECK(ashlar_realloc(block, (size_t)500000000) == NULL && errno == ENOMEM, "no refusal");
  CHECK(ashlar_malloc_usable_size(block) == size, "the size has changed");
  block = ashlar_realloc(block, 400000);
  os_test_fail_every = 0;
  CHECK(block != NULL && ashlar_malloc_usable_size(block) == 400000, "it did not shrink");
  expect(block, 400000, 400000, 1);
  block = resize(block, 400000, 3000000, 1);
  ashlar_free(block);
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
}

/* Each request of a move refused in its turn. */
Test(reallocate, refused_in_the_middle)
{
  for (int at = 1; at < 16; at++) {
    unsigned char *block = ashlar_malloc(500000);
    mark_all(block, 0, 500000, (size_t)at);
    os_test_fail_at = at;
    unsigned char *moved = ashlar_realloc(block, 900000);
    os_test_fail_at = 0;
    size_t size = moved == NULL ? 500000 : 900000;
    block = moved == NULL ? block : moved;
    CHECK(ashlar_malloc_usable_size(block) == size, "request %d", at);
    expect(block, 500000, size, (size_t)at);
    ashlar_free(block);
    ashlar_malloc_trim(0);
    CHECK(ashlar_check(NULL, NULL), "the heap is damaged, request %d", at);
  }
}

Test(reallocate, array)
{
  uint32_t *block = ashlar_reallocarray(NULL, 10, sizeof *block);
  for (uint32_t i = 0; i < 10; i++) {
    block[i] = i;
  }
  block = ashlar_reallocarray(block, 100000, sizeof *block);
  for (uint32_t i = 0; i < 100000; i++) {
    CHECK(block[i] == (i < 10 ? i : 0), "element %u", i);
  }
  CHECK(ashlar_reallocarray(block, 0, 4) == NULL, "no elements");
}

/* What was used and freed comes back as zeroes, from every size. */
Test(reallocate, reused_memory_is_zero)
{
  enum {
    BLOCKS = 200
  };
  static unsigned char *block[BLOCKS];
  static const size_t sizes[] = {1, 40, 300, 3000, 30000, 250000, 400000};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    size_t size = sizes[k];
    int blocks = size > 10000 ? BLOCKS / 10 : BLOCKS;
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < blocks; i++) {
        block[i] = i % 2 == 0 ? ashlar_calloc(1, size) : ashlar_malloc(size);
        expect(block[i], 0, size, 0);
        memset(block[i], 0xff, size);
      }
      for (int i = 0; i < blocks; i++) {
        ashlar_free(block[i]);
      }
      if (round == 2) {
        ashlar_malloc_trim(0);
      }
    }
  }
}
