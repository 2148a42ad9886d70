/* thread_cache: the slots that one thread holds, by class, so that most calls
 * take no lock.  It is the quarantine as well: what a thread frees leaves its
 * list by malloc only among the aged, at random.
 *
 * Owns the lists.  A cache is touched by its thread alone; thread_registry.h
 * says whose it is.
 *
 * Invariant: in each class count <= limit <= LIST_CAPACITY, and the bytes of all
 * limits together, `spent`, are at most the option thread_cache_bytes.  A class
 * that the thread has not used is all zero, so its pages are never written.
 */
#ifndef ASHLAR_THREAD_CACHE_H
#define ASHLAR_THREAD_CACHE_H

#include "free_list.h"
#include "platform.h"
#include "random.h"

enum {
  CLASS_WORDS = (SIZE_CLASSES + 63) / 64
};

struct class_cache {
  uint32_t limit;   /* blocks it may hold; 0 before the class is used */
  uint16_t min_age; /* Q: so many later frees keep a freed block from malloc */
  uint16_t batch;   /* blocks of the next refill */
  struct free_list list;
};

struct thread_cache {
  struct random random;
  uint64_t spent;             /* bytes of all limits */
  uint64_t used[CLASS_WORDS]; /* a bit for each class that is not all zero */
  uint32_t scavenged;         /* the class at which scavenging goes on */
  uint32_t asked;             /* of thread_registry_asked, when it was last obeyed */
  /* the registry's */
  struct thread_cache *next;      /* of all */
  struct thread_cache *next_idle; /* of those without a thread */
  struct thread_cache *next_hash; /* of those whose threads hash alike */
  const void *thread;             /* tells the thread while it lives */
  uint32_t generation;            /* of processes: a fork begins the next */
  bool owned;
  /* by thread_cache_of: class 0 is the last, so that a thread with few small
   * blocks needs one page of all this */
  struct class_cache of[SIZE_CLASSES];
};

/* The list of a class that is not 0; and of any class. */
static inline struct class_cache *thread_cache_plain(struct thread_cache *cache, uint32_t c)
{
  return &cache->of[c - 1];
}

static inline struct class_cache *thread_cache_of(struct thread_cache *cache, uint32_t c)
{
  return &cache->of[c == 0 ? SIZE_CLASSES - 1 : c - 1];
}

/* The calling thread's cache; one without room or blocks before the thread's
 * first use and after its end, so that the fast paths need not ask. */
extern __thread struct thread_cache *thread_cache_self
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* That one, without room or blocks. */
extern struct thread_cache thread_cache_none __attribute__((visibility("hidden")));

/* Fills a list that has no aged block.
 * c: the class.  Returns whether it has one now: not if there is no memory, or
 * if all that the cache may hold of the class is young. */
bool thread_cache_refill(struct thread_cache *cache, uint32_t c);

/* Makes room in a full list, by growing its limit or by handing the oldest
 * half to the central cache.
 * Returns whether there is room: not if the budget does not allow one block. */
bool thread_cache_make_room(struct thread_cache *cache, uint32_t c);

/* Hands all that a cache holds to the central caches.  By its thread. */
void thread_cache_empty(struct thread_cache *cache);

/* The same, and all limits are zero again: as a cache begins. */
void thread_cache_close(struct thread_cache *cache);

/* Whether a cache has used a class; anyone may ask. */
bool thread_cache_uses(const struct thread_cache *cache, uint32_t c);

/* Whether a list names a block. */
bool thread_cache_list_holds(const struct free_list *list, uintptr_t block);

/* Whether the calling thread holds a free block of a class in its list. */
bool thread_cache_holds(uint32_t c, uintptr_t block);

/* Whether the calling thread's free lists are whole. */
bool thread_cache_check(void);

#ifdef ASHLAR_TEST_HOOKS
/* Of each class: how often young blocks were handed over, which do not age where
 * they are then. */
extern uint32_t thread_cache_test_young[SIZE_CLASSES];
#endif

#endif
