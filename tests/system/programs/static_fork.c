/* A static program whose handlers around a fork lock and allocate, while a
 * thread that has the lock waits for memory. */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool done;

static void lock(void)
{
  pthread_mutex_lock(&mutex);
  free(malloc(300000));
}

static void unlock(void)
{
  free(malloc(5000));
  pthread_mutex_unlock(&mutex);
}

__attribute__((constructor)) static void start(void)
{
  pthread_atfork(lock, unlock, unlock);
}

static void *work(void *argument)
{
  while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
    lock();
    free(malloc(100));
    unlock();
    usleep(100);
  }
  return argument;
}

int main(void)
{
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) != 0) {
    return 1;
  }
  for (int i = 0; i < 200; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(20);
      lock();
      unlock();
      _exit(0);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) {
      return 2;
    }
  }
  __atomic_store_n(&done, true, __ATOMIC_RELAXED);
  pthread_join(thread, NULL);
  return 0;
}
