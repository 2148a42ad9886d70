/* Forks while libraries have handlers that lock and allocate, registered before
 * the allocator is initialised (build/system/libatfork.so, which this program is
 * linked with), by the program, and by a library that is loaded later. */
#include "system.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void library_work(void);
int library_forks(void);

static bool done;

static void *work(void *argument)
{
  void (*one)(void) = library_work;
  if (argument != NULL) {
    memcpy(&one, argument, sizeof one);
  }
  while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
    one();
    sched_yield();
  }
  return NULL;
}

static void child_works(void)
{
  alarm(20); /* for a lock that nobody will release */
  library_work();
  free(malloc(100));
  _exit(0);
}

static void fork_times(int n)
{
  for (int i = 0; i < n; i++) {
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
      child_works();
    }
    int status;
    must(waitpid(child, &status, 0) == child && status == 0);
  }
}

SYSTEM_TEST(one_thread, 30)
{
  fork_times(100);
  must(library_forks() == 100 + 1); /* one for this test's own process */
}

static void forks_beside(int workers, void *argument)
{
  pthread_t thread[4];
  for (int i = 0; i < workers; i++) {
    must(pthread_create(&thread[i], NULL, work, argument) == 0);
  }
  double start = wall_seconds();
  fork_times(100);
  figure("100 forks beside %d threads at work: %.2f s", workers, wall_seconds() - start);
  __atomic_store_n(&done, true, __ATOMIC_RELAXED);
  for (int i = 0; i < workers; i++) {
    pthread_join(thread[i], NULL);
  }
}

SYSTEM_TEST(while_threads_use_the_library, 60)
{
  forks_beside(3, NULL);
}

static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;

static void own_lock(void)
{
  pthread_mutex_lock(&own);
  free(malloc(5000));
}

static void own_unlock(void)
{
  free(malloc(5000));
  pthread_mutex_unlock(&own);
}

static void own_work(void)
{
  pthread_mutex_lock(&own);
  free(malloc(70000));
  free(malloc(400000));
  pthread_mutex_unlock(&own);
}

SYSTEM_TEST(handlers_of_the_program, 60)
{
  must(pthread_atfork(own_lock, own_unlock, own_unlock) == 0);
  void (*one)(void) = own_work;
  forks_beside(2, &one);
}

/* Sets path to that of a file beside this program. */
static void beside(char path[4096], const char *name)
{
  ssize_t n = readlink("/proc/self/exe", path, 4000);
  must(n > 0);
  path[n] = '\0';
  strcpy(strrchr(path, '/') + 1, name);
}

SYSTEM_TEST(of_a_static_program, 60)
{
  char path[4096];
  beside(path, "static_fork");
  must(run_command((char *[]){path, NULL}, true, 50) == 0);
}

SYSTEM_TEST(of_a_library_that_comes_and_goes, 60)
{
  char path[4096];
  beside(path, "libatfork-later.so");
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  must(library != NULL);
  void *symbol = dlsym(library, "library_work");
  must(symbol != NULL && symbol != (void *)library_work);
  forks_beside(2, &symbol);
  must(dlclose(library) == 0);
  fork_times(20); /* its handlers went with it */
}
