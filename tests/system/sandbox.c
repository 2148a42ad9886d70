/* Filters of system calls: each call that the library makes, refused with EPERM
 * or ENOSYS, or paid for with the process; by a filter that was there before the
 * program, and by one that the program puts on itself. */
#include "system.h"

#include "../../src/ashlar.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

enum {
  MOST_RULES = 512,
  THREADS = 2,
  LARGE = 600 << 10,
  HUGE = 100 << 20
};

/* ---- a filter, put together by hand --------------------------------------- */

struct filter {
  struct sock_filter rule[MOST_RULES];
  unsigned short count;
};

static void add(struct filter *f, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
  must(f->count < MOST_RULES);
  f->rule[f->count++] =
      (struct sock_filter){(unsigned short)code, (unsigned char)yes, (unsigned char)no, k};
}

static void start(struct filter *f)
{
  f->count = 0;
  add(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
  add(f, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
  add(f, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
  add(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

static void finish(struct filter *f, uint32_t action)
{
  add(f, BPF_RET | BPF_K, action, 0, 0);
}

/* A call with whatever arguments. */
static void on_call(struct filter *f, long call, uint32_t action)
{
  add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1);
  add(f, BPF_RET | BPF_K, action, 0, 0);
}

/* A call if an argument is a value. */
static void on_argument(struct filter *f, long call, unsigned argument, uint32_t value,
                        uint32_t action)
{
  add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
  add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[argument]), 0, 0);
  add(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
  add(f, BPF_RET | BPF_K, action, 0, 0);
  add(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

/* A call if an argument has bits beside those. */
static void on_other_bits(struct filter *f, long call, unsigned argument, uint32_t bits,
                          uint32_t action)
{
  add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
  add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[argument]), 0, 0);
  add(f, BPF_JMP | BPF_JSET | BPF_K, ~bits, 0, 1);
  add(f, BPF_RET | BPF_K, action, 0, 0);
  add(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

static void install(const struct filter *f)
{
  struct sock_fprog program = {f->count, (struct sock_filter *)f->rule};
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* ---- what a program does -------------------------------------------------- */

static void check_bytes(const unsigned char *p, size_t bytes, int value)
{
  must(p[0] == value && memcmp(p, p + 1, bytes - 1) == 0);
}

enum company {
  ALONE = 0,
  WITH_THREADS = 1,
  WITH_CHILDREN = 2,
  WITHOUT_TRIM = 4 /* for which glibc's malloc asks madvise */
};

/* Small, middle-sized and large blocks, live at once; grown, shrunk, given back. */
static void *blocks(void *company)
{
  enum {
    MANY = 80
  };
  unsigned char *p[MANY];
  size_t bytes[MANY];
  for (int i = 0; i < MANY; i++) {
    bytes[i] = i % 40 == 0 ? (size_t)LARGE + (size_t)i * 4096
                           : (size_t)2 << (i % 17) | ((size_t)i * 7 % 64);
    p[i] = i % 2 == 0 ? malloc(bytes[i]) : calloc(bytes[i], 1);
    must(p[i] != NULL);
    if (i % 2 != 0) {
      check_bytes(p[i], bytes[i] < 4096 ? bytes[i] : 4096, 0);
    }
    memset(p[i], i, bytes[i]);
  }
  for (int i = 0; i < MANY; i++) {
    size_t now = i % 3 == 0 ? bytes[i] * 2 : bytes[i] / 2 + 2;
    p[i] = realloc(p[i], now);
    must(p[i] != NULL);
    check_bytes(p[i], now < bytes[i] ? now : bytes[i], i);
  }
  for (int i = 0; i < MANY; i++) {
    free(p[(i * 77) % MANY]);
  }
  if (((uintptr_t)company & WITHOUT_TRIM) == 0) {
    malloc_trim(0);
  }
  /* More than an arena, more than last time, and most of it untouched. */
  static size_t times;
  size_t most = HUGE * __atomic_add_fetch(&times, 1, __ATOMIC_RELAXED);
  char *huge = malloc(most);
  must(huge != NULL);
  huge[0] = huge[most - 1] = 1;
  free(huge);
  unsigned char *zero = calloc(1, LARGE);
  must(zero != NULL);
  check_bytes(zero, LARGE, 0);
  free(zero);
  return NULL;
}

static void work(enum company company)
{
  blocks((void *)(uintptr_t)company);
  pthread_t thread[THREADS];
  for (int i = 0; (company & WITH_THREADS) != 0 && i < THREADS; i++) {
    must(pthread_create(&thread[i], NULL, blocks, (void *)(uintptr_t)company) == 0);
  }
  for (int i = 0; (company & WITH_THREADS) != 0 && i < THREADS; i++) {
    pthread_join(thread[i], NULL);
  }
  if ((company & WITH_CHILDREN) != 0) {
    pid_t child = fork();
    if (child == 0) {
      blocks((void *)(uintptr_t)company);
      _exit(0);
    }
    int status = 1;
    must(waitpid(child, &status, 0) == child && status == 0);
  }
}

/* Guards that the library could not have; 0 under glibc. */
static double guards_refused(void)
{
  struct ashlar_statistics statistics;
  void (*get)(struct ashlar_statistics *) = NULL;
  *(void **)&get = dlsym(RTLD_DEFAULT, "ashlar_statistics");
  if (get == NULL) {
    return 0;
  }
  get(&statistics);
  return (double)statistics.guards_refused;
}

/* A large block ends before a page that traps, or that page is counted. */
static void guard_or_count(void)
{
  int ends[2];
  char *p = malloc(LARGE);
  must(p != NULL && pipe(ends) == 0);
  char *behind = p + malloc_usable_size(p);
  bool traps = write(ends[1], behind, 1) == -1 && errno == EFAULT;
  must(strcmp(profile(), "glibc") == 0 || traps || guards_refused() > 0);
  free(p);
  close(ends[0]);
  close(ends[1]);
}

/* ---- which filters ---------------------------------------------------------- */

/* The calls that the library makes or has made, and glibc's malloc with them. */
static const struct {
  const char *name;
  long call;
} calls[] = {
    {"madvise", SYS_madvise},     {"mprotect", SYS_mprotect}, {"mseal", SYS_mseal},
    {"getrandom", SYS_getrandom}, {"prlimit", SYS_prlimit64}, {"mremap", SYS_mremap},
#ifdef SYS_getrlimit
    {"getrlimit", SYS_getrlimit},
#endif
    {"openat", SYS_openat},
};
enum {
  CALLS = sizeof calls / sizeof *calls
};

/* Kills for what glibc's malloc never asks. */
static void unusual(struct filter *f, bool advice)
{
  static const long never[] = {SYS_mseal,         SYS_getrandom, SYS_sched_getaffinity, SYS_gettid,
                               SYS_clock_gettime, SYS_nanosleep, SYS_mincore,           SYS_prctl,
                               SYS_seccomp,       SYS_getrusage};
  start(f);
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
    /* glibc's malloc may ask for the processors, too, when threads meet. */
    if (advice || never[i] != SYS_sched_getaffinity) {
      on_call(f, never[i], SECCOMP_RET_KILL_PROCESS);
    }
  }
  for (uint32_t i = 0; advice && i < 128; i += i == 25 ? 75 : 1) {
    if (i != MADV_DONTNEED && i != MADV_HUGEPAGE) {
      on_argument(f, SYS_madvise, 2, i, SECCOMP_RET_KILL_PROCESS);
    }
  }
  finish(f, SECCOMP_RET_ALLOW);
}

/* Of all that a process can ask for memory, mmap, munmap, mremap and brk. */
static void strict(struct filter *f)
{
  unusual(f, false);
  f->count--;
  on_call(f, SYS_madvise, SECCOMP_RET_KILL_PROCESS);
  on_call(f, SYS_mprotect, SECCOMP_RET_KILL_PROCESS);
  on_call(f, SYS_prlimit64, SECCOMP_RET_KILL_PROCESS);
  on_call(f, SYS_openat, SECCOMP_RET_KILL_PROCESS);
  finish(f, SECCOMP_RET_ALLOW);
}

/* As narrow as a server's that reads from strangers: mappings private, anonymous
 * and without further flags, no memory that can be executed, few advices. */
static void narrow(struct filter *f)
{
  start(f);
  on_other_bits(f, SYS_mmap, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_FIXED_NOREPLACE,
                SECCOMP_RET_ERRNO | EINVAL);
  on_other_bits(f, SYS_mmap, 2, PROT_READ | PROT_WRITE, SECCOMP_RET_KILL_PROCESS);
  on_other_bits(f, SYS_mprotect, 2, PROT_READ | PROT_WRITE, SECCOMP_RET_KILL_PROCESS);
  static const uint32_t advice[] = {MADV_NORMAL,   MADV_FREE,     MADV_DONTNEED,
                                    MADV_DONTFORK, MADV_DONTDUMP, MADV_WIPEONFORK};
  for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
    on_argument(f, SYS_madvise, 2, advice[i], SECCOMP_RET_ALLOW);
  }
  on_call(f, SYS_madvise, SECCOMP_RET_ERRNO | EINVAL);
  static const long allowed[] = {
      SYS_brk,    SYS_clock_gettime, SYS_close,  SYS_exit,  SYS_exit_group,     SYS_futex,
      SYS_getpid, SYS_getrandom,     SYS_gettid, SYS_mmap,  SYS_mprotect,       SYS_mremap,
      SYS_munmap, SYS_nanosleep,     SYS_read,   SYS_write, SYS_rt_sigprocmask, SYS_pipe2,
#ifdef SYS_pipe
      SYS_pipe,
#endif
  };
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
    on_call(f, allowed[i], SECCOMP_RET_ALLOW);
  }
  finish(f, SECCOMP_RET_KILL_PROCESS);
}

/* By the name that the environment gives: a call's and what it is answered; or
 * one of the above. */
static enum company named(struct filter *f, const char *name)
{
  if (strcmp(name, "unusual") == 0) {
    unusual(f, true);
    return WITH_THREADS | WITH_CHILDREN;
  }
  if (strcmp(name, "unusual but advice") == 0) {
    unusual(f, false);
    return WITH_THREADS;
  }
  if (strcmp(name, "strict") == 0) {
    strict(f);
    return WITH_CHILDREN | WITHOUT_TRIM;
  }
  if (strcmp(name, "narrow") == 0) {
    narrow(f);
    return ALONE;
  }
  start(f);
  bool threads = true;
  for (size_t i = 0; i < CALLS; i++) {
    size_t length = strlen(calls[i].name);
    if (strncmp(name, calls[i].name, length) == 0 && name[length] == ' ') {
      int answer = atoi(name + length);
      on_call(f, calls[i].call, SECCOMP_RET_ERRNO | (uint32_t)answer);
      threads = calls[i].call != SYS_mprotect; /* their stacks need it */
    }
  }
  finish(f, SECCOMP_RET_ALLOW);
  return threads ? WITH_THREADS | WITH_CHILDREN : WITH_CHILDREN;
}

/* The program: filtered from the start, or from its midst on. */
MEASUREMENT(filtered)
{
  struct filter f;
  enum company company = named(&f, getenv("FILTER"));
  guard_or_count();
  if (getenv("FILTER_LATER") != NULL) {
    unsigned char *kept = malloc(LARGE); /* its guard is older than the filter */
    memset(kept, 1, LARGE);
    work(WITH_THREADS);
    install(&f);
    free(kept);
  }
  work(company);
  guard_or_count();
  return guards_refused();
}

/* What the program gives; NAN if it does not end well. */
static double filtered(const char *filter, bool later, const char *options, bool under_glibc)
{
  int ends[2];
  must(pipe(ends) == 0);
  pid_t child = fork();
  if (child == 0) {
    setenv("FILTER", filter, 1);
    setenv("ASHLAR_OPTIONS", options, 1);
    if (under_glibc) {
      unsetenv("LD_PRELOAD");
    }
    char descriptor[16];
    snprintf(descriptor, sizeof descriptor, "%d", ends[1]);
    if (later) {
      setenv("FILTER_LATER", "1", 1);
    } else {
      struct filter f;
      named(&f, filter);
      install(&f);
    }
    execl("/proc/self/exe", "filtered", "measure", "filtered", descriptor, (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  int status = -1;
  must(waitpid(child, &status, 0) == child);
  double value = -1;
  if (read(ends[0], &value, sizeof value) != (ssize_t)sizeof value || status != 0) {
    value = -1;
  }
  close(ends[0]);
  if (value < 0) {
    figure("%s, %s, '%s', %s: wait status 0x%x", filter, later ? "later" : "before", options,
           under_glibc ? "glibc" : profile(), (unsigned)status);
  }
  return value;
}

/* ---- tests ------------------------------------------------------------------ */

static void matrix(int answer)
{
  double refused = 0;
  for (size_t i = 0; i < CALLS; i++) {
    char name[32];
    snprintf(name, sizeof name, "%s %d", calls[i].name, answer);
    for (int later = 0; later <= 1; later++) {
      /* The loader maps and protects before anybody. */
      if (!later && (calls[i].call == SYS_mprotect || calls[i].call == SYS_openat)) {
        continue;
      }
      double guards = filtered(name, later, "", false);
      must(guards >= 0);
      must(filtered(name, later, "sandbox=1", false) >= 0);
      refused += guards;
    }
  }
  figure("%s: %d calls refused, before and later: %.0f guards refused", strerror(answer),
         (int)CALLS, refused);
}

SYSTEM_TEST(each_call_answered_EPERM, 120)
{
  matrix(EPERM);
}

SYSTEM_TEST(each_call_answered_ENOSYS, 120)
{
  matrix(ENOSYS);
}

/* Under glibc too: what these filters allow is enough for an allocator. */
SYSTEM_TEST(filters_that_kill, 120)
{
  double refused = 0;
  static const char *const filters[] = {"unusual", "strict", "narrow"};
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
    must(filtered(filters[i], true, "", true) >= 0);
    double guards = filtered(filters[i], true, "sandbox=1", false);
    must(guards >= 0);
    refused += guards;
  }
  figure("3 filters that kill, sandbox=1: %.0f guards refused", refused);
}

SYSTEM_TEST(a_filter_that_kills_from_before_the_program, 120)
{
  must(filtered("unusual", false, "sandbox=1", false) >= 0);
  must(filtered("unusual", false, "sandbox=find", false) >= 0);
}

/* Without the option, what a program may do to itself. */
SYSTEM_TEST(filters_that_come_later_and_are_not_announced, 120)
{
  must(filtered("narrow", true, "", false) >= 0);
  must(filtered("unusual but advice", true, "", false) >= 0);
}
