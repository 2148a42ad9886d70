/* library: the allocator as the harnesses see it: as it ships, in one
 * translation unit, with four things around it that the allocator cannot see.
 *
 *   gates    a tier's calls of the tier below pass one; shut, it refuses as if
 *            there were no memory
 *   threads  several logical threads, each with a thread cache, run by turns in
 *            one thread, so that a program is the same in each run
 *   reset    the allocator as it was before the program, in microseconds
 *   verdicts a fatal report comes back to the harness that expects it
 *
 * One thread only.
 */
#ifndef ASHLAR_FUZZ_LIBRARY_H
#define ASHLAR_FUZZ_LIBRARY_H

#include "../src/central_cache.h"
#include "../src/heap.h"
#include "../src/large.h"
#include "../src/page_heap.h"
#include "../src/report.h"
#include "../src/thread_registry.h"

#include <setjmp.h>

/* clang's: user memory is poisoned by hand. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_ASAN
#endif
#endif

enum fuzz_gate {
  GATE_KERNEL,    /* requests of the kernel, whoever makes them */
  GATE_PAGE_HEAP, /* page_heap_take, page_heap_take_run */
  GATE_CENTRAL,   /* central_take */
  GATES
};

enum {
  FUZZ_THREADS = 4,
  /* of these, so many have a cache from the start */
  FUZZ_CACHES = 3
};

/* Ends the harness: what it says on standard error, and abort.  The allocator
 * is wrong, or the harness is. */
_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

/* What must hold. */
#define MUST(condition)                                                                            \
  do {                                                                                             \
    if (__builtin_expect(!(condition), 0)) {                                                       \
      fuzz_failed(__FILE__, __LINE__, #condition);                                                 \
    }                                                                                              \
  } while (0)

/* Starts the allocator, with one arena and a cache for each logical thread,
 * and remembers it so.  Later calls do nothing. */
void fuzz_start(void);

/* The allocator is as fuzz_start left it, but that an arena more may be
 * resident.  Requires that every block was freed and fuzz_flush called. */
void fuzz_reset(void);

/* The same after anything: blocks may be live, or lost.  Dearer. */
void fuzz_reset_hard(void);

/* Shuts a gate: after `after` more calls have passed, so many are refused. */
void fuzz_shut(enum fuzz_gate gate, uint32_t after, uint32_t calls);

/* Opens all gates. */
void fuzz_open(void);

/* Whether calls of the kernel are still to be refused. */
bool fuzz_kernel_fails(void);

/* How many calls were refused since the program began. */
uint64_t fuzz_refused(void);

/* Goes on as another logical thread. */
void fuzz_switch(uint32_t thread);

/* The logical thread that runs. */
uint32_t fuzz_thread(void);

/* The caller has that logical thread's cache from here on. */
void fuzz_become(uint32_t thread);

/* Where not NULL: called where other threads may notice what comes next.
 * lock: NULL, or the word of a lock that is about to be taken. */
extern void (*fuzz_point)(const uint32_t *lock);

/* Whether it has a cache. */
bool fuzz_has_cache(void);

/* The logical thread ends: its cache goes back. */
void fuzz_end_thread(void);

/* What fork does, as the child sees it: the other threads are gone. */
void fuzz_fork(void);

/* All that threads and tiers hold goes back to the page heap. */
void fuzz_flush(void);

/* The options that a text sets hold until the next reset. */
void fuzz_options(const char *text);

/* Bytes of the block that starts at an address, those included that were not
 * asked for. */
size_t fuzz_capacity(uintptr_t block);

/* Whether a block waits in a thread's list. */
bool fuzz_is_cached(uintptr_t block);

/* How often young blocks of a class were handed over to the central cache. */
uint32_t fuzz_young_handed_over(uint32_t c);

/* The size class of the block that starts, or started, at an address; that of large
 * ones where there is no arena any more. */
uint32_t fuzz_class(uintptr_t block);

/* Whether a slot starts there, in whatever state. */
bool fuzz_is_slot(uintptr_t block);

/* Whether the kernel finds an address inaccessible; if not, 16 bytes there are
 * overwritten. */
bool fuzz_traps(uintptr_t at);

/* Whether guards are wanted, by the options. */
bool fuzz_guards(void);

/* The highest number of an arena, how many arenas there are, and how many the
 * tables have room for. */
uint32_t fuzz_arenas(void);
uint32_t fuzz_standing(void);
uint32_t fuzz_most_arenas(void);

/* Checks that everything is in free spans, one an arena or run, and that no
 * large block waits. */
void fuzz_expect_nothing(void);

/* Checks all tables by the checkers that are proved, but slots only where
 * there can be some, and blocks not at all. */
void fuzz_check(void);

/* Behind each step: fuzz_check in the build that is to look at all tables so
 * often (FUZZ_CHECK_ALWAYS); it is too dear for the others. */
void fuzz_check_step(void);

/* The program is over, and has freed all: nothing is lost, and the allocator is
 * as fuzz_reset leaves it. */
void fuzz_finish(void);

/* What a program said wrong: the line of the report.  Empty where none came. */
extern char fuzz_report[REPORT_LINE_BYTES];

/* Where a fatal report goes on, when fuzz_expecting; else the process ends. */
extern jmp_buf fuzz_caught;
extern bool fuzz_expecting;

/* ---- AddressSanitizer knows which user memory is in use ----------------------
 * All that is no block's is poisoned; payload.c alone, whose right it is, is
 * compiled without. */
void fuzz_poison(uintptr_t at, size_t bytes);
void fuzz_unpoison(uintptr_t at, size_t bytes);

/* Poisons arenas that are new. */
void fuzz_poison_new(void);

#endif
