/* What the kernel can do, learnt once, by trying it. */
#include "os_internal.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t os_max_maps = OS_DEFAULT_MAX_MAPS;

uint64_t os_read_max_maps(void)
{
  return os_max_maps;
}

static uint64_t os_probe_max_maps(void)
{
  /* By system call: open, read and close are cancellation points. */
  long fd = syscall(SYS_openat, AT_FDCWD, "/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC, 0);
  char digits[32];
  long length = 0;
  if (fd >= 0) {
    length = syscall(SYS_read, fd, digits, sizeof digits);
    syscall(SYS_close, fd);
  }
  uint64_t maps = 0;
  for (long i = 0; i < length && digits[i] >= '0' && digits[i] <= '9' && maps < UINT32_MAX; i++) {
    maps = maps * 10 + (uint64_t)(digits[i] - '0');
  }
  return maps > 0 ? maps : OS_DEFAULT_MAX_MAPS;
}

/* Tries advice on a page, rather than believe its return value: there are
 * emulators that answer 0 to any advice and do nothing.  A guard drops what the
 * page held, and so shows after it is gone. */
static enum os_guard_means os_probe_advice(volatile unsigned char *page)
{
  uintptr_t a = (uintptr_t)page;
  *page = 1;
  if (os_madvise(a, os_page, OS_ADVICE_GUARD_INSTALL) == 0) {
    if (os_madvise(a, os_page, OS_ADVICE_GUARD_REMOVE) != 0) {
      return OS_GUARD_BY_PROTECT; /* the guard was refused its removal */
    }
    if (*page == 0) {
      return OS_GUARD_BY_ADVICE;
    }
  }
  os_advice_ignored = os_madvise(a, os_page, MADV_DONTNEED) == 0 && *page != 0;
  return OS_GUARD_BY_PROTECT;
}

/* Where the page is small, one of the library's own will do; two calls less. */
static ASHLAR_LONG unsigned char os_probe_small[4096] __attribute__((aligned(4096)));

static enum os_guard_means os_probe_page(void)
{
  if (os_page == sizeof os_probe_small) {
    return os_probe_advice(os_probe_small);
  }
  void *p = mmap(NULL, os_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    return OS_GUARD_BY_PROTECT;
  }
  enum os_guard_means means = os_probe_advice(p);
  munmap(p, os_page);
  return means;
}

/* Random bases come from the part of the address space between an eighth and a
 * half: the kernel puts programs, their heaps, libraries and stacks elsewhere,
 * so there is room, and nothing of theirs that has to grow.  How large the
 * whole is (2^39 on some machines) shows in where the first stack stands. */
static void os_probe_hints(void)
{
  uintptr_t stack = getauxval(AT_RANDOM);
  os_hint_low = 0;
  os_hint_high = 0;
  if (stack == 0) {
    return;
  }
  unsigned bits = (unsigned)(sizeof stack * 8) - (unsigned)__builtin_clzl(stack);
  if (bits > 47) {
    bits = 47;
  }
  os_hint_low = (uintptr_t)1 << (bits - 3);
#if defined(__SANITIZE_THREAD__)
#define OS_SHADOWED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define OS_SHADOWED 1
#endif
#endif
#ifdef OS_SHADOWED
  /* Their shadow lies there. */
  os_hint_high = os_hint_low;
#else
  os_hint_high = (uintptr_t)1 << (bits - 1);
#endif
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_no_hints) {
    os_hint_high = os_hint_low;
  }
#endif
}

void os_start(void)
{
  int saved = errno;
  size_t page = getauxval(AT_PAGESZ);
  os_page = page > 0 ? page : 4096;
  os_advice_ignored = false;
  os_filter_start();
  os_probe_hints();
  enum os_guard_means means = os_sandboxed() ? OS_GUARD_BY_PROTECT : os_probe_page();
  uint64_t budget = 0;
  if (means == OS_GUARD_BY_PROTECT) {
    os_max_maps = os_sandboxed() ? OS_DEFAULT_MAX_MAPS : os_probe_max_maps();
    budget = os_max_maps / 2;
  }
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_guard_budget >= 0) {
    budget = (uint64_t)os_test_guard_budget;
  }
#endif
  os_guard_start(means, budget);
  os_random_start();
  errno = saved;
}
