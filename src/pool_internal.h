/* pool_internal: what the files of pool share, and nobody else sees.
 *
 * Owns nothing of its own: pool_table.c has the table, what a handle stands for,
 * create and destroy; pool_space.c the memory of one pool; pool_threads.c what each
 * thread holds; pool_report.c the words; pool.c alloc, free and a look.  pool.h says
 * who may touch what under which lock.
 */
#ifndef ASHLAR_POOL_INTERNAL_H
#define ASHLAR_POOL_INTERNAL_H

#include "lock.h"
#include "pool.h"
#include "report.h"
#include "text.h"

#include <pthread.h>

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

extern struct pool pools[POOLS] __attribute__((visibility("hidden")));

/* Of a thread that has none yet: no handle fits it. */
extern struct pool_thread pool_none __attribute__((visibility("hidden")));

/* The calling thread's table. */
extern __thread struct pool_thread *pool_self
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

extern struct pool_threads {
  struct lock lock;
  struct pool_thread *all;
  struct pool_thread *idle;
  pthread_key_t key;
  bool started;
} pool_threads __attribute__((visibility("hidden")));

/* ---- handles ------------------------------------------------------------- */

static inline uint64_t pool_handle(const ashlar_pool *pool)
{
  return (uintptr_t)pool;
}

/* The bytes of the table before a handle's pool. */
static inline size_t pool_offset(uint64_t handle)
{
  return handle & ((size_t)(POOLS - 1) * POOL_BYTES);
}

static inline uint32_t pool_number(uint64_t handle)
{
  return (uint32_t)(pool_offset(handle) / POOL_BYTES);
}

static inline bool pool_is_shared(uint64_t handle)
{
  return (handle & POOL_SHARED_BIT) != 0;
}

/* The list from which an owner takes, and that from which a thread takes of a
 * shared pool; their handle may be another one. */
static inline struct pool_list *pool_list_of(uint64_t handle)
{
  return (struct pool_list *)((uintptr_t)pools + pool_offset(handle));
}

static inline struct pool_list *pool_thread_list_of(uint64_t handle)
{
  size_t offset = pool_offset(handle) / (POOL_BYTES / sizeof(struct pool_line));
  return (struct pool_list *)((uintptr_t)pool_self->of + offset);
}

/* The pool of a handle; reports where there is none. */
struct pool *pool_of(uint64_t handle, const char *operation);

static inline void pool_lock(struct pool *p)
{
  if (p->shared) {
    lock_acquire(&p->lock);
  }
}

static inline void pool_unlock(struct pool *p)
{
  if (p->shared) {
    lock_release(&p->lock);
  }
}

/* Objects in a state. */
uint64_t pool_count(const struct pool_list *list, uint8_t state);

/* ---- memory (pool_space.c) ----------------------------------------------- */

/* Rounds up to whole pages. */
size_t pool_round(size_t bytes);

/* Makes objects.  Returns whether there are more than before.  A failure
 * changes nothing that can be seen. */
bool pool_grow(struct pool *p, uint64_t objects);

/* Gives all of a pool's address space back. */
void pool_release_space(struct pool *p);

/* Reserves address space for so many objects, between pages that trap.
 * Returns false where there is none; then the pool has none. */
bool pool_reserve(struct pool *p, uint64_t objects);

/* Gives the whole pages of granules from .. to - 1 back.  Returns their bytes. */
size_t pool_discard(const struct pool *p, uint32_t from, uint32_t to);

/* ---- threads (pool_threads.c) -------------------------------------------- */

/* Makes the key by which a thread's end is noticed; the lock is held. */
void pool_start(void);

/* The calling thread's table; NULL without memory, and for a thread that is past
 * its end. */
struct pool_thread *pool_thread_get(void);

/* Gives what a thread holds of a pool back to it; what is not held in truth is
 * dropped: a fork may have caught the thread in the middle of a change. */
void pool_flush(struct pool_list *list);

/* The calling thread's list of a shared pool, which knows all of its objects
 * afterwards; NULL without memory.  Else the pool's lock is held. */
struct pool_list *pool_attach(uint64_t handle, const char *operation);

/* Moves half of what a thread's list can hold; the lock is held, and released. */
void pool_exchange(struct pool *p, struct pool_list *list, bool back);

/* ---- words (pool_report.c) ----------------------------------------------- */

/* The calls, as reports name them. */
extern const char pool_alloc_name[] __attribute__((visibility("hidden")));
extern const char pool_free_name[] __attribute__((visibility("hidden")));
extern const char pool_destroy_name[] __attribute__((visibility("hidden")));

/* A handle that is no pool's. */
_Noreturn void pool_report_handle(uint64_t handle, const char *operation);

/* A list that names what is not free. */
_Noreturn void pool_report_torn(const struct pool *p, const char *operation);

/* An object that waited is not zero any more. */
_Noreturn void pool_report_written(const struct pool_list *list, uintptr_t object);

/* Fills in what is known of the object around the report's address. */
void pool_describe(struct report *report, const struct pool *p);

/* Says what is wrong with a free; returns the verdict where the pool wants that. */
enum ashlar_pool_verdict pool_wrong(const struct pool *p, uintptr_t address,
                                    enum pool_refusal refusal);

/* Says that objects were live, before their pool goes. */
void pool_report_leak(const struct pool *p, uint64_t live);

#endif
