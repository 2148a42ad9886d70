/* A kernel that begins to refuse while threads work, as when a limit is set on a
 * process that runs: what fails says so, what was given stays whole, children of
 * a fork go on, and when the kernel gives again there is memory again. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../../src/os.h"
#include "../support/child.h"
#include "../support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  THREADS = 4,
  HELD = 100,
  ROUNDS = 6
};

static bool stop;

static void step(void **held, uint64_t *state)
{
  void **h = &held[blocks_random(state) % HELD];
  uint32_t what = blocks_random(state) % 8;
  if (*h == NULL) {
    errno = 0;
    *h = blocks_make(state);
    MUST(*h != NULL || errno == ENOMEM);
  } else if (what < 2) {
    *h = blocks_change(*h, state);
  } else {
    blocks_end(*h);
    *h = NULL;
  }
}

static void *work(void *argument)
{
  uint64_t state = (uintptr_t)argument;
  void *held[HELD] = {NULL};
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    step(held, &state);
  }
  for (int i = 0; i < HELD; i++) {
    blocks_end(held[i]);
  }
  return NULL;
}

/* A child that works a little, whatever the kernel does, and then as ever. */
static void fork_once(uint64_t seed)
{
  pid_t child = fork();
  MUST(child >= 0);
  if (child == 0) {
    void *held[HELD] = {NULL};
    uint64_t state = seed;
    for (int i = 0; i < 200; i++) {
      step(held, &state);
    }
    os_test_fail_every = 0;
    void *block = blocks_make(&state);
    MUST(block != NULL);
    blocks_end(block);
    _exit(0);
  }
  int status = 0;
  MUST(waitpid(child, &status, 0) == child && status == 0);
}

static void refuse(int64_t every)
{
  __atomic_store_n(&os_test_fail_every, every, __ATOMIC_RELAXED);
}

/* More than there is without the kernel. */
static void ask_for_too_much(void)
{
  enum {
    MOST = 200
  };
  void *block[MOST];
  int n = 0;
  errno = 0;
  while (n < MOST && (block[n] = ashlar_malloc(1 << 20)) != NULL) {
    n++;
  }
  MUST(n < MOST && errno == ENOMEM);
  while (n > 0) {
    ashlar_free(block[--n]);
  }
}

/* Refuses everything for a while, then every third request, then nothing. */
static void limits_that_come_and_go(int forks)
{
  pthread_t thread[THREADS];
  for (int i = 0; i < THREADS; i++) {
    MUST(pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)(i + 1)) == 0);
  }
  for (int round = 0; round < ROUNDS; round++) {
    refuse(1);
    usleep(20000);
    ask_for_too_much();
    if (forks != 0) {
      fork_once((uint64_t)round);
    }
    refuse(3);
    usleep(20000);
    refuse(0);
    usleep(10000);
  }
  __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(thread[i], NULL);
  }
  uint64_t state = 1;
  for (int i = 0; i < 1000; i++) {
    void *block = blocks_make(&state);
    MUST(block != NULL);
    blocks_end(block);
  }
  blocks_expect_empty_heap();
}

Test(limits, that_come_and_go)
{
  child_runs(limits_that_come_and_go, 0);
}

Test(limits, that_come_and_go_among_forks)
{
  child_runs(limits_that_come_and_go, 1);
}
