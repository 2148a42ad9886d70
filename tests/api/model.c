/* Random operations against a model that keeps every block's interval, size
 * and contents: no two blocks overlap, nothing changes by itself, and the heap
 * checks out. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <string.h>

enum {
  SLOTS = 400
};

struct shadow {
  unsigned char *block;
  size_t size;
  size_t align;
  uint32_t seed;
};

static struct shadow shadow[SLOTS];

static unsigned char byte_of(uint32_t seed, size_t at)
{
  return (unsigned char)(seed + at * 7 + (at >> 8));
}

/* Large blocks are looked at in places: both ends and some between. */
static size_t stride(size_t size)
{
  return size > 20000 ? 509 : 1;
}

static void write_all(const struct shadow *s)
{
  for (size_t i = 0; i < s->size; i += stride(s->size)) {
    s->block[i] = byte_of(s->seed, i);
  }
  if (s->size > 0) {
    s->block[s->size - 1] = byte_of(s->seed, s->size - 1);
  }
}

static void verify(const struct shadow *s, size_t size, size_t step)
{
  for (size_t i = 0; i < size; i += step) {
    CHECK(s->block[i] == byte_of(s->seed, i), "byte %zu of %zu changed", i, s->size);
  }
}

static void add(struct shadow *s, unsigned char *block, size_t size, size_t align)
{
  CHECK(block != NULL && (uintptr_t)block % align == 0, "%zu bytes at %zu", size, align);
  CHECK(ashlar_malloc_usable_size(block) >= size, "%zu bytes", size);
  size_t room = size == 0 ? 1 : ashlar_malloc_usable_size(block);
  for (int i = 0; i < SLOTS; i++) {
    const struct shadow *o = &shadow[i];
    if (o->block != NULL && o != s) {
      CHECK(block + room <= o->block || o->block + (o->size == 0 ? 1 : o->size) <= block,
            "%zu bytes at %p overlap %zu at %p", size, (void *)block, o->size, (void *)o->block);
    }
  }
  *s = (struct shadow){block, size, align, prng_below32(256)};
  write_all(s);
}

static size_t any_size(void)
{
  switch (prng_below(16)) {
  case 0:
    return 0;
  case 1:
    return (size_t)prng_between(200000, 600000);
  case 2:
    return (size_t)prng_below(200000);
  case 3:
  case 4:
    return (size_t)prng_below(10000);
  default:
    return (size_t)prng_below(600);
  }
}

static bool is_zero(const unsigned char *block, size_t size)
{
  for (size_t i = 0; i < size; i += stride(size)) {
    if (block[i] != 0) {
      return false;
    }
  }
  return true;
}

static void allocate(struct shadow *s)
{
  size_t size = any_size();
  size_t align = prng_once_in(6) ? (size_t)16 << prng_below(13) : 16;
  unsigned char *block;
  if (align > 16) {
    block = ashlar_aligned_alloc(align, size);
  } else if (prng_once_in(2)) {
    block = ashlar_calloc(size, 1);
  } else {
    block = ashlar_malloc(size);
  }
  CHECK(block != NULL && is_zero(block, size), "%zu bytes are not zero", size);
  add(s, block, size, align);
}

static void release(struct shadow *s)
{
  verify(s, s->size, stride(s->size));
  switch (prng_below(3)) {
  case 0:
    ashlar_free(s->block);
    break;
  case 1:
    ashlar_free_sized(s->block, s->size);
    break;
  default:
    ashlar_free_aligned_sized(s->block, s->align, s->size);
  }
  s->block = NULL;
}

static void reallocate(struct shadow *s)
{
  size_t size = any_size() + 1;
  size_t kept = s->size < size ? s->size : size;
  struct shadow moved = *s;
  moved.block = ashlar_realloc(s->block, size);
  CHECK(moved.block != NULL, "%zu bytes", size);
  verify(&moved, kept, stride(s->size));
  add(s, moved.block, size, 16);
}

Test(model, random_operations)
{
  uint32_t steps = EFFORT(60000);
  for (uint32_t n = 0; n < steps; n++) {
    struct shadow *s = &shadow[prng_below(SLOTS)];
    if (s->block == NULL) {
      allocate(s);
    } else if (prng_once_in(3)) {
      reallocate(s);
    } else {
      release(s);
    }
    if (n % 6000 == 0) {
      const char *what = NULL;
      CHECK(ashlar_check(&what, NULL), "step %u: %s", n, what);
    }
    if (n % 15000 == 0) {
      ashlar_malloc_trim((size_t)prng_below(1 << 20));
    }
  }
  for (int i = 0; i < SLOTS; i++) {
    if (shadow[i].block != NULL) {
      release(&shadow[i]);
    }
  }
  struct ashlar_statistics statistics;
  ashlar_statistics(&statistics);
  CHECK(statistics.live == 0 && statistics.live_blocks == 0, "something is left");
}
