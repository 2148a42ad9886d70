/* What text.h promises. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../src/text.h"

static char room[256];

static const char *terminated(struct text *t)
{
  room[text_length(t)] = '\0';
  return room;
}

static struct text fresh(void)
{
  struct text t;
  text_start(&t, room, sizeof room - 1);
  return t;
}

Test(text, numbers)
{
  struct text t = fresh();
  text_dec(&t, 0);
  text_char(&t, ' ');
  text_dec(&t, 10);
  text_char(&t, ' ');
  text_dec(&t, UINT64_MAX);
  text_char(&t, ' ');
  text_hex(&t, 0);
  text_char(&t, ' ');
  text_hex(&t, 0x7f3a12345670);
  text_char(&t, ' ');
  text_hex(&t, UINTPTR_MAX);
  cr_assert_str_eq(terminated(&t),
                   "0 10 18446744073709551615 0x0 0x7f3a12345670 0xffffffffffffffff");
  cr_assert_not(t.cut);
}

Test(text, strings)
{
  struct text t = fresh();
  text_str(&t, "one");
  text_str(&t, "");
  text_str(&t, NULL);
  text_str(&t, ", two");
  cr_assert_str_eq(terminated(&t), "one, two");
}

Test(text, json_is_ascii_whatever_is_in_it)
{
  struct text t = fresh();
  text_json_str(&t, "a\"b\\c\n\t\x01\x7f\xc3\xa9/");
  cr_assert_str_eq(terminated(&t), "\"a\\\"b\\\\c\\u000a\\u0009\\u0001\\u007f\\u00c3\\u00a9/\"");
  t = fresh();
  text_json_str(&t, NULL);
  cr_assert_str_eq(terminated(&t), "\"\"");
}

/* Of every size of buffer nothing is written behind the end, and what is there
 * is the beginning of the whole. */
Test(text, is_cut_at_the_end_of_the_buffer)
{
  const char *whole = "ab1234567890x0xfedcba9\"q\\u000a\\\"\"";
  for (size_t bytes = 0; bytes < 40; bytes++) {
    memset(room, '#', sizeof room);
    struct text t;
    text_start(&t, room, bytes);
    text_str(&t, "ab");
    text_dec(&t, 1234567890);
    text_char(&t, 'x');
    text_hex(&t, 0xfedcba9);
    text_json_str(&t, "q\n\"");
    size_t expected = bytes < strlen(whole) ? bytes : strlen(whole);
    cr_assert_eq(text_length(&t), expected);
    cr_assert_eq(memcmp(room, whole, expected), 0);
    cr_assert_eq(room[expected], '#');
    cr_assert_eq(t.cut, bytes < strlen(whole));
  }
}

Test(text, write_writes_all)
{
  int ends[2];
  cr_assert_eq(pipe(ends), 0);
  struct text t = fresh();
  text_str(&t, "hello\n");
  errno = 77;
  text_write(ends[1], &t);
  cr_assert_eq(errno, 77);
  char got[16] = "";
  cr_assert_eq(read(ends[0], got, sizeof got), 6);
  cr_assert_str_eq(got, "hello\n");
}

Test(text, write_gives_up_where_it_must)
{
  struct text t = fresh();
  text_str(&t, "hello\n");
  errno = 77;
  text_write(-1, &t);
  int full = open("/dev/full", O_WRONLY);
  text_write(full, &t);
  cr_assert_eq(errno, 77);
}

static char big[1 << 18];
static size_t drained;

static void on_signal(int number)
{
  (void)number;
}

static void *drain(void *arg)
{
  int fd = *(int *)arg;
  static char sink[4096];
  struct timespec nap = {0, 1000 * 1000};
  while (drained < sizeof big) {
    nanosleep(&nap, NULL);
    long got = read(fd, sink, sizeof sink);
    drained += got > 0 ? (size_t)got : 0;
  }
  return NULL;
}

/* More than a pipe holds, with signals that interrupt it. */
Test(text, write_outlasts_interruptions, .timeout = 60)
{
  int ends[2];
  cr_assert_eq(pipe(ends), 0);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal; /* without SA_RESTART */
  sigaction(SIGALRM, &action, NULL);
  pthread_t thread;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  cr_assert_eq(pthread_create(&thread, NULL, drain, &ends[0]), 0);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  ualarm(500, 500);
  memset(big, 'x', sizeof big);
  struct text t;
  text_start(&t, big, sizeof big);
  t.at += sizeof big;
  text_write(ends[1], &t);
  ualarm(0, 0);
  pthread_join(thread, NULL);
  cr_assert_eq(drained, sizeof big);
}
