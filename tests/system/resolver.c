/* An IFUNC resolver of the program that allocates: it runs while the program is
 * relocated, before anything else of it, and before thread-local variables are
 * set up; under several ways of linking (system.mk).  In a static program glibc
 * has no thread-local variables by then: its own malloc ends it, and so does any. */
#include "system.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char *early;

static int chosen(void)
{
  return 42;
}

static int (*choose(void))(void)
{
  early = malloc(100);
  memset(early, 5, 100);
  free(malloc(5000));
  free(malloc(500000));
  early = realloc(early, 3000);
  return chosen;
}

static int answer(void) __attribute__((ifunc("choose")));

static void *use(void *argument)
{
  free(malloc(100));
  return argument;
}

SYSTEM_TEST(may_allocate, 20)
{
  must(answer() == 42);
  for (int i = 0; i < 100; i++) {
    must(early[i] == 5);
  }
  figure("a resolver allocated at %p", (void *)early);
  pthread_t thread;
  must(pthread_create(&thread, NULL, use, NULL) == 0 && pthread_join(thread, NULL) == 0);
  pid_t child = fork();
  if (child == 0) {
    free(early);
    _exit(0);
  }
  int status;
  must(waitpid(child, &status, 0) == child && status == 0);
  free(early);
}
