/* What os.h promises, against the real kernel; and what is left behind when
 * the kernel, or a test hook in its place, refuses.
 *
 * Built with the shell's sources and -DASHLAR_TEST_HOOKS. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/os.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* ---- tools ---------------------------------------------------------------- */

static int pipe_ends[2];
static size_t page;

/* Whether the kernel can read a byte there: no signal where it cannot. */
static bool readable(uintptr_t a)
{
  char c = 0;
  if (write(pipe_ends[1], (const void *)a, 1) != 1) {
    return false;
  }
  return read(pipe_ends[0], &c, 1) == 1;
}

static bool writable(uintptr_t a)
{
  if (write(pipe_ends[1], "x", 1) != 1) {
    return false;
  }
  if (read(pipe_ends[0], (void *)a, 1) == 1) {
    return true;
  }
  char c = 0;
  return read(pipe_ends[0], &c, 1) != 1;
}

static bool all_zero(uintptr_t a, size_t bytes)
{
  const unsigned char *at = (const unsigned char *)a;
  for (size_t i = 0; i < bytes; i++) {
    if (at[i] != 0) {
      return false;
    }
  }
  return true;
}

static size_t resident_pages(uintptr_t a, size_t bytes)
{
  unsigned char in_core[4096];
  cr_assert_leq(bytes / page, sizeof in_core);
  cr_assert_eq(mincore((void *)a, bytes, in_core), 0);
  size_t count = 0;
  for (size_t i = 0; i < bytes / page; i++) {
    count += in_core[i] & 1;
  }
  return count;
}

/* Mappings that reach into a range. */
static size_t mappings_in(uintptr_t a, size_t bytes)
{
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  size_t count = 0;
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long from = 0;
    unsigned long to = 0;
    if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from < a + bytes && a < to) {
      count++;
    }
  }
  fclose(maps);
  return count;
}

static uint64_t all_mapped_bytes(void)
{
  FILE *maps = fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  cr_assert_eq(fscanf(maps, "%lu", &pages), 1);
  fclose(maps);
  return (uint64_t)pages * page;
}

static void set_up(void)
{
  cr_assert_eq(pipe(pipe_ends), 0);
  os_start();
  page = os_page_bytes();
}

static void set_up_protect(void)
{
  os_test_no_guard_advice = true;
  os_test_guard_budget = 6; /* three guards */
  set_up();
}

static void set_up_no_advice(void)
{
  os_test_no_advice = true;
  set_up();
}

static void set_up_no_hints(void)
{
  os_test_no_hints = true;
  set_up();
}

static uintptr_t committed(size_t bytes)
{
  uintptr_t a = os_reserve(bytes, page);
  cr_assert_neq(a, 0);
  cr_assert(os_commit(a, bytes));
  return a;
}

TestSuite(os, .init = set_up);
TestSuite(os_protect, .init = set_up_protect);
TestSuite(os_no_advice, .init = set_up_no_advice);
TestSuite(os_no_hints, .init = set_up_no_hints);

/* ---- address space ---------------------------------------------------------- */

Test(os, page_is_the_kernels)
{
  cr_assert_eq(page, (size_t)sysconf(_SC_PAGESIZE));
}

Test(os, reserve_gives_aligned_ranges_that_trap_and_cost_nothing)
{
  for (size_t align = page; align <= (size_t)1 << 32; align *= 2) {
    uint64_t before = os_counters().reserved_bytes;
    errno = 77;
    uintptr_t a = os_reserve(3 * page, align);
    cr_assert_neq(a, 0);
    cr_assert_eq(errno, 77);
    cr_assert_eq(a % align, 0);
    cr_assert_lt(a, (uintptr_t)1 << 47);
    cr_assert_not(readable(a));
    cr_assert_not(readable(a + 3 * page - 1));
    cr_assert_eq(resident_pages(a, 3 * page), 0);
    cr_assert_eq(os_counters().reserved_bytes, before + 3 * page);
    os_release(a, 3 * page);
    cr_assert_eq(os_counters().reserved_bytes, before);
    cr_assert_eq(mappings_in(a, 3 * page), 0);
  }
}

