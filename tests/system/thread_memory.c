/* What threads keep: within the option thread_cache_bytes, of all sizes together
 * and from the first block on; and little if a thread needs little. */
#include "system.h"

#include "../../src/ashlar.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  KIB = 1024,
  MOST_THREADS = 1000
};

static pthread_t thread[MOST_THREADS];
static pthread_barrier_t barrier;

static void *wait_as_asked(void *(*use)(void))
{
  pthread_barrier_wait(&barrier); /* all have begun */
  use();
  pthread_barrier_wait(&barrier); /* all have used the heap */
  pthread_barrier_wait(&barrier); /* all may go on */
  free(malloc(30000));
  free(malloc(200));
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  return NULL;
}

static void *nothing(void)
{
  return NULL;
}

/* Six blocks of each of some fifty sizes, all freed: 40 MB of them. */
static void *all_sizes(void)
{
  for (size_t bytes = 16; bytes < 260000; bytes += bytes / 9 + 1) {
    void *block[6];
    for (int i = 0; i < 6; i++) {
      block[i] = malloc(bytes);
      must(block[i] != NULL);
      memset(block[i], 1, bytes);
    }
    for (int i = 0; i < 6; i++) {
      free(block[i]);
    }
  }
  return NULL;
}

static void *once(void)
{
  void *volatile block = malloc(50);
  must(block != NULL);
  memset(block, 1, 50);
  return NULL;
}

static void *run_all_sizes(void *unused)
{
  (void)unused;
  return wait_as_asked(all_sizes);
}

static void *run_once(void *unused)
{
  (void)unused;
  return wait_as_asked(once);
}

static void *run_nothing(void *unused)
{
  (void)unused;
  return wait_as_asked(nothing);
}

static void start(int n, void *(*run)(void *))
{
  pthread_barrier_init(&barrier, NULL, (unsigned)n + 1);
  for (int i = 0; i < n; i++) {
    must(pthread_create(&thread[i], NULL, run, NULL) == 0);
  }
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
}

static void finish(int n)
{
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < n; i++) {
    pthread_join(thread[i], NULL);
  }
}

/* What all free lists hold. */
static double cached_bytes(void)
{
  void (*statistics)(struct ashlar_statistics *);
  void *symbol = dlsym(RTLD_DEFAULT, "ashlar_statistics");
  must(symbol != NULL);
  memcpy(&statistics, &symbol, sizeof statistics);
  struct ashlar_statistics now;
  statistics(&now);
  return (double)now.cached;
}

/* By a thread, in KiB: what its lists hold when it has used the heap. */
static double kept(int n)
{
  start(n, run_all_sizes);
  double each = cached_bytes() / n / KIB;
  double resident = (double)resident_bytes() / n / KIB;
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  figure("%d threads: each keeps %.0f KiB; the process has %.0f KiB for each", n, each, resident);
  finish(n);
  return each;
}

MEASUREMENT(kept_by_1)
{
  return kept(1);
}

MEASUREMENT(kept_by_8)
{
  return kept(8);
}

MEASUREMENT(kept_by_64)
{
  return kept(64);
}

SYSTEM_TEST(keep_what_the_option_says, 60)
{
  must(measured("kept_by_1", false, 20) <= 2048 + 64); /* the main thread's own */
  must(measured("kept_by_8", false, 20) <= 2048);
  /* Many share what eight may have. */
  must(measured("kept_by_64", false, 20) <= 512);
  setenv("ASHLAR_OPTIONS", "thread_cache_bytes=64K", 1);
  must(measured("kept_by_8", false, 20) <= 64 + 8);
  must(measured("kept_by_64", false, 20) <= 64 + 8);
  setenv("ASHLAR_OPTIONS", "thread_cache_bytes=16K", 1);
  must(measured("kept_by_8", false, 20) <= 16 + 8);
}

/* Threads that go on after malloc_trim give back what they held when they next
 * look for blocks or for room. */
MEASUREMENT(kept_by_16_after_trim)
{
  start(16, run_all_sizes);
  double before = cached_bytes() / 16 / KIB;
  malloc_trim(0);
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  double after = cached_bytes() / 16 / KIB;
  figure("16 threads: each keeps %.0f KiB, and %.0f KiB after malloc_trim and two calls", before,
         after);
  finish(16);
  return after;
}

SYSTEM_TEST(give_back_when_asked, 60)
{
  must(measured("kept_by_16_after_trim", false, 20) < 100);
}

/* By a thread, in KiB, when it has used the heap; its stack is among it. */
static double resident_each(void *(*run)(void *))
{
  size_t before = resident_bytes();
  start(MOST_THREADS, run);
  double each = ((double)resident_bytes() - (double)before) / MOST_THREADS / KIB;
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  finish(MOST_THREADS);
  return each;
}

MEASUREMENT(resident_of_one_block)
{
  return resident_each(run_once);
}

MEASUREMENT(resident_of_nothing)
{
  return resident_each(run_nothing);
}

SYSTEM_TEST(one_block_costs_at_most_16_kib, 60)
{
  double block = measured("resident_of_one_block", false, 30);
  double nothing_at_all = measured("resident_of_nothing", false, 30);
  figure("a thread that allocates once: %.1f KiB, of which %.1f KiB without that; glibc %.1f KiB",
         block, nothing_at_all, measured("resident_of_one_block", true, 30));
  must(block < 16);
}
