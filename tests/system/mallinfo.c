/* What <malloc.h> tells and takes: mallinfo2, mallopt, malloc_info, malloc_stats. */
#include "system.h"

#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  BLOCKS = 20,
  STEP = 160,
  TEXT = 8192
};

static void must_add_up(const struct mallinfo2 *m)
{
  must(m->uordblks + m->fordblks == m->arena);
  must(m->ordblks >= 1);
  must(m->smblks == 0 && m->fsmblks == 0 && m->usmblks == 0);
  must(m->keepcost <= m->fordblks);
  must((m->hblks == 0) == (m->hblkhd == 0));
}

static struct mallinfo2 info(void)
{
  struct mallinfo2 m = mallinfo2();
  must_add_up(&m);
  return m;
}

/* Blocks in use count as such, and a block that is freed as one more free one. */
SYSTEM_TEST(small_blocks, 20)
{
  void *block[BLOCKS];
  size_t total = 0;
  struct mallinfo2 before = info();
  for (size_t i = 0; i < BLOCKS; i++) {
    block[i] = malloc(STEP * (i + 1));
    total += STEP * (i + 1);
  }
  struct mallinfo2 all = info();
  must(all.uordblks >= before.uordblks + total);
  must(all.uordblks <= before.uordblks + total + total / 4 + BLOCKS * 16);
  must(all.hblks == before.hblks && all.hblkhd == before.hblkhd);
  void *another = malloc(10 * STEP * BLOCKS); /* of another class */
  free(block[BLOCKS / 2]);
  struct mallinfo2 fewer = info();
  must(fewer.ordblks == before.ordblks + 1);
  must(fewer.uordblks > all.uordblks && fewer.uordblks < all.uordblks + 11 * STEP * BLOCKS);
  free(another);
  block[BLOCKS / 2] = NULL;
  for (size_t i = 0; i < BLOCKS; i++) {
    free(block[i]);
  }
  must(info().uordblks == before.uordblks);
}

/* As with glibc's from mmap: counted there, and not once more among the others. */
SYSTEM_TEST(large_blocks, 20)
{
  struct mallinfo2 before = info();
  for (size_t size = 300000; size < ((size_t)1 << 31); size *= 3) {
    void *block = malloc(size);
    struct mallinfo2 m = info();
    must(m.hblks == before.hblks + 1);
    must(m.hblkhd > before.hblkhd + size && m.hblkhd <= before.hblkhd + size + 3 * 65536);
    must(m.uordblks == before.uordblks);
    free(block);
    m = info();
    must(m.hblks == before.hblks && m.hblkhd == before.hblkhd);
  }
  void *aligned = aligned_alloc((size_t)1 << 21, 500000);
  struct mallinfo2 m = info();
  must(m.hblks == before.hblks + 1 && m.hblkhd > before.hblkhd + 500000);
  free(aligned);
}

/* The old form, which is still in use. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* What no free block fits is from mmap, in glibc's words. */
SYSTEM_TEST(more_than_all_free_memory, 20)
{
  free(malloc(20480));
  struct mallinfo m = mallinfo();
  must(mallopt(M_MMAP_THRESHOLD, 131072) == 1);
  int size = m.fordblks > 131072 ? m.fordblks : 131072;
  void *block = malloc((size_t)size);
  m = mallinfo();
  must(block != NULL && m.hblkhd > size && m.hblks > 0);
  free(block);
}

static void *allocate(void *size)
{
  return malloc((size_t)(uintptr_t)size);
}

SYSTEM_TEST(of_other_threads_what_they_use_is_counted, 20)
{
  struct mallinfo2 before = info();
  pthread_t thread;
  must(pthread_create(&thread, NULL, allocate, (void *)(uintptr_t)100000) == 0);
  void *block = NULL;
  must(pthread_join(thread, &block) == 0);
  must(info().uordblks >= before.uordblks + 100000);
  free(block);
  must(info().uordblks < before.uordblks + 100000);
}

