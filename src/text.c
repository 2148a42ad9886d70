#include "text.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void text_start(struct text *t, char *buffer, size_t bytes)
{
  t->start = buffer;
  t->at = buffer;
  t->left = bytes;
  t->cut = false;
}

size_t text_length(const struct text *t)
{
  return (size_t)(t->at - t->start);
}

void text_char(struct text *t, char c)
{
  if (t->left == 0) {
    t->cut = true;
    return;
  }
  *t->at = c;
  t->at++;
  t->left--;
}

void text_str(struct text *t, const char *s)
{
  for (; s != NULL && *s != '\0'; s++) {
    text_char(t, *s);
  }
}

static void text_digits(struct text *t, uint64_t n, unsigned base)
{
  char digits[20]; /* 2^64 - 1 has 20 in decimal */
  int count = 0;
  do {
    digits[count++] = "0123456789abcdef"[n % base];
    n /= base;
  } while (n > 0);
  while (count > 0) {
    text_char(t, digits[--count]);
  }
}

void text_dec(struct text *t, uint64_t n)
{
  text_digits(t, n, 10);
}

void text_hex(struct text *t, uintptr_t a)
{
  text_str(t, "0x");
  text_digits(t, a, 16);
}

void text_json_str(struct text *t, const char *s)
{
  text_char(t, '"');
  for (; s != NULL && *s != '\0'; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\') {
      text_char(t, '\\');
      text_char(t, *s);
    } else if (c < 0x20 || c > 0x7e) {
      text_str(t, "\\u00");
      text_char(t, "0123456789abcdef"[c >> 4]);
      text_char(t, "0123456789abcdef"[c & 15]);
    } else {
      text_char(t, *s);
    }
  }
  text_char(t, '"');
}

/* Returns 0, or the error's number. */
static int text_write_all(int fd, const struct text *t)
{
  const char *from = t->start;
  while (from < t->at) {
    /* By system call: write is a cancellation point. */
    long wrote = syscall(SYS_write, fd, from, (size_t)(t->at - from));
    if (wrote > 0) {
      from += wrote;
    } else if (wrote == 0 || errno != EINTR) {
      return wrote == 0 ? EIO : errno;
    }
  }
  return 0;
}

/* Takes back the SIGPIPE that this thread's own write brought about. */
static void text_take_signal(const sigset_t *broken)
{
  const struct timespec now = {0, 0};
  /* By system call, for the same reason; the kernel's set has 8 bytes. */
  syscall(SYS_rt_sigtimedwait, broken, NULL, &now, (size_t)8);
}

int text_write(int fd, const struct text *t)
{
  int saved = errno;
  sigset_t broken;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  sigemptyset(&pending);
  bool blocked = pthread_sigmask(SIG_BLOCK, &broken, &before) == 0;
  sigpending(&pending);
  int error = text_write_all(fd, t);
  if (blocked && error == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
    text_take_signal(&broken);
  }
  if (blocked) {
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  errno = saved;
  return error;
}
