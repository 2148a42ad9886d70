/* What a process pays for the allocator before it does anything: system calls,
 * processor time, mappings, page tables, address space. */
#include "system.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of /proc/self/status, in kB. */
static long status_kb(const char *field)
{
  char line[256];
  long value = -1;
  FILE *f = fopen("/proc/self/status", "r");
  must(f != NULL);
  while (fgets(line, sizeof line, f) != NULL) {
    if (strncmp(line, field, strlen(field)) == 0) {
      value = atol(line + strlen(field) + 1);
    }
  }
  fclose(f);
  return value;
}

MEASUREMENT(page_table_kb)
{
  free(malloc(1));
  return (double)status_kb("VmPTE");
}

MEASUREMENT(address_space_kb)
{
  free(malloc(1));
  return (double)status_kb("VmSize");
}

MEASUREMENT(mapping_count)
{
  free(malloc(1));
  return (double)mappings();
}

/* System calls of a command, by ptrace: two stops each, but for the last. */
static int system_calls(char *const argv[])
{
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execv(argv[0], argv);
    _exit(127);
  }
  int status;
  int stops = 0;
  must(child > 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status));
  must(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD) == 0);
  bool executed = false;
  for (;;) {
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    must(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      break;
    }
    /* From the exec on, which is one itself. */
    executed = executed || (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    stops += executed && WSTOPSIG(status) == (SIGTRAP | 0x80);
  }
  must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return 1 + stops / 2;
}

MEASUREMENT(calls_of_true)
{
  char *const argv[] = {"/bin/true", NULL};
  return system_calls(argv);
}

SYSTEM_TEST(system_calls_of_a_trivial_process, 20)
{
  double ours = measured("calls_of_true", false, 10);
  double glibcs = measured("calls_of_true", true, 10);
  figure("system calls of /bin/true: %.0f, glibc %.0f", ours, glibcs);
  must(ours <= 45);
}

SYSTEM_TEST(little_is_mapped, 20)
{
  double ours = measured("address_space_kb", false, 10);
  double glibcs = measured("address_space_kb", true, 10);
  figure("address space: %.0f kB, glibc %.0f kB", ours, glibcs);
  must(ours <= glibcs + 8192);
  ours = measured("page_table_kb", false, 10);
  glibcs = measured("page_table_kb", true, 10);
  figure("page tables: %.0f kB, glibc %.0f kB", ours, glibcs);
  must(ours <= 4 * glibcs);
  ours = measured("mapping_count", false, 10);
  glibcs = measured("mapping_count", true, 10);
  figure("mappings: %.0f, glibc %.0f", ours, glibcs);
  must(ours <= glibcs + 20);
}

enum {
  STARTS = 1000,
  /* what the library may add to glibc's page faults */
  MOST_FAULTS = 18
};

static struct {
  double time[STARTS]; /* processor time, in microseconds */
  double faults[STARTS];
} started[2]; /* ours, and under glibc */

static int by_number(const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values)
{
  qsort(values, STARTS, sizeof *values, by_number);
  return values[STARTS / 2];
}

/* One start of /bin/true: all that the child costs, from exec to its end. */
static void start_true(char *const environment[], double *time, double *faults)
{
  char *const argv[] = {"/bin/true", NULL};
  pid_t child;
  int status;
  struct rusage used;
  must(posix_spawn(&child, argv[0], NULL, NULL, argv, environment) == 0);
  must(wait4(child, &status, 0, &used) == child && status == 0);
  *time = 1e6 * (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
          (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  *faults = (double)used.ru_minflt;
}

/* Whether the processor is a virtual one: then each CPUID leaves the virtual
 * machine, and the C library's loader makes some seventy. */
static bool virtual_processor(void)
{
  char line[8192];
  bool found = false;
  FILE *f = fopen("/proc/cpuinfo", "r");
  must(f != NULL);
  while (!found && fgets(line, sizeof line, f) != NULL) {
    found = strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor") != NULL;
  }
  fclose(f);
  return found;
}

/* In turn with glibc's, each by its own clock, so that what else the machine does
 * falls on both; medians of many, so that a few starts that were disturbed do not
 * count.  Without a virtual machine's exits all of a start takes less than half as
 * long, and what a preloaded file costs is the larger part of it. */
SYSTEM_TEST(processor_time_of_a_start, 60)
{
  char library[4096];
  const char *preloaded = getenv("LD_PRELOAD");
  must(preloaded != NULL && strlen(preloaded) < sizeof library - 16);
  snprintf(library, sizeof library, "LD_PRELOAD=%s", preloaded);
  char *with[] = {"PATH=/usr/bin:/bin", library, NULL};
  char *without[] = {"PATH=/usr/bin:/bin", NULL};
  for (int i = 0; i < STARTS; i++) {
    start_true(with, &started[0].time[i], &started[0].faults[i]);
    start_true(without, &started[1].time[i], &started[1].faults[i]);
  }
  double ours = median(started[0].time);
  double glibcs = median(started[1].time);
  figure("exec of /bin/true: %.0f us of processor time, glibc %.0f, ratio %.3f", ours, glibcs,
         ours / glibcs);
  double faults = median(started[0].faults);
  double glibcs_faults = median(started[1].faults);
  figure("page faults of /bin/true: %.0f, glibc %.0f", faults, glibcs_faults);
  must(faults <= glibcs_faults + MOST_FAULTS);
  must(ours <= (virtual_processor() ? 1.15 : 1.3) * glibcs);
}
