/* os: the kernel, as the allocator sees it.
 *
 * Owns the process's requests for address space, memory, protection, guards
 * and randomness: no other module makes one.  Every request passes one static
 * function, os_request, so that tests can make each of them fail.
 *
 * Ranges are given as (address, bytes), both multiples of os_page_bytes().  A
 * range is in one of three conditions, and its owner knows in which:
 *   reserved   address space only; any access traps        (os_reserve)
 *   committed  readable and writable, zero where untouched (os_commit, os_unguard)
 *   guarded    was committed, holds no memory; access traps (os_guard)
 *
 * Locking: none.  Any thread may call anything at any time after os_start;
 * two threads must not change overlapping ranges at once.  The counters are
 * relaxed atomics: each is exact, a snapshot of several is not an instant.
 *
 * errno: a function that succeeds, or cannot fail, leaves it as it was.  One
 * that fails sets it.
 *
 * None of it is a cancellation point, allocates, or takes a lock.
 */
#ifndef ASHLAR_OS_H
#define ASHLAR_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What can fail, as the counters name it. */
enum os_call {
  OS_RESERVE = 0,
  OS_COMMIT = 1,
  OS_DISCARD = 2,
  OS_GUARD = 3,
  OS_UNGUARD = 4,
  OS_RELEASE = 5,
  OS_PROTECT = 6,
  OS_SEAL = 7,
  OS_RANDOM = 8,
  OS_DUMP = 9,
  OS_MOVE = 10,
  OS_HUGE = 11,
  OS_CALLS = 12
};

/* How a guard is made. */
enum os_guard_means {
  OS_GUARD_BY_NOTHING = 0, /* os_start has not run */
  OS_GUARD_BY_ADVICE = 1,  /* MADV_GUARD_INSTALL: costs no mapping */
  OS_GUARD_BY_PROTECT = 2  /* mprotect or mmap: up to two mappings each, on a budget */
};

struct os_counters {
  uint64_t reserved_bytes;   /* address space held at the moment */
  uint64_t requests;         /* made of the kernel, refused ones too */
  uint64_t failed[OS_CALLS]; /* calls of this header that failed, by enum os_call */
  uint64_t guards_installed; /* by os_guard, over the process's life */
  uint64_t guards_removed;   /* by os_unguard, likewise */
  uint64_t guards_refused;   /* os_guard returned false, for whatever reason */
  uint64_t guard_budget;     /* mappings that guards may cost; 0 where they cost none */
  uint64_t guard_mappings;   /* of these, taken at the moment */
  enum os_guard_means guard_means;
};

/* Whether to ask nothing unusual of the kernel, lest a filter of system calls
 * (seccomp) kills the process for it. */
enum os_sandbox {
  OS_SANDBOX_FIND = 0, /* if a filter is there at start */
  OS_SANDBOX_NO = 1,
  OS_SANDBOX_YES = 2
};

/* Says so; before os_start.  In a sandbox memory comes by mmap and goes by munmap
 * and mmap, guards are mappings, nothing is sealed, and random numbers grow from
 * what the kernel gave every process at its start. */
void os_choose_sandbox(enum os_sandbox wanted);

/* Whether that is so.  False before os_start. */
bool os_sandboxed(void);

/* Learns the page size and what the kernel can do, by trying it.
 * Call before any other function here, with one thread.  Cannot fail: what
 * cannot be learnt is taken to be absent.  Running it again learns again. */
void os_start(void);

/* The bytes of a kernel page: a power of two, at least 4096. */
size_t os_page_bytes(void);

/* Reserves address space, at random where it can.
 * bytes: a positive multiple of the page.  align: a power of two, at least the
 * page.
 * Returns the address of a new reserved range, a multiple of align; 0 (errno
 * ENOMEM, or EINVAL for a size of 0) where there is none.  Where align exceeds
 * the page, the base is drawn from a wide part of the address space first, and
 * more than bytes is asked for, for a moment, only when nothing else worked:
 * a limit on address space counts it. */
uintptr_t os_reserve(size_t bytes, size_t align);

/* Where addresses may be chosen by the caller, [*low, *high): a wide part of the
 * address space that nobody else uses, as a rule.
 * Returns false, and both are 0, if they cannot be; then os_reserve has to do. */
bool os_room(uintptr_t *low, uintptr_t *high);

/* Makes addresses that nobody has a committed range.
 * Returns false, and nothing has changed, if somebody has one of them (errno
 * EEXIST) or the kernel refuses (ENOMEM, or EAGAIN for a process whose memory is
 * locked). */
bool os_claim(uintptr_t a, size_t bytes);

/* Gives a claimed range back.
 * Returns false, and nothing has changed, if the kernel refuses. */
bool os_unclaim(uintptr_t a, size_t bytes);

/* Makes a reserved range readable and writable.
 * What of the range was committed before lies at its ends, and stays.
 * Returns true, and what was never written there reads as zero; false (errno
 * ENOMEM) where the kernel has no memory or no mapping left, and then a part
 * of the range may be committed. */
bool os_commit(uintptr_t a, size_t bytes);

/* Gives the memory of a committed range back to the kernel.
 * Returns true, and the range reads as zero from then on; false where the
 * kernel refused, and then any part of the range may still hold what it held. */
