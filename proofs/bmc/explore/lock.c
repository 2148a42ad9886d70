/* lock: src/lock.c itself, with the kernel's futex.
 *
 * Shows: at most one thread holds the lock; what a holder wrote is ordered
 * before what the next one reads (each exchange and its memory order); nobody
 * sleeps for ever; errno is kept.  The other scenarios rest on this: there a
 * thread that wants a held lock waits, and the waiting is not explored.
 *
 * Bounds: two or three threads, each once or twice; with one processor, where a
 * thread sleeps at once, and with two, where it spins first.  They suffice: the
 * word has three values, and a third thread is needed for a sleeper that is not
 * the only one.
 */
#include "explore.h"
#include "program.h"
#include "scheduler.h"

#include "watched.h"

#include <errno.h>

static struct lock lock;
static uint32_t inside;
static uint32_t counter;

/* What the lock protects. */
static void critical(void)
{
  access_range((uintptr_t)&counter, sizeof counter, false, (uintptr_t)critical + 1);
  EXPECT(inside++ == 0, "two threads hold the lock");
  scheduler_point(NULL, true);
  access_range((uintptr_t)&counter, sizeof counter, true, (uintptr_t)critical + 1);
  counter++;
  inside--;
}

static void once(uint32_t thread)
{
  errno = (int)thread;
  watched_lock_acquire(&lock);
  EXPECT(errno == (int)thread, "errno is %d", errno);
  critical();
  watched_lock_release(&lock);
  EXPECT(errno == (int)thread, "errno is %d", errno);
}

static void two_times(uint32_t thread)
{
  once(thread);
  if (watched_lock_try(&lock)) {
    critical();
    watched_lock_release(&lock);
  }
}

static void finish(void)
{
  EXPECT(lock.word == LOCK_FREE, "the lock is held by nobody");
}

const struct scenario scenarios_lock[] = {{.name = "lock",
                                           .shows = "exclusion, order, no lost wake-up",
                                           .threads = 2,
                                           .preemptions = 8,
                                           .preemptions_quick = 5,
                                           .processors = 1,
                                           .mode = {.real_locks = true},
                                           .body = two_times,
                                           .finish = finish},
                                          {.name = "lock_spinning",
                                           .shows = "the same, where spinning pays",
                                           .threads = 2,
                                           .preemptions = 4,
                                           .preemptions_quick = 2,
                                           .processors = 2,
                                           .mode = {.real_locks = true},
                                           .body = once,
                                           .finish = finish},
                                          {.name = "lock_3",
                                           .shows = "the same, with two sleepers",
                                           .threads = 3,
                                           .preemptions = 4,
                                           .preemptions_quick = 3,
                                           .processors = 1,
                                           .mode = {.real_locks = true},
                                           .body = once,
                                           .finish = finish},
                                          {.name = NULL}};
