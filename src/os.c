#include "os_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the C library's headers may be too old to name. */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define OS_ADVICE_DONTNEED_LOCKED 24 /* Linux 5.18 */
#define OS_ADVICE_GUARD_INSTALL 102  /* Linux 6.13 */
#define OS_ADVICE_GUARD_REMOVE 103
#define OS_SYS_MSEAL 462 /* Linux 6.10 */

enum {
  OS_HINTS = 4,
  /* A guard in the middle of a mapping makes three of one. */
  OS_MAPPINGS_PER_GUARD = 2,
  OS_DEFAULT_MAX_MAPS = 65530,
  OS_RESERVE_FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
};

static size_t os_page = 4096;
static enum os_guard_means os_means;
static bool os_advice_ignored;
static uint64_t os_budget;
static uint64_t os_budget_used;
/* Where random bases are drawn from, [os_hint_low, os_hint_high); empty where
 * they are not drawn. */
static uintptr_t os_hint_low;
static uintptr_t os_hint_high;

uint64_t os_count_reserved;
static uint64_t os_count_requests;
static uint64_t os_count_failed[OS_CALLS];
static uint64_t os_count_installed;
static uint64_t os_count_removed;
static uint64_t os_count_refused;

#ifdef ASHLAR_TEST_HOOKS
int64_t os_test_fail_at;
int64_t os_test_fail_every;
uint32_t os_test_fail_next;
uint32_t os_test_fail_after;
bool os_test_no_guard_advice;
bool os_test_no_advice;
bool os_test_no_hints;
int64_t os_test_guard_budget = -1;
static int64_t os_test_requests;
#endif

// NOLINTNEXTLINE(readability-non-const-parameter) ; clang-tidy does not know the builtin
static void os_count(uint64_t *counter, uint64_t by)
{
  __atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

// NOLINTNEXTLINE(readability-non-const-parameter)
static void os_uncount(uint64_t *counter, uint64_t by)
{
  __atomic_fetch_sub(counter, by, __ATOMIC_RELAXED);
}

static uint64_t os_counted(const uint64_t *counter)
{
  return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Every request to the kernel asks here first.
 * Returns false (errno ENOMEM) where a test wants that request to fail. */
bool os_request(void)
{
  os_count(&os_count_requests, 1);
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_fail_next > 0 && os_test_fail_after-- == 0) {
    os_test_fail_after = 0;
    os_test_fail_next--;
    errno = ENOMEM;
    return false;
  }
  int64_t left = __atomic_load_n(&os_test_fail_at, __ATOMIC_RELAXED);
  while (left > 0) {
    if (__atomic_compare_exchange_n(&os_test_fail_at, &left, left - 1, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
      if (left == 1) {
        errno = ENOMEM;
        return false;
      }
      break;
    }
  }
  int64_t every = __atomic_load_n(&os_test_fail_every, __ATOMIC_RELAXED);
  if (every > 0 && __atomic_add_fetch(&os_test_requests, 1, __ATOMIC_RELAXED) % every == 0) {
    errno = ENOMEM;
    return false;
  }
#endif
  return true;
}

/* Ends a call: counts a failure, or puts errno back. */
bool os_finish(enum os_call call, bool done, int saved)
{
  if (done) {
    errno = saved;
  } else {
    os_count(&os_count_failed[call], 1);
  }
  return done;
}

static void *os_pointer(uintptr_t a)
{
  return (void *)a; /* NOLINT: addresses are integers everywhere above */
}

static int os_madvise(uintptr_t a, size_t bytes, int advice)
{
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_no_advice) {
    return 0;
  }
  if (os_test_no_guard_advice && advice >= OS_ADVICE_GUARD_INSTALL) {
    errno = EINVAL;
    return -1;
  }
#endif
  return madvise(os_pointer(a), bytes, advice);
}

/* ---- requests ------------------------------------------------------------ */

uintptr_t os_map(uintptr_t hint, size_t bytes, int protection, int flags)
{
  if (!os_request()) {
    return 0;
  }
  void *p = mmap(os_pointer(hint), bytes, protection, OS_RESERVE_FLAGS | flags, -1, 0);
  return p == MAP_FAILED ? 0 : (uintptr_t)p;
}

static bool os_unmap(uintptr_t a, size_t bytes)
{
  return os_request() && munmap(os_pointer(a), bytes) == 0;
}

static bool os_protect(uintptr_t a, size_t bytes, int protection)
{
  return os_request() && mprotect(os_pointer(a), bytes, protection) == 0;
}

static bool os_advise(uintptr_t a, size_t bytes, int advice)
{
  return os_request() && os_madvise(a, bytes, advice) == 0;
}

/* Drops the contents of a range whose protection is the one given. */
static bool os_drop(uintptr_t a, size_t bytes, int protection)
{
  if (os_advice_ignored) {
    return os_map(a, bytes, protection, MAP_FIXED) == a;
  }
  if (os_advise(a, bytes, MADV_DONTNEED)) {
    return true;
  }
  /* Memory that the program locked (mlockall) has an advice of its own. */
  return errno == EINVAL && os_advise(a, bytes, OS_ADVICE_DONTNEED_LOCKED);
}

/* ---- start --------------------------------------------------------------- */

/* Whether the kernel finds a page inaccessible: it is asked to write there,
 * and answers EFAULT where the program itself would be killed. */
static bool os_traps(uintptr_t a)
{
  return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, os_pointer(a)) != 0 && errno == EFAULT;
}

