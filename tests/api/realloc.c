/* realloc keeps contents, over every class boundary and between small and
 * large; what is new is zero, as all memory that is handed out. */
#include "../../src/ashlar.h"
#include "../support/classes.h"
#include "../support/harness.h"

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
      if (sizes[i] > 2000000 && sizes[k] > 2000000 && i != k) {
        continue; /* takes long, and tells nothing new */
      }
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
