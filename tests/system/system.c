#include "system.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  MOST_TESTS = 64,
  MOST_PAIRS = 15
};

static struct {
  const char *name;
  void (*test)(void);
  int seconds;
} tests[MOST_TESTS];
static int test_count;

static struct {
  const char *name;
  double (*measure)(void);
} measurements[MOST_TESTS];
static int measurement_count;

/* What LD_PRELOAD was when the program began, and its own path. */
static char preload[4096];
static char self[4096];

void system_register(const char *name, void (*test)(void), int seconds)
{
  tests[test_count].name = name;
  tests[test_count].test = test;
  tests[test_count++].seconds = seconds;
}

void system_register_measurement(const char *name, double (*measure)(void))
{
  measurements[measurement_count].name = name;
  measurements[measurement_count++].measure = measure;
}

void system_must(bool holds, const char *what, const char *file, int line)
{
  if (!holds) {
    dprintf(2, "%s:%d: not so: %s (errno %d)\n", file, line, what, errno);
    signal(SIGABRT, SIG_DFL);
    abort();
  }
}

void figure(const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  dprintf(2, "[ fig] %s: %s\n", profile(), text);
}

static size_t statm_pages(int field)
{
  unsigned long value[2] = {0, 0};
  FILE *f = fopen("/proc/self/statm", "r");
  must(f != NULL && fscanf(f, "%lu %lu", &value[0], &value[1]) == 2);
  fclose(f);
  return value[field];
}

size_t resident_bytes(void)
{
  return statm_pages(1) * (size_t)sysconf(_SC_PAGESIZE);
}

size_t address_space_bytes(void)
{
  return statm_pages(0) * (size_t)sysconf(_SC_PAGESIZE);
}

size_t mappings(void)
{
  size_t lines = 0;
  FILE *f = fopen("/proc/self/maps", "r");
  must(f != NULL);
  for (int c = getc(f); c != EOF; c = getc(f)) {
    lines += c == '\n';
  }
  fclose(f);
  return lines;
}

static double rusage_seconds(int who)
{
  struct rusage r;
  getrusage(who, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
         (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

double processor_seconds(void)
{
  return rusage_seconds(RUSAGE_SELF) + rusage_seconds(RUSAGE_CHILDREN);
}

double wall_seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

const char *profile(void)
{
  if (dlsym(RTLD_DEFAULT, "ashlar_check") == NULL) {
    return "glibc";
  }
  return strstr(preload, "light") != NULL ? "light" : "default";
}

/* Waits for a child that leads a group of its own; kills the group when its
 * time is over.  Returns the wait status, or -1. */
static int wait_for(pid_t child, int seconds)
{
  double end = wall_seconds() + seconds;
  struct timespec pause = {0, 1000000};
  for (;;) {
    int status;
    pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) {
      return status;
    }
    if (wall_seconds() > end) {
      kill(-child, SIGKILL);
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return -1;
    }
    nanosleep(&pause, NULL);
    pause.tv_nsec = pause.tv_nsec < 20000000 ? pause.tv_nsec * 2 : pause.tv_nsec;
  }
}

static void choose_library(bool under_glibc)
{
  if (under_glibc || preload[0] == '\0') {
    unsetenv("LD_PRELOAD");
  } else {
    setenv("LD_PRELOAD", preload, 1);
  }
}

int run_command(char *const argv[], bool under_glibc, int seconds)
{
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    choose_library(under_glibc);
    execvp(argv[0], argv);
    _exit(127);
  }
  return child > 0 ? wait_for(child, seconds) : -1;
}

double measured(const char *measurement, bool under_glibc, int seconds)
{
  int result[2];
  must(pipe(result) == 0);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    choose_library(under_glibc);
    char descriptor[16];
    snprintf(descriptor, sizeof descriptor, "%d", result[1]);
    execl(self, self, "measure", measurement, descriptor, (char *)NULL);
    _exit(127);
  }
  close(result[1]);
  int status = child > 0 ? wait_for(child, seconds) : -1;
  double value = NAN;
  if (status != 0 || read(result[0], &value, sizeof value) != (ssize_t)sizeof value) {
    value = NAN;
  }
  close(result[0]);
  return value;
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

double ratio_to_glibc(const char *measurement, int pairs, int seconds)
{
  double ratio[MOST_PAIRS];
  double first = 0;
  must(pairs > 0 && pairs <= MOST_PAIRS);
  for (int i = 0; i < pairs; i++) {
    double ours = measured(measurement, false, seconds);
    double glibcs = measured(measurement, true, seconds);
    ratio[i] = ours / glibcs;
    first = i == 0 ? ours : first;
    if (isnan(ratio[i])) {
      figure("%s: %g, glibc %g", measurement, ours, glibcs);
      return NAN;
    }
  }
  qsort(ratio, (size_t)pairs, sizeof *ratio, by_size);
  figure("%s: %.4g, median ratio to glibc %.3f (%d pairs, %.3f to %.3f)", measurement, first,
         ratio[pairs / 2], pairs, ratio[0], ratio[pairs - 1]);
  return ratio[pairs / 2];
}

static int measure_and_tell(const char *name, int descriptor)
{
  for (int i = 0; i < measurement_count; i++) {
    if (strcmp(measurements[i].name, name) == 0) {
      double value = measurements[i].measure();
      _exit(write(descriptor, &value, sizeof value) == (ssize_t)sizeof value ? 0 : 1);
    }
  }
  return 1;
}

/* Runs one test in a process of its own; says how it ended. */
static bool passes(int i)
{
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    tests[i].test();
    exit(0);
  }
  int status = child > 0 ? wait_for(child, tests[i].seconds) : -1;
  if (status == 0) {
    return true;
  }
  const char *program = strrchr(self, '/') + 1;
  if (status == -1) {
    dprintf(2, "[FAIL] system/%s::%s (%s): not done after %d s\n", program, tests[i].name,
            profile(), tests[i].seconds);
  } else {
    dprintf(2, "[FAIL] system/%s::%s (%s): wait status 0x%x\n", program, tests[i].name, profile(),
            (unsigned)status);
  }
  return false;
}

/* Arguments: `measure NAME DESCRIPTOR`, or the name of the only test to run;
 * what begins with a dash is for Criterion's runner. */
int main(int argc, char **argv)
{
  const char *given = getenv("LD_PRELOAD");
  snprintf(preload, sizeof preload, "%s", given == NULL ? "" : given);
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  must(n > 0);
  self[n] = '\0';
  if (argc == 4 && strcmp(argv[1], "measure") == 0) {
    return measure_and_tell(argv[2], atoi(argv[3]));
  }
  const char *only = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
  int tested = 0;
  int good = 0;
  for (int i = 0; i < test_count; i++) {
    if (only == NULL || strcmp(only, tests[i].name) == 0) {
      tested++;
      good += passes(i);
    }
  }
  dprintf(2, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n", tested,
          good, tested - good);
  return tested > 0 && good == tested ? EXIT_SUCCESS : EXIT_FAILURE;
}
