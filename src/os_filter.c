/* Filters of system calls (seccomp).
 *
 * A filter that was there before the program is found in /proc: reading a file
 * at start is what the program's loader just did, so no filter kills for it.
 * Then, and where the option asks for it, nothing is tried that C libraries'
 * allocators do not do themselves.  One that the program installs later is met
 * by the first call that it refuses; from there on the call's work is done by
 * mmap, which a program that allocates has to be allowed. */
#include "os_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static enum os_sandbox os_filter_wanted;
static bool os_filter_found;

#ifdef ASHLAR_TEST_HOOKS
uint32_t os_test_refused;
bool os_test_sandbox;

bool os_test_refuses(uint32_t bit)
{
  if ((os_test_refused & bit) == 0) {
    return false;
  }
  errno = EPERM;
  return true;
}
#endif

/* ---- found at start ---- */

/* Looks for a line "Seccomp:" that says 2.  The text comes in parts. */
struct os_filter_line {
  unsigned matched; /* characters of the key seen */
  bool filtered;
};

static void os_filter_read(struct os_filter_line *line, const char *text, long length)
{
  static const char os_filter_key[] = "\nSeccomp:\t";
  const unsigned all = sizeof os_filter_key - 1;
  for (long i = 0; i < length; i++) {
    if (line->matched == all) {
      line->filtered = line->filtered || text[i] == '2';
      line->matched = 0;
    }
    if (text[i] == os_filter_key[line->matched]) {
      line->matched++;
    } else {
      line->matched = text[i] == os_filter_key[0];
    }
  }
}

static bool os_filter_in_place(void)
{
  /* By system call: open, read and close are cancellation points. */
  long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    return false;
  }
  struct os_filter_line line = {0, false};
  char part[2048];
  long length = 0;
  do {
    length = syscall(SYS_read, fd, part, sizeof part);
    os_filter_read(&line, part, length);
  } while (length > 0 && !line.filtered);
  syscall(SYS_close, fd);
  return line.filtered;
}

void os_choose_sandbox(enum os_sandbox wanted)
{
  os_filter_wanted = wanted;
}

void os_filter_start(void)
{
  os_filter_found = os_filter_wanted == OS_SANDBOX_YES ||
                    (os_filter_wanted == OS_SANDBOX_FIND && os_filter_in_place());
#ifdef ASHLAR_TEST_HOOKS
  os_filter_found = os_filter_found || os_test_sandbox;
#endif
}

bool os_sandboxed(void)
{
  return os_filter_found;
}

/* ---- met later ---- */

/* A range of no bytes: the kernel has nothing to do, and no reason to refuse. */
bool os_filter_refuses_protect(void)
{
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_refuses(OS_TEST_REFUSE_PROTECT)) {
    return true;
  }
#endif
  int saved = errno;
  bool refuses = mprotect(os_pointer(os_page), 0, PROT_READ | PROT_WRITE) != 0;
  errno = saved;
  return refuses;
}

bool os_filter_refuses_advice(int advice)
{
  int saved = errno;
  bool refuses = os_madvise(os_page, 0, advice) != 0;
  errno = saved;
  return refuses;
}

bool os_map_over(uintptr_t a, size_t bytes, int protection)
{
  return os_map(a, bytes, protection, MAP_FIXED) == a;
}

bool os_traps(uintptr_t a)
{
  /* Sleeps if the word is the value, for no time at all; it does not, if it
   * cannot be read. */
  struct timespec no_time = {0, 0};
  return syscall(SYS_futex, os_pointer(a), FUTEX_WAIT_PRIVATE, 0x5ca1ab1e, &no_time, NULL, 0) !=
             0 &&
         errno == EFAULT;
}

bool os_commit_by_mapping(uintptr_t a, size_t bytes)
{
  uintptr_t end = a + bytes;
  while (a < end && !os_traps(a)) {
    a += os_page;
  }
  while (a < end && !os_traps(end - os_page)) {
    end -= os_page;
  }
  return a == end || os_map_over(a, end - a, PROT_READ | PROT_WRITE);
}
