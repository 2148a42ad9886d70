/* Object pools as a program sees them. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  THREADS = 4,
  ROUNDS = EFFORT(60),
  OBJECTS = 1500
};

static const enum ashlar_pool_threads modes[] = {ASHLAR_POOL_ONE_OWNER, ASHLAR_POOL_SHARED};

static struct ashlar_pool_statistics stats_of(ashlar_pool *pool)
{
  struct ashlar_pool_statistics s;
  ashlar_pool_stats(pool, &s);
  CHECK(s.live + s.cached + s.free == s.made, "%lu live, %lu cached, %lu free of %lu", s.live,
        s.cached, s.free, s.made);
  CHECK(ashlar_pool_check(pool), "the checker says no");
  return s;
}

static ashlar_pool *create(struct ashlar_pool_options options)
{
  ashlar_pool *pool = ashlar_pool_create(&options);
  CHECK(pool != NULL, "no pool");
  return pool;
}

/* Objects lie apart, are aligned, and keep what is written to them. */
static void use(ashlar_pool *pool, size_t size, size_t align, bool zero)
{
  static unsigned char *object[OBJECTS];
  memset(object, 0, sizeof object);
  for (uint32_t n = 0; n < EFFORT(30000); n++) {
    uint32_t i = prng_below32(OBJECTS);
    if (object[i] == NULL) {
      object[i] = ashlar_pool_alloc(pool);
      CHECK(object[i] != NULL && (uintptr_t)object[i] % align == 0, "%p", (void *)object[i]);
      for (size_t k = 0; zero && k < size; k++) {
        CHECK(object[i][k] == 0, "byte %zu is not zero", k);
      }
      memset(object[i], (int)(i % 251 + 1), size);
      CHECK(ashlar_pool_owns(pool, object[i]), "its own object");
    } else {
      for (size_t k = 0; k < size; k++) {
        CHECK(object[i][k] == i % 251 + 1, "byte %zu of %u", k, i);
      }
      CHECK(ashlar_pool_free(pool, object[i]) == ASHLAR_POOL_OK, "a free");
      CHECK(!ashlar_pool_owns(pool, object[i]), "a freed object");
      object[i] = NULL;
    }
    if (n % 5000 == 0) {
      stats_of(pool);
      ashlar_pool_trim(pool);
    }
  }
  for (uint32_t i = 0; i < OBJECTS; i++) {
    ashlar_pool_free(pool, object[i]);
  }
  CHECK(stats_of(pool).live == 0, "all was freed");
}

Test(pool, sizes_and_alignments)
{
  static const size_t sizes[] = {1, 8, 16, 17, 64, 100, 1000, 5000};
  static const size_t aligns[] = {0, 8, 64, 4096};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t k = 0; k < sizeof aligns / sizeof *aligns; k++) {
      for (int mode = 0; mode < 2; mode++) {
        bool zero = prng_once_in(2);
        ashlar_pool *pool = create((struct ashlar_pool_options){.object_size = sizes[i],
                                                                .alignment = aligns[k],
                                                                .growth = 1 + prng_below(300),
                                                                .threads = modes[mode],
                                                                .zero_on_free = zero});
        use(pool, sizes[i], aligns[k] < 16 ? 16 : aligns[k], zero);
        CHECK(ashlar_pool_destroy(pool) == 0, "nothing leaks");
      }
    }
  }
}

/* A fixed pool hands out all of its objects, and then none; that changes
 * nothing, and one that is freed can be had again. */
Test(pool, exhaustion)
{
  for (int mode = 0; mode < 2; mode++) {
    ashlar_pool *pool = create((struct ashlar_pool_options){
        .object_size = 24, .initial = 100, .threads = modes[mode], .name = "fixed"});
    void *object[100];
    for (int i = 0; i < 100; i++) {
      object[i] = ashlar_pool_alloc(pool);
      CHECK(object[i] != NULL, "object %d", i);
    }
    struct ashlar_pool_statistics before = stats_of(pool);
    errno = 0;
    CHECK(ashlar_pool_alloc(pool) == NULL && errno == ENOMEM, "one too many");
    struct ashlar_pool_statistics after = stats_of(pool);
    CHECK(after.live == before.live && after.made == 100 && after.exhausted == 1, "exhausted");
    CHECK(strcmp(after.name, "fixed") == 0 && after.object_size == 24 && after.stride == 32,
          "what it is");
    CHECK(ashlar_pool_free(pool, object[50]) == ASHLAR_POOL_OK, "a free");
    CHECK(ashlar_pool_alloc(pool) == object[50], "the one that was freed");
    for (int i = 0; i < 100; i++) {
      ashlar_pool_free(pool, object[i]);
    }
    CHECK(ashlar_pool_destroy(pool) == 0, "nothing leaks");
  }
}

