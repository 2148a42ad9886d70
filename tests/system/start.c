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

extern char **environ;

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
  STARTS = 200
};

/* Processor time of many starts of /bin/true. */
MEASUREMENT(starts)
{
  char *const argv[] = {"/bin/true", NULL};
  double before = processor_seconds();
  for (int i = 0; i < STARTS; i++) {
    pid_t child;
    int status;
    must(posix_spawn(&child, argv[0], NULL, NULL, argv, environ) == 0);
    must(waitpid(child, &status, 0) == child && status == 0);
  }
  return (processor_seconds() - before) / STARTS;
}

/* A library that does nothing costs a twelfth already. */
SYSTEM_TEST(processor_time_of_a_start, 60)
{
  must(ratio_to_glibc("starts", 9, 20) <= 1.3);
}
