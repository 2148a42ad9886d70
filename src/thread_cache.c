#include "thread_cache.h"
#include "arena.h"
#include "central_cache.h"
#include "options.h"
#include "report.h"
#include "size_class.h"
#include "thread_registry.h"

enum {
  FIRST_BATCH = ASHLAR_FIRST_BATCH,
  /* bytes that the youngest of a class may keep from being used again */
  AGE_BYTES = 4096,
  /* bytes that one refill moves, and that a class may hold beyond the young */
  BATCH_BYTES = 16384,
  LIST_BYTES = 131072,
  /* classes of larger blocks begin without allowance for more than they need */
  GENEROUS_BYTES = AGE_BYTES,
  /* threads that may have all of the option; and what each has at least, if it is
   * not more than that */
  FULL_BUDGETS = 8,
  LEAST_BUDGET = 65536
};

_Static_assert(BATCH + MIN_AGE <= LIST_CAPACITY, "a refill fits beside the young");
_Static_assert(MIN_AGE + FIRST_BATCH + 1 <= LIST_CAPACITY,
               "a list holds what its first limit says");

/* Without room and without blocks: both fast paths turn to their slow side. */
ASHLAR_LONG struct thread_cache thread_cache_none;

__thread struct thread_cache *thread_cache_self __attribute__((tls_model("initial-exec"))) =
    &thread_cache_none;

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

/* ---- classes in use --------------------------------------------------------- */

bool thread_cache_uses(const struct thread_cache *cache, uint32_t c)
{
  uint64_t word = __atomic_load_n(&cache->used[c / 64], __ATOMIC_RELAXED);
  return (word >> c % 64 & 1) != 0;
}

/* The class's list, which may be used from now on.  It begins near its head, so
 * that a few blocks do not make the pages behind it resident. */
static struct class_cache *thread_cache_use(struct thread_cache *cache, uint32_t c)
{
  struct class_cache *of = thread_cache_of(cache, c);
  if (!thread_cache_uses(cache, c)) {
    of->min_age = (uint16_t)thread_cache_min_age(c);
    of->batch = (uint16_t)thread_cache_at_most(FIRST_BATCH, thread_cache_max_batch(c));
    of->list.tail = FIRST_BATCH;
    uint64_t word = cache->used[c / 64] | (uint64_t)1 << c % 64;
    __atomic_store_n(&cache->used[c / 64], word, __ATOMIC_RELAXED);
  }
  return of;
}

/* ---- the central side ----------------------------------------------------- */

#ifdef ASHLAR_TEST_HOOKS
uint32_t thread_cache_test_young[SIZE_CLASSES];
#endif

/* Hands the n oldest blocks of a class to the central cache; n at most BATCH. */
static void thread_cache_hand_over(struct thread_cache *cache, uint32_t c, uint32_t n)
{
  uintptr_t block[BATCH];
  struct free_list *list = &thread_cache_of(cache, c)->list;
#ifdef ASHLAR_TEST_HOOKS
  if (n > list->count - list->young) {
    __atomic_add_fetch(&thread_cache_test_young[c], 1, __ATOMIC_RELAXED);
  }
#endif
  free_list_hand_over(list, n, block);
  uint32_t done = central_give(c, block, n);
  if (done < n) {
    struct report report = {
        .kind = REPORT_BAD_METADATA, .address = block[done], .operation = "flush"};
    report_fatal(&report);
  }
}

void thread_cache_empty(struct thread_cache *cache)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    uint32_t n = thread_cache_uses(cache, c) ? thread_cache_of(cache, c)->list.count : 0;
    while (n > 0) {
      thread_cache_hand_over(cache, c, thread_cache_at_most(n, BATCH));
      n = thread_cache_of(cache, c)->list.count;
    }
  }
}

void thread_cache_close(struct thread_cache *cache)
{
  thread_cache_empty(cache);
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    if (thread_cache_uses(cache, c)) {
      thread_cache_of(cache, c)->limit = 0;
    }
  }
  for (uint32_t i = 0; i < CLASS_WORDS; i++) {
    __atomic_store_n(&cache->used[i], 0, __ATOMIC_RELAXED);
  }
  cache->spent = 0;
  cache->scavenged = 0;
}

/* ---- the budget ----------------------------------------------------------- */

/* What a cache may hold.  All of the option as long as few threads have caches;
 * many share what that would be, lest memory, and what a fork costs, grow with
 * each that once allocated. */
static uint64_t thread_cache_budget(void)
{
  uint64_t most = options()->thread_cache_bytes;
  uint32_t threads = thread_registry_owners();
  if (threads <= FULL_BUDGETS) {
    return most;
  }
  uint64_t share = most * FULL_BUDGETS / threads;
  uint64_t least = most < LEAST_BUDGET ? most : LEAST_BUDGET;
  return share > least ? share : least;
}

/* Bytes by which limits may still grow; the budget may have become less. */
static uint64_t thread_cache_left(const struct thread_cache *cache)
{
  uint64_t budget = thread_cache_budget();
  return budget > cache->spent ? budget - cache->spent : 0;
}