Test(os, reserved_ranges_are_apart_and_their_bases_are_scattered)
{
  enum {
    COUNT = 64
  };
  const size_t bytes = (size_t)64 << 20;
  uintptr_t a[COUNT];
  int neighbours = 0;
  for (int i = 0; i < COUNT; i++) {
    a[i] = os_reserve(bytes, bytes);
    cr_assert_neq(a[i], 0);
    for (int j = 0; j < i; j++) {
      uintptr_t between = a[i] > a[j] ? a[i] - a[j] : a[j] - a[i];
      cr_assert_geq(between, bytes);
      neighbours += between == bytes;
    }
  }
#if !defined(__SANITIZE_THREAD__)
  /* 2,016 pairs over some 2^19 places: one is likely in no year of runs. */
  cr_assert_lt(neighbours, 3);
#endif
}

Test(os, reserve_refuses_what_cannot_be)
{
  errno = 0;
  cr_assert_eq(os_reserve((size_t)1 << 62, page), 0);
  cr_assert_eq(errno, ENOMEM);
  cr_assert_eq(os_reserve((size_t)1 << 62, (size_t)1 << 30), 0);
  cr_assert_eq(os_reserve(SIZE_MAX - 2 * page + 1, (size_t)1 << 30), 0);
  cr_assert_eq(errno, ENOMEM);
  cr_assert_eq(os_reserve(page, (size_t)1 << 60), 0);
  cr_assert_eq(os_reserve(0, page), 0);
  cr_assert_eq(errno, EINVAL);
  cr_assert_eq(os_counters().failed[OS_RESERVE], 5);
}

#ifndef SANITIZED /* it needs address space of its own, and SIGSEGV */
Test(os, reserve_needs_no_more_than_the_limit_leaves)
{
  const size_t bytes = (size_t)64 << 20;
  struct rlimit limit = {0, RLIM_INFINITY};
  limit.rlim_cur = all_mapped_bytes() + bytes + ((size_t)1 << 20);
  cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
  cr_assert_eq(os_address_space(), limit.rlim_cur);
  uintptr_t a = os_reserve(bytes, bytes);
  cr_assert_neq(a, 0);
  cr_assert_eq(a % bytes, 0);
  errno = 0;
  cr_assert_eq(os_reserve(bytes, bytes), 0);
  cr_assert_eq(errno, ENOMEM);
  os_release(a, bytes);
  cr_assert_neq(os_reserve(bytes, bytes), 0);
}
#endif

/* Whichever way is taken, and whatever is refused on it, no more than was asked
 * for stays mapped, or it is counted. */
static bool reserve_with_a_refusal(int64_t k)
{
  const size_t bytes = 8 * page;
  const size_t align = (size_t)1 << 30;
  struct os_counters before = os_counters();
  uint64_t mapped = all_mapped_bytes();
  os_test_fail_at = k;
  errno = 77;
  uintptr_t a = os_reserve(bytes, align);
  os_test_fail_at = 0;
  cr_assert_eq(errno, a != 0 ? 77 : ENOMEM);
  cr_assert_eq(a % align, 0);
  struct os_counters after = os_counters();
  cr_assert_eq(after.failed[OS_RESERVE] - before.failed[OS_RESERVE], a == 0);
  cr_assert_eq(all_mapped_bytes() - mapped, after.reserved_bytes - before.reserved_bytes);
  if (after.failed[OS_RELEASE] == before.failed[OS_RELEASE]) {
    cr_assert_eq(after.reserved_bytes - before.reserved_bytes, a != 0 ? bytes : 0);
  }
  return a != 0;
}

Test(os, reserve_gets_by_one_refusal)
{
  for (int64_t k = 0; k <= 8; k++) {
    cr_assert(reserve_with_a_refusal(k), "request %d", (int)k);
  }
}

/* Here the kernel may have refused one request already. */
Test(os_no_hints, reserve_leaves_nothing_behind)
{
  int done = 0;
  for (int64_t k = 0; k <= 8; k++) {
    done += reserve_with_a_refusal(k);
  }
  cr_assert_geq(done, 6);
}

/* map, unmap, map lower: refused; map padded, trim, trim. */
Test(os_no_hints, reserve_pads_and_trims)
{
  const size_t bytes = 8 * page;
  const size_t align = (size_t)1 << 30;
  for (int round = 0; round < 3; round++) {
    struct os_counters before = os_counters();
    uint64_t mapped = all_mapped_bytes();
    os_test_fail_at = 3;
    uintptr_t a = os_reserve(bytes, align);
    cr_assert_eq(os_test_fail_at, 0, "the third request is made");
    cr_assert_geq(os_counters().requests, before.requests + 5);
    cr_assert_neq(a, 0);
    cr_assert_eq(a % align, 0);
    cr_assert_eq(all_mapped_bytes() - mapped, bytes);
    cr_assert_eq(os_counters().reserved_bytes - before.reserved_bytes, bytes);
    /* Kept: the next one is found elsewhere. */
  }
}

