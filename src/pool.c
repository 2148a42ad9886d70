#include "pool.h"
#include "api.h"
#include "heap.h"
#include "lock.h"
#include "os.h"
#include "payload.h"
#include "radix_map.h"
#include "report.h"
#include "size_math.h"
#include "text.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum {
  /* memory and tables grow by so many bytes at least */
  POOL_COMMIT_BYTES = 65536,
  POOL_DETAIL_BYTES = 160,
  /* of a handle: the mode, whether objects are cleared, whether it is the usual
   * one with neither, then the place in the table, in bytes, then the use of it;
   * so NULL is none of the usual ones, and is looked at apart */
  POOL_SHARED_BIT = 1,
  POOL_CLEAR_BIT = 2,
  POOL_USUAL_BIT = 4,
  POOL_BYTES = 512,
  POOL_USE_SHIFT = 16
};

/* The handle of a pool that is being destroyed: nobody has it. */
#define POOL_ENDING UINT64_MAX

_Static_assert(POOLS *POOL_BYTES == 1 << POOL_USE_SHIFT, "a place fits its bits");

/* Address space of which the first part is committed. */
struct pool_range {
  uintptr_t at;
  size_t bytes;
  size_t committed;
};

struct pool {
  /* of the owner, or, under the lock, of all threads; all zero in an unused
   * place, and always in the first, which is that of NULL */
  struct pool_list list;
  struct lock lock;
  bool shared, report_only;
  uint64_t uses; /* of this place so far */
  size_t object; /* bytes asked for */
  uint64_t growth, maximum, made;
  uint64_t exhausted;
  struct pool_range objects, state, entries;
  uintptr_t object_space, table_space;
  size_t object_space_bytes, table_space_bytes;
  char name[POOL_NAME_BYTES];
} __attribute__((aligned(POOL_BYTES)));

_Static_assert(sizeof(struct pool) == POOL_BYTES, "a handle has the offset of its pool");

/* What one thread holds of all pools. */
struct pool_line {
  struct pool_list list;
} __attribute__((aligned(64)));

struct pool_thread {
  struct pool_line of[POOLS];
  uint32_t entry[POOLS][POOL_MAGAZINE];
  struct pool_thread *next;      /* in the list of all */
  struct pool_thread *next_idle; /* of those that no thread has */
  bool owned;
};

_Static_assert(POOL_BYTES % sizeof(struct pool_line) == 0, "so is that of a thread's list");

static ASHLAR_LONG struct pool pools[POOLS];

/* Of a thread that has none yet: no handle fits it. */
static ASHLAR_LONG struct pool_thread pool_none;

static __thread struct pool_thread *pool_self __attribute__((tls_model("initial-exec"))) =
    &pool_none;

/* The thread's table was given back for good. */
static __thread bool pool_ended __attribute__((tls_model("initial-exec")));

static struct {
  struct lock lock;
  struct pool_thread *all;
  struct pool_thread *idle;
  pthread_key_t key;
  bool started;
} pool_threads;

/* ---- handles --------------------------------------------------------------- */

static ASHLAR_HOT uint64_t pool_handle(const ashlar_pool *pool)
{
  return (uintptr_t)pool;
}

/* The bytes of the table before a handle's pool. */
static ASHLAR_HOT size_t pool_offset(uint64_t handle)
{
  return handle & ((size_t)(POOLS - 1) * POOL_BYTES);
}

static uint32_t pool_number(uint64_t handle)
{
  return (uint32_t)(pool_offset(handle) / POOL_BYTES);
}

static ASHLAR_HOT bool pool_is_shared(uint64_t handle)
{
  return (handle & POOL_SHARED_BIT) != 0;
}

/* The list from which an owner takes, and that from which a thread takes of a
 * shared pool; their handle may be another one. */
static ASHLAR_HOT struct pool_list *pool_list_of(uint64_t handle)
{
  return (struct pool_list *)((uintptr_t)pools + pool_offset(handle));
}

static ASHLAR_HOT struct pool_list *pool_thread_list_of(uint64_t handle)
{
  size_t offset = pool_offset(handle) / (POOL_BYTES / sizeof(struct pool_line));
  return (struct pool_list *)((uintptr_t)pool_self->of + offset);
}

