#include "lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  LOCK_ROUNDS = 7 /* of 1, 2, 4 .. 64 pauses: some microseconds in all */
};

enum lock_spin {
  LOCK_SPIN_UNKNOWN = 0,
  LOCK_SPIN_WORTH = 1,
  LOCK_SPIN_USELESS = 2
};

/* Whether another processor could free a lock while this one spins. */
static uint32_t lock_spin;

static inline void lock_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#else
  __asm__ volatile("" ::: "memory");
#endif
}

void lock_do_not_ask(void)
{
  __atomic_store_n(&lock_spin, LOCK_SPIN_WORTH, __ATOMIC_RELAXED);
}

static bool lock_spin_pays(void)
{
  uint32_t known = __atomic_load_n(&lock_spin, __ATOMIC_RELAXED);
  if (known == LOCK_SPIN_UNKNOWN) {
    /* By system call, and without the library's macros for it, which are only
     * there where the first header of all was told so. */
    unsigned long mask[16] = {0};
    long got = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int processors = 0; /* as far as two */
    for (size_t i = 0; i < sizeof mask / sizeof mask[0]; i++) {
      processors += (mask[i] != 0) + ((mask[i] & (mask[i] - 1)) != 0);
    }
    /* Where the mask is too small for the machine, the machine is not small. */
    bool one = got > 0 && processors == 1;
    known = one ? LOCK_SPIN_USELESS : LOCK_SPIN_WORTH;
    __atomic_store_n(&lock_spin, known, __ATOMIC_RELAXED);
  }
  return known == LOCK_SPIN_WORTH;
}

void lock_wait(struct lock *l)
{
  int saved = errno;
  if (lock_spin_pays()) {
    for (int round = 0; round < LOCK_ROUNDS; round++) {
      for (int i = 0; i < 1 << round; i++) {
        lock_pause();
      }
      uint32_t seen = __atomic_load_n(&l->word, __ATOMIC_RELAXED);
      if (seen == LOCK_AWAITED) { /* others gave up already: so late a hope is vain */
        break;
      }
      if (seen == LOCK_FREE && __atomic_compare_exchange_n(&l->word, &seen, LOCK_HELD, false,
                                                           __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        errno = saved;
        return;
      }
    }
  }
  /* From here on the lock is taken as awaited: there may be other sleepers,
   * and only a release that sees LOCK_AWAITED wakes one. */
  while (__atomic_exchange_n(&l->word, LOCK_AWAITED, __ATOMIC_ACQUIRE) != LOCK_FREE) {
    /* Woken, interrupted, or no longer LOCK_AWAITED: look again. */
    syscall(SYS_futex, &l->word, FUTEX_WAIT_PRIVATE, LOCK_AWAITED, NULL, NULL, 0);
  }
  errno = saved;
}

void lock_wake(struct lock *l)
{
  int saved = errno;
  syscall(SYS_futex, &l->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  errno = saved;
}
