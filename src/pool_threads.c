/* What threads hold of shared pools: a table for each thread, its end, a fork. */
#include "pool_internal.h"
#include "os.h"

ASHLAR_LONG struct pool_thread pool_none;

__thread struct pool_thread *pool_self __attribute__((tls_model("initial-exec"))) = &pool_none;

/* The thread's table was given back for good. */
static __thread bool pool_ended __attribute__((tls_model("initial-exec")));

struct pool_threads pool_threads;

/* ---- the table of a thread ----------------------------------------------- */

static void pool_flush_one(struct pool *p, uint32_t g)
{
  if (g < p->list.granules && byte_get(&p->list.state[g]) == POOL_HELD) {
    pool_list_push(&p->list, g);
  }
}

void pool_flush(struct pool_list *list)
{
  uint64_t handle = list->handle;
  struct pool *p = &pools[pool_number(handle)];
  lock_acquire(&p->lock);
  if (handle != 0 && p->list.handle == handle) {
    for (uint32_t k = 0; k < list->count; k++) {
      pool_flush_one(p, list->entry[k]);
    }
    if (list->spare != 0) {
      pool_flush_one(p, list->spare - 1);
    }
  }
  lock_release(&p->lock);
  *list = (struct pool_list){0};
}

static void pool_flush_all(struct pool_thread *thread)
{
  for (uint32_t i = 0; i < POOLS; i++) {
    if (thread->of[i].list.handle != 0) {
      pool_flush(&thread->of[i].list);
    }
  }
}

/* A thread's table waits for another thread; the lock is held. */
static void pool_thread_lay_aside(struct pool_thread *thread)
{
  pool_flush_all(thread);
  thread->owned = false;
  thread->next_idle = pool_threads.idle;
  pool_threads.idle = thread;
}

/* At the end of a thread.  What it allocates or frees in a later destructor comes
 * from the pool's own list, and goes there. */
static void pool_thread_end(void *argument)
{
  pool_self = &pool_none;
  pool_ended = true;
  lock_acquire(&pool_threads.lock);
  pool_thread_lay_aside(argument);
  lock_release(&pool_threads.lock);
}

void pool_start(void)
{
  if (!pool_threads.started) {
    pool_threads.started = pthread_key_create(&pool_threads.key, pool_thread_end) == 0;
  }
}

/* A table that no thread has. */
static struct pool_thread *pool_thread_adopt(void)
{
  struct pool_thread *thread = pool_threads.idle;
  if (thread != NULL) {
    pool_threads.idle = thread->next_idle;
  } else {
    size_t guard = os_page_bytes();
    size_t bytes = pool_round(sizeof *thread);
    uintptr_t space = os_reserve(bytes + 2 * guard, guard);
    if (space == 0) {
      return NULL;
    }
    if (!os_commit(space + guard, bytes)) {
      os_release(space, bytes + 2 * guard);
      return NULL;
    }
    thread = (struct pool_thread *)(space + guard);
    thread->next = pool_threads.all;
    pool_threads.all = thread;
  }
  thread->owned = true;
  return thread;
}

struct pool_thread *pool_thread_get(void)
{
  if (pool_self != &pool_none) {
    return pool_self;
  }
  if (pool_ended) {
    return NULL;
  }
  lock_acquire(&pool_threads.lock);
  struct pool_thread *thread = pool_thread_adopt();
  lock_release(&pool_threads.lock);
  if (thread != NULL) {
    pool_self = thread;
    pthread_setspecific(pool_threads.key, thread);
  }
  return thread;
}

/* ---- around a fork ------------------------------------------------------- */

/* Before the first pool was created there are no others. */
void pool_lock_all(void)
{
  lock_acquire(&pool_threads.lock);
  for (uint32_t i = 0; i < POOLS && pool_threads.started; i++) {
    lock_acquire(&pools[i].lock);
  }
}

void pool_unlock_all(void)
{
  for (uint32_t i = POOLS; i-- > 0 && pool_threads.started;) {
    lock_release(&pools[i].lock);
  }
  lock_release(&pool_threads.lock);
}

/* What the threads held that are not in the child goes back. */
void pool_in_child(void)
{
  for (uint32_t i = 0; i < POOLS && pool_threads.started; i++) {
    lock_reset(&pools[i].lock);
  }
  lock_reset(&pool_threads.lock);
  for (struct pool_thread *t = pool_threads.all; t != NULL; t = t->next) {
    if (t != pool_self && t->owned) {
      pool_thread_lay_aside(t);
    }
  }
}

/* ---- shared pools: a thread's list and the pool's ----------------------------- */

/* Objects that a thread's list may hold: few of a small pool, so that they do
 * not all wait where nobody asks. */
static uint32_t pool_magazine_limit(const struct pool *p)
{
  uint64_t share = p->maximum / 16;
  return share < 1 ? 1 : share < POOL_MAGAZINE ? (uint32_t)share : POOL_MAGAZINE;
}

struct pool_list *pool_attach(uint64_t handle, const char *operation)
{
  struct pool_thread *thread = pool_thread_get();
  if (thread == NULL) {
    return NULL;
  }
  struct pool *p = &pools[pool_number(handle)];
  struct pool_list *list = &thread->of[pool_number(handle)].list;
  lock_acquire(&p->lock);
  if (p->list.handle != handle) {
    lock_release(&p->lock);
    pool_report_handle(handle, operation);
  }
  bool known = list->handle == handle;
  uint32_t count = known ? list->count : 0;
  uint32_t spare = known ? list->spare : 0;
  *list = p->list;
  list->entry = thread->entry[pool_number(handle)];
  list->limit = pool_magazine_limit(p);
  list->count = count;
  list->spare = spare;
  return list;
}

void pool_exchange(struct pool *p, struct pool_list *list, bool back)
{
  uint32_t n = (list->limit + 1) / 2;
  if (back) {
    pool_list_move(list, &p->list, n);
  } else {
    pool_list_move(&p->list, list, n);
  }
  lock_release(&p->lock);
}
