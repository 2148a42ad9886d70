/* Threads that use the heap past their end: in destructors of thread-specific
 * data that arm themselves again until no more are run. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../../src/thread_registry.h"
#include "../support/harness.h"

#include <pthread.h>

/* Of destructors.  ThreadSanitizer lets go of a thread before the last one. */
#ifdef __SANITIZE_THREAD__
enum {
  ROUNDS = 2
};
#else
enum {
  ROUNDS = 1000
};
#endif

enum {
  THREADS = 400,
  AT_A_TIME = 4,
  BLOCKS = 20
};

static pthread_key_t key;

static void use(void *seed)
{
  uint64_t state = (uintptr_t)seed;
  void *block[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = i == 0 ? ashlar_malloc(0) : blocks_make(&state);
    MUST(block[i] != NULL);
  }
  for (int i = BLOCKS - 1; i > 0; i--) {
    block[i] = blocks_change(block[i], &state);
    blocks_end(block[i]);
  }
  ashlar_free(block[0]);
}

static void again(void *round)
{
  use(round);
  if ((uintptr_t)round < ROUNDS) {
    pthread_setspecific(key, (char *)round + 1);
  }
}

static void *run(void *seed)
{
  use(seed);
  pthread_setspecific(key, (void *)1);
  return NULL;
}

static void threads(int n)
{
  for (int i = 0; i < n; i += AT_A_TIME) {
    pthread_t thread[AT_A_TIME];
    for (int k = 0; k < AT_A_TIME; k++) {
      CHECK(pthread_create(&thread[k], NULL, run, (void *)(uintptr_t)(i + k + 1)) == 0, "thread");
    }
    for (int k = 0; k < AT_A_TIME; k++) {
      pthread_join(thread[k], NULL);
    }
  }
}

Test(threads_end, leave_nothing)
{
  CHECK(pthread_key_create(&key, again) == 0, "key");
  threads(EFFORT(THREADS));
  ashlar_free(ashlar_malloc(1));
  CHECK(thread_registry_owners() == 1, "%u caches have a thread", thread_registry_owners());
  blocks_expect_empty_heap();
}

#ifndef __SANITIZE_THREAD__

/* Threads whose first use of the heap comes when no destructor of ours follows:
 * the next one on the same stack has their cache. */
static void late(void *unused)
{
  (void)unused;
  static __thread int round;
  if (++round < 4) {
    pthread_setspecific(key, &round);
    return;
  }
  void *block = ashlar_malloc(100);
  MUST(block != NULL);
  ashlar_free(block);
}

static void *begin_late(void *unused)
{
  (void)unused;
  pthread_setspecific(key, &key);
  return NULL;
}

Test(threads_end, may_begin_late)
{
  ashlar_free(ashlar_malloc(1));
  CHECK(pthread_key_create(&key, late) == 0, "key");
  for (int i = 0; i < 50; i++) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, begin_late, NULL) == 0, "thread");
    pthread_join(thread, NULL);
  }
  CHECK(thread_registry_owners() <= 5, "%u caches have a thread", thread_registry_owners());
}

#endif