Test(os, a_refused_release_drops_the_memory)
{
  uintptr_t a = committed(4 * page);
  memset((void *)a, 0xa5, 4 * page);
  uint64_t before = os_counters().reserved_bytes;
  os_test_fail_at = 1;
  errno = 77;
  os_release(a, 4 * page);
  cr_assert_eq(errno, 77);
  cr_assert_eq(os_counters().failed[OS_RELEASE], 1);
  cr_assert_eq(os_counters().reserved_bytes, before);
  cr_assert_eq(resident_pages(a, 4 * page), 0);
}

Test(os, address_space_is_unlimited_where_it_is)
{
  struct rlimit limit;
  cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
  if (limit.rlim_cur == RLIM_INFINITY) {
    cr_assert_eq(os_address_space(), UINT64_MAX);
  }
}

/* ---- memory ------------------------------------------------------------------- */

Test(os, commit_gives_zeroed_memory)
{
  uintptr_t a = os_reserve(8 * page, page);
  errno = 77;
  cr_assert(os_commit(a + 2 * page, 4 * page));
  cr_assert_eq(errno, 77);
  cr_assert(all_zero(a + 2 * page, 4 * page));
  memset((void *)(a + 2 * page), 0xa5, 4 * page);
  cr_assert_not(readable(a + 2 * page - 1));
  cr_assert_not(readable(a + 6 * page));
  /* Again: what was written stays. */
  cr_assert(os_commit(a, 8 * page));
  cr_assert_eq(((unsigned char *)a)[3 * page], 0xa5);
}

Test(os, discard_drops_contents_and_memory)
{
  uintptr_t a = committed(8 * page);
  memset((void *)a, 0xa5, 8 * page);
  cr_assert_eq(resident_pages(a, 8 * page), 8);
  errno = 77;
  cr_assert(os_discard(a + page, 6 * page));
  cr_assert_eq(errno, 77);
  cr_assert_eq(resident_pages(a, 8 * page), 2);
  cr_assert(all_zero(a + page, 6 * page));
  cr_assert_eq(((unsigned char *)a)[0], 0xa5);
  cr_assert_eq(((unsigned char *)a)[7 * page], 0xa5);
}

Test(os, discard_works_on_locked_memory)
{
  uintptr_t a = committed(2 * page);
  memset((void *)a, 0xa5, 2 * page);
  if (mlock((void *)a, 2 * page) != 0) {
    cr_skip_test("no memory may be locked here");
  }
  errno = 77;
  cr_assert(os_discard(a, 2 * page));
  cr_assert_eq(errno, 77);
  cr_assert(all_zero(a, 2 * page));
}

Test(os, protect_read_leaves_reading)
{
  uintptr_t a = committed(page);
  memset((void *)a, 0xa5, page);
  cr_assert(writable(a));
  cr_assert(os_protect_read(a, page));
  cr_assert(readable(a));
  cr_assert_not(writable(a));
  cr_assert_eq(((unsigned char *)a)[page - 1], 0xa5);
}

Test(os, seal_holds_against_everything_here)
{
  uintptr_t a = committed(page);
  *(char *)a = 42;
  cr_assert(os_protect_read(a, page));
  if (!os_seal(a, page)) {
    cr_assert_eq(errno, ENOSYS);
    cr_assert_eq(os_counters().failed[OS_SEAL], 1);
    cr_skip_test("the kernel has no mseal");
  }
  cr_assert_not(os_commit(a, page));
  cr_assert_eq(errno, EPERM);
  cr_assert_not(os_discard(a, page));
  os_release(a, page);
  cr_assert_eq(os_counters().failed[OS_RELEASE], 1);
  cr_assert(readable(a));
  cr_assert_not(writable(a));
  cr_assert_eq(*(char *)a, 42);
}

