/* A kernel that backs memory by huge pages unasked (transparent_hugepage=always):
 * what a process touches here and there must not become 2 MiB each time.
 *
 * Only root can set that, and for all; so the program asks for it for every
 * mapping that the library makes, in a process that is told to: the library's
 * mmap is the one here.  What the library keeps from huge pages it does itself. */
#include "system.h"

#include "../../src/ashlar.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  KIB = 1024,
  MIB = 1024 * KIB
};

static bool wanted(void)
{
  static int known;
  if (known == 0 && environ != NULL) {
    known = getenv("ASHLAR_TEST_HUGE") != NULL ? 1 : 2;
  }
  return known == 1;
}

__attribute__((visibility("default"))) void *mmap(void *at, size_t bytes, int protection, int flags,
                                                  int fd, off_t offset)
{
  long got = syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
  if (got != -1 && (flags & MAP_ANONYMOUS) != 0 && wanted()) {
    syscall(SYS_madvise, got, bytes, MADV_HUGEPAGE);
  }
  return (void *)got;
}

/* Which of the kernel's three ways is chosen. */
static bool kernel_says(const char *way)
{
  char text[128] = "";
  FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
  if (f != NULL) {
    must(fgets(text, sizeof text, f) != NULL);
    fclose(f);
  }
  return strstr(text, way) != NULL;
}

/* A measurement with huge pages to one without. */
static double growth(const char *measurement)
{
  unsetenv("ASHLAR_TEST_HUGE");
  double without = measured(measurement, false, 30);
  setenv("ASHLAR_TEST_HUGE", "1", 1);
  double with = measured(measurement, false, 30);
  unsetenv("ASHLAR_TEST_HUGE");
  figure("%s: %.0f KiB, with huge pages %.0f KiB", measurement, without / KIB, with / KIB);
  return with / without;
}

static char *block_of(size_t bytes)
{
  char *block = malloc(bytes);
  must(block != NULL);
  return block;
}

/* ---- the simulation is one ------------------------------------------------------ */

MEASUREMENT(a_long_dense_block)
{
  memset(block_of(64 * MIB), 1, 64 * MIB);
  return (double)resident_bytes();
}

/* Kilobytes in huge pages. */
MEASUREMENT(huge_pages_of_a_long_dense_block)
{
  memset(block_of(64 * MIB), 1, 64 * MIB);
  FILE *f = fopen("/proc/self/smaps_rollup", "r");
  must(f != NULL);
  char line[256];
  long kilobytes = 0;
  while (fgets(line, sizeof line, f) != NULL) {
    if (sscanf(line, "AnonHugePages: %ld kB", &kilobytes) == 1) {
      break;
    }
  }
  fclose(f);
  return (double)kilobytes;
}

SYSTEM_TEST(long_blocks_may_have_them, 60)
{
  setenv("ASHLAR_TEST_HUGE", "1", 1);
  double kilobytes = measured("huge_pages_of_a_long_dense_block", false, 30);
  figure("of a block of 64 MiB %.0f MiB are in huge pages%s", kilobytes / KIB,
         kernel_says("[never]") ? ", which this kernel forbids" : "");
  must(kernel_says("[never]") || !kernel_says("[") || kilobytes >= 32 * KIB);
  must(growth("a_long_dense_block") < 1.1);
}

/* ---- what is small stays small ---------------------------------------------------- */

MEASUREMENT(a_small_process)
{
  for (int i = 0; i < KIB; i++) {
    memset(block_of(KIB), 1, KIB);
  }
  return (double)resident_bytes();
}

SYSTEM_TEST(small_processes, 60)
{
  must(growth("a_small_process") < 1.2);
  if (kernel_says("[always]")) {
    must(ratio_to_glibc("a_small_process", 3, 20) < 2);
  }
}

/* Many blocks of all sizes below the large ones, of each the first byte written. */
MEASUREMENT(blocks_hardly_written_to)
{
  for (int i = 0; i < 12000; i++) {
    block_of((size_t)16 << i % 14)[0] = 1;
  }
  return (double)resident_bytes();
}

SYSTEM_TEST(sparse_spans, 60)
{
  must(growth("blocks_hardly_written_to") < 1.3);
}

/* Large blocks in an arena, and in runs of arenas, that nobody touches: the rest
 * is tables. */
MEASUREMENT(large_blocks_not_touched)
{
  size_t before = resident_bytes();
  for (size_t mib = 1; mib <= 512; mib = mib * 5 / 4 + 1) {
    block_of(mib * MIB);
  }
  return (double)(resident_bytes() - before);
}

SYSTEM_TEST(tables_of_large_blocks, 60)
{
  must(growth("large_blocks_not_touched") < 1.5);
}

/* A function of the library, which is preloaded. */
#define FROM_LIBRARY(name) __typeof__(&(name)) name##_there = (__typeof__(&(name)))found(#name)

static uintptr_t found(const char *name)
{
  uintptr_t there = (uintptr_t)dlsym(RTLD_DEFAULT, name);
  must(there != 0);
  return there;
}

MEASUREMENT(a_region)
{
  FROM_LIBRARY(ashlar_region_create);
  FROM_LIBRARY(ashlar_region_alloc);
  ashlar_region *region = ashlar_region_create_there(NULL);
  must(region != NULL);
  for (int i = 0; i < 100; i++) {
    memset(ashlar_region_alloc_there(region, 100), 1, 100);
  }
  return (double)resident_bytes();
}

/* Of 512 MiB, with one piece. */
MEASUREMENT(tables_of_a_pool_set)
{
  FROM_LIBRARY(ashlar_pool_set_create);
  FROM_LIBRARY(ashlar_pool_set_alloc);
  struct ashlar_pool_set_options options = {.budget = (size_t)512 * MIB};
  size_t before = resident_bytes();
  ashlar_pool_set *set = ashlar_pool_set_create_there(&options);
  must(set != NULL && ashlar_pool_set_alloc_there(set, 100) != NULL);
  return (double)(resident_bytes() - before);
}

SYSTEM_TEST(tables_of_regions, 60)
{
  must(growth("a_region") < 1.2);
}

SYSTEM_TEST(tables_of_pool_sets, 60)
{
  must(growth("tables_of_a_pool_set") < 8);
}
