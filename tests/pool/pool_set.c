/* Pool sets as a program sees them. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum {
  BUDGET = 1 << 20,
  PIECES = 400
};

static ashlar_pool_set *create(struct ashlar_pool_set_options options)
{
  ashlar_pool_set *set = ashlar_pool_set_create(&options);
  CHECK(set != NULL, "no set");
  return set;
}

static struct ashlar_pool_set_statistics stats_of(ashlar_pool_set *set)
{
  struct ashlar_pool_set_statistics s;
  ashlar_pool_set_stats(set, &s);
  CHECK(ashlar_pool_set_check(set), "the checker says no");
  CHECK(s.free_pieces <= s.live_pieces + 1, "%lu free pieces between %lu live ones", s.free_pieces,
        s.live_pieces);
  return s;
}

struct piece {
  unsigned char *at;
  size_t size;
};
static struct piece piece[PIECES];

static void use(ashlar_pool_set *set, size_t largest)
{
  memset(piece, 0, sizeof piece);
  uint64_t live = 0;
  for (int n = 0; n < EFFORT(20000); n++) {
    struct piece *p = &piece[prng_below(PIECES)];
    if (p->at != NULL) {
      for (size_t k = 0; k < p->size; k++) {
        CHECK(p->at[k] == (unsigned char)p->size, "byte %zu of %zu", k, p->size);
      }
      CHECK(ashlar_pool_set_size(set, p->at) >= p->size, "its size");
      CHECK(ashlar_pool_set_free(set, p->at) == ASHLAR_POOL_OK, "a free");
      CHECK(ashlar_pool_set_size(set, p->at) == 0, "a freed one");
      p->at = NULL;
      live--;
      continue;
    }
    p->size = 1 + prng_below(prng_once_in(8) ? largest : 500);
    errno = 0;
    p->at = ashlar_pool_set_alloc(set, p->size);
    CHECK(p->at != NULL || errno == ENOMEM, "%zu bytes: %d", p->size, errno);
    if (p->at == NULL) {
      continue;
    }
    CHECK((uintptr_t)p->at % 64 == 0, "%p", (void *)p->at);
    for (size_t k = 0; k < p->size; k++) {
      CHECK(p->at[k] == 0, "byte %zu is not zero", k);
    }
    memset(p->at, (unsigned char)p->size, p->size);
    live++;
    if (n % 100 == 0) {
      CHECK(stats_of(set).live_pieces == live, "%lu live", live);
    }
  }
  for (int i = 0; i < PIECES; i++) {
    ashlar_pool_set_free(set, piece[i].at);
  }
  struct ashlar_pool_set_statistics s = stats_of(set);
  CHECK(s.live == 0 && s.free_pieces == 1 && s.largest_free == s.budget,
        "neighbours have joined: %lu free pieces", s.free_pieces);
  CHECK(ashlar_pool_set_destroy(set) == 0, "nothing leaks");
}

Test(pool_set, powers_of_two)
{
  use(create((struct ashlar_pool_set_options){.budget = BUDGET}), 65536);
  use(create((struct ashlar_pool_set_options){
          .budget = BUDGET, .smallest = 100, .largest = 9000, .threads = ASHLAR_POOL_SHARED}),
      8192);
}

Test(pool_set, declared_sizes)
{
  static const size_t sizes[] = {1500, 200, 9000, 200, 64};
  use(create((struct ashlar_pool_set_options){
          .sizes = sizes, .size_count = 5, .budget = BUDGET + 100}),
      9000);
}

Test(pool_set, exhaustion)
{
  static const size_t sizes[] = {100, 1000};
  ashlar_pool_set *set = create((struct ashlar_pool_set_options){
      .sizes = sizes, .size_count = 2, .budget = 10 * 1024, .name = "ten"});
  void *got[10];
  for (int i = 0; i < 10; i++) {
    got[i] = ashlar_pool_set_alloc(set, 1000);
    CHECK(got[i] != NULL, "piece %d", i);
  }
  errno = 0;
  CHECK(ashlar_pool_set_alloc(set, 1) == NULL && errno == ENOMEM, "one too many");
  CHECK(stats_of(set).exhausted == 1 && stats_of(set).live_pieces == 10, "nothing has changed");
  errno = 0;
  CHECK(ashlar_pool_set_alloc(set, 1025) == NULL && errno == EINVAL, "larger than the largest");
  ashlar_pool_set_free(set, got[3]);
  for (int i = 0; i < 8; i++) {
    CHECK(ashlar_pool_set_alloc(set, 100) != NULL, "an eighth of a large one, %d", i);
  }
  CHECK(ashlar_pool_set_alloc(set, 100) == NULL, "a ninth");
  CHECK(strcmp(stats_of(set).name, "ten") == 0, "its name");
  CHECK(ashlar_pool_set_destroy(set) == 17, "leaks are counted");
}

Test(pool_set, refused_options)
{
  static const size_t none[] = {0};
  static const size_t many[40] = {1, 100, 200};
  const struct ashlar_pool_set_options wrong[] = {
      {.budget = 0},
      {.budget = (size_t)1 << 40},
      {.budget = BUDGET, .sizes = none, .size_count = 1},
      {.budget = BUDGET, .sizes = many, .size_count = 0},
      {.budget = BUDGET, .smallest = 4096, .largest = 64},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    errno = 0;
    CHECK(ashlar_pool_set_create(&wrong[i]) == NULL && errno == EINVAL, "options %zu", i);
  }
}

/* Verdicts, where the set only reports. */
Test(pool_set, verdicts)
{
  for (int mode = 0; mode < 2; mode++) {
    ashlar_pool_set *set = create((struct ashlar_pool_set_options){
        .budget = BUDGET, .threads = (enum ashlar_pool_threads)mode, .report_only = true});
    char *a = ashlar_pool_set_alloc(set, 200);
    CHECK(ashlar_pool_set_free(set, a + 64) == ASHLAR_POOL_NOT_AN_OBJECT, "inside");
    CHECK(ashlar_pool_set_free(set, a + 1) == ASHLAR_POOL_NOT_AN_OBJECT, "between units");
    CHECK(ashlar_pool_set_free(set, &set) == ASHLAR_POOL_WRONG_POOL, "the stack");
    CHECK(ashlar_pool_set_free(set, a + BUDGET) == ASHLAR_POOL_WRONG_POOL, "behind the end");
    CHECK(ashlar_pool_set_free(set, a) == ASHLAR_POOL_OK, "right");
    CHECK(ashlar_pool_set_free(set, a) == ASHLAR_POOL_ALREADY_FREE, "twice");
    CHECK(ashlar_pool_set_check(set) && ashlar_pool_set_destroy(set) == 0, "sound");
  }
}

