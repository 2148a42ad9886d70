/* Threads that end: whatever is freed or allocated after the allocator let go
 * of a thread, nothing of it stays.
 *
 * With SYSTEM_FULL in the environment 100,000 threads of each kind, else some
 * thousand. */
#include "system.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  FIRST = 1000, /* threads, before which anything may grow */
  AT_A_TIME = 20
};

static int many(void)
{
  return getenv("SYSTEM_FULL") != NULL ? 100000 : 4000;
}

/* ---- what threads do ------------------------------------------------------------- */

static pthread_key_t key;
static sem_t ended;

/* Arms itself again in each round, and has blocks to free and to get in each. */
static void again(void *argument)
{
  uintptr_t round = (uintptr_t)argument;
  void *block[8];
  for (size_t i = 0; i < 8; i++) {
    block[i] = malloc(40 + i * 700);
    must(block[i] != NULL);
    memset(block[i], 7, 40 + i * 700);
  }
  for (size_t i = 0; i < 8; i++) {
    free(block[i]);
  }
  pthread_setspecific(key, (void *)(round + 1));
}

static void *look_up(void *argument)
{
  dlsym(RTLD_DEFAULT, "no_such_symbol");
  return argument;
}

static void *open_nothing(void *argument)
{
  must(dlopen("/no/such/library.so", RTLD_NOW) == NULL);
  return argument;
}

static void *describe(void *argument)
{
  must(strerror(99999) != NULL);
  must(strsignal(9999) != NULL);
  return argument;
}

static void *arm(void *argument)
{
  pthread_setspecific(key, (void *)1);
  free(malloc(5000));
  return argument;
}

static void *all_of_these(void *argument)
{
  look_up(argument);
  open_nothing(argument);
  describe(argument);
  return arm(argument);
}

/* Of a detached thread, whose stack and thread-local storage others free. */
static void *detached(void *argument)
{
  all_of_these(argument);
  sem_post(&ended);
  return argument;
}

/* ---- threads ---------------------------------------------------------------------- */

static void join(int n, void *(*run)(void *))
{
  for (int i = 0; i < n; i++) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, run, NULL) == 0);
    must(pthread_join(thread, NULL) == 0);
  }
}

static void detach(int n, void *(*run)(void *))
{
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (int i = 0; i < n; i += AT_A_TIME) {
    for (int k = 0; k < AT_A_TIME; k++) {
      pthread_t thread;
      int status = pthread_create(&thread, &attributes, run, NULL);
      for (int tries = 0; status == EAGAIN && tries < 1000; tries++) {
        usleep(1000);
        status = pthread_create(&thread, &attributes, run, NULL);
      }
      must(status == 0);
    }
    for (int k = 0; k < AT_A_TIME; k++) {
      while (sem_wait(&ended) != 0) {
      }
    }
  }
  usleep(20000); /* the last ones are on their way out */
}

static void begin(void)
{
  must(pthread_key_create(&key, again) == 0);
  must(sem_init(&ended, 0, 0) == 0);
}

/* Resident memory and mappings after the first threads, and after many. */
static void stay_flat(const char *what, void (*threads)(int, void *(*)(void *)),
                      void *(*run)(void *))
{
  threads(FIRST, run);
  size_t before = resident_bytes();
  size_t mapped = mappings();
  threads(many(), run);
  size_t after = resident_bytes();
  size_t mapped_after = mappings();
  figure("%s: after %d threads %zu KiB and %zu mappings, after %d %zu KiB and %zu", what, FIRST,
         before >> 10, mapped, FIRST + many(), after >> 10, mapped_after);
  must(after < before + ((size_t)1 << 20));
  /* Detached ones may have more company at one time than at another. */
  must(mapped_after < mapped + 4 * AT_A_TIME);
}

SYSTEM_TEST(failed_look_ups_leave_nothing, 600)
{
  begin();
  stay_flat("dlsym", join, look_up);
}

SYSTEM_TEST(failed_loads_leave_nothing, 600)
{
  begin();
  stay_flat("dlopen", join, open_nothing);
}

SYSTEM_TEST(descriptions_of_errors_leave_nothing, 600)
{
  begin();
  stay_flat("strerror and strsignal", join, describe);
}

SYSTEM_TEST(keys_that_arm_themselves_leave_nothing, 600)
{
  begin();
  stay_flat("keys", join, arm);
}

SYSTEM_TEST(detached_threads_leave_nothing, 900)
{
  begin();
  stay_flat("detached", detach, detached);
}

/* ---- time -------------------------------------------------------------------------- */

static double each(int n)
{
  begin();
  join(200, all_of_these);
  double start = processor_seconds();
  join(n, all_of_these);
  return (processor_seconds() - start) / n;
}

MEASUREMENT(one_thread_after_the_other)
{
  return each(1500);
}

static pthread_barrier_t barrier;

static void *use_and_wait(void *argument)
{
  free(malloc(100));
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  return argument;
}

/* The same beside many that live. */
MEASUREMENT(one_after_the_other_beside_1000)
{
  enum {
    LIVING = 1000
  };
  pthread_t thread[LIVING];
  pthread_barrier_init(&barrier, NULL, LIVING + 1);
  for (int i = 0; i < LIVING; i++) {
    must(pthread_create(&thread[i], NULL, use_and_wait, NULL) == 0);
  }
  pthread_barrier_wait(&barrier);
  double time = each(1000);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < LIVING; i++) {
    pthread_join(thread[i], NULL);
  }
  return time;
}

SYSTEM_TEST(cost_what_they_cost_under_glibc, 120)
{
  must(ratio_to_glibc("one_thread_after_the_other", 5, 30) < 1.5);
  must(ratio_to_glibc("one_after_the_other_beside_1000", 3, 30) < 1.5);
}
