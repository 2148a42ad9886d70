/* What a process has the kernel promise: with vm.overcommit_memory=2 only so much
 * is, and a program has to start and run where it does under glibc.
 *
 * Counted is what that setting would charge: each private mapping that is, or
 * was when it was made, writable, however little of it is used; MAP_NORESERVE
 * is of no avail there.  So it shows under any setting, and to any user. */
#include "system.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
  MIB = 1 << 20,
  MOST_MORE = 8, /* MiB above glibc's */
  MOST_BLOCKS = 200 * 1024,
  PROGRAM_MIB = 200
};

/* Sums a file as /proc/self/smaps is, in MiB. */
static double charged_mib(FILE *smaps)
{
  char line[4096];
  double kb = 0;
  double sum = 0;
  while (fgets(line, sizeof line, smaps) != NULL) {
    if (strncmp(line, "Size:", 5) == 0) {
      kb = atof(line + 5);
    }
    if (strncmp(line, "VmFlags:", 8) != 0) {
      continue;
    }
    bool spared =
        strstr(line, " nr") != NULL && strstr(line, " wr") != NULL && strstr(line, " sh") == NULL;
    if (strstr(line, " ac") != NULL || spared) {
      sum += kb;
    }
  }
  return sum / 1024;
}

static double charged_to_this(void)
{
  FILE *smaps = fopen("/proc/self/smaps", "r");
  must(smaps != NULL);
  double sum = charged_mib(smaps);
  fclose(smaps);
  return sum;
}

/* Of a command that prints its own /proc/self/smaps; NAN if it fails. */
static double charged_to(const char *command)
{
  FILE *smaps = popen(command, "r");
  must(smaps != NULL);
  double sum = charged_mib(smaps);
  return pclose(smaps) == 0 && sum > 0 ? sum : NAN;
}

MEASUREMENT(charged_at_start)
{
  free(malloc(1));
  return charged_to_this();
}

MEASUREMENT(charged_to_cat)
{
  return charged_to("cat /proc/self/smaps");
}

MEASUREMENT(charged_to_python)
{
  return charged_to("python3 -c 'import sys; sys.stdout.write(open(\"/proc/self/smaps\").read())'");
}

static void *blocks[MOST_BLOCKS];

/* With 200 MiB in blocks of so many bytes. */
static double charged_for_blocks_of(size_t bytes)
{
  size_t count = (size_t)PROGRAM_MIB * MIB / bytes;
  must(count <= MOST_BLOCKS);
  for (size_t i = 0; i < count; i++) {
    blocks[i] = malloc(bytes);
    must(blocks[i] != NULL);
    memset(blocks[i], 1, bytes);
  }
  double sum = charged_to_this();
  for (size_t i = 0; i < count; i++) {
    free(blocks[i]);
  }
  return sum;
}

MEASUREMENT(charged_for_1_kib)
{
  return charged_for_blocks_of(1024);
}

MEASUREMENT(charged_for_64_kib)
{
  return charged_for_blocks_of((size_t)64 * 1024);
}

MEASUREMENT(charged_for_1_mib)
{
  return charged_for_blocks_of(MIB);
}

MEASUREMENT(charged_for_200_mib)
{
  return charged_for_blocks_of((size_t)PROGRAM_MIB * MIB);
}

/* ours: at most glibc's times `times`, and so much more. */
static void at_most(const char *measurement, double times, double more)
{
  double ours = measured(measurement, false, 10);
  double glibcs = measured(measurement, true, 10);
  figure("%s: %.1f MiB, glibc %.1f MiB", measurement, ours, glibcs);
  must(ours <= glibcs * times + more);
}

SYSTEM_TEST(charged_to_programs_that_start, 40)
{
  at_most("charged_at_start", 1, MOST_MORE);
  at_most("charged_to_cat", 1, MOST_MORE);
  if (isnan(measured("charged_to_python", true, 10))) {
    figure("python3 is not here");
    return;
  }
  at_most("charged_to_python", 1, MOST_MORE);
}

/* Beside the blocks the tables of their pages, touched or not, are a twelfth: a
 * state byte for 16 bytes, a record for a page.  Slots of 1 KiB and of 64 KiB
 * are an eighth longer than that. */
SYSTEM_TEST(charged_for_200_mib_of_blocks, 60)
{
  at_most("charged_for_1_kib", 1.2, MOST_MORE);
  at_most("charged_for_64_kib", 1.2, MOST_MORE);
  at_most("charged_for_1_mib", 1.1, MOST_MORE);
  at_most("charged_for_200_mib", 1.1, MOST_MORE);
}
