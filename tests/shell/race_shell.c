/* The shell's shared state under threads, for ThreadSanitizer: a program of its
 * own, because Criterion does not run under it.
 *
 * Built with the shell's sources and -fsanitize=thread.  Closes as Criterion
 * does, for tests/run; exits with 0 where every count is exact. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../src/lock.h"
#include "../../src/os.h"
#include "../../src/random.h"

enum {
  THREADS = 4,
  ROUNDS = 20000
};

static struct lock lock;
static uint64_t counter; /* the lock's to protect */
static uint64_t tried;

static void *work(void *unused)
{
  (void)unused;
  size_t page = os_page_bytes();
  struct random random = {0};
  uintptr_t a = os_reserve(3 * page, page);
  if (a == 0 || !os_commit(a, 3 * page)) {
    return (void *)1;
  }
  for (int i = 0; i < ROUNDS; i++) {
    if (random_below(&random, 2) == 0 && lock_try(&lock)) {
      tried++;
    } else {
      lock_acquire(&lock);
    }
    counter++;
    lock_release(&lock);
    if (i % 1000 == 0) {
      memset((void *)(a + page), 1, page);
      if (!os_guard(a + page, page) || !os_unguard(a + page, page) || *(char *)(a + page) != 0) {
        return (void *)1;
      }
      os_counters();
    }
  }
  os_release(a, 3 * page);
  return NULL;
}

int main(void)
{
  os_start();
  pthread_t threads[THREADS];
  lock_acquire(&lock); /* with one thread, plainly */
  counter = 0;
  lock_release(&lock);
  for (int i = 0; i < THREADS; i++) {
    if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
      return 1;
    }
  }
  int failed = 0;
  for (int i = 0; i < THREADS; i++) {
    void *result = NULL;
    pthread_join(threads[i], &result);
    failed += result != NULL;
  }
  struct os_counters c = os_counters();
  bool right = failed == 0 && counter == (uint64_t)THREADS * ROUNDS && lock.word == LOCK_FREE &&
               c.guards_installed == c.guards_removed && c.reserved_bytes == 0;
  if (!right) {
    fprintf(stderr, "race_shell: wrong counts\n");
  }
  fprintf(stderr, "[====] Synthesis: Tested: 1 | Passing: %d | Failing: %d | Crashing: 0\n", right,
          !right);
  return right ? 0 : 1;
}
