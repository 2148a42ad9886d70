/* thread_cache: the slots that one thread holds, by class, so that most calls
 * take no lock.  It is the quarantine as well: what a thread frees leaves its
 * list by malloc only among the aged, at random.
 *
 * Owns the caches and their registry.  A cache is touched by its thread alone;
 * the registry has a lock, which is the outermost of the allocator.
 *
 * Invariant: in each class count <= limit <= LIST_CAPACITY, and the limits'
 * growth beyond their first values is paid from the cache's byte budget.
 */
#ifndef ASHLAR_THREAD_CACHE_H
#define ASHLAR_THREAD_CACHE_H

#include "free_list.h"
#include "platform.h"
#include "random.h"

struct class_cache {
  uint32_t limit;   /* blocks it may hold */
  uint32_t min_age; /* Q: so many later frees keep a freed block from malloc */
  struct free_list list;
};

struct thread_cache {
  struct random random;
  uint64_t budget;           /* bytes by which limits may still grow */
  uint32_t scavenged;        /* the class at which scavenging goes on */
  struct thread_cache *next; /* in the registry: all, or those without a thread */
  bool owned;
  uint16_t batch[SIZE_CLASSES]; /* of the next refill */
  struct class_cache of[SIZE_CLASSES];
};

/* The calling thread's cache; one without room or blocks before the thread's
 * first use and after its end, so that the fast paths need not ask. */
extern __thread struct thread_cache *thread_cache_self
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Creates what exits of threads need; once, at start. */
bool thread_cache_start(void);

/* The calling thread's cache, made now if it has none; NULL without memory. */
struct thread_cache *thread_cache_get(void);

/* Fills a list that has no aged block.
 * c: the class.  Returns false where there is no memory. */
bool thread_cache_refill(struct thread_cache *cache, uint32_t c);

/* Makes room in a full list, by growing its limit or by handing the oldest
 * half to the central cache. */
void thread_cache_make_room(struct thread_cache *cache, uint32_t c);

/* Hands everything that the calling thread holds to the central caches. */
void thread_cache_flush(void);

/* Blocks held by all threads, in bytes; a snapshot without locks. */
uint64_t thread_cache_bytes(void);

/* Whether the calling thread holds a free block of a class in its list. */
bool thread_cache_holds(uint32_t c, uintptr_t block);

/* Whether the calling thread's free lists are whole. */
bool thread_cache_check(void);

/* Around a fork; in the child, what other threads held goes back. */
void thread_cache_lock(void);
void thread_cache_unlock(void);
void thread_cache_reset(void);

#endif
