/* measure FIGURES PRELOAD PROGRAM [ARGUMENT]...: runs a program with LD_PRELOAD
 * set to PRELOAD ("-": not set), in it alone, and writes to the file FIGURES
 * what it took, it and the processes it waited for:
 *   STATUS WALL_SECONDS CPU_SECONDS PEAK_KIB
 * STATUS is that of a shell: 128 and the number of the signal that ended it.
 *
 * A process of its own, and a small one: the kernel counts the memory of who
 * forks into the peak of who is forked. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double measure_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double measure_seconds(struct timeval t)
{
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
  if (argc < 4) {
    fputs("usage: measure FIGURES PRELOAD PROGRAM [ARGUMENT]...\n", stderr);
    return 2;
  }
  double start = measure_now();
  pid_t child = fork();
  if (child < 0) {
    perror("measure: fork");
    return 2;
  }
  if (child == 0) {
    if (strcmp(argv[2], "-") != 0) {
      setenv("LD_PRELOAD", argv[2], 1);
    }
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    _exit(127);
  }
  int ended = 0;
  struct rusage usage;
  if (wait4(child, &ended, 0, &usage) != child) {
    perror("measure: wait4");
    return 2;
  }
  int status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
  FILE *figures = fopen(argv[1], "we");
  if (figures == NULL) {
    perror(argv[1]);
    return 2;
  }
  fprintf(figures, "%d %.3f %.3f %ld\n", status, measure_now() - start,
          measure_seconds(usage.ru_utime) + measure_seconds(usage.ru_stime), usage.ru_maxrss);
  return fclose(figures) == 0 ? status : 2;
}
