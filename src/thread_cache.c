#include "thread_cache.h"
#include "arena.h"
#include "central_cache.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "payload.h"
#include "radix_map.h"
#include "report.h"
#include "size_class.h"
#include "slot.h"

#include <pthread.h>

enum {
  FIRST_BATCH = ASHLAR_FIRST_BATCH,
  /* bytes that the youngest of a class may keep from being used again */
  AGE_BYTES = 4096,
  /* bytes that one refill moves, and that a class may hold beyond the young */
  BATCH_BYTES = 16384,
  LIST_BYTES = 131072,
  SCAVENGE_STEPS = 8
};

_Static_assert(BATCH + MIN_AGE <= LIST_CAPACITY, "a refill fits beside the young");
_Static_assert(MIN_AGE + FIRST_BATCH + 1 <= LIST_CAPACITY,
               "a list holds what its first limit says");

/* Without room and without blocks: both fast paths turn to their slow side. */
static ASHLAR_LONG struct thread_cache thread_cache_none;

__thread struct thread_cache *thread_cache_self __attribute__((tls_model("initial-exec"))) =
    &thread_cache_none;

static struct {
  struct lock lock;
  struct thread_cache *all;
  pthread_key_t key;
} registry;

/* ---- limits --------------------------------------------------------------- */

static uint32_t thread_cache_at_most(uint32_t value, uint32_t most)
{
  return value < most ? value : most;
}

/* Q of a class: fewer for larger blocks. */
static uint32_t thread_cache_min_age(uint32_t c)
{
  return thread_cache_at_most(AGE_BYTES / size_class_bytes(c), MIN_AGE);
}

static uint32_t thread_cache_max_batch(uint32_t c)
{
  uint32_t n = BATCH_BYTES / size_class_bytes(c);
  return thread_cache_at_most(n < 1 ? 1 : n, BATCH);
}

static uint32_t thread_cache_first_limit(uint32_t c)
{
  return thread_cache_min_age(c) + thread_cache_at_most(FIRST_BATCH, thread_cache_max_batch(c)) + 1;
}

static uint32_t thread_cache_max_limit(uint32_t c)
{
  uint32_t n = thread_cache_first_limit(c) + LIST_BYTES / size_class_bytes(c);
  return thread_cache_at_most(n, LIST_CAPACITY);
}

/* ---- the central side ----------------------------------------------------- */

/* Hands the n oldest blocks of a class to the central cache; n at most BATCH. */
static void thread_cache_hand_over(struct thread_cache *cache, uint32_t c, uint32_t n)
{
  uintptr_t block[BATCH];
  free_list_hand_over(&cache->of[c].list, n, block);
  uint32_t done = central_give(c, block, n);
  if (done < n) {
    struct report report = {
        .kind = REPORT_BAD_METADATA, .address = block[done], .operation = "flush"};
    report_fatal(&report);
  }
}

static void thread_cache_empty(struct thread_cache *cache)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    uint32_t n = cache->of[c].list.count;
    while (n > 0) {
      thread_cache_hand_over(cache, c, thread_cache_at_most(n, BATCH));
      n = cache->of[c].list.count;
    }
  }
}

/* Takes allowance back from classes that do not use theirs. */
static void thread_cache_scavenge(struct thread_cache *cache)
{
  for (int i = 0; i < SCAVENGE_STEPS; i++) {
    uint32_t c = cache->scavenged;
    cache->scavenged = c + 1 < SIZE_CLASSES ? c + 1 : 0;
    struct class_cache *of = &cache->of[c];
    uint32_t least = thread_cache_first_limit(c);
    if (of->limit <= least) {
      continue;
    }
    uint32_t over = of->list.count > least ? of->list.count - least : 0;
    over = thread_cache_at_most(over, BATCH);
    if (over > 0) {
      thread_cache_hand_over(cache, c, over);
    }
    uint32_t limit = of->list.count > least ? of->list.count : least;
    cache->budget += (uint64_t)(of->limit - limit) * size_class_bytes(c);
    of->limit = limit;
  }
}

