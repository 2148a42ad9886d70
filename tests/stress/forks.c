/* Forks of a process whose other threads are in the middle of anything: the
 * child allocates, frees what it inherited, and its heap checks out. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  FORKS = 200,
  BUSY = 3,
  PLACES = 64,
  INHERITED = 300
};

static void *place[PLACES];
static bool done;
static pthread_barrier_t begun;

static void *busy(void *argument)
{
  uint64_t state = (uintptr_t)argument;
  pthread_barrier_wait(&begun);
  while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
    void *block = blocks_make(&state);
    MUST(block != NULL);
    blocks_end(
        __atomic_exchange_n(&place[blocks_random(&state) % PLACES], block, __ATOMIC_ACQ_REL));
  }
  return NULL;
}

static void *inherited[INHERITED];

static void sound(void)
{
  const char *what = NULL;
  if (!ashlar_check(&what, NULL)) {
    blocks_failed(__FILE__, __LINE__, what);
  }
}

static void *in_thread(void *argument)
{
  uint64_t state = (uintptr_t)argument;
  for (int i = 0; i < 200; i++) {
    blocks_end(blocks_make(&state));
  }
  return NULL;
}

static _Noreturn void child(uint64_t state)
{
  /* A check takes longer than all the rest. */
  bool checked = state % 8 == 0;
  alarm(60); /* for a lock that nobody will release */
  if (checked) {
    sound();
  }
  for (int i = 0; i < INHERITED; i++) {
    blocks_end(inherited[i]);
  }
  for (int i = 0; i < PLACES; i++) {
    blocks_end(__atomic_exchange_n(&place[i], NULL, __ATOMIC_ACQ_REL));
  }
  void *own[200];
  for (int i = 0; i < 200; i++) {
    own[i] = blocks_make(&state);
    MUST(own[i] != NULL);
  }
  for (int i = 0; i < 200; i++) {
    blocks_end(own[i]);
  }
#ifndef __SANITIZE_THREAD__
  pthread_t thread;
  MUST(pthread_create(&thread, NULL, in_thread, (void *)7) == 0);
  pthread_join(thread, NULL);
#else
  in_thread((void *)7);
#endif
  ashlar_malloc_trim(0);
  if (checked) {
    sound();
  }
  _exit(0);
}

Test(forks, of_a_busy_process)
{
  pthread_t thread[BUSY];
  CHECK(pthread_barrier_init(&begun, NULL, BUSY + 1) == 0, "barrier");
  for (int i = 0; i < BUSY; i++) {
    CHECK(pthread_create(&thread[i], NULL, busy, (void *)(uintptr_t)(i + 1)) == 0, "thread");
  }
  /* A sanitizer's own locks do not survive a fork in the middle of the start of
   * a thread; ours are what this is about. */
  pthread_barrier_wait(&begun);
  uint64_t state = 99;
  for (int i = 0; i < INHERITED; i++) {
    inherited[i] = blocks_make(&state);
  }
  for (int n = 0; n < EFFORT(FORKS); n++) {
    usleep((unsigned)prng_below(2000));
    pid_t pid = fork();
    CHECK(pid >= 0, "no process");
    if (pid == 0) {
      child((uint64_t)n);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid, "the child is lost");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "fork %d: status %#x", n, status);
  }
  __atomic_store_n(&done, true, __ATOMIC_RELEASE);
  for (int i = 0; i < BUSY; i++) {
    pthread_join(thread[i], NULL);
  }
  for (int i = 0; i < INHERITED; i++) {
    blocks_end(inherited[i]);
  }
  for (int i = 0; i < PLACES; i++) {
    blocks_end(place[i]);
  }
  blocks_expect_empty_heap();
}

#ifndef __SANITIZE_THREAD__

/* ---- what the other threads held ---------------------------------------------- */

static void *hold_and_wait(void *argument)
{
  void *block[BUSY * 20];
  for (int i = 0; i < BUSY * 20; i++) {
    block[i] = ashlar_malloc(2000);
  }
  for (int i = 0; i < BUSY * 20; i++) {
    ashlar_free(block[i]);
  }
  pthread_barrier_wait(&begun);
  pthread_barrier_wait(&begun);
  return argument;
}

static uint64_t cached(void)
{
  struct ashlar_statistics s;
  ashlar_statistics(&s);
  return s.cached;
}

/* A child takes it when it needs memory, and not before; nothing of it is lost. */
static _Noreturn void needy_child(void)
{
  alarm(60);
  uint64_t before = cached();
  ashlar_free(ashlar_malloc(2000));
  ashlar_free(ashlar_malloc(100));
  MUST(before > 0 && cached() > 0);
  ashlar_malloc_trim(0);
  MUST(cached() == 0);
  MUST(ashlar_check(NULL, NULL));
  pthread_t thread;
  MUST(pthread_create(&thread, NULL, in_thread, (void *)7) == 0);
  pthread_join(thread, NULL);
  ashlar_malloc_trim(0);
  MUST(cached() == 0);
  _exit(0);
}

static void fork_and_check(void (*child_runs)(void))
{
  pid_t pid = fork();
  CHECK(pid >= 0, "no process");
  if (pid == 0) {
    child_runs();
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid, "the child is lost");
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}

/* So does the child of a child that did not. */
static void idle_child(void)
{
  fork_and_check(needy_child);
  _exit(0);
}

Test(forks, of_a_process_with_idle_threads)
{
  pthread_t thread[BUSY];
  CHECK(pthread_barrier_init(&begun, NULL, BUSY + 1) == 0, "barrier");
  for (int i = 0; i < BUSY; i++) {
    CHECK(pthread_create(&thread[i], NULL, hold_and_wait, NULL) == 0, "thread");
  }
  pthread_barrier_wait(&begun);
  fork_and_check(needy_child);
  fork_and_check(idle_child);
  pthread_barrier_wait(&begun);
  for (int i = 0; i < BUSY; i++) {
    pthread_join(thread[i], NULL);
  }
  blocks_expect_empty_heap();
}

#endif
