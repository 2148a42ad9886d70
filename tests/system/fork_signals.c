/* Forks in signal handlers: a process with one thread may do that at any moment,
 * also in the middle of malloc; the child may go on from there. */
#include "system.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  BLOCKS = 64
};

static volatile sig_atomic_t forks;
static volatile sig_atomic_t child_goes_on;
static volatile sig_atomic_t in_child;
static unsigned char *block[BLOCKS];
static size_t bytes[BLOCKS];

static void on_alarm(int signal_number)
{
  (void)signal_number;
  int saved = errno;
  if (in_child) {
    return;
  }
  pid_t child = fork();
  if (child == 0) {
    if (!child_goes_on) {
      _exit(0);
    }
    in_child = 1;
    alarm(20);
    errno = saved;
    return;
  }
  int status = -1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || status != 0) {
    _exit(3);
  }
  forks++;
  errno = saved;
}

static void await_alarms(void)
{
  struct sigaction action = {.sa_handler = on_alarm};
  must(sigaction(SIGALRM, &action, NULL) == 0);
}

static unsigned next(void)
{
  static uint32_t state = 1;
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

static void replace(void)
{
  unsigned i = next() % BLOCKS;
  for (size_t k = 0; k < bytes[i]; k += 997) {
    must(block[i][k] == (unsigned char)i);
  }
  free(block[i]);
  bytes[i] = next() % 8 == 0 ? 300000 : 1 + next() % 3000;
  block[i] = malloc(bytes[i]);
  must(block[i] != NULL);
  memset(block[i], (int)i, bytes[i]);
}

/* One alarm at a time, so that what it interrupts goes on however long a fork
 * takes on a busy machine. */
static void replace_until(int enough)
{
  int alarms = 0;
  while (forks < enough) {
    if (alarms == forks) {
      alarms++;
      struct itimerval soon = {{0, 0}, {0, 1 + (long)(next() % 1000)}};
      must(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    }
    replace();
    if (in_child) {
      for (int n = 0; n < 50; n++) {
        replace();
      }
      _exit(0);
    }
  }
}

SYSTEM_TEST(in_the_middle_of_malloc, 60)
{
  await_alarms();
  replace_until(400);
}

SYSTEM_TEST(and_the_child_goes_on, 60)
{
  child_goes_on = 1;
  await_alarms();
  replace_until(100);
}

/* ---- signals from other processes --------------------------------------------- */

static volatile sig_atomic_t received;

static void on_user(int signal_number)
{
  (void)signal_number;
  int saved = errno;
  pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  int status = -1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  received++;
  errno = saved;
}

static pid_t sender(pid_t to)
{
  pid_t child = fork();
  must(child >= 0);
  if (child == 0) {
    signal(SIGUSR1, SIG_DFL);
    while (kill(to, SIGUSR1) == 0 && getppid() == to) {
      usleep(500);
    }
    _exit(0);
  }
  return child;
}

SYSTEM_TEST(from_several_processes, 60)
{
  struct sigaction action = {.sa_handler = on_user, .sa_flags = SA_RESTART};
  must(sigaction(SIGUSR1, &action, NULL) == 0);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGUSR1);
  sigprocmask(SIG_BLOCK, &only, NULL);
  pid_t senders[3];
  for (int i = 0; i < 3; i++) {
    senders[i] = sender(getpid());
  }
  sigprocmask(SIG_UNBLOCK, &only, NULL);
  while (received < 200) {
    replace();
  }
  sigprocmask(SIG_BLOCK, &only, NULL);
  for (int i = 0; i < 3; i++) {
    kill(senders[i], SIGKILL);
    waitpid(senders[i], NULL, 0);
  }
}

/* ---- with other threads --------------------------------------------------------- */

static bool done;

static void *churn(void *argument)
{
  unsigned state = (unsigned)(uintptr_t)argument;
  void *own[16] = {NULL};
  while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
    state = state * 1664525 + 1013904223;
    unsigned i = state >> 28;
    free(own[i]);
    own[i] = malloc(state % 16 == 0 ? 300000 : 1 + state % 5000);
  }
  for (int i = 0; i < 16; i++) {
    free(own[i]);
  }
  return NULL;
}

/* One thread waits for signals and forks in their handler, where POSIX lets a
 * process with threads do so: it interrupts nothing. */
static void *wait_for_signals(void *argument)
{
  sigset_t none;
  sigemptyset(&none);
  while (received < 150) {
    sigsuspend(&none);
  }
  return argument;
}

SYSTEM_TEST(while_threads_allocate, 60)
{
  struct sigaction action = {.sa_handler = on_user, .sa_flags = SA_RESTART};
  must(sigaction(SIGUSR1, &action, NULL) == 0);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &only, NULL);
  pthread_t thread[3];
  pthread_t waiting;
  for (int i = 0; i < 3; i++) {
    must(pthread_create(&thread[i], NULL, churn, (void *)(uintptr_t)(i + 1)) == 0);
  }
  pid_t from = sender(getpid());
  must(pthread_create(&waiting, NULL, wait_for_signals, NULL) == 0);
  pthread_join(waiting, NULL);
  kill(from, SIGKILL);
  waitpid(from, NULL, 0);
  __atomic_store_n(&done, true, __ATOMIC_RELAXED);
  for (int i = 0; i < 3; i++) {
    pthread_join(thread[i], NULL);
  }
}

/* ---- streams in memory ------------------------------------------------------------ */

static void *write_streams(void *argument)
{
  while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    must(stream != NULL);
    for (int i = 0; i < 200; i++) {
      fprintf(stream, "line %d of a stream in memory\n", i);
    }
    fclose(stream);
    free(text);
  }
  return argument;
}

static void *flush_all(void *argument)
{
  while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
    fflush(NULL);
    sched_yield();
  }
  return argument;
}

SYSTEM_TEST(while_streams_in_memory_are_open, 60)
{
  pthread_t thread[4];
  for (int i = 0; i < 4; i++) {
    must(pthread_create(&thread[i], NULL, i < 2 ? write_streams : flush_all, NULL) == 0);
  }
  for (int i = 0; i < 200; i++) {
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
      alarm(20);
      free(malloc(1000));
      char *text = NULL;
      size_t length = 0;
      FILE *stream = open_memstream(&text, &length);
      fprintf(stream, "%d", i);
      fclose(stream);
      _exit(length > 0 && text[0] != '\0' ? 0 : 1);
    }
    int status;
    must(waitpid(child, &status, 0) == child && status == 0);
  }
  __atomic_store_n(&done, true, __ATOMIC_RELAXED);
  for (int i = 0; i < 4; i++) {
    pthread_join(thread[i], NULL);
  }
}
