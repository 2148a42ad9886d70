/* A fork that catches another thread's list in the middle of a change: it names
 * what left it long ago.  The child must not take that for the list's. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../../src/size_class.h"
#include "../../src/thread_cache.h"
#include "../support/harness.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  BYTES = 40,
  STALE = 3,
  AFTER = 2000
};

static pthread_barrier_t barrier;
static uintptr_t stale[STALE];

static void *hold(void *unused)
{
  (void)unused;
  void *own[10];
  for (int i = 0; i < 10; i++) {
    own[i] = ashlar_malloc(BYTES);
  }
  for (int i = 0; i < 10; i++) {
    ashlar_free(own[i]);
  }
  struct free_list *list = &thread_cache_of(thread_cache_self, size_class_of(BYTES))->list;
  for (uint32_t i = 0; i < STALE; i++) {
    list->block[(list->tail + list->count) % LIST_CAPACITY] = stale[i];
    list->count++;
  }
  pthread_barrier_wait(&barrier); /* now the fork */
  pthread_barrier_wait(&barrier);
  list->count -= STALE;
  return NULL;
}

static _Noreturn void child(const unsigned char *live)
{
  alarm(60);
  static unsigned char *block[AFTER];
  for (int i = 0; i < AFTER; i++) {
    block[i] = ashlar_malloc(BYTES);
    MUST(block[i] != NULL && block[i] != live && block[i][0] == 0 && block[i][1] == 0);
    block[i][0] = (unsigned char)i;
    block[i][1] = (unsigned char)(i >> 8);
  }
  for (int i = 0; i < AFTER; i++) {
    MUST(block[i][0] == (unsigned char)i && block[i][1] == (unsigned char)(i >> 8));
    ashlar_free(block[i]);
  }
  for (int i = 0; i < BYTES; i++) {
    MUST(live[i] == 0x55);
  }
  MUST(ashlar_check(NULL, NULL));
  _exit(0);
}

Test(forks, of_a_torn_list)
{
  unsigned char *live = ashlar_malloc(BYTES);
  memset(live, 0x55, BYTES);
  void *cached = ashlar_malloc(BYTES);
  ashlar_free(cached);
  /* Live; in this thread's list; and never written. */
  stale[0] = (uintptr_t)live;
  stale[1] = (uintptr_t)cached;
  stale[2] = 0;
  pthread_t thread;
  pthread_barrier_init(&barrier, NULL, 2);
  CHECK(pthread_create(&thread, NULL, hold, NULL) == 0, "thread");
  pthread_barrier_wait(&barrier);
  pid_t pid = fork();
  CHECK(pid >= 0, "no process");
  if (pid == 0) {
    child(live);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid, "the child is lost");
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
  pthread_barrier_wait(&barrier);
  pthread_join(thread, NULL);
  ashlar_free(live);
  blocks_expect_empty_heap();
}