/* Each call on a range that is not mapped, or not one of pages. */
Test(os, every_call_says_when_the_kernel_refuses)
{
  uintptr_t a = os_reserve(page, page);
  os_release(a, page);
  struct {
    enum os_call call;
    bool (*run)(uintptr_t, size_t);
  } calls[] = {{OS_COMMIT, os_commit},
               {OS_DISCARD, os_discard},
               {OS_GUARD, os_guard},
               {OS_PROTECT, os_protect_read},
               {OS_SEAL, os_seal}};
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    errno = 0;
    cr_assert_not(calls[i].run(a, page));
    cr_assert(errno == ENOMEM || (calls[i].call == OS_SEAL && errno == ENOSYS));
    cr_assert_eq(os_counters().failed[calls[i].call], 1);
    cr_assert_not(calls[i].run(a + 1, page));
    cr_assert(errno == EINVAL || (calls[i].call == OS_SEAL && errno == ENOSYS));
    cr_assert_eq(os_counters().failed[calls[i].call], 2);
  }
  cr_assert_not(os_unguard(a + 1, page));
  cr_assert_eq(os_counters().failed[OS_UNGUARD], 1);
  cr_assert_eq(os_counters().guards_refused, 2);
  cr_assert_eq(os_counters().guards_installed, 0);
  errno = 77;
  os_release(a + 1, page);
  cr_assert_eq(errno, 77);
  cr_assert_eq(os_counters().failed[OS_RELEASE], 1);
}

/* ---- guards --------------------------------------------------------------------- */

