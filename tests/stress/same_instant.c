/* Two threads that free one block in the same instant: one of them frees it,
 * the other is told, and nobody else.  Each round is a process of its own. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  OUTPUT_BYTES = 4096
};

static void *block;
static int waiting;

/* Both spin until both are there. */
static void *free_it(void *unused)
{
  (void)unused;
  __atomic_add_fetch(&waiting, 1, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) < 2) {
  }
  ashlar_free(block);
  return NULL;
}

static _Noreturn void child(size_t size, int output)
{
  dup2(output, STDERR_FILENO);
  prctl(PR_SET_DUMPABLE, 0);
  signal(SIGABRT, SIG_DFL);
  alarm(60);
  block = ashlar_malloc(size);
  MUST(block != NULL);
  memset(block, 0x55, size);
  MUST(write(output, &block, sizeof block) == sizeof block);
  pthread_t thread[2];
  for (int i = 0; i < 2; i++) {
    MUST(pthread_create(&thread[i], NULL, free_it, NULL) == 0);
  }
  for (int i = 0; i < 2; i++) {
    pthread_join(thread[i], NULL);
  }
  _exit(0);
}

/* What the child says after the address of its block. */
static void read_all(int from, void **address, char *text)
{
  size_t length = 0;
  ssize_t got = read(from, address, sizeof *address);
  CHECK(got == sizeof *address, "no address");
  while ((got = read(from, text + length, OUTPUT_BYTES - 1 - length)) > 0) {
    length += (size_t)got;
  }
  text[length] = '\0';
}

static void round_of(size_t size)
{
  int ends[2];
  CHECK(pipe(ends) == 0, "no pipe");
  pid_t pid = fork();
  CHECK(pid >= 0, "no process");
  if (pid == 0) {
    close(ends[0]);
    child(size, ends[1]);
  }
  close(ends[1]);
  static char text[OUTPUT_BYTES];
  void *address;
  read_all(ends[0], &address, text);
  close(ends[0]);
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid, "the child is lost");
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x: '%s'", status, text);
  char begin[100];
  snprintf(begin, sizeof begin, "ashlar: double free: %p (", address);
  CHECK(strncmp(text, begin, strlen(begin)) == 0, "'%s' expected, not '%s'", begin, text);
  const char *end = strchr(text, '\n');
  CHECK(end != NULL && end[1] == '\0', "more than one line: '%s'", text);
}

static void rounds_of(size_t size, int rounds)
{
  for (int i = 0; i < rounds; i++) {
    round_of(size);
  }
}

Test(same_instant, of_small)
{
  rounds_of(40, EFFORT(500));
}

Test(same_instant, of_medium)
{
  rounds_of(9000, EFFORT(200));
}

Test(same_instant, of_large)
{
  rounds_of(1000003, EFFORT(200));
}

Test(same_instant, of_nothing)
{
  rounds_of(0, EFFORT(200));
}