static ASHLAR_COLD _Noreturn void pool_report_handle(uint64_t handle, const char *operation)
{
  struct report report = {.kind = REPORT_BAD_POOL,
                          .address = (uintptr_t)handle,
                          .operation = operation,
                          .detail = "destroyed, or never created"};
  report_fatal(&report);
}

/* The pool of a handle; reports where there is none. */
static struct pool *pool_of(uint64_t handle, const char *operation)
{
  struct pool *p = &pools[pool_number(handle)];
  if (handle == 0 || __atomic_load_n(&p->list.handle, __ATOMIC_RELAXED) != handle) {
    pool_report_handle(handle, operation);
  }
  return p;
}

static void pool_lock(struct pool *p)
{
  if (p->shared) {
    lock_acquire(&p->lock);
  }
}

static void pool_unlock(struct pool *p)
{
  if (p->shared) {
    lock_release(&p->lock);
  }
}

static bool pool_is_empty(const struct pool_list *list)
{
  return list->count == 0 && list->spare == 0;
}

/* ---- memory ---------------------------------------------------------------- */

static size_t pool_round(size_t bytes)
{
  size_t page = os_page_bytes();
  return (bytes + page - 1) / page * page;
}

/* Makes the first bytes of a range usable. */
static bool pool_commit(struct pool_range *range, size_t bytes)
{
  if (bytes <= range->committed) {
    return true;
  }
  size_t wanted = pool_round(bytes);
  size_t usual = range->committed + pool_round(POOL_COMMIT_BYTES);
  wanted = wanted < usual ? usual : wanted;
  wanted = wanted < range->bytes ? wanted : range->bytes;
  if (!os_commit(range->at + range->committed, wanted - range->committed)) {
    return false;
  }
  range->committed = wanted;
  return true;
}

/* Makes objects.  Returns whether there are more than before.  A failure
 * changes nothing that can be seen. */
static bool pool_grow(struct pool *p, uint64_t objects)
{
  uint64_t left = p->maximum - p->made;
  uint64_t n = objects < left ? objects : left;
  uint64_t to = p->list.granules + n * p->list.step;
  size_t before = p->objects.committed;
  if (n == 0 || !pool_commit(&p->state, to) ||
      !pool_commit(&p->entries, (p->made + n) * sizeof *p->list.entry) ||
      !pool_commit(&p->objects, to * GRANULE_BYTES)) {
    return false;
  }
  if (p->objects.committed > before) { /* objects belong into a core file */
    os_show(p->objects.at + before, p->objects.committed - before);
  }
  p->made += n;
  p->list.limit = (uint32_t)p->made;
  pool_list_carve(&p->list, (uint32_t)to);
  return true;
}

static void pool_release_space(struct pool *p)
{
  if (p->object_space != 0) {
    os_release(p->object_space, p->object_space_bytes);
  }
  if (p->table_space != 0) {
    os_release(p->table_space, p->table_space_bytes);
  }
  p->object_space = 0;
  p->table_space = 0;
}

/* Reserves address space for so many objects, between pages that trap. */
static bool pool_reserve(struct pool *p, uint64_t objects)
{
  size_t guard = os_page_bytes();
  uint64_t granules = objects * p->list.step;
  size_t state = pool_round(granules);
  size_t entries = pool_round(objects * sizeof *p->list.entry);
  size_t bytes = pool_round(granules * GRANULE_BYTES);
  p->object_space_bytes = bytes + 2 * guard;
  p->table_space_bytes = state + entries + 3 * guard;
  p->object_space = os_reserve(p->object_space_bytes, guard);
  p->table_space = p->object_space == 0 ? 0 : os_reserve(p->table_space_bytes, guard);
  if (p->table_space == 0) {
    pool_release_space(p);
    return false;
  }
  p->objects = (struct pool_range){p->object_space + guard, bytes, 0};
  p->state = (struct pool_range){p->table_space + guard, state, 0};
  p->entries = (struct pool_range){p->state.at + state + guard, entries, 0};
  p->list.base = p->objects.at;
  p->list.state = (uint8_t *)p->state.at;
  p->list.entry = (uint32_t *)p->entries.at;
  return true;
}

/* ---- threads --------------------------------------------------------------- */

static void pool_flush_one(struct pool *p, uint32_t g)
{
  if (g < p->list.granules && byte_get(&p->list.state[g]) == POOL_HELD) {
    pool_list_push(&p->list, g);
  }
}