bool os_discard(uintptr_t a, size_t bytes);

/* Guards a committed range: its contents are gone, and any access traps.
 * Returns false, counted, where the kernel refuses or the budget is used up;
 * then nothing traps, and the contents are unspecified. */
bool os_guard(uintptr_t a, size_t bytes);

/* Takes a guard away.
 * a, bytes: exactly those of an os_guard that returned true.
 * Returns true, and the range is committed and reads as zero; false (errno
 * ENOMEM) where the kernel refused, and then it is guarded as before. */
bool os_unguard(uintptr_t a, size_t bytes);

/* Where os_move left the contents of a range. */
struct os_moved {
  uintptr_t at; /* `to`, `from`, or a range of its own, which the caller releases */
  bool usable;  /* false: `to` is nobody's any more and must never be touched */
};

/* Moves the contents of a committed range, without copying: its pages.
 * from, bytes: the range; of what lies behind it in `to` nothing is kept.
 * to, room: another committed range, which holds nothing; at least as long.
 * Returns where the contents are.  In `to`: all of `to` is committed, is zero
 * behind the contents, and may cost mappings until os_renew; `from` is
 * committed and zero.  Anywhere else: the kernel refused, or a budget of
 * mappings is used up, or the program has locked the range in memory; counted;
 * `from` is committed, and `to` as it was if it is still usable. */
struct os_moved os_move(uintptr_t from, size_t bytes, uintptr_t to, size_t room);

/* Makes a committed range without guards, into which something was moved, one
 * with its neighbours again, which core files hold.
 * Returns true, and it reads as zero; false if the kernel refused, and then it
 * holds what it held, and goes on to cost its mappings. */
bool os_renew(uintptr_t a, size_t bytes);

/* Gives a range back, address space and all.
 * Guards in it must have been taken away before, or their part of the budget
 * is lost.  Should the kernel refuse (it may where a mapping would be split),
 * the failure is counted, the memory is dropped, and the address space stays
 * taken for good. */
void os_release(uintptr_t a, size_t bytes);

/* Makes a committed range read-only.
 * Returns false where the kernel refused. */
bool os_protect_read(uintptr_t a, size_t bytes);

/* Fixes the protection and the place of a range until the process ends.
 * Returns false where the kernel (before Linux 6.10) cannot. */
bool os_seal(uintptr_t a, size_t bytes);

/* Leaves the whole pages of a range out of core files, or takes them in again.  A
 * reserved range is out, a large one, until it is taken in.  In a sandbox, and if
 * the kernel refuses, which is counted, nothing changes. */
void os_hide(uintptr_t a, size_t bytes);
void os_show(uintptr_t a, size_t bytes);

/* Has whole pages that will be touched here and there backed by small pages alone,
 * whatever the kernel likes.  In a sandbox, and if the kernel refuses, which is
 * counted, nothing changes. */
void os_keep_small(uintptr_t a, size_t bytes);

/* Fills memory with bytes that nobody can guess.
 * They come from a generator that os_start seeds from the kernel; where that
 * fails, it is counted, and the seed is made of the auxiliary vector's bytes and
 * the places of things, which is weaker. */
void os_random(void *out, size_t bytes);

/* In the child after fork: its random bytes part from its parent's. */
void os_random_part(void);

/* The bytes of address space the process may have (the soft RLIMIT_AS);
 * UINT64_MAX where it is not limited. */
uint64_t os_address_space(void);

/* The number by which the kernel knows the calling thread. */
int os_thread_id(void);

/* Sleeps for so many milliseconds, or less. */
void os_nap(long ms);

/* Milliseconds since some moment before the process began; never goes back.
 * Coarse: it advances in steps of up to 10. */
uint64_t os_now_ms(void);

/* What has been counted so far. */
struct os_counters os_counters(void);

#ifdef ASHLAR_TEST_HOOKS
/* Where positive: counts down by one a request; the request that brings it to
 * 0 fails with ENOMEM, and it stays there.  Off where 0 or negative. */
extern int64_t os_test_fail_at;
/* Where positive, k: every k-th request fails with ENOMEM.  Off where 0. */
extern int64_t os_test_fail_every;
/* So many requests fail with ENOMEM, after so many others. */
extern uint32_t os_test_fail_next;
extern uint32_t os_test_fail_after;
/* Set before os_start: the kernel has no guard advice. */
extern bool os_test_no_guard_advice;
/* Set before os_start: the kernel ignores all advice, as some emulators do. */
extern bool os_test_no_advice;
/* Set before os_start: random bases are not tried. */
extern bool os_test_no_hints;
/* Set before os_start, where not negative: the budget, in mappings. */
extern int64_t os_test_guard_budget;
/* Set before os_start: there is a filter of system calls. */
extern bool os_test_sandbox;
/* What a filter of system calls refuses with EPERM: bits as follows. */
extern uint32_t os_test_refused;
enum {
  OS_TEST_REFUSE_PROTECT = 1,
  OS_TEST_REFUSE_ADVICE = 2
};
/* The kernel moves nothing. */
extern bool os_test_no_moves;
/* The kernel takes the range away into which it was to move something, and fails. */
extern bool os_test_move_loses;
#endif

#endif
