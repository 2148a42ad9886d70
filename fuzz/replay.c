/* replay: runs a harness once for each file that it is given, in a process of
 * its own, and adds up how they ended.  The last line is as tests/run reads it.
 *
 *   replay [--print] [--here [TIMES]] FILE-OR-DIRECTORY...
 *
 * --print shows each program as C.  --here runs all files in this process, TIMES
 * times each, as the fuzzer does, and says how long it took. */
#include "program.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  INPUT_BYTES = 1 << 20,
  PATIENCE_S = 60
};

static uint8_t input[INPUT_BYTES];
static long here;
static unsigned long tested, passed, crashed;

static size_t replay_read(const char *file)
{
  FILE *from = fopen(file, "rb");
  if (from == NULL) {
    perror(file);
    exit(2);
  }
  size_t length = fread(input, 1, sizeof input, from);
  fclose(from);
  return length;
}

static void replay_here(const char *file)
{
  size_t length = replay_read(file);
  for (long i = 0; i < here; i++) {
    LLVMFuzzerTestOneInput(input, length);
    passed++;
    tested++;
  }
}

static void replay_apart(const char *file)
{
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(PATIENCE_S);
    LLVMFuzzerTestOneInput(input, replay_read(file));
    exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  tested++;
  if (status == 0) {
    passed++;
    return;
  }
  crashed += WIFSIGNALED(status);
  printf("%s: %s %d\n", file, WIFSIGNALED(status) ? "signal" : "status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static int replay_visible(const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

static void replay(const char *path)
{
  struct stat what;
  if (stat(path, &what) != 0) {
    perror(path);
    exit(2);
  }
  if (!S_ISDIR(what.st_mode)) {
    (here > 0 ? replay_here : replay_apart)(path);
    return;
  }
  struct dirent **entries;
  int n = scandir(path, &entries, replay_visible, alphasort);
  for (int i = 0; i < n; i++) {
    char inside[4096];
    snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
    replay(inside);
  }
}

int main(int argc, char **argv)
{
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--print") == 0) {
      program_print = true;
    } else if (strcmp(argv[i], "--here") == 0) {
      char *end = NULL;
      here = i + 1 < argc ? strtol(argv[i + 1], &end, 10) : 0;
      bool given = here > 0 && *end == '\0';
      here = given ? here : 1;
      i += given;
    } else if (strncmp(argv[i], "--color", 7) != 0) {
      replay(argv[i]);
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
  if (here > 0) {
    printf("%.0f programs a second\n", (double)tested / seconds);
  }
  printf("Tested: %lu | Passing: %lu | Failing: %lu | Crashing: %lu\n", tested, passed,
         tested - passed, crashed);
  return tested > 0 && tested == passed ? 0 : 1;
}