/* Gives what a thread holds of a pool back to it; what is not held in truth is
 * dropped: a fork may have caught the thread in the middle of a change. */
static void pool_flush(struct pool_list *list)
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

/* The calling thread's table; NULL without memory, and for a thread that is past
 * its end. */
static struct pool_thread *pool_thread_get(void)
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

/* The calling thread's list of a shared pool, which knows all of its objects
 * afterwards; NULL without memory.  Else the pool's lock is held. */
static struct pool_list *pool_attach(uint64_t handle, const char *operation)
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

static ASHLAR_COLD _Noreturn void pool_report_torn(const struct pool *p, const char *operation)
{
  struct report report = {.kind = REPORT_BAD_METADATA,
                          .address = p->list.base,
                          .operation = operation,
                          .detail = "a list of free objects of this pool"};
  report_fatal(&report);
}

/* Moves half of what a thread's list can hold; the lock is held, and released. */
static void pool_exchange(struct pool *p, struct pool_list *list, bool back)
{
  uint32_t n = (list->limit + 1) / 2;
  if (back) {
    pool_list_move(list, &p->list, n);
  } else {
    pool_list_move(&p->list, list, n);
  }
  lock_release(&p->lock);
}

/* ---- allocate -------------------------------------------------------------- */

static const char pool_alloc_name[] = "ashlar_pool_alloc";
static const char pool_free_name[] = "ashlar_pool_free";
static const char pool_destroy_name[] = "ashlar_pool_destroy";

/* Fills a list that has nothing to hand out; returns it, or NULL where nothing
 * can be had. */
static struct pool_list *pool_refill(uint64_t handle)
{
  struct pool *p = pool_of(handle, pool_alloc_name);
  if (!p->shared) {
    bool more = !pool_is_empty(&p->list) || pool_grow(p, p->growth);
    p->exhausted += more ? 0 : 1;
    return more ? &p->list : NULL;
  }
  struct pool_list *list = pool_attach(handle, pool_alloc_name);
  if (list == NULL || !pool_is_empty(list)) {
    if (list != NULL) {
      lock_release(&p->lock);
    }
    return list;
  }
  if (pool_is_empty(&p->list) && pool_grow(p, p->growth)) {
    list->granules = p->list.granules;
  }
  bool any = !pool_is_empty(&p->list);
  p->exhausted += any ? 0 : 1;
  if (p->list.count == 0) {
    list->spare = p->list.spare;
    p->list.spare = 0;
  }
  pool_exchange(p, list, false);
  return any ? list : NULL;
}

/* An object that waited is not zero any more. */
static ASHLAR_COLD _Noreturn void pool_report_written(const struct pool_list *list,
                                                      uintptr_t object)
{
  struct report report = {.kind = REPORT_WRITE_AFTER_FREE,
                          .address = object,
                          .operation = pool_alloc_name,
                          .has_slot = true,
                          .slot = object,
                          .slot_bytes = list->clear,
                          .size_class = list->clear,
                          .state = "free"};
  report.has_damage = payload_find(object, 0, list->clear, &report.damage, &report.damage_byte);
  report_fatal(&report);
}

/* Hands out an object that must be zero. */
static __attribute__((noinline)) void *pool_hand_out_clear(const struct pool_list *list,
                                                           uintptr_t object)
{
  if (ASHLAR_UNLIKELY(!payload_is_zero(object, list->clear))) {
    pool_report_written(list, object);
  }
  return (void *)object;
}

/* The object that was taken from a list. */
static void *pool_taken(uint64_t handle, const struct pool_list *list, uint32_t g)
{
  if (g >= POOL_REFUSED) {
    pool_report_torn(&pools[pool_number(handle)], pool_alloc_name);
  }
  uintptr_t object = list->base + (uintptr_t)g * GRANULE_BYTES;
  return list->clear != 0 ? pool_hand_out_clear(list, object) : (void *)object;
}

/* For a thread that cannot have lists of its own: from a shared pool's. */
static void *pool_alloc_direct(uint64_t handle)
{
  struct pool *p = &pools[pool_number(handle)];
  lock_acquire(&p->lock);
  if (p->list.handle != handle) {
    lock_release(&p->lock);
    pool_report_handle(handle, pool_alloc_name);
  }
  bool any = !pool_is_empty(&p->list) || pool_grow(p, p->growth);
  p->exhausted += any ? 0 : 1;
  uint32_t g = any ? pool_list_take(&p->list) : 0;
  lock_release(&p->lock);
  return any ? pool_taken(handle, &p->list, g) : NULL;
}

