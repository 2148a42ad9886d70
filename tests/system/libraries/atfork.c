/* A library as many are: its lock is taken before a fork and given back after
 * it.  Its handlers allocate as well, and it registers them when it is loaded,
 * which is before a preloaded library is initialised. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void library_work(void);
int library_forks(void);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int forks;

static void churn(void)
{
  void *small = malloc(100);
  void *large = malloc(300000);
  memset(small, 1, 100);
  memset(large, 1, 1000);
  free(small);
  free(realloc(large, 600000));
}

static void prepare(void)
{
  pthread_mutex_lock(&mutex);
  forks++;
  churn();
}

static void after(void)
{
  churn();
  pthread_mutex_unlock(&mutex);
}

__attribute__((constructor(101))) static void start(void)
{
  pthread_atfork(prepare, after, after);
}

void library_work(void)
{
  pthread_mutex_lock(&mutex);
  churn();
  pthread_mutex_unlock(&mutex);
}

int library_forks(void)
{
  return forks;
}