/* What holds by whatever means. */
static void guard_round(void)
{
  uintptr_t a = committed(8 * page);
  memset((void *)a, 0xa5, 8 * page);
  struct os_counters before = os_counters();
  errno = 77;
  cr_assert(os_guard(a + 2 * page, 2 * page));
  cr_assert_eq(errno, 77);
  cr_assert(readable(a + 2 * page - 1));
  cr_assert_not(readable(a + 2 * page));
  cr_assert_not(writable(a + 2 * page));
  cr_assert_not(readable(a + 4 * page - 1));
  cr_assert(readable(a + 4 * page));
  cr_assert_eq(os_counters().guards_installed, before.guards_installed + 1);

  pid_t child = fork();
  if (child == 0) {
    _exit(readable(a + 2 * page) || readable(a + 4 * page - 1) ? 1 : 0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  cr_assert_eq(status, 0, "a guard outlives a fork");

  errno = 77;
  cr_assert(os_unguard(a + 2 * page, 2 * page));
  cr_assert_eq(errno, 77);
  cr_assert(all_zero(a + 2 * page, 2 * page));
  cr_assert(writable(a + 2 * page));
  cr_assert_eq(((unsigned char *)a)[2 * page - 1], 0xa5);
  cr_assert_eq(((unsigned char *)a)[4 * page], 0xa5);
  struct os_counters after = os_counters();
  cr_assert_eq(after.guards_removed, before.guards_removed + 1);
  cr_assert_eq(after.guards_refused, before.guards_refused);
  cr_assert_eq(after.guard_mappings, before.guard_mappings);
  os_release(a, 8 * page);
}

Test(os, guard_traps_until_it_is_taken_away)
{
  guard_round();
}

Test(os, guard_by_advice_costs_no_mapping)
{
  if (os_counters().guard_means != OS_GUARD_BY_ADVICE) {
    cr_skip_test("the kernel has no guard advice");
  }
  enum {
    COUNT = 1000
  };
  uintptr_t a = committed(2 * COUNT * page);
  size_t before = mappings_in(a, 2 * COUNT * page);
  for (size_t i = 0; i < COUNT; i++) {
    cr_assert(os_guard(a + 2 * i * page, page));
  }
  cr_assert_eq(mappings_in(a, 2 * COUNT * page), before);
  cr_assert_eq(os_counters().guard_budget, 0);
}

#ifndef SANITIZED
Test(os, guard_kills_who_reads, .signal = SIGSEGV)
{
  uintptr_t a = committed(page);
  cr_assert(os_guard(a, page));
  printf("%d", *(volatile char *)a);
}

Test(os, guard_kills_who_writes, .signal = SIGSEGV)
{
  uintptr_t a = committed(page);
  cr_assert(os_guard(a, page));
  *(volatile char *)a = 1;
}
#endif

Test(os_protect, guard_traps_until_it_is_taken_away)
{
  cr_assert_eq(os_counters().guard_means, OS_GUARD_BY_PROTECT);
  guard_round();
}

Test(os_protect, guard_keeps_to_its_budget)
{
  uintptr_t a = committed(16 * page);
  memset((void *)a, 0xa5, 16 * page);
  for (size_t i = 0; i < 3; i++) {
    cr_assert(os_guard(a + (2 * i + 1) * page, page));
  }
  cr_assert_eq(os_counters().guard_mappings, 6);
  cr_assert_eq(mappings_in(a, 16 * page), 7);
  errno = 0;
  cr_assert_not(os_guard(a + 9 * page, page));
  cr_assert_eq(errno, ENOMEM);
  cr_assert(writable(a + 9 * page));
  cr_assert_eq(os_counters().guards_refused, 1);
  cr_assert_eq(os_counters().failed[OS_GUARD], 1);
  cr_assert(os_unguard(a + 3 * page, page));
  cr_assert(os_guard(a + 9 * page, page));
  cr_assert_not(os_guard(a + 11 * page, page));
}

Test(os_protect, a_failed_guard_is_no_guard)
{
  for (int64_t k = 1; k <= 3; k++) {
    uintptr_t a = committed(4 * page);
    os_test_fail_at = k;
    bool done = os_guard(a + page, page);
    bool reached = os_test_fail_at == 0;
    os_test_fail_at = 0;
    cr_assert_eq(done, !reached);
    cr_assert_eq(writable(a + page), !done);
    cr_assert_eq(os_counters().guard_mappings, done ? 2 : 0);
    if (!done) {
      cr_assert_eq(mappings_in(a, 4 * page), 1);
    }
  }
}

Test(os_protect, budget_is_half_of_the_kernels_limit)
{
  os_test_guard_budget = -1;
  os_start();
  FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
  unsigned long most = 0;
  cr_assert_eq(fscanf(f, "%lu", &most), 1);
  fclose(f);
  cr_assert_eq(os_counters().guard_budget, most / 2);
}

static void *guard_many(void *start)
{
  uintptr_t a = (uintptr_t)start;
  for (int i = 0; i < 500; i++) {
    if (os_guard(a, page)) {
      cr_assert(os_unguard(a, page));
    }
  }
  return NULL;
}

Test(os_protect, budget_is_exact_with_threads)
{
  enum {
    THREADS = 8
  };
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    uintptr_t a = committed(3 * page);
    cr_assert_eq(pthread_create(&threads[i], NULL, guard_many, (void *)(a + page)), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  struct os_counters c = os_counters();
  cr_assert_eq(c.guard_mappings, 0);
  cr_assert_eq(c.guards_installed, c.guards_removed);
  cr_assert_eq(c.guards_installed + c.guards_refused, THREADS * 500);
}

Test(os_no_advice, guard_traps_until_it_is_taken_away)
{
  guard_round();
}

Test(os_no_advice, discard_drops_contents_and_memory)
{
  uintptr_t a = committed(4 * page);
  memset((void *)a, 0xa5, 4 * page);
  cr_assert(os_discard(a + page, 2 * page));
  cr_assert(all_zero(a + page, 2 * page));
  cr_assert(writable(a + page));
  cr_assert_eq(((unsigned char *)a)[page - 1], 0xa5);
  cr_assert_eq(((unsigned char *)a)[3 * page], 0xa5);
}

/* ---- filters of system calls ------------------------------------------------------ */

static const uint32_t filters[] = {OS_TEST_REFUSE_PROTECT, OS_TEST_REFUSE_ADVICE,
                                   OS_TEST_REFUSE_PROTECT | OS_TEST_REFUSE_ADVICE};
enum {
  FILTERS = sizeof filters / sizeof *filters
};

/* What os.h says of a range, whoever stands between. */
static void filtered_life(void)
{
  const size_t bytes = 16 * page;
  uintptr_t a = os_reserve(bytes, page);
  cr_assert_neq(a, 0);
  cr_assert_not(readable(a));
  cr_assert(os_commit(a + 2 * page, 8 * page));
  cr_assert(all_zero(a + 2 * page, 8 * page));
  cr_assert_not(readable(a + page));
  cr_assert_not(readable(a + 10 * page));
  memset((void *)(a + 2 * page), 0xa5, 8 * page);
  /* Again, and more: what was written stays. */
  cr_assert(os_commit(a, 8 * page));
  cr_assert(os_commit(a + 8 * page, 8 * page));
  cr_assert(all_zero(a, 2 * page));
  cr_assert_eq(((unsigned char *)a)[2 * page], 0xa5);
  cr_assert_eq(((unsigned char *)a)[10 * page - 1], 0xa5);
  cr_assert(all_zero(a + 10 * page, 6 * page));
  cr_assert(os_discard(a + 3 * page, 2 * page));
  cr_assert(all_zero(a + 3 * page, 2 * page));
  cr_assert_eq(resident_pages(a + 3 * page, page), resident_pages(a + 4 * page, page));
  cr_assert_eq(((unsigned char *)a)[2 * page], 0xa5);
  cr_assert_eq(((unsigned char *)a)[5 * page], 0xa5);
  os_release(a, bytes);
  cr_assert_eq(mappings_in(a, bytes), 0);
  guard_round();
}

Test(os, a_filter_at_start_costs_no_call_its_effect)
{
  for (int i = 0; i < FILTERS; i++) {
    os_test_refused = filters[i];
    os_start();
    cr_assert_eq(os_counters().guard_means, (filters[i] & OS_TEST_REFUSE_ADVICE) != 0
                                                ? OS_GUARD_BY_PROTECT
                                                : os_counters().guard_means);
    filtered_life();
  }
}

Test(os, a_filter_that_comes_later_costs_no_call_its_effect)
{
  for (int i = 0; i < FILTERS; i++) {
    os_test_refused = 0;
    os_start();
    filtered_life();
    os_test_refused = filters[i];
    filtered_life();
    cr_assert_eq(os_counters().guards_refused, 0);
    /* But for what a core file holds. */
    for (int call = 0; call < OS_CALLS; call++) {
      cr_assert(os_counters().failed[call] == 0 || call == OS_DUMP);
    }
  }
}

/* However guards were made before the filter came, they go, and leave nothing. */
static void guards_outlive_a_filter(uint32_t filter)
{
  uintptr_t a = committed(8 * page);
  memset((void *)a, 0xa5, 8 * page);
  cr_assert(os_guard(a + page, page));
  cr_assert(os_guard(a + 3 * page, 2 * page));
  os_test_refused = filter;
  cr_assert(os_guard(a + 6 * page, page));
  cr_assert_not(readable(a + page));
  cr_assert_not(readable(a + 4 * page));
  cr_assert_not(readable(a + 6 * page));
  cr_assert(os_unguard(a + 6 * page, page));
  cr_assert(os_unguard(a + page, page));
  cr_assert(os_unguard(a + 3 * page, 2 * page));
  cr_assert(all_zero(a + page, page));
  cr_assert(all_zero(a + 3 * page, 2 * page));
  cr_assert(all_zero(a + 6 * page, page));
  cr_assert(writable(a + 4 * page));
  cr_assert_eq(((unsigned char *)a)[2 * page], 0xa5);
  cr_assert_eq(os_counters().guard_mappings, 0);
  os_release(a, 8 * page);
}

Test(os, guards_outlive_a_filter)
{
  for (int i = 0; i < FILTERS; i++) {
    os_test_refused = 0;
    os_start();
    guards_outlive_a_filter(filters[i]);
  }
}

Test(os_protect, guards_outlive_a_filter)
{
  for (int i = 0; i < FILTERS; i++) {
    os_test_refused = 0;
    os_start();
    guards_outlive_a_filter(filters[i]);
  }
}

/* Whether the mapping at an address has a flag, by its two letters. */
static bool flagged(uintptr_t a, const char *flag)
{
  FILE *smaps = fopen("/proc/self/smaps", "r");
  char line[512];
  bool inside = false;
  bool found = false;
  while (fgets(line, sizeof line, smaps) != NULL) {
    unsigned long from = 0;
    unsigned long to = 0;
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
      inside = from <= a && a < to;
    } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
      found = strstr(line, flag) != NULL;
    }
  }
  fclose(smaps);
  return found;
}

/* Whether a range is left out of core files. */
static bool hidden(uintptr_t a)
{
  return flagged(a, " dd");
}

Test(os, what_is_reserved_is_left_out_of_cores_until_it_is_shown)
{
  const size_t bytes = 64 * page;
  uintptr_t a = os_reserve(bytes, page);
  cr_assert(hidden(a) && hidden(a + bytes - 1));
  cr_assert(os_commit(a, bytes / 2));
  errno = 77;
  os_show(a + page, 2 * page);
  cr_assert_eq(errno, 77);
  cr_assert(hidden(a) && !hidden(a + page) && !hidden(a + 3 * page - 1) && hidden(a + 3 * page));
  os_hide(a + page + 1, 2 * page); /* whole pages only */
  cr_assert(!hidden(a + page) && hidden(a + 2 * page));
  cr_assert_eq(os_counters().failed[OS_DUMP], 0);
  os_test_refused = OS_TEST_REFUSE_ADVICE;
  os_show(a, bytes);
  os_show(a, bytes);
  cr_assert_eq(os_counters().failed[OS_DUMP], 1);
  os_release(a, bytes);
}

Test(os, what_is_to_be_in_small_pages_says_so)
{
  const size_t bytes = 64 * page;
  bool huge_pages = access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
  uintptr_t a = committed(bytes);
  errno = 77;
  os_keep_small(a, bytes / 2);
  cr_assert_eq(errno, 77);
  cr_assert_eq(flagged(a, " nh"), huge_pages);
  cr_assert_not(flagged(a + bytes / 2, " nh"));
  cr_assert_eq(os_counters().failed[OS_HUGE], 0);
  os_test_refused = OS_TEST_REFUSE_ADVICE;
  os_keep_small(a, bytes);
  cr_assert_eq(errno, 77);
  cr_assert_eq(os_counters().failed[OS_HUGE], 1);
  os_release(a, bytes);
}

static void set_up_sandbox(void)
{
  os_choose_sandbox(OS_SANDBOX_YES);
  os_test_refused = OS_TEST_REFUSE_PROTECT | OS_TEST_REFUSE_ADVICE;
  set_up();
}

TestSuite(os_sandbox, .init = set_up_sandbox);

Test(os_sandbox, a_range_lives_as_ever)
{
  cr_assert(os_sandboxed());
  filtered_life();
  guards_outlive_a_filter(os_test_refused);
  cr_assert_eq(os_counters().guard_means, OS_GUARD_BY_PROTECT);
  cr_assert_eq(os_counters().guards_refused, 0);
}

Test(os_sandbox, what_cannot_be_had_is_counted)
{
  uintptr_t a = committed(page);
  cr_assert_eq(os_counters().failed[OS_RANDOM], 1);
  cr_assert_not(os_seal(a, page));
  cr_assert_eq(os_counters().failed[OS_SEAL], 1);
}

/* ---- each request fails once ------------------------------------------------------ */

/* A life of a range; every call's answer has to be true to what is there. */
static void life(void)
{
  const size_t bytes = 16 * page;
  uintptr_t a = os_reserve(bytes, 4 * bytes);
  if (a == 0) {
    return;
  }
  cr_assert_eq(a % (4 * bytes), 0);
  cr_assert_not(readable(a));
  if (os_commit(a, bytes)) {
    memset((void *)a, 0xa5, bytes);
    if (os_discard(a, bytes / 2)) {
      cr_assert(all_zero(a, bytes / 2));
    }
    if (os_guard(a + 4 * page, page)) {
      cr_assert_not(readable(a + 4 * page));
      if (os_unguard(a + 4 * page, page)) {
        cr_assert(all_zero(a + 4 * page, page));
        cr_assert(writable(a + 4 * page));
      } else {
        cr_assert_not(readable(a + 4 * page));
      }
    } else {
      cr_assert(writable(a + 4 * page));
    }
    cr_assert_eq(os_protect_read(a, page), !writable(a));
  } else {
    cr_assert_not(readable(a));
  }
  os_release(a, bytes);
  cr_assert_eq(mappings_in(a, bytes) != 0, os_counters().failed[OS_RELEASE] > 0);
}

static void fail_each(void)
{
  life();
  for (int64_t k = 1;; k++) {
    pid_t child = fork(); /* each from the same beginning */
    if (child == 0) {
      uint64_t before = os_counters().requests;
      os_test_fail_at = k;
      life();
      cr_assert_gt(os_counters().requests, before);
      _exit(os_test_fail_at > 0 ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    cr_assert(WIFEXITED(status), "request %d", (int)k);
    if (WEXITSTATUS(status) == 1) {
      cr_assert_geq(k, 7, "fewer requests than a life has");
      return;
    }
    cr_assert_eq(WEXITSTATUS(status), 0, "request %d", (int)k);
  }
}

Test(os, survives_the_failure_of_each_request)
{
  fail_each();
}

Test(os_protect, survives_the_failure_of_each_request)
{
  fail_each();
}

Test(os_no_advice, survives_the_failure_of_each_request)
{
  fail_each();
}

Test(os_sandbox, survives_the_failure_of_each_request)
{
  fail_each();
}

Test(os, survives_the_failure_of_every_kth_request)
{
  for (int64_t k = 1; k <= 12; k++) {
    pid_t child = fork();
    if (child == 0) {
      os_test_fail_every = k;
      for (int i = 0; i < 20; i++) {
        const size_t bytes = 4 * page;
        uintptr_t a = os_reserve(bytes, 2 * bytes);
        if (a != 0) {
          cr_assert_eq(a % (2 * bytes), 0);
          os_release(a, bytes);
        }
      }
      _exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    cr_assert_eq(status, 0, "every %d", (int)k);
  }
}

/* ---- the rest ----------------------------------------------------------------------- */

Test(os, random_differs_and_fills_exactly)
{
  unsigned char a[64];
  unsigned char b[64];
  memset(a, 0, sizeof a);
  memset(b, 0, sizeof b);
  errno = 77;
  os_random(a, 61);
  os_random(b, 61);
  cr_assert_eq(errno, 77);
  cr_assert_neq(memcmp(a, b, 61), 0);
  cr_assert(all_zero((uintptr_t)a + 61, 3));
  cr_assert_eq(os_counters().failed[OS_RANDOM], 0);
}

/* All of it comes of what was asked for at start. */
Test(os, random_asks_the_kernel_for_nothing_after_the_start)
{
  unsigned char a[4096];
  unsigned char b[4096];
  uint64_t before = os_counters().requests;
  os_random(a, sizeof a);
  os_random(b, sizeof b);
  cr_assert_eq(os_counters().requests, before);
  for (size_t i = 0; i + 16 <= sizeof a; i += 16) {
    cr_assert_neq(memcmp(a + i, b + i, 16), 0);
    cr_assert_neq(memcmp(a + i, a + (i + 1024) % sizeof a, 16), 0);
  }
}

Test(os, random_without_the_kernel_is_counted_and_still_differs)
{
  unsigned char a[2][64];
  memset(a, 0, sizeof a);
  for (int i = 0; i < 2; i++) {
    os_test_fail_at = 1;
    errno = 77;
    os_start();
    os_random(a[i], 61);
    cr_assert_eq(errno, 77);
    cr_assert(all_zero((uintptr_t)a[i] + 61, 3));
    cr_assert_not(all_zero((uintptr_t)a[i], 61));
  }
  cr_assert_neq(memcmp(a[0], a[1], 61), 0);
  cr_assert_eq(os_counters().failed[OS_RANDOM], 2);
}

/* Four children of one moment, of a parent that draws nothing between; with the
 * kernel's help, and without. */
Test(os, random_parts_after_fork)
{
  for (int refused = 0; refused <= 1; refused++) {
    uint64_t drawn[5] = {0};
    int child_ends[2];
    cr_assert_eq(pipe(child_ends), 0);
    for (int i = 0; i < 4; i++) {
      pid_t child = fork();
      if (child == 0) {
        os_test_fail_at = refused;
        os_random_part();
        os_random(drawn, sizeof *drawn);
        _exit(write(child_ends[1], drawn, sizeof *drawn) == sizeof *drawn ? 0 : 1);
      }
      cr_assert_eq(read(child_ends[0], &drawn[i], sizeof *drawn), (ssize_t)sizeof *drawn);
      waitpid(child, NULL, 0);
    }
    os_random(&drawn[4], sizeof *drawn);
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < i; j++) {
        cr_assert_neq(drawn[i], drawn[j], "%d and %d, refused %d", i, j, refused);
      }
    }
  }
}

Test(os, thread_id_is_the_kernels)
{
  cr_assert_eq(os_thread_id(), (int)syscall(SYS_gettid));
}

Test(os, now_advances)
{
  uint64_t before = os_now_ms();
  struct timespec nap = {0, 50 * 1000 * 1000};
  nanosleep(&nap, NULL);
  uint64_t after = os_now_ms();
  cr_assert_geq(after, before + 35);
  cr_assert_lt(after, before + 10000);
}