uint64_t os_read_max_maps(void)
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
 * emulators that answer 0 to any advice and do nothing. */
static void os_probe_advice(volatile unsigned char *page)
{
  uintptr_t a = (uintptr_t)page;
  bool guard = os_madvise(a, os_page, OS_ADVICE_GUARD_INSTALL) == 0 && os_traps(a) &&
               os_madvise(a, os_page, OS_ADVICE_GUARD_REMOVE) == 0 && !os_traps(a);
  os_means = guard ? OS_GUARD_BY_ADVICE : OS_GUARD_BY_PROTECT;
  if (os_traps(a)) { /* the guard was refused its removal */
    return;
  }
  *page = 1;
  os_advice_ignored = os_madvise(a, os_page, MADV_DONTNEED) == 0 && *page != 0;
}

/* Random bases come from the part of the address space between an eighth and a
 * half: the kernel puts programs, their heaps, libraries and stacks elsewhere,
 * so there is room, and nothing of theirs that has to grow.  How large the
 * whole is (2^39 on some machines) shows in where the kernel puts a mapping. */
static void os_probe_hints(uintptr_t mapped)
{
  unsigned bits = (unsigned)(sizeof mapped * 8) - (unsigned)__builtin_clzl(mapped);
  if (bits > 47) {
    bits = 47;
  }
  os_hint_low = (uintptr_t)1 << (bits - 3);
  os_hint_high = (uintptr_t)1 << (bits - 1);
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
  long page = sysconf(_SC_PAGESIZE);
  os_page = page > 0 ? (size_t)page : 4096;
  os_means = OS_GUARD_BY_PROTECT;
  os_advice_ignored = false;
  os_hint_low = 0;
  os_hint_high = 0;
  void *p = mmap(NULL, os_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p != MAP_FAILED) {
    os_probe_hints((uintptr_t)p);
    os_probe_advice(p);
    munmap(p, os_page);
  }
  os_budget = os_means == OS_GUARD_BY_PROTECT ? os_read_max_maps() / 2 : 0;
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_guard_budget >= 0) {
    os_budget = (uint64_t)os_test_guard_budget;
  }
#endif
  errno = saved;
}

size_t os_page_bytes(void)
{
  return os_page;
}

/* ---- address space ------------------------------------------------------- */

/* A mapping at exactly that address, or none. */
static bool os_map_at(uintptr_t a, size_t bytes)
{
  uintptr_t at = os_map(a, bytes, PROT_NONE, MAP_FIXED_NOREPLACE);
  if (at == a) {
    return true;
  }
  if (at != 0) { /* before Linux 4.17 an address was only a wish */
    os_unmap(at, bytes);
    errno = EEXIST;
  }
  return false;
}

static uintptr_t os_reserve_random(size_t bytes, size_t align)
{
  uintptr_t room = os_hint_high - os_hint_low;
  if (room <= align || room - align < bytes) {
    return 0;
  }
  uint64_t places = (room - bytes) / align;
  uint64_t draws[OS_HINTS];
  os_random(draws, sizeof draws);
  for (int i = 0; i < OS_HINTS; i++) {
    uintptr_t a = (os_hint_low & ~(align - 1)) + align + (uintptr_t)(draws[i] % places) * align;
    if (a <= os_hint_high - bytes) {
      if (os_map_at(a, bytes)) {
        return a;
      }
      if (errno == ENOMEM) { /* a limit: another place will not help */
        return 0;
      }
    }
  }
  return 0;
}

