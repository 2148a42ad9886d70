/* Address space is used again: a program that has no large block left can have
 * any large block, however many it had before; and memory that was handed out
 * before is zero when calloc hands it out. */
#include "system.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const size_t KIB = 1024;
static const size_t MIB = (size_t)1024 * 1024;

/* The largest block of a ladder of 64 MiB that this machine grants, in steps. */
static double ladder(void)
{
  size_t i = 1;
  for (; i <= 4096; i++) {
    char *p = malloc(i * 64 * MIB - 8192);
    if (p == NULL) {
      break;
    }
    p[0] = 1;
    free(p);
  }
  return (double)(i - 1);
}

MEASUREMENT(steps_of_64_mib)
{
  return ladder();
}

SYSTEM_TEST(each_larger_than_all_before, 120)
{
  double here = ladder();
  double there = measured("steps_of_64_mib", true, 60);
  figure("blocks of i x 64 MiB up to i = %.0f; glibc %.0f", here, there);
  must(here >= 0.9 * there);
  size_t held = address_space_bytes();
  /* All of it a second and a third time. */
  must(ladder() >= here && ladder() >= here);
  size_t after = address_space_bytes();
  figure("address space after three ladders: %zu MiB more than after one",
         after > held ? (after - held) / MIB : 0);
  must(after <= held + 256 * MIB);
}

static uint64_t seed = 2463534242u;

static uint64_t draw(void)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

/* More than 2 TiB of address space in all, in every order, 4 GiB at a time. */
SYSTEM_TEST(shuffled_sizes, 120)
{
  enum {
    HELD = 8,
    ROUNDS = 12000
  };
  char *held[HELD] = {0};
  size_t sum = 0;
  for (int round = 0; round < ROUNDS; round++) {
    size_t i = draw() % HELD;
    size_t size = 1 + draw() % (draw() % 2 == 0 ? 512 * MIB : 100 * MIB);
    free(held[i]);
    held[i] = round % 2 == 0 ? malloc(size) : calloc(1, size);
    must(held[i] != NULL);
    must(held[i][0] == 0 && held[i][size - 1] == 0);
    held[i][0] = 1;
    held[i][size - 1] = 1;
    sum += size;
  }
  for (int i = 0; i < HELD; i++) {
    free(held[i]);
  }
  figure("%zu GiB handed out and taken back", sum >> 30);
  must(sum >> 40 >= 1);
}

/* ---- what was written late -------------------------------------------------------- */

/* Small blocks fill some spans and are freed; late writes go to their addresses,
 * after their pages went back to the page heap. */
SYSTEM_TEST(calloc_of_large_blocks_is_zero, 60)
{
  enum {
    BLOCKS = 4000,
    SIZE = 3000,
    LARGE = 40
  };
  static char *block[BLOCKS];
  size_t dirty = 0;
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = malloc(SIZE);
    must(block[i] != NULL);
    memset(block[i], 0x55, SIZE);
  }
  for (int i = 0; i < BLOCKS; i++) {
    free(block[i]);
  }
  malloc_trim(0);
  for (int i = 0; i < BLOCKS; i++) {
    ((volatile char *)block[i])[100] = 0x77; /* too late */
  }
  for (int i = 0; i < LARGE; i++) {
    size_t size = (300 + (size_t)i * 10) * KIB;
    char *large = calloc(1, size);
    must(large != NULL);
    for (size_t at = 0; at < size; at++) {
      dirty += large[at] != 0;
    }
  }
  figure("%zu bytes of large blocks from calloc were not zero", dirty);
  must(dirty == 0);
}

/* ---- tables ------------------------------------------------------------------------ */

/* Bytes resident for each of so many blocks of 1 MiB that nobody touches. */
MEASUREMENT(resident_for_an_untouched_mib)
{
  enum {
    BLOCKS = 20000
  };
  static void *volatile block[BLOCKS];
  size_t before = resident_bytes();
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = malloc(MIB);
    must(block[i] != NULL);
  }
  return (double)(resident_bytes() - before) / BLOCKS;
}

SYSTEM_TEST(tables_of_untouched_blocks, 60)
{
  double here = measured("resident_for_an_untouched_mib", false, 30);
  double there = measured("resident_for_an_untouched_mib", true, 30);
  figure("resident for an untouched block of 1 MiB: %.0f B; glibc %.0f B", here, there);
  /* A page of state bytes, of which the block's is one; a page of records, of which
   * the first and the last are its span's; and 5 bytes for each of its pages. */
  must(here < 2 * 4096 + 5 * 257 + 500);
}
