/* What lock.h promises. */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/lock.h"

static void nap_ms(long ms)
{
  struct timespec nap = {0, ms * 1000 * 1000};
  nanosleep(&nap, NULL);
}

Test(lock, zero_is_free)
{
  struct lock l = {0};
  cr_assert(lock_try(&l));
  cr_assert_not(lock_try(&l));
  lock_release(&l);
  lock_acquire(&l);
  cr_assert_not(lock_try(&l));
  lock_release(&l);
  cr_assert_eq(l.word, LOCK_FREE);
}

Test(lock, reset_frees_whatever_was)
{
  for (uint32_t word = LOCK_FREE; word <= LOCK_AWAITED; word++) {
    struct lock l = {word};
    lock_reset(&l);
    cr_assert(lock_try(&l));
    lock_release(&l);
  }
}

static struct lock shared;
static uint64_t counter; /* not atomic: the lock's to protect */
static int inside;

static void *count_up(void *rounds)
{
  errno = 77;
  for (uintptr_t i = 0; i < (uintptr_t)rounds; i++) {
    if (i % 7 != 0 || !lock_try(&shared)) {
      lock_acquire(&shared);
    }
    cr_assert_eq(inside, 0);
    inside = 1;
    counter++;
    if (i % 1024 == 0) {
      nap_ms(1); /* the others have to sleep, not spin */
    }
    inside = 0;
    lock_release(&shared);
  }
  cr_assert_eq(errno, 77);
  return NULL;
}

Test(lock, excludes, .timeout = 120)
{
  enum {
    THREADS = 8,
    ROUNDS = 20000
  };
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    cr_assert_eq(pthread_create(&threads[i], NULL, count_up, (void *)(uintptr_t)ROUNDS), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  cr_assert_eq(counter, (uint64_t)THREADS * ROUNDS);
  cr_assert_eq(shared.word, LOCK_FREE);
}

static void *take_once(void *unused)
{
  (void)unused;
  lock_acquire(&shared);
  counter++;
  lock_release(&shared);
  return NULL;
}

/* Who waits sleeps: it costs no time of the processor. */
Test(lock, waiting_sleeps_and_every_sleeper_is_woken)
{
  enum {
    THREADS = 5
  };
  pthread_t threads[THREADS];
  lock_acquire(&shared);
  for (int i = 0; i < THREADS; i++) {
    cr_assert_eq(pthread_create(&threads[i], NULL, take_once, NULL), 0);
  }
  nap_ms(20);
  struct timespec before;
  struct timespec after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  nap_ms(200);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  long used = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
  cr_assert_lt(used, 50 * 1000 * 1000);
  cr_assert_eq(counter, 0);
  cr_assert_eq(shared.word, LOCK_AWAITED);
  lock_release(&shared);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  cr_assert_eq(counter, THREADS);
  cr_assert(lock_try(&shared));
}

/* Taken with one thread, given back with two. */
Test(lock, outlives_the_change_from_one_thread_to_two)
{
  pthread_t thread;
  lock_acquire(&shared);
  cr_assert_eq(pthread_create(&thread, NULL, take_once, NULL), 0);
  nap_ms(20);
  lock_release(&shared);
  pthread_join(thread, NULL);
  cr_assert_eq(counter, 1);
  lock_acquire(&shared);
  lock_release(&shared);
}

static void *hold(void *unused)
{
  (void)unused;
  lock_acquire(&shared);
  nap_ms(300);
  lock_release(&shared);
  return NULL;
}

Test(lock, is_free_in_the_child_after_reset)
{
  pthread_t thread;
  cr_assert_eq(pthread_create(&thread, NULL, hold, NULL), 0);
  nap_ms(50);
  pid_t child = fork();
  if (child == 0) {
    bool held = !lock_try(&shared);
    lock_reset(&shared);
    lock_acquire(&shared);
    lock_release(&shared);
    _exit(held ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  cr_assert_eq(status, 0);
  pthread_join(thread, NULL);
}
