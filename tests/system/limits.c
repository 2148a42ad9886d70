/* Limits on address space, data and locked memory: whatever runs under glibc's
 * malloc in less than 8 MiB more runs here, whenever the limit was set. */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  MIB = 1 << 20,
  /* what Ashlar may want beyond what glibc does */
  MORE = 8
};

static void limit(int resource, size_t bytes)
{
  struct rlimit r = {bytes, bytes};
  must(setrlimit(resource, &r) == 0);
}

/* ---- programs ---------------------------------------------------------------- */

static char *const ls[] = {"ls", "/usr/lib", NULL};
static char *const cat[] = {"cat", "/etc/passwd", NULL};
static char *const sort[] = {"sort", "/etc/services", NULL};
static char *const python[] = {"python3", "-c", "pass", NULL};
static char *const *const programs[] = {ls, cat, sort, python};

/* Whether a program runs with so many MiB; it says nothing. */
static bool runs(char *const argv[], bool under_glibc, int resource, int mib)
{
  pid_t child = fork();
  if (child == 0) {
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, 0);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    char bytes[64];
    snprintf(bytes, sizeof bytes, "%s=%zu", resource == RLIMIT_AS ? "--as" : "--data",
             (size_t)mib * MIB);
    /* The limit is for the program alone, not for what starts it. */
    char *limited[16] = {"prlimit", bytes, NULL};
    for (int i = 0; argv[i] != NULL; i++) {
      limited[2 + i] = argv[i];
    }
    _exit(run_command(limited, under_glibc, 20) == 0 ? 0 : 1);
  }
  int status;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* The least limit from `from` on, in steps of `step`, with which it runs. */
static int least(char *const argv[], bool under_glibc, int resource, int from, int step)
{
  int mib = from;
  while (mib < 256 && !runs(argv, under_glibc, resource, mib)) {
    mib += step;
  }
  return mib;
}

static void sweep(int resource, const char *name)
{
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    int ours = least(programs[i], false, resource, 2, 2);
    int glibcs = least(programs[i], true, resource, 2, 2);
    figure("%s runs from %d MiB of %s on, with glibc from %d", programs[i][0], ours, name, glibcs);
    must(ours <= glibcs + MORE);
    /* And with more, whatever the limit: nothing is sized so that it does not fit.  Below
     * that it may have been luck: what a program takes differs from run to run. */
    for (int mib = glibcs + MORE; mib < 160; mib += mib < 40 ? 3 : 21) {
      must(runs(programs[i], false, resource, mib));
    }
  }
}

SYSTEM_TEST(programs_in_little_address_space, 120)
{
  sweep(RLIMIT_AS, "address space");
}

SYSTEM_TEST(programs_in_little_data, 120)
{
  sweep(RLIMIT_DATA, "data");
}

/* Under any limit a program is told that there is no memory; it never faults. */
SYSTEM_TEST(no_limit_makes_a_program_fault, 60)
{
  char *const argv[] = {"cat", NULL};
  for (int kib = 2000; kib < 12000; kib += 250) {
    pid_t child = fork();
    if (child == 0) {
      int nowhere = open("/dev/null", O_RDWR);
      dup2(nowhere, 0);
      dup2(nowhere, 1);
      dup2(nowhere, 2);
      char bytes[64];
      snprintf(bytes, sizeof bytes, "--as=%d", kib * 1024);
      char *const limited[] = {"prlimit", bytes, argv[0], NULL};
      int status = run_command(limited, false, 10);
      _exit(WIFSIGNALED(status) || status == -1);
    }
    int status;
    must(waitpid(child, &status, 0) == child);
    must(status == 0);
  }
}

/* ---- limits that a program sets itself ----------------------------------------- */

/* MB to be had in blocks of a size with a limit so many MiB large, of a third of
 * which some was used before. */
static double had_with(size_t mib, size_t size)
{
  size_t got = 0;
  free(malloc(size));
  limit(RLIMIT_AS, mib * MIB);
  size_t most = mib > 1024 ? (size_t)1024 * MIB : mib * MIB;
  while (got + size <= most && malloc(size) != NULL) {
    got += size;
  }
  return (double)got / MIB;
}

MEASUREMENT(late_300_small)
{
  return had_with(300, 1000);
}
MEASUREMENT(late_300_middle)
{
  return had_with(300, 40000);
}
MEASUREMENT(late_300_large)
{
  return had_with(300, 2000000);
}
MEASUREMENT(late_2048_small)
{
  return had_with(2048, 1000);
}
MEASUREMENT(late_1024_runs)
{
  return had_with(1024, 40000000);
}
MEASUREMENT(late_102400_large)
{
  return had_with(102400, 2000000);
}

SYSTEM_TEST(limits_that_come_late, 120)
{
  static const char *const names[] = {"late_300_small",  "late_300_middle", "late_300_large",
                                      "late_2048_small", "late_1024_runs",  "late_102400_large"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    double ours = measured(names[i], false, 60);
    double glibcs = measured(names[i], true, 60);
    figure("%s: %.0f MiB, glibc %.0f", names[i], ours, glibcs);
    must(ours >= 0.85 * glibcs); /* a tenth for tables: 325 bytes a page */
  }
}

