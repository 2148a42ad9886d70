/* run: one child a case; its standard error comes back by a pipe, the address
 * that it expects to be named by shared memory. */
#include "run.h"

#include "../../src/ashlar.h"
#include "../../src/options.h"
#include "../support/harness.h"
#include "../support/heap/kernel.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  OUTPUT_BYTES = 16384,
  POPULATION = 1500,
  CHURNERS = 3,
  CHURNED = 60,
  PATIENCE_S = 60
};

/* What the child tells the parent. */
struct told {
  uintptr_t address;
  bool reached;
};

static struct told *told;

void misuse_at(const void *address)
{
  told->address = (uintptr_t)address;
  told->reached = true;
}

unsigned char *misuse_end(void *block)
{
  return (unsigned char *)block + ashlar_malloc_usable_size(block);
}

const char *misuse_file(void)
{
  static char name[64];
  snprintf(name, sizeof name, "/tmp/ashlar-misuse-%d.json", (int)getpid());
  unlink(name);
  return name;
}

/* ---- the child -------------------------------------------------------------- */

static void populate(void)
{
  static void *block[POPULATION];
  for (int i = 0; i < POPULATION; i++) {
    size_t size = i % 100 == 0 ? 300000 : i % 10 == 0 ? 9000 : (size_t)(i * 7 % 300);
    block[i] = ashlar_malloc(size);
  }
  for (int i = 0; i < POPULATION; i += 3) {
    ashlar_free(block[i]);
  }
}

static bool alone = true;

bool misuse_alone(void)
{
  return alone;
}

/* Allocates and frees for as long as the process lives; nothing large, which
 * would push the block in question out of the list of those that trap. */
static void *churn(void *started)
{
  void *block[CHURNED] = {NULL};
  for (unsigned i = 0;; i++) {
    void **b = &block[i % CHURNED];
    ashlar_free(*b);
    *b = ashlar_malloc(i % 7 == 0 ? 9000 : i % 200);
    if (i == 2 * CHURNED) {
      __atomic_add_fetch((int *)started, 1, __ATOMIC_RELEASE);
    }
  }
  return NULL;
}

static void *wrong_in_thread(void *argument)
{
  const struct misuse *m = argument;
  m->wrong(m->size);
  return NULL;
}

static void with_threads(const struct misuse *m)
{
  static int started;
  pthread_t thread;
  alone = false;
  for (int i = 0; i < CHURNERS; i++) {
    if (pthread_create(&thread, NULL, churn, &started) != 0) {
      _exit(99);
    }
  }
  while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < CHURNERS) {
    usleep(100);
  }
  if (pthread_create(&thread, NULL, wrong_in_thread, (void *)m) != 0) {
    _exit(99);
  }
  pthread_join(thread, NULL);
}

static _Noreturn void child(const struct misuse *m, int output)
{
  dup2(output, STDERR_FILENO);
  prctl(PR_SET_DUMPABLE, 0); /* no core of each case */
  /* Sanitizers, and the runner, have handlers of their own. */
  signal(SIGSEGV, SIG_DFL);
  signal(SIGABRT, SIG_DFL);
  alarm(PATIENCE_S);
  if (m->options != NULL) {
    /* As if the process had started with them. */
    char complaint[200];
    struct text complaints;
    text_start(&complaints, complaint, sizeof complaint);
    options_parse((struct options *)options(), m->options, &complaints);
    if (text_length(&complaints) > 0) {
      _exit(98);
    }
  }
  switch (m->heap) {
  case EMPTY:
    m->wrong(m->size);
    break;
  case POPULATED:
    populate();
    m->wrong(m->size);
    break;
  case THREADS:
    with_threads(m);
    break;
  }
  _exit(0);
}

/* ---- the parent ------------------------------------------------------------- */

static size_t read_all(int from, char *output)
{
  size_t length = 0;
  ssize_t got;
  while ((got = read(from, output + length, OUTPUT_BYTES - 1 - length)) > 0) {
    length += (size_t)got;
  }
  output[length] = '\0';
  return length;
}

static int count(const char *text, const char *part)
{
  int n = 0;
  for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
    n++;
  }
  return n;
}

/* Whether the output is as many whole lines of a report as expected. */
static void expect_report(const struct misuse *m, const char *output)
{
  int lines = m->kind == NULL ? 0 : m->warnings > 0 ? m->warnings : 1;
  CHECK(count(output, "\n") == lines && count(output, "ashlar: ") == lines, "output: '%s'", output);
  if (m->kind == NULL) {
    CHECK(output[0] == '\0', "output: '%s'", output);
    return;
  }
  char begin[200];
  snprintf(begin, sizeof begin, "ashlar: %s%s: 0x%llx (", m->warnings > 0 ? "warning: " : "",
           m->kind, (unsigned long long)told->address);
  CHECK(strncmp(output, begin, strlen(begin)) == 0, "'%s' expected, not '%s'", begin, output);
  char end[100] = "";
  if (m->operation != NULL) {
    snprintf(end, sizeof end, "; in %s\n", m->operation);
    CHECK(strstr(output, end) != NULL, "'%s' expected in '%s'", end, output);
  } else {
    CHECK(strstr(output, "; in ") == NULL, "no operation expected in '%s'", output);
  }
  CHECK(m->hint == NULL || strstr(output, m->hint) != NULL, "'%s' expected in '%s'", m->hint,
        output);
}

static void expect_end(const struct misuse *m, int status, const char *output)
{
  CHECK(told->reached, "it did not come so far: status %#x, '%s'", status, output);
  if (m->warnings != 0) {
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x, '%s'", status, output);
    return;
  }
  if (m->kind == NULL && !m->always && kernel_without_guards()) {
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x, '%s'", status, output);
    return;
  }
  CHECK(WIFSIGNALED(status), "nothing happened: status %#x, '%s'", status, output);
  int expected = m->kind == NULL ? SIGSEGV : SIGABRT;
  CHECK(WTERMSIG(status) == expected, "signal %d, '%s'", WTERMSIG(status), output);
}

void misuse_run(const struct misuse *m)
{
  static char output[OUTPUT_BYTES];
  told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  CHECK(told != MAP_FAILED && pipe(ends) == 0, "no memory, no pipe");
  fflush(NULL);
  pid_t pid = fork();
  CHECK(pid >= 0, "no process");
  if (pid == 0) {
    close(ends[0]);
    child(m, ends[1]);
  }
  close(ends[1]);
  read_all(ends[0], output);
  close(ends[0]);
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid, "the process is lost");
  expect_end(m, status, output);
  expect_report(m, output);
  munmap(told, sizeof *told);
}
