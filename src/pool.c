#include "pool_internal.h"
#include "api.h"
#include "os.h"
#include "payload.h"

#include <errno.h>
#include <string.h>

/* ---- allocate -------------------------------------------------------------- */

static bool pool_is_empty(const struct pool_list *list)
{
  return list->count == 0 && list->spare == 0;
}

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
