/* A kernel that refuses every k-th request: pools and regions that cannot be
 * made or cannot grow say so, and nothing is lost, damaged or leaked by it. */
#include "../../src/ashlar.h"
#include "../../src/os.h"
#include "../support/child.h"
#include "../support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
  OBJECTS = 300,
  BLOCKS = 60
};

#define MUST(condition)                                                                            \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                      \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

static void use_pool(enum ashlar_pool_threads threads, bool zero)
{
  struct ashlar_pool_options options = {
      .object_size = 700, .growth = 40, .threads = threads, .zero_on_free = zero};
  errno = 0;
  ashlar_pool *pool = ashlar_pool_create(&options);
  if (pool == NULL) {
    MUST(errno == ENOMEM);
    return;
  }
  static char *object[OBJECTS];
  uint64_t live = 0;
  for (int i = 0; i < OBJECTS; i++) {
    errno = 0;
    object[i] = ashlar_pool_alloc(pool);
    MUST(object[i] != NULL || errno == ENOMEM);
    if (object[i] != NULL) {
      memset(object[i], i, 700);
      live++;
    }
  }
  struct ashlar_pool_statistics s;
  ashlar_pool_stats(pool, &s);
  MUST(s.live == live && s.live + s.cached + s.free == s.made && ashlar_pool_check(pool));
  for (int i = 0; i < OBJECTS; i++) {
    MUST(object[i] == NULL || object[i][699] == (char)i);
    MUST(ashlar_pool_free(pool, object[i]) == ASHLAR_POOL_OK);
  }
  ashlar_pool_trim(pool);
  MUST(ashlar_pool_destroy(pool) == 0);
}

static void *use_pool_in_thread(void *every)
{
  os_test_fail_every = *(int *)every;
  use_pool(ASHLAR_POOL_SHARED, false);
  os_test_fail_every = 0;
  return NULL;
}

static int calls;
static void count(void *none)
{
  (void)none;
  calls++;
}

static void use_region(void)
{
  errno = 0;
  ashlar_region *region = ashlar_region_create(NULL);
  if (region == NULL) {
    MUST(errno == ENOMEM);
    return;
  }
  for (int round = 0; round < 3; round++) {
    static char *block[BLOCKS];
    int handlers = 0;
    for (int i = 0; i < BLOCKS; i++) {
      size_t size = i % 10 == 0 ? 200000 : (size_t)(i * 200 + 1);
      errno = 0;
      block[i] = ashlar_region_alloc(region, size);
      MUST(block[i] != NULL || errno == ENOMEM);
      if (block[i] != NULL) {
        MUST(block[i][0] == 0 && block[i][size - 1] == 0);
        memset(block[i], i + 1, size);
      }
      handlers += ashlar_region_cleanup(region, count, NULL);
    }
    for (int i = 0; i < BLOCKS; i++) {
      MUST(block[i] == NULL || block[i][0] == (char)(i + 1));
    }
    MUST(ashlar_region_check(region));
    calls = 0;
    ashlar_region_reset(region);
    MUST(calls == handlers);
  }
  ashlar_region_destroy(region);
}

static void refuse_every(int every)
{
  os_test_fail_every = every;
  for (int round = 0; round < 8; round++) {
    use_pool(ASHLAR_POOL_ONE_OWNER, round % 2 == 0);
    use_pool(ASHLAR_POOL_SHARED, round % 2 == 0);
    use_region();
  }
  os_test_fail_every = 0;
  pthread_t thread;
  MUST(pthread_create(&thread, NULL, use_pool_in_thread, &every) == 0);
  pthread_join(thread, NULL);
  ashlar_malloc_trim(0);
  struct ashlar_statistics s;
  ashlar_statistics(&s);
  MUST(s.large_blocks == 0 && s.waiting == 0);
  MUST(ashlar_check(NULL, NULL));
  /* Nothing is taken for good: all of it works now. */
  use_pool(ASHLAR_POOL_SHARED, true);
  use_region();
}

static void *free_without_memory(void *objects)
{
  void **object = objects;
  ashlar_pool *pool = object[0];
  os_test_fail_every = 1;
  MUST(ashlar_pool_free(pool, object[1]) == ASHLAR_POOL_OK);
  MUST(ashlar_pool_free(pool, object[2]) == ASHLAR_POOL_OK);
  os_test_fail_every = 0;
  return NULL;
}

/* A free must not fail, least of all for want of memory: a thread that cannot
 * have a list of its own gives back to the pool's. */
Test(pool_refusals, free_by_a_thread_without_memory)
{
  struct ashlar_pool_options options = {
      .object_size = 48, .initial = 8, .threads = ASHLAR_POOL_SHARED, .zero_on_free = true};
  ashlar_pool *pool = ashlar_pool_create(&options);
  void *objects[3] = {pool, ashlar_pool_alloc(pool), ashlar_pool_alloc(pool)};
  CHECK(objects[1] != NULL && objects[2] != NULL, "no objects");
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, free_without_memory, objects) == 0, "no thread");
  pthread_join(thread, NULL);
  struct ashlar_pool_statistics s;
  ashlar_pool_stats(pool, &s);
  CHECK(s.live == 0 && ashlar_pool_check(pool), "%lu live", (unsigned long)s.live);
  CHECK(ashlar_pool_destroy(pool) == 0, "a leak");
}

Test(pool_refusals, every_kth)
{
  for (int every = 1; every <= 25; every++) {
    child_runs(refuse_every, every);
  }
}

static void refuse_once(int at)
{
  os_test_fail_at = at;
  use_pool(ASHLAR_POOL_ONE_OWNER, true);
  use_pool(ASHLAR_POOL_SHARED, false);
  use_region();
  os_test_fail_at = 0;
  ashlar_malloc_trim(0);
  MUST(ashlar_check(NULL, NULL));
}

/* One request refused, each in turn: what fails changes nothing. */
Test(pool_refusals, each_once)
{
  for (int at = 1; at <= 40; at++) {
    child_runs(refuse_once, at);
  }
}