Test(pool, maximum)
{
  for (int mode = 0; mode < 2; mode++) {
    ashlar_pool *pool = create((struct ashlar_pool_options){
        .object_size = 300, .initial = 3, .growth = 7, .maximum = 50, .threads = modes[mode]});
    int n = 0;
    while (ashlar_pool_alloc(pool) != NULL) {
      n++;
    }
    CHECK(n == 50, "%d objects", n);
    struct ashlar_pool_statistics s = stats_of(pool);
    CHECK(s.live == 50 && s.maximum == 50 && s.made == 50, "%lu", s.live);
    CHECK(ashlar_pool_destroy(pool) == 50, "leaks are counted");
  }
}

Test(pool, refused_options)
{
  static const struct ashlar_pool_options wrong[] = {
      {.object_size = 0, .initial = 1},
      {.object_size = 8, .initial = 0, .growth = 0},
      {.object_size = 8, .initial = 5, .growth = 1, .maximum = 4},
      {.object_size = 8, .initial = 1, .alignment = 24},
      {.object_size = 8, .initial = 1, .alignment = 8192},
      {.object_size = SIZE_MAX, .initial = 1},
      {.object_size = (size_t)1 << 32, .initial = 1},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    errno = 0;
    CHECK(ashlar_pool_create(&wrong[i]) == NULL && errno == EINVAL, "options %zu", i);
  }
  struct ashlar_pool_options huge = {.object_size = 4096, .initial = SIZE_MAX / 2};
  CHECK(ashlar_pool_create(&huge) == NULL && errno == ENOMEM, "more than there can be");
}

/* There are so many at a time, and the places of destroyed ones are used again. */
Test(pool, many_pools)
{
  ashlar_pool *pool[200];
  int n = 0;
  struct ashlar_pool_options options = {.object_size = 8, .initial = 4};
  while (n < 200 && (pool[n] = ashlar_pool_create(&options)) != NULL) {
    n++;
  }
  CHECK(n == 127 && errno == ENOMEM, "%d pools", n);
  ashlar_pool_destroy(pool[60]);
  ashlar_pool *again = ashlar_pool_create(&options);
  CHECK(again != NULL && again != pool[60], "another handle in the same place");
  pool[60] = again;
  for (int i = 0; i < n; i++) {
    CHECK(ashlar_pool_alloc(pool[i]) != NULL, "pool %d", i);
    CHECK(ashlar_pool_destroy(pool[i]) == 1, "pool %d", i);
  }
  CHECK(ashlar_pool_destroy(NULL) == 0, "nothing");
}

/* Trimmed memory is zero when it is used again, and live objects stay. */
Test(pool, trim)
{
  for (int mode = 0; mode < 2; mode++) {
    ashlar_pool *pool = create((struct ashlar_pool_options){
        .object_size = 1000, .initial = 1000, .threads = modes[mode], .zero_on_free = true});
    unsigned char *object[1000];
    for (int i = 0; i < 1000; i++) {
      object[i] = ashlar_pool_alloc(pool);
      memset(object[i], 7, 1000);
    }
    CHECK(ashlar_pool_trim(pool) < 4096, "all are live");
    for (int i = 0; i < 1000; i++) {
      if (i % 100 != 0) {
        ashlar_pool_free(pool, object[i]);
      }
    }
    CHECK(ashlar_pool_trim(pool) > 500000, "most are free");
    for (int i = 0; i < 1000; i += 100) {
      for (int k = 0; k < 1000; k++) {
        CHECK(object[i][k] == 7, "object %d", i);
      }
      ashlar_pool_free(pool, object[i]);
    }
    CHECK(ashlar_pool_destroy(pool) == 0, "nothing leaks");
  }
}

/* ---- threads ---------------------------------------------------------------------- */

static ashlar_pool *shared;
static void *exchanged[OBJECTS];

