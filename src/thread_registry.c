#include "thread_registry.h"
#include "arena.h"
#include "central_cache.h"
#include "lock.h"
#include "os.h"
#include "payload.h"
#include "radix_map.h"
#include "size_class.h"
#include "slot.h"

#include <pthread.h>
#include <sys/stat.h>

enum {
  CHAINS_SHIFT = ASHLAR_CHAINS_SHIFT,
  /* a child that has refilled so many lists takes what orphans hold in any case,
   * before it has other threads */
  LAST_REFILL = 64,
  /* looks for orphans come less and less often, up to this many occasions apart,
   * while other threads are in the way */
  MOST_PATIENCE = 1 << 16,
  /* what /proc/self/task counts of itself */
  OWN_LINKS = 2
};

/* The thread's cache was given back for good. */
static __thread bool thread_cache_ended __attribute__((tls_model("initial-exec")));

static struct {
  struct lock lock;
  struct thread_cache *all;
  struct thread_cache *idle;                     /* those without a thread, by next_idle */
  uint32_t owners;                               /* how many have one */
  struct thread_cache *chain[1 << CHAINS_SHIFT]; /* these, by next_hash */
  uint32_t generation;
  bool orphans;                /* there may be some, */
  struct thread_cache *orphan; /* from this one of `all` on */
  uint32_t refills;            /* since the fork */
  uint32_t patience;           /* occasions to let pass before the next look for them */
  uint32_t occasions;          /* that were let pass */
  uint32_t asked;              /* how often all threads were asked to hand over */
  struct random random;        /* for threads without a cache */
  pthread_key_t key;
} registry;

#ifdef ASHLAR_TEST_HOOKS
bool thread_registry_test_logical;
#endif

/* ---- caches and threads --------------------------------------------------- */

/* A new cache, in a mapping of its own between inaccessible pages. */
static struct thread_cache *thread_registry_new(void)
{
  size_t page = os_page_bytes();
  size_t bytes = (sizeof(struct thread_cache) + page - 1) / page * page;
  uintptr_t base = os_reserve(bytes + 2 * page, page);
  if (base == 0) {
    return NULL;
  }
  if (!os_commit(base + page, bytes)) {
    os_release(base, bytes + 2 * page);
    return NULL;
  }
  struct thread_cache *cache = (struct thread_cache *)(base + page);
  if (registry.all == NULL) {
    os_hide((uintptr_t)&thread_cache_none, sizeof thread_cache_none); /* nothing is in it */
  }
  cache->next = registry.all;
  registry.all = cache;
  return cache;
}

/* What tells the calling thread from the others that live. */
static const void *thread_registry_thread(void)
{
  return &thread_cache_self;
}

/* The chain of the caches whose threads hash as this one. */
static struct thread_cache **thread_registry_chain(const void *thread)
{
  uint64_t hash = (uint64_t)(uintptr_t)thread * 0x9e3779b97f4a7c15u;
  return &registry.chain[hash >> (64 - CHAINS_SHIFT)];
}

/* The cache that this thread, or one that is gone without the destructor, has
 * according to the registry.  So it is with a thread that first used the heap
 * after its destructors, when a later one has its stack; and with the first
 * thread, if an IFUNC resolver allocated before its variables were set up. */
static struct thread_cache *thread_registry_find(void)
{
#ifdef ASHLAR_TEST_HOOKS
  if (thread_registry_test_logical) {
    return NULL;
  }
#endif
  const void *thread = thread_registry_thread();
  struct thread_cache *cache = *thread_registry_chain(thread);
  while (cache != NULL && (cache->thread != thread || cache->generation != registry.generation)) {
    cache = cache->next_hash;
  }
  return cache;
}

/* A cache that no thread has is the calling one's. */
static void thread_registry_own(struct thread_cache *cache)
{
  /* The draws of a cache that had a thread go on, but not in two processes. */
  if (cache->generation != registry.generation) {
    cache->random.refills = 0;
  }
  cache->owned = true;
  cache->thread = thread_registry_thread();
  cache->generation = registry.generation;
  cache->asked = registry.asked;
  struct thread_cache **chain = thread_registry_chain(cache->thread);
  cache->next_hash = *chain;
  *chain = cache;
  __atomic_store_n(&registry.owners, registry.owners + 1, __ATOMIC_RELAXED);
}

