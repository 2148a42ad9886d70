/* Debuggers and tracers: each runs a program that has the library, under the
 * library itself.  One that is not installed is named, and not tried. */
#include "system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What runs under a tool: allocates, starts a child, says so. */
MEASUREMENT(runs)
{
  char *volatile kept = malloc(100000);
  must(kept != NULL);
  strcpy(kept, "what was written");
  for (int i = 0; i < 1000; i++) {
    char *p = malloc((size_t)i * 300 + 1);
    must(p != NULL);
    memset(p, 1, (size_t)i * 300 + 1);
    free(i % 2 == 0 ? p : NULL);
  }
  pid_t child = fork();
  if (child == 0) {
    char *p = malloc(1000000);
    _exit(p == NULL);
  }
  int status = 1;
  must(waitpid(child, &status, 0) == child && status == 0);
  return 1;
}

/* Runs a command line of the shell, in which $0 is this program; what it writes
 * must contain a text. */
static void tool(const char *name, const char *command, const char *text)
{
  char path[64];
  snprintf(path, sizeof path, "/usr/bin/%s", name);
  if (access(path, X_OK) != 0) {
    figure("%s is not installed: not tried", name);
    return;
  }
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  must(n > 0);
  self[n] = '\0';
  char whole[1024];
  snprintf(
      whole, sizeof whole,
      "out=$(%s 2>&1); case $out in *'%s'*) exit 0;; esac; echo \"$out\" | tail -n 30 >&2; exit 1",
      command, text);
  char *const argv[] = {"/bin/sh", "-c", whole, self, NULL};
  must(run_command(argv, false, 60) == 0);
  figure("%s: good", name);
}

SYSTEM_TEST(gdb, 90)
{
  tool("gdb",
       "gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex run --args \"$0\" measure runs 1",
       "exited normally");
}

SYSTEM_TEST(gdb_reads_a_block, 90)
{
  tool("gdb",
       "gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'set breakpoint pending on' "
       "-ex 'break fork' -ex run -ex 'up 1' -ex 'x/s kept' --args \"$0\" measure runs 1",
       "what was written");
}

SYSTEM_TEST(strace, 90)
{
  tool("strace", "strace -f -c -o /dev/stdout \"$0\" measure runs 3 3>/dev/null && echo whole",
       "whole");
}

SYSTEM_TEST(perf, 90)
{
  tool("perf", "perf stat -e task-clock \"$0\" measure runs 3 3>/dev/null && echo whole", "whole");
}

SYSTEM_TEST(valgrind, 90)
{
  tool("valgrind", "valgrind -q --error-exitcode=9 \"$0\" measure runs 3 3>/dev/null && echo whole",
       "whole");
}
