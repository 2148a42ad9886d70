/* What a fork costs a process with many threads that have used the heap. */
#include "system.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  FORKS = 20,
  BLOCKS = 300
};

static pthread_barrier_t barrier;

static void *use_and_wait(void *argument)
{
  void *block[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = malloc(16 + (size_t)i * 7);
  }
  for (int i = 0; i < BLOCKS; i++) {
    free(block[i]);
  }
  pthread_barrier_wait(&barrier);
  pause();
  return argument;
}

/* Wall time: the child's end of a fork is another process's time. */
static double forks_with(int threads, void (*child)(void))
{
  pthread_barrier_init(&barrier, NULL, (unsigned)threads + 1);
  pthread_attr_t small;
  pthread_attr_init(&small);
  for (int i = 0; i < threads; i++) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, use_and_wait, NULL) == 0);
  }
  pthread_barrier_wait(&barrier);
  double start = processor_seconds();
  for (int i = 0; i < FORKS; i++) {
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
      child();
      _exit(0);
    }
    int status;
    must(waitpid(pid, &status, 0) == pid && status == 0);
  }
  double each = (processor_seconds() - start) / FORKS;
  figure("fork with %d threads: %.2f ms", threads, each * 1e3);
  return each;
}

static void nothing(void)
{
}

MEASUREMENT(fork_with_50_threads)
{
  return forks_with(50, nothing);
}

MEASUREMENT(fork_with_1000_threads)
{
  return forks_with(1000, nothing);
}

static void a_little(void)
{
  for (int i = 0; i < 20; i++) {
    free(malloc(100 + (size_t)i * 50));
  }
}

MEASUREMENT(fork_with_1000_threads_and_use_the_heap)
{
  return forks_with(1000, a_little);
}

SYSTEM_TEST(costs_at_most_twice_glibcs_with_many, 120)
{
  must(ratio_to_glibc("fork_with_50_threads", 3, 30) < 3);
  must(ratio_to_glibc("fork_with_1000_threads", 3, 30) < 2);
  must(ratio_to_glibc("fork_with_1000_threads_and_use_the_heap", 3, 30) < 2);
}
