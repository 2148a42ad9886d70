/* Threads that end, and use a shared pool afterwards: in destructors that arm
 * themselves again until no more are run. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

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
  THREADS = 300,
  OBJECTS = 10
};

static ashlar_pool *pool;
static pthread_key_t key;

static void use(void *round)
{
  void *object[OBJECTS];
  for (int i = 0; i < OBJECTS; i++) {
    object[i] = ashlar_pool_alloc(pool);
    CHECK(object[i] != NULL, "no object");
  }
  for (int i = 0; i < OBJECTS; i++) {
    CHECK(ashlar_pool_free(pool, object[i]) == ASHLAR_POOL_OK, "free");
  }
  if ((uintptr_t)round < ROUNDS) {
    pthread_setspecific(key, (char *)round + 1);
  }
}

static void *run(void *unused)
{
  (void)unused;
  use((void *)1);
  return NULL;
}

static size_t mappings(void)
{
  size_t lines = 0;
  FILE *f = fopen("/proc/self/maps", "r");
  CHECK(f != NULL, "maps");
  for (int c = getc(f); c != EOF; c = getc(f)) {
    lines += c == '\n';
  }
  fclose(f);
  return lines;
}

static void threads(int n)
{
  for (int i = 0; i < n; i++) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, NULL) == 0, "thread");
    pthread_join(thread, NULL);
  }
}

Test(pool_threads, ended_ones_leave_nothing)
{
  pool = ashlar_pool_create(&(struct ashlar_pool_options){
      .object_size = 48, .initial = 100, .growth = 100, .threads = ASHLAR_POOL_SHARED});
  CHECK(pool != NULL && pthread_key_create(&key, use) == 0, "start");
  threads(THREADS / 10);
  size_t before = mappings();
  threads(EFFORT(THREADS));
  CHECK(mappings() <= before + 10, "%zu mappings, then %zu", before, mappings());
  struct ashlar_pool_statistics s;
  ashlar_pool_stats(pool, &s);
  CHECK(s.live == 0 && s.cached == 0 && s.free == s.made, "live %llu, cached %llu",
        (unsigned long long)s.live, (unsigned long long)s.cached);
  CHECK(ashlar_pool_destroy(pool) == 0, "live objects");
}

/* The last object of a full pool, and none, past the end of a thread. */
static void *held[200];

static void exhaust(void *unused)
{
  (void)unused;
  uint32_t n = 0;
  while (n < 200 && (held[n] = ashlar_pool_alloc(pool)) != NULL) {
    n++;
  }
  CHECK(n == 100, "%u objects of 100", n);
  CHECK(ashlar_pool_alloc(pool) == NULL, "one more");
  while (n > 0) {
    CHECK(ashlar_pool_free(pool, held[--n]) == ASHLAR_POOL_OK, "free");
  }
}

static void *use_and_arm(void *unused)
{
  (void)unused;
  CHECK(ashlar_pool_free(pool, ashlar_pool_alloc(pool)) == ASHLAR_POOL_OK, "free");
  pthread_setspecific(key, pool);
  return NULL;
}

Test(pool_threads, ended_ones_find_all_objects)
{
  pool = ashlar_pool_create(&(struct ashlar_pool_options){
      .object_size = 48, .initial = 100, .threads = ASHLAR_POOL_SHARED, .zero_on_free = true});
  CHECK(pool != NULL, "pool");
  /* Its key is the first, so that its destructor runs before ours. */
  CHECK(pthread_key_create(&key, exhaust) == 0, "key");
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, use_and_arm, NULL) == 0, "thread");
  pthread_join(thread, NULL);
  CHECK(ashlar_pool_destroy(pool) == 0, "live objects");
}