/* A cache for the calling thread, or NULL. */
static struct thread_cache *thread_registry_adopt(void)
{
  struct thread_cache *cache = thread_registry_find();
  if (cache != NULL) {
    return cache;
  }
  cache = registry.idle;
  if (cache != NULL) {
    registry.idle = cache->next_idle;
  } else {
    cache = thread_registry_new();
  }
  if (cache != NULL) {
    thread_registry_own(cache);
  }
  return cache;
}

struct thread_cache *thread_cache_get(void)
{
  struct thread_cache *cache = thread_cache_self;
  if (cache != &thread_cache_none) {
    return cache;
  }
  if (thread_cache_ended) {
    return NULL;
  }
  lock_acquire(&registry.lock);
  cache = thread_registry_adopt();
  lock_release(&registry.lock);
  if (cache == NULL) {
    return NULL;
  }
  if (cache->random.refills == 0) {
    random_seed(&cache->random);
  }
  /* Before pthread_setspecific, which may allocate. */
  thread_cache_self = cache;
  pthread_setspecific(registry.key, cache);
  return cache;
}

/* A cache that holds nothing waits for another thread; the lock is held. */
static void thread_registry_lay_aside(struct thread_cache *cache)
{
  struct thread_cache **link = thread_registry_chain(cache->thread);
  while (*link != cache) {
    link = &(*link)->next_hash;
  }
  *link = cache->next_hash;
  cache->owned = false;
  cache->next_idle = registry.idle;
  registry.idle = cache;
  __atomic_store_n(&registry.owners, registry.owners - 1, __ATOMIC_RELAXED);
}

/* At the end of a thread: all goes back. */
static void thread_registry_end(void *argument)
{
  struct thread_cache *cache = argument;
  thread_cache_close(cache);
  thread_cache_self = &thread_cache_none;
  thread_cache_ended = true;
  lock_acquire(&registry.lock);
  thread_registry_lay_aside(cache);
  lock_release(&registry.lock);
}

bool thread_registry_start(void)
{
  return pthread_key_create(&registry.key, thread_registry_end) == 0;
}

uint32_t thread_registry_seed(void)
{
  lock_acquire(&registry.lock);
  uint32_t seed = random_below(&registry.random, 65536) << 16;
  lock_release(&registry.lock);
  return seed;
}

/* ---- all caches --------------------------------------------------------------- */

void thread_cache_flush(void)
{
  if (thread_cache_self != &thread_cache_none) {
    thread_cache_empty(thread_cache_self);
  }
}

uint32_t thread_registry_asked(void)
{
  return __atomic_load_n(&registry.asked, __ATOMIC_RELAXED);
}

uint32_t thread_registry_owners(void)
{
  return __atomic_load_n(&registry.owners, __ATOMIC_RELAXED);
}

uint64_t thread_cache_bytes(void)
{
  uint64_t bytes = 0;
  lock_acquire(&registry.lock);
  for (struct thread_cache *cache = registry.all; cache != NULL; cache = cache->next) {
    for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
      if (thread_cache_uses(cache, c)) {
        uint32_t n = __atomic_load_n(&thread_cache_of(cache, c)->list.count, __ATOMIC_RELAXED);
        bytes += (uint64_t)n * size_class_bytes(c);
      }
    }
  }
  lock_release(&registry.lock);
  return bytes;
}

void thread_registry_lock(void)
{
  lock_acquire(&registry.lock);
}

void thread_registry_unlock(void)
{
  lock_release(&registry.lock);
}

/* ---- orphans --------------------------------------------------------------- */

/* Whether the process has no thread but this; may say no if it has none. */
static bool thread_registry_alone(void)
{
  struct stat task;
  return LOCK_ALONE() || (stat("/proc/self/task", &task) == 0 && task.st_nlink == OWN_LINKS + 1);
}

/* Gives a block that an orphan's list names to the central cache.  A list that
 * was caught in the middle of a change, or while the kernel copied it page by
 * page, may name what left it; so the state byte decides, and the lists of this
 * thread, which are whole. */
static void thread_registry_recover_block(uint32_t c, uintptr_t block)
{
  uint64_t g = radix_granule(block);
  if (!arena_holds(g) || slot_state_get(g) != SLOT_CACHED ||
      page_class[g / GRANULES_PER_PAGE] != c || thread_cache_holds(c, block)) {
    return;
  }
  /* Its thread may not have come to clearing it.  What is clear is not written,
   * lest the child gets a page of its own. */
  if (c != 0 && !payload_is_zero(block, size_class_bytes(c))) {
    payload_zero(block, size_class_bytes(c));
  }
  central_give(c, &block, 1);
}

