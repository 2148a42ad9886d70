/* os_internal: what the files of os have in common, and nobody else sees.
 *
 * Owns nothing: os_start writes what was learnt of the kernel, with one thread;
 * the counters are os.c's.  One function here is one request, or two where the
 * kernel answered the first by refusing it.  A request that fails sets errno.
 */
#ifndef ASHLAR_OS_INTERNAL_H
#define ASHLAR_OS_INTERNAL_H

#include "os.h"

/* What the C library's headers may be too old to name. */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
enum {
  OS_ADVICE_DONTNEED_LOCKED = 24, /* Linux 5.18 */
  OS_ADVICE_GUARD_INSTALL = 102,  /* Linux 6.13 */
  OS_ADVICE_GUARD_REMOVE = 103,
  OS_SYS_MSEAL = 462, /* Linux 6.10 */
  /* A guard in the middle of a mapping makes three of one. */
  OS_MAPPINGS_PER_GUARD = 2,
  OS_DEFAULT_MAX_MAPS = 65530
};

/* What os_start learnt. */
extern size_t os_page;
extern bool os_advice_ignored;
/* Where random bases are drawn from, [os_hint_low, os_hint_high); empty where
 * they are not drawn. */
extern uintptr_t os_hint_low;
extern uintptr_t os_hint_high;

/* How many mappings the kernel lets a process have, as far as it was asked at
 * start; later it is not asked. */
uint64_t os_read_max_maps(void);

/* Learns how guards are made.  means: by what; budget: mappings they may cost. */
void os_guard_start(enum os_guard_means means, uint64_t budget);

/* Seeds the root generator. */
void os_random_start(void);

void *os_pointer(uintptr_t a);

/* ---- counting ---- */

/* Bytes of address space held; a relaxed atomic. */
extern uint64_t os_count_reserved;

void os_count(uint64_t *counter, uint64_t by);
void os_uncount(uint64_t *counter, uint64_t by);
uint64_t os_counted(const uint64_t *counter);

/* A call of os.h failed. */
void os_count_failure(enum os_call call);

/* Ends a call: counts a failure, or puts errno back.  Returns done. */
bool os_finish(enum os_call call, bool done, int saved);

/* Fills in what the guards' file counts. */
void os_guard_counters(struct os_counters *counters);

/* ---- requests ---- */

/* Every request to the kernel asks here first.
 * Returns false (errno ENOMEM) where a test wants that request to fail. */
bool os_request(void);

/* Returns the address, or 0. */
uintptr_t os_map(uintptr_t hint, size_t bytes, int protection, int flags);
bool os_unmap(uintptr_t a, size_t bytes);
bool os_protect(uintptr_t a, size_t bytes, int protection);
bool os_advise(uintptr_t a, size_t bytes, int advice);

/* madvise, and not counted. */
int os_madvise(uintptr_t a, size_t bytes, int advice);

/* Drops the contents of a range whose protection is the one given. */
bool os_drop(uintptr_t a, size_t bytes, int protection);

/* ---- where a filter of system calls stands between (os_filter.c) ---- */

/* Learns whether a filter was there before the program. */
void os_filter_start(void);

/* Whether a filter refuses mprotect, or an advice, whatever the range.
 * Asked after a refusal; asks the kernel. */
bool os_filter_refuses_protect(void);
bool os_filter_refuses_advice(int advice);

/* Replaces a range by a new mapping of that protection.
 * Returns false where the kernel refuses. */
bool os_map_over(uintptr_t a, size_t bytes, int protection);

/* Makes a range readable and writable without mprotect; what was so before, and
 * lies at the ends of the range, stays as it is. */
bool os_commit_by_mapping(uintptr_t a, size_t bytes);

/* Whether an access to an address traps; the kernel is asked, and answers EFAULT
 * where the program itself would be killed. */
bool os_traps(uintptr_t a);

#ifdef ASHLAR_TEST_HOOKS
/* Whether a test's filter refuses what the bit says; then errno is EPERM. */
bool os_test_refuses(uint32_t bit);
#endif

#endif