/* Allocates, marks, hands over to whoever comes by, checks, frees. */
static void *worker(void *argument)
{
  uintptr_t seed = (uintptr_t)argument;
  for (int n = 0; n < ROUNDS * 1000; n++) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    uintptr_t *object = ashlar_pool_alloc(shared);
    if (object == NULL) {
      return argument;
    }
    object[0] = (uintptr_t)object;
    object[7] = ~(uintptr_t)object;
    uintptr_t *old =
        __atomic_exchange_n(&exchanged[(seed >> 33) % OBJECTS], object, __ATOMIC_ACQ_REL);
    if (old == NULL) {
      continue;
    }
    if (old[0] != (uintptr_t)old || old[7] != ~(uintptr_t)old ||
        ashlar_pool_free(shared, old) != ASHLAR_POOL_OK) {
      return argument;
    }
  }
  return NULL;
}

static void share(struct ashlar_pool_options options)
{
  shared = create(options);
  pthread_t thread[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++) {
    CHECK(pthread_create(&thread[i], NULL, worker, (void *)(i + 1)) == 0, "no thread");
  }
  for (int i = 0; i < THREADS; i++) {
    void *failed;
    pthread_join(thread[i], &failed);
    CHECK(failed == NULL, "thread %d", i);
  }
  uint64_t held = 0;
  for (int i = 0; i < OBJECTS; i++) {
    held += exchanged[i] != NULL;
  }
  struct ashlar_pool_statistics s = stats_of(shared);
  CHECK(s.live == held, "%lu live, not %lu", s.live, held);
  CHECK(s.cached == 0, "threads that ended hold %lu", s.cached);
  for (int i = 0; i < OBJECTS; i++) {
    if (exchanged[i] != NULL) {
      CHECK(ashlar_pool_free(shared, exchanged[i]) == ASHLAR_POOL_OK, "object %d", i);
      exchanged[i] = NULL;
    }
  }
  CHECK(ashlar_pool_destroy(shared) == 0, "nothing leaks");
}

Test(pool, threads_exchange)
{
  share((struct ashlar_pool_options){
      .object_size = 64, .growth = 500, .threads = ASHLAR_POOL_SHARED});
}

Test(pool, threads_exchange_cleared)
{
  share((struct ashlar_pool_options){.object_size = 70,
                                     .initial = 5 * OBJECTS,
                                     .threads = ASHLAR_POOL_SHARED,
                                     .zero_on_free = true});
}

/* Pools come and go while other threads use theirs. */
static void *comes_and_goes(void *argument)
{
  for (int n = 0; n < ROUNDS; n++) {
    struct ashlar_pool_options options = {
        .object_size = 40, .initial = 20, .threads = modes[n % 2]};
    ashlar_pool *pool = ashlar_pool_create(&options);
    if (pool == NULL) {
      return argument;
    }
    void *object[20];
    for (int i = 0; i < 20; i++) {
      object[i] = ashlar_pool_alloc(pool);
    }
    for (int i = 0; i < 20; i++) {
      if (object[i] == NULL || ashlar_pool_free(pool, object[i]) != ASHLAR_POOL_OK) {
        return argument;
      }
    }
    if (ashlar_pool_destroy(pool) != 0) {
      return argument;
    }
  }
  return NULL;
}

Test(pool, threads_create)
{
  pthread_t thread[THREADS];
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_create(&thread[i], NULL, comes_and_goes, &shared) == 0, "no thread");
  }
  for (int i = 0; i < THREADS; i++) {
    void *failed;
    pthread_join(thread[i], &failed);
    CHECK(failed == NULL, "thread %d", i);
  }
}

#ifndef __SANITIZE_THREAD__
/* In the child of a fork, what other threads held is free again. */
static void *keeps_forking_busy(void *stop)
{
  while (!__atomic_load_n((bool *)stop, __ATOMIC_ACQUIRE)) {
    ashlar_pool_free(shared, ashlar_pool_alloc(shared));
  }
  return NULL;
}

Test(pool, fork)
{
  static bool stop;
  shared = create((struct ashlar_pool_options){
      .object_size = 16, .initial = 1000, .threads = ASHLAR_POOL_SHARED});
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, keeps_forking_busy, &stop) == 0, "no thread");
  for (int n = 0; n < 20; n++) {
    pid_t pid = fork();
    CHECK(pid >= 0, "no process");
    if (pid == 0) {
      alarm(20);
      int got = 0;
      while (ashlar_pool_alloc(shared) != NULL) {
        got++;
      }
      /* One may have been on its way when the fork came. */
      _exit(got >= 998 ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %#x", status);
  }
  __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  ashlar_pool_destroy(shared);
}
#endif