/* The bytes that raising a class's limit to what is wanted costs. */
static uint64_t thread_cache_cost(const struct class_cache *of, uint32_t c, uint32_t wanted)
{
  return (uint64_t)(wanted - of->limit) * size_class_bytes(c);
}

/* Raises a class's limit towards what is wanted, as far as the budget goes. */
static void thread_cache_grow(struct thread_cache *cache, uint32_t c, uint32_t wanted)
{
  struct class_cache *of = &cache->of[c];
  uint32_t most = thread_cache_max_limit(c);
  if (wanted > most) {
    wanted = most;
  }
  if (wanted <= of->limit) {
    return;
  }
  if (thread_cache_cost(of, c, wanted) > cache->budget) {
    /* May lower this limit, too; then there is more to pay. */
    thread_cache_scavenge(cache);
    if (thread_cache_cost(of, c, wanted) > cache->budget) {
      return;
    }
  }
  cache->budget -= thread_cache_cost(of, c, wanted);
  of->limit = wanted;
}

bool thread_cache_refill(struct thread_cache *cache, uint32_t c)
{
  struct class_cache *of = &cache->of[c];
  uint32_t want = cache->batch[c];
  thread_cache_grow(cache, c, of->list.count + want + 1);
  uint32_t room = of->limit - of->list.count;
  uintptr_t block[BATCH];
  uint32_t seed = random_below(&cache->random, 65536) << 16;
  uint32_t got = central_take(c, thread_cache_at_most(want, room), block, seed);
  for (uint32_t i = 0; i < got; i++) {
    free_list_prepend(&of->list, block[i]);
  }
  uint32_t doubled = thread_cache_at_most(want * 2, thread_cache_max_batch(c));
  cache->batch[c] = (uint16_t)doubled;
  return got > 0;
}

void thread_cache_make_room(struct thread_cache *cache, uint32_t c)
{
  struct class_cache *of = &cache->of[c];
  thread_cache_grow(cache, c, of->limit + cache->batch[c]);
  if (of->list.count < of->limit) {
    return;
  }
  uint32_t half = (of->list.count + 1) / 2;
  thread_cache_hand_over(cache, c, thread_cache_at_most(half, BATCH));
}

/* ---- the thread's side ---------------------------------------------------- */

static void thread_cache_reset_limits(struct thread_cache *cache)
{
  cache->budget = options()->thread_cache_bytes;
  cache->scavenged = 0;
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    struct class_cache *of = &cache->of[c];
    of->min_age = thread_cache_min_age(c);
    of->limit = thread_cache_first_limit(c);
    cache->batch[c] = (uint16_t)thread_cache_at_most(FIRST_BATCH, thread_cache_max_batch(c));
  }
}

/* A cache that no thread has; made, if need be, in a mapping of its own between
 * inaccessible pages. */
static struct thread_cache *thread_cache_adopt(void)
{
  struct thread_cache *cache = registry.all;
  while (cache != NULL && cache->owned) {
    cache = cache->next;
  }
  if (cache != NULL) {
    cache->owned = true;
    return cache;
  }
  size_t page = os_page_bytes();
  size_t bytes = (sizeof *cache + page - 1) / page * page;
  uintptr_t base = os_reserve(bytes + 2 * page, page);
  if (base == 0) {
    return NULL;
  }
  if (!os_commit(base + page, bytes)) {
    os_release(base, bytes + 2 * page);
    return NULL;
  }
  cache = (struct thread_cache *)(base + page);
  cache->owned = true;
  cache->next = registry.all;
  registry.all = cache;
  return cache;
}

