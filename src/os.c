#include "os_internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  OS_HINTS = 4,
  /* from so many on, what is reserved is left out of core files */
  OS_HIDE_BYTES = 65536,
  OS_RESERVE_FLAGS = MAP_PRIVATE | MAP_ANONYMOUS
};

size_t os_page = 4096;
bool os_advice_ignored;
uintptr_t os_hint_low;
uintptr_t os_hint_high;

uint64_t os_count_reserved;
static uint64_t os_count_requests;
static uint64_t os_count_failed[OS_CALLS];

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
void os_count(uint64_t *counter, uint64_t by)
{
  __atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

// NOLINTNEXTLINE(readability-non-const-parameter)
void os_uncount(uint64_t *counter, uint64_t by)
{
  __atomic_fetch_sub(counter, by, __ATOMIC_RELAXED);
}

uint64_t os_counted(const uint64_t *counter)
{
  return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

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

void os_count_failure(enum os_call call)
{
  os_count(&os_count_failed[call], 1);
}

bool os_finish(enum os_call call, bool done, int saved)
{
  if (done) {
    errno = saved;
  } else {
    os_count_failure(call);
  }
  return done;
}

void *os_pointer(uintptr_t a)
{
  return (void *)a; /* NOLINT: addresses are integers everywhere above */
}

int os_madvise(uintptr_t a, size_t bytes, int advice)
{
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_no_advice) {
    return 0;
  }
  if (os_test_no_guard_advice && advice >= OS_ADVICE_GUARD_INSTALL) {
    errno = EINVAL;
    return -1;
  }
  if (os_test_refuses(OS_TEST_REFUSE_ADVICE)) {
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

bool os_unmap(uintptr_t a, size_t bytes)
{
  return os_request() && munmap(os_pointer(a), bytes) == 0;
}

bool os_protect(uintptr_t a, size_t bytes, int protection)
{
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_refuses(OS_TEST_REFUSE_PROTECT)) {
    return false;
  }
#endif
  return os_request() && mprotect(os_pointer(a), bytes, protection) == 0;
}

bool os_advise(uintptr_t a, size_t bytes, int advice)
{
  return os_request() && os_madvise(a, bytes, advice) == 0;
}

bool os_drop(uintptr_t a, size_t bytes, int protection)
{
  if (os_advice_ignored || os_sandboxed()) {
    return os_map_over(a, bytes, protection);
  }
  if (os_advise(a, bytes, MADV_DONTNEED)) {
    return true;
  }
  if (os_filter_refuses_advice(MADV_DONTNEED)) {
    return os_map_over(a, bytes, protection);
  }
  /* Memory that the program locked (mlockall) has an advice of its own. */
  return errno == EINVAL && os_advise(a, bytes, OS_ADVICE_DONTNEED_LOCKED);
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

bool os_room(uintptr_t *low, uintptr_t *high)
{
  *low = os_hint_low;
  *high = os_hint_high;
  return os_hint_low < os_hint_high;
}

bool os_claim(uintptr_t a, size_t bytes)
{
  int saved = errno;
  uintptr_t at = os_map(a, bytes, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
  if (at == a) {
    os_count(&os_count_reserved, bytes);
  } else if (at != 0) { /* before Linux 4.17 an address was only a wish */
    os_unmap(at, bytes);
    errno = EEXIST;
  }
  return os_finish(OS_RESERVE, at == a, saved);
}

bool os_unclaim(uintptr_t a, size_t bytes)
{
  int saved = errno;
  bool done = os_unmap(a, bytes);
  if (done) {
    os_uncount(&os_count_reserved, bytes);
  }
  return os_finish(OS_RELEASE, done, saved);
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
    os_count_failure(OS_RELEASE);
    os_count(&os_count_reserved, before);
  }
  if (behind > 0 && !os_unmap(a + bytes, behind)) {
    os_count_failure(OS_RELEASE);
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
    os_count_failure(OS_RELEASE);
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
      if (bytes >= OS_HIDE_BYTES) {
        os_hide(a, bytes);
      }
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
    os_count_failure(OS_RELEASE);
    os_drop(a, bytes, PROT_NONE);
  }
  errno = saved;
}

/* ---- memory and protection ------------------------------------------------ */

static bool os_commit_by_any(uintptr_t a, size_t bytes)
{
  if (os_sandboxed()) {
    return os_commit_by_mapping(a, bytes);
  }
  return os_protect(a, bytes, PROT_READ | PROT_WRITE) ||
         (os_filter_refuses_protect() && os_commit_by_mapping(a, bytes));
}

bool os_commit(uintptr_t a, size_t bytes)
{
  int saved = errno;
  return os_finish(OS_COMMIT, os_commit_by_any(a, bytes), saved);
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
  if (os_sandboxed()) {
    errno = ENOSYS;
    return os_finish(OS_SEAL, false, saved);
  }
  bool done = os_request() && syscall(OS_SYS_MSEAL, os_pointer(a), bytes, 0UL) == 0;
  return os_finish(OS_SEAL, done, saved);
}

/* ---- the rest -------------------------------------------------------------- */

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

void os_nap(long ms)
{
  int saved = errno;
  /* Not by nanosleep, which a filter of system calls may kill for. */
  uint32_t word = 0;
  struct timespec nap = {ms / 1000, ms % 1000 * 1000 * 1000};
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &nap, NULL, 0);
  errno = saved;
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
  };
  os_guard_counters(&c);
  for (int i = 0; i < OS_CALLS; i++) {
    c.failed[i] = os_counted(&os_count_failed[i]);
  }
  return c;
}
