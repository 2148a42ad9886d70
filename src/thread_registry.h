/* thread_registry: which thread has which cache, from its first use to its end,
 * and across fork.
 *
 * Owns the registry of caches, under a lock that is the outermost of the heap;
 * the calling thread's place in it (thread_cache_self), which nobody else
 * touches; and the members of each cache that are said to be its, under the lock.
 *
 * A thread is without a cache before its first use of the heap and after the
 * destructor of its thread-specific data ran.  What it frees or allocates after
 * that, in later destructors or in the C library's own, goes to and comes from
 * the central caches directly: no cache that nobody would give back is taken.
 *
 * After a fork the caches of the threads that the child does not have are
 * orphans.  They are told by their generation, so the fork itself touches none.
 */
#ifndef ASHLAR_THREAD_REGISTRY_H
#define ASHLAR_THREAD_REGISTRY_H

#include "thread_cache.h"

/* Creates what exits of threads need; once, at start. */
bool thread_registry_start(void);

/* The calling thread's cache, made now if it has none; NULL without memory, and
 * for a thread that is past its end. */
struct thread_cache *thread_cache_get(void);

/* Hands everything that the calling thread holds to the central caches. */
void thread_cache_flush(void);

/* Asks all threads to hand over what they hold.  The calling one does so now,
 * the others when they next look for blocks or for room; what orphans hold is
 * taken, if that can be. */
void thread_registry_reclaim(void);

/* How often that was asked. */
uint32_t thread_registry_asked(void);

/* How many threads have a cache, orphans counted. */
uint32_t thread_registry_owners(void);

/* A number that places a new span's first block, for a thread without a cache. */
uint32_t thread_registry_seed(void);

/* Before a refill from the central cache of a class, by a thread that has no
 * block in hand: if that has no free slot, what orphans hold is taken first, if
 * it can be. */
void thread_registry_before_refill(uint32_t c);

#ifdef ASHLAR_TEST_HOOKS
/* Logical threads share the variables of one that runs them all: nothing tells
 * them, so none finds a cache that it may have had. */
extern bool thread_registry_test_logical;
#endif

/* Blocks held by all threads, in bytes; a snapshot without locks. */
uint64_t thread_cache_bytes(void);

/* Around a fork, and around a look at the whole heap. */
void thread_registry_lock(void);
void thread_registry_unlock(void);

/* In the child: the lock is free, the other threads' caches are orphans. */
void thread_registry_in_child(void);

#endif
