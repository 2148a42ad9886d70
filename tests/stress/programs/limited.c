/* Programs under a limit on address space (ulimit -v): with libashlar.so in
 * place of malloc they start, allocate what fits, are told when there is no
 * more, and go on.  This program starts itself again under each limit. */
#include "../../../src/ashlar.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  MOST = 100000
};

static void must(int holds, const char *what)
{
  if (!holds) {
    fprintf(stderr, "not so: %s\n", what);
    abort();
  }
}

/* Allocates blocks of a size until there is no more; returns how many bytes. */
static size_t exhaust(size_t size, int touch)
{
  static unsigned char *block[MOST];
  size_t n = 0;
  errno = 0;
  while (n < MOST && (block[n] = malloc(size)) != NULL) {
    if (touch) {
      memset(block[n], 1, size < 4096 ? size : 4096);
    }
    n++;
  }
  must(n == MOST || errno == ENOMEM, "errno says that memory is short");
  for (size_t i = 0; i < n; i++) {
    must(!touch || (block[i][0] == 1 && block[i][(size < 4096 ? size : 4096) - 1] == 1), "kept");
    free(block[i]);
  }
  return n * size;
}

static void *in_thread(void *unused)
{
  (void)unused;
  for (int i = 0; i < 1000; i++) {
    char *p = malloc((size_t)i * 7 + 1);
    must(p != NULL, "memory in a thread");
    p[0] = 1;
    free(p);
  }
  return NULL;
}

/* What runs under a limit of so many bytes. */
static int limited(size_t limit)
{
  must(malloc_usable_size(NULL) == 0, "here");
  /* At least a quarter of what is allowed, whatever the size. */
  static const size_t sizes[] = {(size_t)20 << 20, 300000, 5000, 100};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    size_t got = exhaust(sizes[i], 1);
    size_t most = sizes[i] * MOST;
    must(got >= (most < limit / 4 ? most : limit / 4), "a quarter can be had");
    malloc_trim(0);
  }
  void *too_much = malloc(limit);
  must(too_much == NULL, "no more than the limit");
  pthread_t thread[8];
  for (int i = 0; i < 8; i++) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 << 10);
    must(pthread_create(&thread[i], &small, in_thread, NULL) == 0, "a thread");
  }
  for (int i = 0; i < 8; i++) {
    pthread_join(thread[i], NULL);
  }
  must(ashlar_check(NULL, NULL), "the heap is sound");
  return 0;
}

static int run(size_t limit, char *const argv[])
{
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit r = {limit, limit};
    must(setrlimit(RLIMIT_AS, &r) == 0, "a limit");
    alarm(60);
    execvp(argv[0], argv);
    _exit(127);
  }
  int status = 0;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
  /* What begins with a dash is for Criterion's runner. */
  if (argc > 1 && argv[1][0] != '-') {
    return limited(strtoull(argv[1], NULL, 10));
  }
  static const size_t limits[] = {(size_t)256 << 20, (size_t)1 << 30, (size_t)4 << 30};
  char library[4096];
  ssize_t n = readlink("/proc/self/exe", library, sizeof library - 100);
  must(n > 0, "a name");
  library[n] = '\0';
  char self[4096];
  strcpy(self, library);
  *strrchr(library, '/') = '\0';
  *strrchr(library, '/') = '\0';
  strcat(library, "/libashlar.so");
  int tested = 0;
  int failed = 0;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    char number[32];
    snprintf(number, sizeof number, "%zu", limits[i]);
    char *const again[] = {self, number, NULL};
    char shell[] = "seq 1 200000 | sort -R | sort -n | tail -n 1 | grep -qx 200000";
    char *const pipeline[] = {"sh", "-c", shell, NULL};
    char awk[] = "BEGIN { for (i = 0; i < 200000; i++) a[i] = i \"x\"; exit length(a) != 200000 }";
    char *const table[] = {"awk", awk, NULL};
    char *const *const programs[] = {again, pipeline, table};
    for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) {
      if (k == 1) {
        setenv("LD_PRELOAD", library, 1);
      }
      tested++;
      if (!run(limits[i], programs[k])) {
        failed++;
        fprintf(stderr, "[FAIL] limited::%s_under_%zu\n", k == 0 ? "self" : programs[k][0],
                limits[i]);
      }
    }
    unsetenv("LD_PRELOAD");
  }
  fprintf(stderr, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n",
          tested, tested - failed, failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