static void thread_cache_lower(struct thread_cache *cache, uint32_t c, uint32_t limit)
{
  cache->spent -= (uint64_t)(thread_cache_of(cache, c)->limit - limit) * size_class_bytes(c);
  thread_cache_of(cache, c)->limit = limit;
}

/* Takes allowance that a class does not use, and if that is none, half of its
 * blocks. */
static void thread_cache_squeeze(struct thread_cache *cache, uint32_t c)
{
  const struct class_cache *of = thread_cache_of(cache, c);
  if (of->limit == of->list.count && of->limit > 0) {
    thread_cache_hand_over(cache, c, thread_cache_at_most((of->list.count + 1) / 2, BATCH));
  }
  thread_cache_lower(cache, c, of->list.count);
}

/* Takes allowance back from the other classes, one after the other, until so
 * many bytes are left or all had their turn. */
static void thread_cache_scavenge(struct thread_cache *cache, uint32_t but, uint64_t wanted)
{
  for (uint32_t i = 0; i < SIZE_CLASSES && thread_cache_left(cache) < wanted; i++) {
    uint32_t c = cache->scavenged;
    cache->scavenged = c + 1 < SIZE_CLASSES ? c + 1 : 0;
    if (c != but && thread_cache_uses(cache, c)) {
      thread_cache_squeeze(cache, c);
    }
  }
}

/* Raises a class's limit towards what is wanted, as far as the budget goes. */
static void thread_cache_grow(struct thread_cache *cache, uint32_t c, uint32_t wanted)
{
  struct class_cache *of = thread_cache_of(cache, c);
  uint64_t bytes = size_class_bytes(c);
  uint64_t fit = thread_cache_budget() / bytes;
  wanted = thread_cache_at_most(wanted, thread_cache_max_limit(c));
  wanted = fit < wanted ? (uint32_t)fit : wanted;
  if (wanted <= of->limit) {
    return;
  }
  uint64_t cost = (wanted - of->limit) * bytes;
  if (cost > thread_cache_left(cache)) {
    thread_cache_scavenge(cache, c, cost);
  }
  uint64_t paid = thread_cache_left(cache) / bytes;
  uint32_t more = paid < wanted - of->limit ? (uint32_t)paid : wanted - of->limit;
  cache->spent += more * bytes;
  of->limit += more;
}

/* The least limit that a class in use should have: with it, a list of small
 * blocks has room for the young and a refill. */
static uint32_t thread_cache_least(uint32_t c)
{
  return size_class_bytes(c) <= GENEROUS_BYTES ? thread_cache_first_limit(c) : 1;
}

/* Gives back what the cache holds if somebody asked all threads for that. */
static void thread_cache_obey(struct thread_cache *cache)
{
  uint32_t asked = thread_registry_asked();
  if (cache->asked != asked) {
    cache->asked = asked;
    thread_cache_empty(cache);
  }
}

/* ---- full and empty lists --------------------------------------------------- */

static uint32_t thread_cache_larger(uint32_t a, uint32_t b)
{
  return a > b ? a : b;
}

bool thread_cache_refill(struct thread_cache *cache, uint32_t c)
{
  struct class_cache *of = thread_cache_use(cache, c);
  thread_cache_obey(cache);
  uint32_t want = of->batch;
  thread_cache_grow(cache, c, thread_cache_larger(of->list.count + want, thread_cache_least(c)));
  want = thread_cache_at_most(want, of->limit - of->list.count);
  if (want == 0) {
    return false;
  }
  uintptr_t block[BATCH];
  uint32_t seed = random_below(&cache->random, 65536) << 16;
  uint32_t got = central_take(c, want, block, seed);
  for (uint32_t i = 0; i < got; i++) {
    free_list_prepend(&of->list, block[i]);
  }
  of->batch = (uint16_t)thread_cache_at_most(of->batch * 2u, thread_cache_max_batch(c));
  return got > 0;
}

bool thread_cache_make_room(struct thread_cache *cache, uint32_t c)
{
  struct class_cache *of = thread_cache_use(cache, c);
  thread_cache_obey(cache);
  thread_cache_grow(cache, c, thread_cache_larger(of->limit + of->batch, thread_cache_least(c)));
  if (of->list.count < of->limit) {
    return true;
  }
  uint32_t half = (of->list.count + 1) / 2;
  thread_cache_hand_over(cache, c, thread_cache_at_most(half, BATCH));
  /* cppcheck-suppress knownConditionTrueFalse ; the list is shorter now */
  return of->list.count < of->limit;
}

/* ---- looking at lists ------------------------------------------------------- */

bool thread_cache_list_holds(const struct free_list *list, uintptr_t block)
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
  return thread_cache_list_holds(&thread_cache_of(thread_cache_self, c)->list, block);
}

bool thread_cache_check(void)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    if (!free_list_check(&thread_cache_of(thread_cache_self, c)->list)) {
      return false;
    }
  }
  return true;
}
