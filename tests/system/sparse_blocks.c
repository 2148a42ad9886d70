/* Buffers of which a program uses little, again and again: what it never touched
 * does not become resident when they are freed and cleared. */
#include "system.h"

#include <stdlib.h>
#include <string.h>

enum {
  KIB = 1024,
  BLOCKS = 200,
  ROUNDS = 8
};

/* Resident for all of them, each with its first byte written, after some rounds. */
static double resident_for_blocks_of(size_t bytes)
{
  static char *block[BLOCKS];
  size_t before = resident_bytes();
  size_t after = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < BLOCKS; i++) {
      block[i] = malloc(bytes);
      must(block[i] != NULL);
      block[i][0] = 1;
    }
    after = resident_bytes();
    for (int i = 0; i < BLOCKS; i++) {
      free(block[i]);
    }
  }
  return (double)(after - before) / BLOCKS;
}

MEASUREMENT(resident_for_a_block_of_70_KiB)
{
  return resident_for_blocks_of((size_t)70 * KIB);
}

MEASUREMENT(resident_for_a_block_of_130_KiB)
{
  return resident_for_blocks_of((size_t)130 * KIB);
}

MEASUREMENT(resident_for_a_block_of_250_KiB)
{
  return resident_for_blocks_of((size_t)250 * KIB);
}

/* A sixteenth of the blocks are their state bytes, which are cleared with a span. */
static void stays_small(const char *measurement, size_t bytes)
{
  double here = measured(measurement, false, 30);
  double there = measured(measurement, true, 30);
  figure("%s of which a byte is used: %.1f KiB; glibc %.1f KiB", measurement, here / KIB,
         there / KIB);
  must(here < (double)bytes / 16 + 16 * KIB);
}

SYSTEM_TEST(what_is_not_used_is_not_resident, 60)
{
  stays_small("resident_for_a_block_of_70_KiB", (size_t)70 * KIB);
  stays_small("resident_for_a_block_of_130_KiB", (size_t)130 * KIB);
  stays_small("resident_for_a_block_of_250_KiB", (size_t)250 * KIB);
}

/* All is zero for the next owner, wherever the last one wrote. */
SYSTEM_TEST(all_that_was_used_is_zero, 60)
{
  size_t dirty = 0;
  for (size_t bytes = (size_t)60 * KIB; bytes <= (size_t)256 * KIB; bytes += 997) {
    for (size_t first = 0; first < 5; first++) {
      char *block = malloc(bytes);
      must(block != NULL);
      for (size_t at = first * 1019; at < bytes; at += 4096 * 3 + first) {
        block[at] = 1;
      }
      block[bytes - 1] = 1;
      free(block);
      block = calloc(1, bytes);
      must(block != NULL);
      for (size_t at = 0; at < bytes; at++) {
        dirty += block[at] != 0;
      }
      free(block);
    }
  }
  figure("%zu bytes were not zero", dirty);
  must(dirty == 0);
}
