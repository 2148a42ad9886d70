/* Many threads that free each other's blocks, hand them on, and end while
 * others work; every block is looked at before it goes. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <pthread.h>
#include <string.h>

enum {
  MOST = 16,
  PLACES = 512
};

/* Where blocks change hands. */
static void *place[PLACES];
static uint32_t steps;

static void *swap(uint32_t i, void *block)
{
  return __atomic_exchange_n(&place[i], block, __ATOMIC_ACQ_REL);
}

static void clear_places(void)
{
  for (uint32_t i = 0; i < PLACES; i++) {
    blocks_end(swap(i, NULL));
  }
}

static void *exchange(void *argument)
{
  uint64_t state = (uintptr_t)argument;
  for (uint32_t n = 0; n < steps; n++) {
    uint32_t r = blocks_random(&state);
    void *block = swap(r % PLACES, NULL);
    if (block == NULL) {
      block = blocks_make(&state);
      MUST(block != NULL);
    } else if (r % 5 == 0) {
      block = blocks_change(block, &state);
    } else {
      blocks_end(block);
      block = blocks_make(&state);
      MUST(block != NULL);
    }
    blocks_end(swap(blocks_random(&state) % PLACES, block));
  }
  return NULL;
}

static void run(int threads, uint32_t all_steps)
{
  pthread_t thread[MOST];
  steps = all_steps / (uint32_t)threads;
  for (int i = 0; i < threads; i++) {
    CHECK(pthread_create(&thread[i], NULL, exchange, (void *)(uintptr_t)(i + 1)) == 0, "thread");
  }
  for (int i = 0; i < threads; i++) {
    pthread_join(thread[i], NULL);
  }
  clear_places();
  blocks_expect_empty_heap();
}

Test(threads, two)
{
  run(2, EFFORT(100000));
}

Test(threads, four)
{
  run(4, EFFORT(100000));
}

Test(threads, eight)
{
  run(8, EFFORT(100000));
}

Test(threads, sixteen)
{
  run(16, EFFORT(100000));
}

/* Threads that live for a moment, and leave blocks behind. */
Test(threads, that_end)
{
  enum {
    LIVES = 400
  };
  pthread_t thread[MOST];
  steps = 200;
  for (int i = 0; i < LIVES + MOST; i++) {
    if (i >= MOST) {
      pthread_join(thread[i % MOST], NULL);
    }
    if (i < LIVES) {
      CHECK(pthread_create(&thread[i % MOST], NULL, exchange, (void *)(uintptr_t)(i + 1)) == 0,
            "thread");
    }
  }
  clear_places();
  blocks_expect_empty_heap();
}

/* Blocks made in some threads and ended in others, in order. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  void *block[64];
  uint32_t count;
  int producers;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *produce(void *argument)
{
  uint64_t state = (uintptr_t)argument;
  for (uint32_t n = 0; n < steps; n++) {
    void *block = blocks_make(&state);
    MUST(block != NULL);
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 64) {
      pthread_cond_wait(&queue.changed, &queue.lock);
    }
    queue.block[queue.count++] = block;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
  }
  pthread_mutex_lock(&queue.lock);
  queue.producers--;
  pthread_cond_broadcast(&queue.changed);
  pthread_mutex_unlock(&queue.lock);
  return NULL;
}

static void *consume(void *argument)
{
  (void)argument;
  for (;;) {
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0 && queue.producers > 0) {
      pthread_cond_wait(&queue.changed, &queue.lock);
    }
    void *block = queue.count > 0 ? queue.block[--queue.count] : NULL;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
    if (block == NULL) {
      return NULL;
    }
    blocks_end(block);
  }
}

Test(threads, producers_and_consumers)
{
  enum {
    PAIRS = 3
  };
  pthread_t thread[2 * PAIRS];
  steps = EFFORT(10000);
  queue.producers = PAIRS;
  for (int i = 0; i < PAIRS; i++) {
    pthread_create(&thread[i], NULL, produce, (void *)(uintptr_t)(i + 1));
    pthread_create(&thread[PAIRS + i], NULL, consume, NULL);
  }
  for (int i = 0; i < 2 * PAIRS; i++) {
    pthread_join(thread[i], NULL);
  }
  blocks_expect_empty_heap();
}

static bool done;

/* Figures, trims and object sizes are asked for while all that goes on. */
static void *look(void *argument)
{
  (void)argument;
  char text[2048];
  while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
    struct ashlar_statistics s;
    ashlar_statistics(&s);
    MUST(ashlar_statistics_json(text, sizeof text) < sizeof text);
    MUST(ashlar_object_size(&s) == 0);
    ashlar_malloc_trim(1 << 20);
  }
  return NULL;
}

static void run_beside(void *(*other)(void *))
{
  pthread_t watcher;
  CHECK(pthread_create(&watcher, NULL, other, NULL) == 0, "thread");
  pthread_t thread[4];
  steps = EFFORT(10000);
  for (int i = 0; i < 4; i++) {
    CHECK(pthread_create(&thread[i], NULL, exchange, (void *)(uintptr_t)(i + 1)) == 0, "thread");
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(thread[i], NULL);
  }
  __atomic_store_n(&done, true, __ATOMIC_RELEASE);
  pthread_join(watcher, NULL);
  clear_places();
  blocks_expect_empty_heap();
}

Test(threads, that_are_watched)
{
  run_beside(look);
}

/* Blocks that take long to clear, and others that trap when they are freed. */
static void *churn(void *argument)
{
  static const size_t sizes[] = {200000, 200000, 40, 300000};
  (void)argument;
  for (uint32_t n = 0; !__atomic_load_n(&done, __ATOMIC_ACQUIRE); n++) {
    size_t size = sizes[n % (sizeof sizes / sizeof *sizes)];
    unsigned char *block = ashlar_malloc(size);
    MUST(block != NULL);
    memset(block, 0xff, size);
    block = ashlar_realloc(block, size + n % 5);
    MUST(block != NULL);
    memset(block, 0xff, size + n % 5);
    ashlar_free(block);
  }
  return NULL;
}

/* Nothing is wrong, whenever one looks.  Not under ThreadSanitizer: to look at
 * free blocks while others free is a race by intent; what looks wrong is looked
 * at once more. */
Test(threads, that_are_checked)
{
#ifdef __SANITIZE_THREAD__
  return;
#endif
  pthread_t thread[3];
  for (int i = 0; i < 3; i++) {
    CHECK(pthread_create(&thread[i], NULL, churn, NULL) == 0, "thread");
  }
  for (int i = 0; i < EFFORT(100); i++) {
    const char *what = NULL;
    CHECK(ashlar_check(&what, NULL), "check %d: %s", i, what);
  }
  __atomic_store_n(&done, true, __ATOMIC_RELEASE);
  for (int i = 0; i < 3; i++) {
    pthread_join(thread[i], NULL);
  }
  blocks_expect_empty_heap();
}