/* What waited goes to who asks: large blocks are freed, then small ones fit. */
MEASUREMENT(small_after_large)
{
  void *p[64];
  int k = 0;
  long got = 0;
  limit(RLIMIT_AS, 112640 * 1024);
  while (k < 64 && (p[k] = malloc(2000000)) != NULL) {
    k++;
  }
  for (int i = k; i > 0; i--) {
    free(p[i - 1]);
  }
  while (got < 200000 && malloc(1000) != NULL) {
    got++;
  }
  return (double)got;
}

/* The same, the other way round, and with one block that wants it all. */
MEASUREMENT(one_after_large)
{
  void *p[64];
  int k = 0;
  limit(RLIMIT_AS, 112640 * 1024);
  while (k < 64 && (p[k] = malloc(2000000)) != NULL) {
    k++;
  }
  for (int i = k; i > 0; i--) {
    free(p[i - 1]);
  }
  size_t most = (size_t)112 * MIB;
  while (most > 0 && (p[0] = malloc(most)) == NULL) {
    most -= MIB;
  }
  return (double)most / MIB;
}

SYSTEM_TEST(what_waits_is_given_back, 60)
{
  double ours = measured("small_after_large", false, 20);
  double glibcs = measured("small_after_large", true, 20);
  figure("after large blocks: %.0f kB of small ones, glibc %.0f", ours, glibcs);
  must(ours >= 0.85 * glibcs);
  ours = measured("one_after_large", false, 20);
  glibcs = measured("one_after_large", true, 20);
  figure("after large blocks: one of %.0f MiB, glibc %.0f", ours, glibcs);
  /* The tables of the large blocks' arenas stay, and the new ones are for more. */
  must(ours >= 0.8 * glibcs);
}

/* ---- locked memory ---------------------------------------------------------------- */

static double status_of(const char *field)
{
  char line[256];
  double value = NAN;
  FILE *f = fopen("/proc/self/status", "r");
  must(f != NULL);
  while (fgets(line, sizeof line, f) != NULL) {
    if (strncmp(line, field, strlen(field)) == 0) {
      value = atof(line + strlen(field) + 1);
    }
  }
  fclose(f);
  return value;
}

/* An ordinary user, who may lock 8 MiB. */
static void lock_all(void)
{
  void *used[20];
  for (size_t i = 0; i < 20; i++) {
    used[i] = malloc(i * 4);
  }
  limit(RLIMIT_MEMLOCK, (size_t)8 * MIB);
  if (geteuid() == 0) {
    must(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
  }
  must(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
  for (size_t i = 0; i < 20; i++) {
    free(used[i]);
    used[i] = malloc(i * 8);
    must(used[i] != NULL);
  }
}

MEASUREMENT(locked_kb)
{
  lock_all();
  return status_of("VmLck");
}

MEASUREMENT(locked_resident_kb)
{
  lock_all();
  return status_of("VmRSS");
}

SYSTEM_TEST(memory_is_locked, 30)
{
  double ours = measured("locked_kb", false, 10);
  double glibcs = measured("locked_kb", true, 10);
  figure("mlockall locks %.0f kB, glibc %.0f", ours, glibcs);
  must(ours <= 2 * glibcs);
  ours = measured("locked_resident_kb", false, 10);
  glibcs = measured("locked_resident_kb", true, 10);
  figure("... of which are resident %.0f kB, glibc %.0f", ours, glibcs);
  must(ours <= 2 * glibcs);
}

extern int malloc_trim(size_t pad);

/* ---- tables ------------------------------------------------------------------------ */

/* Resident MiB after 256 MiB of small blocks were freed. */
static double left_of_small_blocks(bool trim)
{
  enum {
    BLOCKS = (256 << 20) / 32
  };
  size_t bytes = BLOCKS * sizeof(void *);
  void **block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(block != MAP_FAILED);
  for (size_t i = 0; i < BLOCKS; i++) {
    block[i] = malloc(24);
  }
  for (size_t i = 0; i < BLOCKS; i++) {
    free(block[i]);
  }
  if (trim) {
    malloc_trim(0);
  }
  munmap(block, bytes);
  return (double)resident_bytes() / MIB;
}

MEASUREMENT(left_after_a_trim)
{
  return left_of_small_blocks(true);
}
MEASUREMENT(left_unasked)
{
  return left_of_small_blocks(false);
}

SYSTEM_TEST(tables_of_empty_arenas_go_back, 60)
{
  double ours = measured("left_after_a_trim", false, 30);
  figure("after 256 MiB of small blocks were freed, and malloc_trim: %.1f MiB", ours);
  must(ours < 8);
  /* With the free pages that may stay, and a thread's list. */
  ours = measured("left_unasked", false, 30);
  figure("without malloc_trim: %.1f MiB", ours);
  must(ours < 24);
}