struct thread_cache *thread_cache_get(void)
{
  struct thread_cache *cache = thread_cache_self;
  if (cache != &thread_cache_none) {
    return cache;
  }
  lock_acquire(&registry.lock);
  cache = thread_cache_adopt();
  lock_release(&registry.lock);
  if (cache == NULL) {
    return NULL;
  }
  thread_cache_reset_limits(cache);
  random_seed(&cache->random);
  /* Before pthread_setspecific, which may allocate. */
  thread_cache_self = cache;
  pthread_setspecific(registry.key, cache);
  return cache;
}

/* At the end of a thread: all goes back, and the cache waits for another. */
static void thread_cache_end(void *argument)
{
  struct thread_cache *cache = argument;
  thread_cache_empty(cache);
  thread_cache_self = &thread_cache_none;
  lock_acquire(&registry.lock);
  cache->owned = false;
  lock_release(&registry.lock);
}

bool thread_cache_start(void)
{
  return pthread_key_create(&registry.key, thread_cache_end) == 0;
}

void thread_cache_flush(void)
{
  if (thread_cache_self != &thread_cache_none) {
    thread_cache_empty(thread_cache_self);
  }
}

uint64_t thread_cache_bytes(void)
{
  uint64_t bytes = 0;
  lock_acquire(&registry.lock);
  for (struct thread_cache *cache = registry.all; cache != NULL; cache = cache->next) {
    for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
      uint32_t n = __atomic_load_n(&cache->of[c].list.count, __ATOMIC_RELAXED);
      bytes += (uint64_t)n * size_class_bytes(c);
    }
  }
  lock_release(&registry.lock);
  return bytes;
}

static bool thread_cache_list_holds(const struct free_list *list, uintptr_t block)
{
  for (uint32_t k = 0; k < list->count; k++) {
    if (list->block[(list->tail + k) % LIST_CAPACITY] == block) {
      return true;
    }
  }
  return false;
}

bool thread_cache_holds(uint32_t c, uintptr_t block)
{
  return thread_cache_list_holds(&thread_cache_self->of[c].list, block);
}

bool thread_cache_check(void)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    if (!free_list_check(&thread_cache_self->of[c].list)) {
      return false;
    }
  }
  return true;
}

void thread_cache_lock(void)
{
  lock_acquire(&registry.lock);
}

void thread_cache_unlock(void)
{
  lock_release(&registry.lock);
}

/* Gives a block that a list of a thread that is gone names to the central cache.
 * A list that was caught in the middle of a change may name, at its ends, what
 * left it long ago; so the state byte decides, and the lists of this thread,
 * which are whole. */
static void thread_cache_recover_block(uint32_t c, uintptr_t block)
{
  uint64_t g = radix_granule(block);
  if (!arena_holds(g) || slot_state_get(g) != SLOT_CACHED ||
      page_class[g / GRANULES_PER_PAGE] != c ||
      thread_cache_list_holds(&thread_cache_self->of[c].list, block)) {
    return;
  }
  /* Its thread may not have come to clearing it. */
  if (c != 0) {
    payload_zero(block, size_class_bytes(c));
  }
  central_give(c, &block, 1);
}

/* In the child only the forking thread lives on.  What the child loses of
 * another: a list that does not check out, with all of its blocks, and the
 * blocks that were between two lists, a batch at most.  They stay CACHED for
 * good, and their spans in use; nothing is handed out twice. */
static void thread_cache_recover(struct thread_cache *cache)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    struct free_list *list = &cache->of[c].list;
    if (!free_list_check(list)) {
      list->tail = 0;
      list->count = 0;
      list->young = 0;
    }
    while (list->count > 0) {
      uintptr_t block;
      free_list_hand_over(list, 1, &block);
      thread_cache_recover_block(c, block);
    }
  }
  cache->owned = false;
}

void thread_cache_reset(void)
{
  lock_reset(&registry.lock);
  if (thread_cache_self != &thread_cache_none) {
    random_seed(&thread_cache_self->random); /* not the parent's draws once more */
  }
  for (struct thread_cache *cache = registry.all; cache != NULL; cache = cache->next) {
    if (cache != thread_cache_self && cache->owned) {
      thread_cache_recover(cache);
    }
  }
}