static ASHLAR_COLD void *pool_alloc_rare(uint64_t handle)
{
  int saved = errno;
  void *object;
  if (pool_of(handle, pool_alloc_name)->shared && pool_thread_get() == NULL) {
    object = pool_alloc_direct(handle);
  } else {
    struct pool_list *list = pool_refill(handle);
    object = list == NULL ? NULL : pool_taken(handle, list, pool_list_take(list));
  }
  errno = object == NULL ? ENOMEM : saved;
  return object;
}

static ASHLAR_COLD void *pool_alloc_refused(uint64_t handle, uint32_t refusal)
{
  if (refusal == POOL_REFUSED + POOL_TORN) {
    pool_report_torn(&pools[pool_number(handle)], pool_alloc_name);
  }
  return pool_alloc_rare(handle);
}

/* Every call is the last thing done, so that nothing is kept across one. */
static ASHLAR_HOT void *pool_alloc_from(uint64_t handle, struct pool_list *list, bool clear)
{
  if (ASHLAR_UNLIKELY(list->handle != handle)) {
    return pool_alloc_rare(handle);
  }
  uint32_t g = pool_list_take(list);
  if (ASHLAR_UNLIKELY(g >= POOL_REFUSED)) {
    return pool_alloc_refused(handle, g);
  }
  uintptr_t object = list->base + (uintptr_t)g * GRANULE_BYTES;
  return clear ? pool_hand_out_clear(list, object) : (void *)object;
}

/* From a shared pool, or from one whose objects are cleared; or there is none: the
 * handle of an unused place is 0, as NULL is, and its list is not to be asked. */
static __attribute__((noinline)) void *pool_alloc_unusual(uint64_t handle)
{
  if (ASHLAR_UNLIKELY(handle == 0)) {
    return pool_alloc_rare(handle);
  }
  if (ASHLAR_UNLIKELY((handle & POOL_CLEAR_BIT) != 0)) {
    return pool_alloc_from(
        handle, pool_is_shared(handle) ? pool_thread_list_of(handle) : pool_list_of(handle), true);
  }
  return pool_alloc_from(handle, pool_thread_list_of(handle), false);
}

ASHLAR_PUBLIC void *ashlar_pool_alloc(ashlar_pool *pool)
{
  uint64_t handle = pool_handle(pool);
  if (ASHLAR_UNLIKELY((handle & POOL_USUAL_BIT) == 0)) {
    return pool_alloc_unusual(handle);
  }
  return pool_alloc_from(handle, pool_list_of(handle), false);
}

/* ---- free -------------------------------------------------------------------- */

/* The object around an address of a pool; PTR_NONE of the granule's type where
 * there is none. */
static uint32_t pool_object_around(const struct pool_list *list, uintptr_t address)
{
  uint32_t g = (uint32_t)((address - list->base) / GRANULE_BYTES);
  for (uint32_t back = 0; back < list->step && back <= g; back++) {
    if (byte_get(&list->state[g - back]) != POOL_NONE) {
      return g - back;
    }
  }
  return POOL_REFUSED;
}

static void pool_describe(struct report *report, const struct pool *p)
{
  uint32_t g = pool_object_around(&p->list, report->address);
  if (g == POOL_REFUSED) {
    return;
  }
  uint8_t state = byte_get(&p->list.state[g]);
  report->has_slot = true;
  report->slot = p->list.base + (uintptr_t)g * GRANULE_BYTES;
  report->slot_bytes = (size_t)p->list.step * GRANULE_BYTES;
  report->size_class = (uint32_t)report->slot_bytes;
  report->state = state == POOL_LIVE ? "live" : state == POOL_HELD ? "cached" : "free";
  report->has_asked = state == POOL_LIVE;
  report->asked = p->object;
}

static void pool_name_text(struct text *text, const struct pool *p)
{
  text_str(text, "pool ");
  if (p->name[0] != '\0') {
    text_str(text, p->name);
  } else {
    text_dec(text, (uint64_t)(p - pools));
  }
}

/* Whose an address is that is not the pool's; for the report alone, so by a
 * walk over the pools. */