static double thread_seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double best_of_calls(void)
{
  double best = INFINITY;
  for (int i = 0; i < 9; i++) {
    double from = thread_seconds();
    info();
    double took = thread_seconds() - from;
    best = took < best ? took : best;
  }
  return best;
}

/* By spans, not by granules: 256 MiB are 4,096 spans and 16 million granules. */
SYSTEM_TEST(it_costs_little_however_much_lives, 60)
{
  enum {
    MANY = 1 << 16,
    SIZE = 4000
  };
  static void *block[MANY];
  double empty = best_of_calls();
  for (int i = 0; i < MANY; i++) {
    block[i] = malloc(SIZE);
    must(block[i] != NULL);
  }
  double full = best_of_calls();
  figure("mallinfo2 takes %.0f us, with 256 MiB live %.0f us", empty * 1e6, full * 1e6);
  must(full < 0.005);
}

/* ---- mallopt ------------------------------------------------------------------------ */

SYSTEM_TEST(mallopt_says_what_it_does, 20)
{
  must(mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1 && mallopt(M_MMAP_MAX, 0) == 1);
  must(mallopt(M_ARENA_MAX, 1) == 1 && mallopt(M_TOP_PAD, 65536) == 1);
  must(mallopt(M_MXFAST, 0) == 1 && mallopt(M_MXFAST, 2048) == 0);
  must(mallopt(M_PERTURB, 0x55) == 0 && mallopt(M_PERTURB, 0) == 1);
  must(mallopt(M_CHECK_ACTION, 3) == 1 && mallopt(M_CHECK_ACTION, 0) == 0);
  must(mallopt(-12345, 1) == 0 && mallopt(12345, 1) == 0);
}

/* ---- streams: they may allocate, and no lock is held ---------------------------------- */

static size_t streamed;

static ssize_t stream_that_allocates(void *cookie, const char *text, size_t bytes)
{
  (void)cookie;
  (void)text;
  for (size_t size = 1; size < 1000000; size *= 5) {
    free(malloc(size));
  }
  malloc_trim(0);
  info();
  streamed += bytes;
  return (ssize_t)bytes;
}

SYSTEM_TEST(a_stream_may_allocate, 20)
{
  FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = stream_that_allocates});
  must(stream != NULL && malloc_info(0, stream) == 0 && fclose(stream) == 0);
  must(streamed > 100);
  streamed = 0;
  FILE *saved = stderr;
  stderr = fopencookie(NULL, "w", (cookie_io_functions_t){.write = stream_that_allocates});
  malloc_stats();
  fclose(stderr);
  stderr = saved;
  must(streamed > 100);
}

static pthread_barrier_t gate;

static void *stats_of_one_who_is_cancelled(void *nothing)
{
  pthread_barrier_wait(&gate);
  malloc_stats();
  fputs("this cancels\n", stderr);
  return nothing;
}

/* Whole, and the thread is cancelled afterwards. */
SYSTEM_TEST(malloc_stats_is_whole_though_cancelled, 20)
{
  char text[TEXT];
  int ends[2];
  int saved = dup(STDERR_FILENO);
  pthread_t thread;
  void *result = NULL;
  must(pipe(ends) == 0 && pthread_barrier_init(&gate, NULL, 2) == 0);
  must(pthread_create(&thread, NULL, stats_of_one_who_is_cancelled, NULL) == 0);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  pthread_cancel(thread);
  pthread_barrier_wait(&gate);
  pthread_join(thread, &result);
  dup2(saved, STDERR_FILENO);
  ssize_t n = read(ends[0], text, sizeof text - 1);
  must(n > 0);
  text[n] = '\0';
  must(result == PTHREAD_CANCELED);
  must(strstr(text, "ashlar: live ") != NULL && strstr(text, "ashlar: kind_mismatches ") != NULL);
  must(strstr(text, "this cancels") == NULL);
}

/* A block without bytes has none to write to: it traps. */
SYSTEM_TEST(nothing_has_no_usable_bytes, 20)
{
  void *block = malloc(0);
  must(block != NULL && malloc_usable_size(block) == 0);
  free(block);
}