static ashlar_pool_set *shared;

static void *worker(void *argument)
{
  for (int n = 0; n < EFFORT(3000); n++) {
    unsigned char *at[20];
    for (size_t i = 0; i < 20; i++) {
      at[i] = ashlar_pool_set_alloc(shared, i * 50 + 1);
      if (at[i] != NULL && at[i][i * 50] != 0) {
        return argument;
      }
      if (at[i] != NULL) {
        memset(at[i], 1, i * 50 + 1);
      }
    }
    for (int i = 0; i < 20; i++) {
      if (ashlar_pool_set_free(shared, at[i]) != ASHLAR_POOL_OK) {
        return argument;
      }
    }
  }
  return NULL;
}

Test(pool_set, threads)
{
  shared = create((struct ashlar_pool_set_options){.budget = 50000, .threads = ASHLAR_POOL_SHARED});
  pthread_t thread[4];
  for (int i = 0; i < 4; i++) {
    CHECK(pthread_create(&thread[i], NULL, worker, &shared) == 0, "no thread");
  }
  for (int i = 0; i < 4; i++) {
    void *failed;
    pthread_join(thread[i], &failed);
    CHECK(failed == NULL, "thread %d", i);
  }
  CHECK(stats_of(shared).free_pieces == 1, "all is one piece again");
  ashlar_pool_set_destroy(shared);
}