static enum report_kind pool_whose(struct text *text, uintptr_t address)
{
  for (uint32_t i = 0; i < POOLS; i++) {
    const struct pool *other = &pools[i];
    if (other->list.handle != 0 && address - other->list.base < other->objects.bytes) {
      text_str(text, ", but of ");
      pool_name_text(text, other);
      return REPORT_WRONG_POOL;
    }
  }
  if (heap_is_ours(radix_granule(address))) {
    text_str(text, ", but of the heap");
    return REPORT_WRONG_POOL;
  }
  return REPORT_INVALID_POINTER;
}

/* Says what is wrong with a free; returns the verdict where the pool wants that. */
static ASHLAR_COLD enum ashlar_pool_verdict pool_wrong(const struct pool *p, uintptr_t address,
                                                       enum pool_refusal refusal)
{
  char buffer[POOL_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  struct report report = {.address = address, .operation = pool_free_name, .detail = buffer};
  enum ashlar_pool_verdict verdict = ASHLAR_POOL_WRONG_POOL;
  /* Behind what was ever handed out, the pool's memory has no objects. */
  bool within = address - p->list.base < p->objects.bytes;
  text_str(&detail, within ? "" : "not of ");
  pool_name_text(&detail, p);
  if (refusal == POOL_FOREIGN) {
    report.kind = within ? REPORT_UNALLOCATED : pool_whose(&detail, address);
  } else {
    bool twice = refusal == POOL_ALREADY_FREE;
    verdict = twice ? ASHLAR_POOL_ALREADY_FREE : ASHLAR_POOL_NOT_AN_OBJECT;
    report.kind = twice ? REPORT_DOUBLE_FREE : REPORT_INTERIOR;
    pool_describe(&report, p);
  }
  if (!p->report_only) {
    report_fatal(&report);
  }
  report_warning(&report);
  return verdict;
}

/* Whether nobody wrote past the end of an object; clears it in any case. */
static bool pool_clean(const struct pool_list *list, uintptr_t object)
{
  const struct pool *p = &pools[pool_number(list->handle)];
  size_t slack = list->clear - p->object;
  bool sound = slack == 0 || payload_slack_is_zero(object + list->clear, slack);
  if (ASHLAR_UNLIKELY(!sound)) {
    struct report report = {
        .kind = REPORT_OVERFLOW, .address = object, .operation = pool_free_name};
    pool_describe(&report, p);
    report.has_asked = true;
    report.asked = p->object;
    report.has_damage =
        payload_find(object, p->object, list->clear, &report.damage, &report.damage_byte);
    if (!p->report_only) {
      report_fatal(&report);
    }
    report_warning(&report);
  }
  payload_zero(object, list->clear);
  return sound;
}

/* Puts an object in that was released, into a list that may be full or whose
 * objects are cleared. */
static __attribute__((noinline)) enum ashlar_pool_verdict
pool_put_in(uint64_t handle, struct pool_list *list, uint32_t g, uintptr_t object)
{
  bool sound = list->clear == 0 || pool_clean(list, object);
  struct pool *p = &pools[pool_number(handle)];
  if (!pool_list_push(list, g)) {
    int saved = errno;
    /* A pool's own list has room for all of its objects. */
    if (!p->shared || pool_attach(handle, pool_free_name) == NULL) {
      pool_report_torn(p, pool_free_name);
    }
    pool_exchange(p, list, true);
    pool_list_push(list, g);
    errno = saved;
  }
  return sound ? ASHLAR_POOL_OK : ASHLAR_POOL_OVERFLOW;
}

/* A free by a thread that cannot have lists of its own: into the pool's. */
static enum ashlar_pool_verdict pool_free_direct(struct pool *p, uintptr_t object)
{
  lock_acquire(&p->lock);
  uint32_t g = pool_list_release(&p->list, object, true);
  lock_release(&p->lock);
  if (g >= POOL_REFUSED) {
    return pool_wrong(p, object, (enum pool_refusal)(g - POOL_REFUSED));
  }
  bool sound = p->list.clear == 0 || pool_clean(&p->list, object);
  lock_acquire(&p->lock);
  pool_list_push(&p->list, g);
  lock_release(&p->lock);
  return sound ? ASHLAR_POOL_OK : ASHLAR_POOL_OVERFLOW;
}

/* A free by a thread whose list does not know the pool or the object, or one
 * that is wrong. */
static ASHLAR_COLD enum ashlar_pool_verdict pool_free_rare(uint64_t handle, uintptr_t object)
{
  struct pool *p = pool_of(handle, pool_free_name);
  if (object == 0) {
    return ASHLAR_POOL_OK;
  }
  int saved = errno;
  struct pool_list *list = p->shared ? pool_attach(handle, pool_free_name) : &p->list;
  if (list == NULL) {
    enum ashlar_pool_verdict direct = pool_free_direct(p, object);
    errno = saved;
    return direct;
  }
  pool_unlock(p);
  uint32_t g = pool_list_release(list, object, p->shared);
  enum ashlar_pool_verdict verdict =
      g >= POOL_REFUSED ? pool_wrong(p, object, (enum pool_refusal)(g - POOL_REFUSED))
                        : pool_put_in(handle, list, g, object);
  errno = saved;
  return verdict;
}

/* Every call is the last thing done, so that nothing is kept across one. */
static ASHLAR_HOT enum ashlar_pool_verdict pool_free_to(uint64_t handle, struct pool_list *list,
                                                        uintptr_t object, bool shared, bool clear)
{
  if (ASHLAR_UNLIKELY(list->handle != handle)) {
    return pool_free_rare(handle, object);
  }
  uint32_t g = pool_list_release(list, object, shared);
  if (ASHLAR_UNLIKELY(g >= POOL_REFUSED)) {
    return pool_free_rare(handle, object);
  }
  if (clear || ASHLAR_UNLIKELY(!pool_list_push(list, g))) {
    return pool_put_in(handle, list, g, object);
  }
  return ASHLAR_POOL_OK;
}

/* To a shared pool, or to one whose objects are cleared; or there is none. */
static __attribute__((noinline)) enum ashlar_pool_verdict pool_free_unusual(uint64_t handle,
                                                                            uintptr_t object)
{
  if (ASHLAR_UNLIKELY(handle == 0)) {
    return pool_free_rare(handle, object);
  }
  if (ASHLAR_UNLIKELY((handle & POOL_CLEAR_BIT) != 0)) {
    bool shared = pool_is_shared(handle);
    return pool_free_to(handle, shared ? pool_thread_list_of(handle) : pool_list_of(handle), object,
                        shared, true);
  }
  return pool_free_to(handle, pool_thread_list_of(handle), object, true, false);
}

ASHLAR_PUBLIC enum ashlar_pool_verdict ashlar_pool_free(ashlar_pool *pool, void *object)
{
  uint64_t handle = pool_handle(pool);
  if (ASHLAR_UNLIKELY((handle & POOL_USUAL_BIT) == 0)) {
    return pool_free_unusual(handle, (uintptr_t)object);
  }
  return pool_free_to(handle, pool_list_of(handle), (uintptr_t)object, false, false);
}

/* ---- create and destroy --------------------------------------------------------- */

static void pool_start(void)
{
  if (!pool_threads.started) {
    pool_threads.started = pthread_key_create(&pool_threads.key, pool_thread_end) == 0;
  }
}

/* Granules of an object; 0 where there can be none of that size and alignment. */
static uint32_t pool_step(const struct ashlar_pool_options *o)
{
  size_t align = o->alignment < GRANULE_BYTES ? GRANULE_BYTES : o->alignment;
  size_t bytes;
  bool power = (o->alignment & (o->alignment - 1)) == 0;
  if (o->object_size == 0 || !power || align > 4096 ||
      !size_round_up(o->object_size, align, &bytes) || bytes > INT32_MAX) {
    return 0;
  }
  return (uint32_t)(bytes / GRANULE_BYTES);
}

/* Objects that there may ever be; 0 where more are asked for than a pool can
 * have. */
static uint64_t pool_maximum(const struct ashlar_pool_options *o, uint32_t step)
{
  uint64_t most = POOL_GRANULES / step;
  if (o->maximum != 0 || o->growth == 0) {
    uint64_t asked = o->growth == 0 ? o->initial : o->maximum;
    return asked >= o->initial && asked <= most ? asked : 0;
  }
  uint64_t space = os_address_space();
  uint64_t share = space == UINT64_MAX ? most : space / 16 / GRANULE_BYTES / step;
  most = share < most ? share : most;
  return o->initial <= most ? most : 0;
}

static void pool_fill_in(struct pool *p, const struct ashlar_pool_options *o, uint32_t step)
{
  p->shared = o->threads == ASHLAR_POOL_SHARED;
  p->report_only = o->report_only;
  p->object = o->object_size;
  p->growth = o->growth;
  p->made = 0;
  p->exhausted = 0;
  memset(p->name, 0, sizeof p->name);
  if (o->name != NULL) {
    strncpy(p->name, o->name, sizeof p->name - 1);
  }
  p->list = (struct pool_list){.step = step, .clear = o->zero_on_free ? step * GRANULE_BYTES : 0};
}

/* Makes a pool in an unused place; returns its handle, or 0. */
static uint64_t pool_make(struct pool *p, const struct ashlar_pool_options *o, uint32_t step)
{
  pool_fill_in(p, o, step);
  p->maximum = pool_maximum(o, step);
  bool bounded = o->maximum != 0 || o->growth == 0;
  while (p->maximum > 0 && !pool_reserve(p, p->maximum)) {
    p->maximum = bounded || p->maximum / 2 < o->initial ? 0 : p->maximum / 2;
  }
  if (p->maximum == 0) {
    return 0;
  }
  if (o->initial > 0 && !pool_grow(p, o->initial)) {
    pool_release_space(p);
    return 0;
  }
  p->uses++;
  uint64_t mode = (p->shared ? POOL_SHARED_BIT : 0) | (p->list.clear != 0 ? POOL_CLEAR_BIT : 0);
  return p->uses << POOL_USE_SHIFT | (uint64_t)(p - pools) * POOL_BYTES |
         (mode == 0 ? POOL_USUAL_BIT : mode);
}

ASHLAR_PUBLIC ashlar_pool *ashlar_pool_create(const struct ashlar_pool_options *options)
{
  uint32_t step = pool_step(options);
  if (step == 0 || (options->initial == 0 && options->growth == 0) ||
      (options->maximum != 0 && options->maximum < options->initial)) {
    errno = EINVAL;
    return NULL;
  }
  uint64_t handle = 0;
  if (heap_start()) {
    lock_acquire(&pool_threads.lock);
    pool_start();
    uint32_t i = 1;
    while (i < POOLS && pools[i].list.handle != 0) {
      i++;
    }
    if (i < POOLS && pool_threads.started) {
      handle = pool_make(&pools[i], options, step);
      __atomic_store_n(&pools[i].list.handle, handle, __ATOMIC_RELEASE);
    }
    lock_release(&pool_threads.lock);
  }
  if (handle == 0) {
    errno = ENOMEM;
  }
  return (ashlar_pool *)(uintptr_t)handle;
}

/* Objects in a state. */
static uint64_t pool_count(const struct pool_list *list, uint8_t state)
{
  uint64_t n = 0;
  for (uint32_t g = pool_list_find(list, 0, state); g < list->granules;
       g = pool_list_find(list, g + list->step, state)) {
    n += byte_get(&list->state[g]) == state ? 1 : 0;
  }
  return n;
}

/* Says that objects were live, before their pool goes. */
static void pool_report_leak(const struct pool *p, uint64_t live)
{
  char buffer[POOL_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  text_dec(&detail, live);
  text_str(&detail, live == 1 ? " object of " : " objects of ");
  pool_name_text(&detail, p);
  uint32_t first = pool_list_find(&p->list, 0, POOL_LIVE);
  struct report report = {.kind = REPORT_LEAK,
                          .address = p->list.base + (uintptr_t)first * GRANULE_BYTES,
                          .operation = pool_destroy_name,
                          .detail = buffer};
  report_warning(&report);
}

/* Ends a pool whose handle is good at this moment; from here on no other call
 * finds it. */
static void pool_withdraw(struct pool *p, uint64_t handle)
{
  lock_acquire(&pool_threads.lock);
  lock_acquire(&p->lock);
  bool ours = p->list.handle == handle;
  p->list.handle = POOL_ENDING;
  for (struct pool_thread *t = pool_threads.all; ours && t != NULL; t = t->next) {
    t->of[pool_number(handle)].list = (struct pool_list){0};
  }
  lock_release(&p->lock);
  lock_release(&pool_threads.lock);
  if (!ours) {
    pool_report_handle(handle, pool_destroy_name);
  }
}

ASHLAR_PUBLIC size_t ashlar_pool_destroy(ashlar_pool *pool)
{
  if (pool == NULL) {
    return 0;
  }
  int saved = errno;
  uint64_t handle = pool_handle(pool);
  struct pool *p = pool_of(handle, pool_destroy_name);
  pool_withdraw(p, handle);
  uint64_t live = pool_count(&p->list, POOL_LIVE);
  if (live > 0) {
    pool_report_leak(p, live);
  }
  pool_release_space(p);
  lock_acquire(&pool_threads.lock);
  p->list = (struct pool_list){0};
  lock_release(&pool_threads.lock);
  errno = saved;
  return live;
}

/* ---- looking at a pool ------------------------------------------------------------ */

ASHLAR_PUBLIC bool ashlar_pool_owns(ashlar_pool *pool, const void *address)
{
  struct pool *p = pool_of(pool_handle(pool), "ashlar_pool_owns");
  uintptr_t offset = (uintptr_t)address - p->list.base;
  pool_lock(p);
  bool owns = (uintptr_t)address >= p->list.base && offset % GRANULE_BYTES == 0 &&
              offset / GRANULE_BYTES < p->list.granules &&
              byte_get(&p->list.state[offset / GRANULE_BYTES]) == POOL_LIVE;
  pool_unlock(p);
  return owns;
}

ASHLAR_PUBLIC void ashlar_pool_stats(ashlar_pool *pool, struct ashlar_pool_statistics *statistics)
{
  struct pool *p = pool_of(pool_handle(pool), "ashlar_pool_stats");
  pool_lock(p);
  uint64_t held = pool_count(&p->list, POOL_HELD);
  uint64_t ready = p->list.count + (p->list.spare != 0 ? 1 : 0);
  *statistics = (struct ashlar_pool_statistics){
      .object_size = p->object,
      .stride = (uint64_t)p->list.step * GRANULE_BYTES,
      .made = p->made,
      .live = pool_count(&p->list, POOL_LIVE),
      .cached = held - ready,
      .free = ready,
      .maximum = p->maximum,
      .committed = p->objects.committed,
      .exhausted = p->exhausted,
  };
  memcpy(statistics->name, p->name, sizeof statistics->name);
  pool_unlock(p);
}

ASHLAR_PUBLIC bool ashlar_pool_check(ashlar_pool *pool)
{
  struct pool *p = pool_of(pool_handle(pool), "ashlar_pool_check");
  pool_lock(p);
  bool sound = pool_list_check(&p->list);
  pool_unlock(p);
  return sound;
}

/* Gives the whole pages of granules from .. to - 1 back.  Returns their bytes. */
static size_t pool_discard(const struct pool *p, uint32_t from, uint32_t to)
{
  size_t page = os_page_bytes();
  uintptr_t low = pool_round(p->list.base + (uintptr_t)from * GRANULE_BYTES);
  uintptr_t high = (p->list.base + (uintptr_t)to * GRANULE_BYTES) / page * page;
  return low < high && os_discard(low, high - low) ? high - low : 0;
}

/* Changes the state of all objects of a list. */
static void pool_mark(const struct pool_list *list, uint8_t state)
{
  for (uint32_t k = 0; k < list->count; k++) {
    byte_set(&list->state[list->entry[k]], state);
  }
}

/* What lies between objects that are live, or in the lists of threads, is not
 * touched by anyone. */
ASHLAR_PUBLIC size_t ashlar_pool_trim(ashlar_pool *pool)
{
  int saved = errno;
  uint64_t handle = pool_handle(pool);
  struct pool *p = pool_of(handle, "ashlar_pool_trim");
  if (p->shared) {
    lock_acquire(&pool_threads.lock);
    if (pool_self->of[pool_number(handle)].list.handle == handle) {
      pool_flush(&pool_self->of[pool_number(handle)].list);
    }
    lock_release(&pool_threads.lock);
  }
  pool_lock(p);
  pool_mark(&p->list, POOL_ASIDE);
  size_t given = 0;
  uint32_t from = 0;
  while (from < p->list.granules) {
    uint32_t next = pool_list_find(&p->list, from, POOL_HELD);
    given += pool_discard(p, from, next);
    from = next + p->list.step;
  }
  pool_mark(&p->list, POOL_HELD);
  pool_unlock(p);
  errno = saved;
  return given;
}