/* What is lost of an orphan: a list that does not check out, with all of its
 * blocks, and the blocks that were between two lists, a batch at most.  They stay
 * CACHED for good, and their spans in use; nothing is handed out twice. */
static void thread_registry_recover(struct thread_cache *cache)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    struct free_list *list = &thread_cache_of(cache, c)->list;
    if (!thread_cache_uses(cache, c)) {
      continue;
    }
    if (!free_list_check(list)) {
      list->tail = 0;
      list->count = 0;
      list->young = 0;
    }
    while (list->count > 0) {
      uintptr_t block;
      free_list_hand_over(list, 1, &block);
      thread_registry_recover_block(c, block);
    }
  }
  thread_cache_close(cache);
  thread_registry_lay_aside(cache);
}

static bool thread_registry_is_orphan(const struct thread_cache *cache)
{
  return cache->owned && cache->generation != registry.generation && cache != thread_cache_self;
}

/* Not now: other threads are there.  Later, and each time twice as late. */
static void thread_registry_put_off(void)
{
  registry.occasions = 0;
  if (registry.patience < MOST_PATIENCE) {
    registry.patience = registry.patience * 2 + 1;
  }
}

/* Takes what orphans hold back, until the central cache of a class has a free
 * slot; c: the class, or SIZE_CLASSES for all of it.  Only if this is the only
 * thread: else somebody may be on the way to a list with a block that an orphan's
 * list names.  Not with a block in hand that no list names yet. */
static void thread_registry_take_in(uint32_t c)
{
  lock_acquire(&registry.lock);
  if (registry.occasions++ < registry.patience) {
    lock_release(&registry.lock);
    return;
  }
  if (!thread_registry_alone()) {
    thread_registry_put_off();
    lock_release(&registry.lock);
    return;
  }
  struct thread_cache *cache = registry.orphan;
  while (cache != NULL && (c == SIZE_CLASSES || central_is_empty(c))) {
    if (thread_registry_is_orphan(cache)) {
      thread_registry_recover(cache);
    }
    cache = cache->next;
  }
  registry.orphan = cache;
  __atomic_store_n(&registry.orphans, cache != NULL, __ATOMIC_RELAXED);
  lock_release(&registry.lock);
}

static bool thread_registry_has_orphans(void)
{
  return __atomic_load_n(&registry.orphans, __ATOMIC_RELAXED);
}

void thread_registry_before_refill(uint32_t c)
{
  if (ASHLAR_LIKELY(!thread_registry_has_orphans())) {
    return;
  }
  uint32_t refills = __atomic_add_fetch(&registry.refills, 1, __ATOMIC_RELAXED);
  if (refills >= LAST_REFILL) {
    thread_registry_take_in(SIZE_CLASSES);
  } else if (central_is_empty(c)) {
    thread_registry_take_in(c);
  }
}

void thread_registry_reclaim(void)
{
  lock_acquire(&registry.lock);
  uint32_t asked = registry.asked + 1;
  __atomic_store_n(&registry.asked, asked, __ATOMIC_RELAXED);
  lock_release(&registry.lock);
  struct thread_cache *self = thread_cache_self;
  if (self != &thread_cache_none) {
    self->asked = asked;
    thread_cache_empty(self);
  }
  if (thread_registry_has_orphans()) {
    thread_registry_take_in(SIZE_CLASSES);
  }
}

void thread_registry_in_child(void)
{
  struct thread_cache *self = thread_cache_self;
  bool cached = self != &thread_cache_none;
  lock_reset(&registry.lock);
  registry.generation++;
  registry.orphan = registry.all;
  registry.refills = 0;
  registry.patience = 0;
  registry.occasions = 0;
  /* Not the parent's draws once more. */
  registry.random.left = 0;
  registry.random.refills = 0;
  if (cached) {
    self->generation = registry.generation;
    random_seed(&self->random);
  }
  bool others = registry.owners > (cached ? 1 : 0);
  __atomic_store_n(&registry.orphans, registry.orphans || others, __ATOMIC_RELAXED);
}