static uintptr_t os_reserve_padded(size_t bytes, size_t align)
{
  size_t padded = 0;
  if (__builtin_add_overflow(bytes, align - os_page, &padded)) {
    errno = ENOMEM;
    return 0;
  }
  uintptr_t whole = os_map(0, padded, PROT_NONE, 0);
  if (whole == 0) {
    return 0;
  }
  uintptr_t a = (whole + (align - 1)) & ~(align - 1);
  size_t before = a - whole;
  size_t behind = padded - before - bytes;
  /* What cannot be trimmed stays: address space, no memory. */
  if (before > 0 && !os_unmap(whole, before)) {
    os_count(&os_count_failed[OS_RELEASE], 1);
    os_count(&os_count_reserved, before);
  }
  if (behind > 0 && !os_unmap(a + bytes, behind)) {
    os_count(&os_count_failed[OS_RELEASE], 1);
    os_count(&os_count_reserved, behind);
  }
  return a;
}

/* Where the kernel likes to put it, moved down to the alignment. */
static uintptr_t os_reserve_plain(size_t bytes, size_t align)
{
  uintptr_t a = os_map(0, bytes, PROT_NONE, 0);
  if (a == 0 || (a & (align - 1)) == 0) {
    return a;
  }
  if (!os_unmap(a, bytes)) {
    os_count(&os_count_failed[OS_RELEASE], 1);
    os_count(&os_count_reserved, bytes);
    return 0;
  }
  a &= ~(align - 1);
  return a != 0 && os_map_at(a, bytes) ? a : 0;
}

uintptr_t os_reserve(size_t bytes, size_t align)
{
  int saved = errno;
  uintptr_t a = 0;
  if (bytes == 0) {
    errno = EINVAL;
  } else {
    if (align > os_page) {
      a = os_reserve_random(bytes, align);
    }
    if (a == 0) {
      a = os_reserve_plain(bytes, align);
    }
    if (a == 0 && align > os_page) {
      a = os_reserve_padded(bytes, align);
    }
    if (a != 0) {
      os_count(&os_count_reserved, bytes);
    }
  }
  os_finish(OS_RESERVE, a != 0, saved);
  return a;
}

void os_release(uintptr_t a, size_t bytes)
{
  int saved = errno;
  if (os_unmap(a, bytes)) {
    os_uncount(&os_count_reserved, bytes);
  } else {
    os_count(&os_count_failed[OS_RELEASE], 1);
    os_drop(a, bytes, PROT_NONE);
  }
  errno = saved;
}

/* ---- memory and protection ------------------------------------------------ */

bool os_commit(uintptr_t a, size_t bytes)
{
  int saved = errno;
  return os_finish(OS_COMMIT, os_protect(a, bytes, PROT_READ | PROT_WRITE), saved);
}

bool os_discard(uintptr_t a, size_t bytes)
{
  int saved = errno;
  return os_finish(OS_DISCARD, os_drop(a, bytes, PROT_READ | PROT_WRITE), saved);
}

bool os_protect_read(uintptr_t a, size_t bytes)
{
  int saved = errno;
  return os_finish(OS_PROTECT, os_protect(a, bytes, PROT_READ), saved);
}

bool os_seal(uintptr_t a, size_t bytes)
{
  int saved = errno;
  bool done = os_request() && syscall(OS_SYS_MSEAL, os_pointer(a), bytes, 0UL) == 0;
  return os_finish(OS_SEAL, done, saved);
}

/* ---- guards ---------------------------------------------------------------- */

