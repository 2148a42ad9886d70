/* The table of pools: what a handle stands for, create, destroy. */
#include "pool_internal.h"
#include "api.h"
#include "heap.h"
#include "os.h"
#include "size_math.h"

#include <errno.h>
#include <string.h>

ASHLAR_LONG struct pool pools[POOLS];

struct pool *pool_of(uint64_t handle, const char *operation)
{
  struct pool *p = &pools[pool_number(handle)];
  if (handle == 0 || __atomic_load_n(&p->list.handle, __ATOMIC_RELAXED) != handle) {
    pool_report_handle(handle, operation);
  }
  return p;
}

uint64_t pool_count(const struct pool_list *list, uint8_t state)
{
  uint64_t n = 0;
  for (uint32_t g = pool_list_find(list, 0, state); g < list->granules;
       g = pool_list_find(list, g + list->step, state)) {
    n += byte_get(&list->state[g]) == state ? 1 : 0;
  }
  return n;
}

/* ---- create -------------------------------------------------------------- */

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

/* ---- destroy ------------------------------------------------------------- */

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
