/* Blocks that grow and shrink by realloc: pages are moved, not copied, so time
 * stays near glibc's, which does the same; and what was never touched stays so. */
#include "system.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const size_t KIB = 1024;
static const size_t MIB = (size_t)1024 * 1024;

/* Seconds to grow to a size in steps, `rounds` times; each new part is written if touch. */
static double grow(size_t step, size_t most, bool touch, int rounds)
{
  double start = processor_seconds();
  for (int round = 0; round < rounds; round++) {
    char *p = NULL;
    for (size_t size = step; size <= most; size += step) {
      p = realloc(p, size);
      must(p != NULL);
      if (touch) {
        memset(p + size - step, 1, step);
      }
    }
    free(p);
  }
  return processor_seconds() - start;
}

MEASUREMENT(grow_64k_to_64m)
{
  return grow(64 * KIB, 64 * MIB, true, 1);
}

MEASUREMENT(grow_1m_to_512m)
{
  return grow(MIB, 512 * MIB, true, 1);
}

MEASUREMENT(grow_64k_to_16m)
{
  return grow(64 * KIB, 16 * MIB, true, 1);
}

/* Through the classes of slots, and a little beyond: one copy for each class at
 * most, where glibc only moves the end of its heap. */
MEASUREMENT(grow_4k_to_512k)
{
  return grow(4 * KIB, 512 * KIB, true, 100);
}

SYSTEM_TEST(time_of_touched_growth, 120)
{
  must(ratio_to_glibc("grow_64k_to_64m", 3, 30) < 2);
  must(ratio_to_glibc("grow_64k_to_16m", 5, 30) < 2);
  must(ratio_to_glibc("grow_1m_to_512m", 1, 40) < 2);
}

SYSTEM_TEST(time_of_growth_through_the_classes, 60)
{
  must(ratio_to_glibc("grow_4k_to_512k", 1, 15) < 100);
}

/* glibc's 256 calls take a millisecond altogether, so this is no ratio. */
SYSTEM_TEST(time_of_untouched_growth, 60)
{
  double seconds = grow(MIB, 256 * MIB, false, 1);
  figure("256 MiB in untouched steps of 1 MiB: %.1f ms", seconds * 1e3);
  must(seconds < 0.1);
}

static void stays_untouched(size_t from, size_t to)
{
  char *p = calloc(1, from);
  must(p != NULL);
  p[0] = 1;
  p[from - 1] = 2;
  size_t before = resident_bytes();
  double start = processor_seconds();
  char *moved = realloc(p, to);
  double seconds = processor_seconds() - start;
  must(moved != NULL && moved[0] == 1);
  must(moved[(from < to ? from : 1) - 1] == (from < to ? 2 : 1));
  must(from >= to || moved[to - 1] == 0);
  size_t after = resident_bytes();
  size_t more = after > before ? after - before : 0;
  figure("calloc of %zu MiB, realloc to %zu MiB: %zu KiB more resident, %.2f ms", from / MIB,
         to / MIB, more / KIB, seconds * 1e3);
  must(more < MIB);
  free(moved);
}

SYSTEM_TEST(what_is_untouched_stays_so, 60)
{
  stays_untouched(256 * MIB, 320 * MIB);
  stays_untouched(320 * MIB, 256 * MIB);
  stays_untouched(1024 * MIB, 40 * MIB);
  stays_untouched(8 * MIB, MIB);
  stays_untouched(2 * MIB, 30 * MIB);
  stays_untouched(4096 * MIB, 5120 * MIB);
}

SYSTEM_TEST(shrinking_gives_pages_back, 60)
{
  size_t before = resident_bytes();
  size_t size = 64 * MIB;
  char *p = malloc(size);
  must(p != NULL);
  memset(p, 1, size);
  while (size > MIB) {
    size -= 256 * KIB;
    p = realloc(p, size);
    must(p != NULL && p[size - 1] == 1);
    must(resident_bytes() < before + size + 4 * MIB);
  }
  figure("shrunk from 64 MiB to 1 MiB: %zu KiB resident more than before",
         (resident_bytes() - before) / KIB);
  free(p);
}

/* ---- contents ------------------------------------------------------------------ */

static uint64_t seed = 88172645463325252u;

static uint64_t draw(void)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static unsigned char byte_at(size_t at, uint64_t of)
{
  return (unsigned char)((at / 4096 + at) * 31 + of);
}

/* A byte of each 1,021, and the last, so that most pages are looked at. */
static void write_bytes(unsigned char *p, size_t from, size_t to, uint64_t of)
{
  for (size_t at = (from + 1020) / 1021 * 1021; at < to; at += 1021) {
    p[at] = byte_at(at, of);
  }
}

static void expect_bytes(const unsigned char *p, size_t to, uint64_t of)
{
  for (size_t at = 0; at < to; at += 1021) {
    must(p[at] == byte_at(at, of));
  }
}

SYSTEM_TEST(contents_stay, 60)
{
  enum {
    BLOCKS = 40,
    ROUNDS = 3000
  };
  static unsigned char *block[BLOCKS];
  static size_t size[BLOCKS];
  size_t most = mappings();
  for (int round = 0; round < ROUNDS; round++) {
    size_t i = draw() % BLOCKS;
    size_t to = 1 + draw() % (draw() % 4 == 0 ? 4 * MIB : 700 * KIB);
    unsigned char *p = realloc(block[i], to);
    must(p != NULL);
    expect_bytes(p, size[i] < to ? size[i] : to, i);
    if (size[i] < to) {
      write_bytes(p, size[i], to, i);
    }
    block[i] = p;
    size[i] = to;
    size_t now = mappings();
    most = now > most ? now : most;
  }
  for (size_t i = 0; i < BLOCKS; i++) {
    expect_bytes(block[i], size[i], i);
    free(block[i]);
  }
  figure("at most %zu mappings with %d blocks", most, BLOCKS);
  must(most < 4 * BLOCKS + 200);
}

/* Blocks that stay take no more mappings than the kernel grants, and leave the
 * program its own. */
SYSTEM_TEST(many_moved_blocks, 60)
{
  enum {
    BLOCKS = 12000
  };
  static char *block[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = malloc(300 * KIB);
    must(block[i] != NULL);
    block[i][0] = (char)i;
    block[i] = realloc(block[i], 400 * KIB);
    must(block[i] != NULL && block[i][0] == (char)i);
  }
  size_t most = mappings();
  figure("%zu mappings with %d moved blocks", most, BLOCKS);
  must(most < 32000);
  for (int i = 0; i < BLOCKS; i++) {
    must(block[i][0] == (char)i);
    free(block[i]);
  }
}

SYSTEM_TEST(refused_realloc_changes_nothing, 20)
{
  size_t size = 3 * MIB;
  unsigned char *p = malloc(size);
  must(p != NULL);
  write_bytes(p, 0, size, 7);
  errno = 0;
  volatile size_t absurd = PTRDIFF_MAX;
  must(realloc(p, absurd) == NULL && errno == ENOMEM);
  errno = 0;
  must(realloc(p, absurd / 2) == NULL && errno == ENOMEM);
  expect_bytes(p, size, 7);
  p = realloc(p, 2 * size);
  must(p != NULL);
  expect_bytes(p, size, 7);
  free(p);
}