static bool os_budget_take(void)
{
  uint64_t used = os_counted(&os_budget_used);
  do {
    if (used + OS_MAPPINGS_PER_GUARD > os_budget) {
      errno = ENOMEM;
      return false;
    }
  } while (!__atomic_compare_exchange_n(&os_budget_used, &used, used + OS_MAPPINGS_PER_GUARD, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return true;
}

static bool os_guard_by_advice(uintptr_t a, size_t bytes)
{
  if (os_advise(a, bytes, OS_ADVICE_GUARD_INSTALL)) {
    return true;
  }
  /* It may have got half of the way. */
  int why = errno;
  os_advise(a, bytes, OS_ADVICE_GUARD_REMOVE);
  errno = why;
  return false;
}

static bool os_guard_by_protect(uintptr_t a, size_t bytes)
{
  if (!os_budget_take()) {
    return false;
  }
  /* In this order: what is written between the two would survive the other. */
  if (os_protect(a, bytes, PROT_NONE)) {
    if (os_drop(a, bytes, PROT_NONE)) {
      return true;
    }
    int why = errno;
    if (!os_protect(a, bytes, PROT_READ | PROT_WRITE) &&
        mprotect(os_pointer(a), bytes, PROT_READ | PROT_WRITE) != 0) {
      /* It traps, and its contents may not be gone; the caller takes it to be
       * accessible.  Undoing what was just done costs no new mapping, so the
       * kernel does not refuse it; should it, no answer would be true. */
      __builtin_trap();
    }
    errno = why;
  }
  os_uncount(&os_budget_used, OS_MAPPINGS_PER_GUARD);
  return false;
}

bool os_guard(uintptr_t a, size_t bytes)
{
  int saved = errno;
  bool done =
      os_means == OS_GUARD_BY_ADVICE ? os_guard_by_advice(a, bytes) : os_guard_by_protect(a, bytes);
  os_count(done ? &os_count_installed : &os_count_refused, 1);
  return os_finish(OS_GUARD, done, saved);
}

bool os_unguard(uintptr_t a, size_t bytes)
{
  int saved = errno;
  bool done = false;
  if (os_means == OS_GUARD_BY_ADVICE) {
    done = os_advise(a, bytes, OS_ADVICE_GUARD_REMOVE);
  } else {
    done = os_protect(a, bytes, PROT_READ | PROT_WRITE);
    if (done) {
      os_uncount(&os_budget_used, OS_MAPPINGS_PER_GUARD);
    }
  }
  if (done) {
    os_count(&os_count_removed, 1);
  }
  return os_finish(OS_UNGUARD, done, saved);
}

/* ---- the rest -------------------------------------------------------------- */

static uint64_t os_mix(uint64_t x)
{
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9u;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* Weak: whoever knows the vector and the time knows the bytes. */
static void os_random_weak(unsigned char *out, size_t bytes)
{
  static uint64_t os_weak_state;
  uint64_t given[2] = {0, 0};
  const void *vector = os_pointer(getauxval(AT_RANDOM));
  if (vector != NULL) {
    memcpy(given, vector, sizeof given);
  }
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t x = __atomic_add_fetch(&os_weak_state, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);
  x = os_mix(x ^ given[0]);
  x = os_mix(x ^ ((uint64_t)now.tv_nsec << 20) ^ (uint64_t)now.tv_sec);
  x = os_mix(x ^ (uintptr_t)&x ^ (uint64_t)os_thread_id());
  while (bytes > 0) {
    x += 0x9e3779b97f4a7c15u;
    uint64_t word = os_mix(os_mix(x) ^ given[1]);
    size_t part = bytes < sizeof word ? bytes : sizeof word;
    memcpy(out, &word, part);
    out += part;
    bytes -= part;
  }
}

void os_random(void *out, size_t bytes)
{
  int saved = errno;
  unsigned char *at = out;
  while (bytes > 0) {
    /* By system call: getrandom is a cancellation point. */
    long got = os_request() ? syscall(SYS_getrandom, at, bytes, 0U) : -1;
    if (got > 0) {
      at += got;
      bytes -= (size_t)got;
    } else if (got == 0 || errno != EINTR) {
      os_count(&os_count_failed[OS_RANDOM], 1);
      os_random_weak(at, bytes);
      break;
    }
  }
  errno = saved;
}

uint64_t os_address_space(void)
{
  int saved = errno;
  struct rlimit limit;
  bool known = getrlimit(RLIMIT_AS, &limit) == 0;
  errno = saved;
  return known && limit.rlim_cur != RLIM_INFINITY ? (uint64_t)limit.rlim_cur : UINT64_MAX;
}

int os_thread_id(void)
{
  return (int)syscall(SYS_gettid);
}

uint64_t os_now_ms(void)
{
  int saved = errno;
  struct timespec now = {0, 0};
  if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) != 0) {
    clock_gettime(CLOCK_MONOTONIC, &now);
  }
  errno = saved;
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct os_counters os_counters(void)
{
  struct os_counters c = {
      .reserved_bytes = os_counted(&os_count_reserved),
      .requests = os_counted(&os_count_requests),
      .guards_installed = os_counted(&os_count_installed),
      .guards_removed = os_counted(&os_count_removed),
      .guards_refused = os_counted(&os_count_refused),
      .guard_budget = os_budget,
      .guard_mappings = os_counted(&os_budget_used),
      .guard_means = os_means,
  };
  for (int i = 0; i < OS_CALLS; i++) {
    c.failed[i] = os_counted(&os_count_failed[i]);
  }
  return c;
}
