/* lock: a mutex of four bytes.
 *
 * Owns nothing.  A lock that is all zero is free, so it needs no start.
 * The word: 0 free; 1 held; 2 held, and somebody may sleep until it is free.
 *
 * Not recursive, not fair.  What a holder wrote before lock_release is seen by
 * whoever gets the lock next.  Never held while a thread is created, except
 * across fork by the fork handlers; so the number of threads can only change
 * from "one" to "more" while this thread holds none, and with one thread the
 * word may be changed without atomic read-modify-writes.
 *
 * errno: kept.  Nothing here is a cancellation point or allocates.
 */
#ifndef ASHLAR_LOCK_H
#define ASHLAR_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define LOCK_ALWAYS_SHARED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOCK_ALWAYS_SHARED 1
#endif
#endif

/* Whether this is the only thread; may say no when it is. */
#if !defined(LOCK_ALWAYS_SHARED) && __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define LOCK_ALONE() (__libc_single_threaded != 0)
#else
#define LOCK_ALONE() (false)
#endif

enum lock_word {
  LOCK_FREE = 0,
  LOCK_HELD = 1,
  LOCK_AWAITED = 2
};

struct lock {
  uint32_t word;
};

/* The first wait asks the kernel how many processors there are; not after this. */
void lock_do_not_ask(void);

/* Gets the lock when somebody else has it: spins a little, then sleeps. */
void lock_wait(struct lock *l);

/* Wakes one that sleeps for the lock. */
void lock_wake(struct lock *l);

/* Gets the lock if it is free.
 * Returns whether it did; never waits. */
static inline bool lock_try(struct lock *l)
{
  uint32_t seen = LOCK_FREE;
  if (LOCK_ALONE()) {
    if (__atomic_load_n(&l->word, __ATOMIC_RELAXED) != LOCK_FREE) {
      return false;
    }
    __atomic_store_n(&l->word, LOCK_HELD, __ATOMIC_RELAXED);
    return true;
  }
  return __atomic_compare_exchange_n(&l->word, &seen, LOCK_HELD, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED);
}

/* Gets the lock, however long it takes.  The caller does not have it. */
static inline void lock_acquire(struct lock *l)
{
  if (__builtin_expect(!lock_try(l), 0)) {
    lock_wait(l);
  }
}

/* Gives the lock back.  The caller has it. */
static inline void lock_release(struct lock *l)
{
  if (LOCK_ALONE()) {
    __atomic_store_n(&l->word, LOCK_FREE, __ATOMIC_RELAXED);
  } else if (__builtin_expect(
                 __atomic_exchange_n(&l->word, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_AWAITED, 0)) {
    lock_wake(l);
  }
}

/* Frees a lock, whoever had it: for the child after fork, whose only thread
 * is the caller.  What the lock protects is the caller's to have in order. */
static inline void lock_reset(struct lock *l)
{
  __atomic_store_n(&l->word, LOCK_FREE, __ATOMIC_RELAXED);
}

#endif
