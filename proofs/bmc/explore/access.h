/* access: every access to memory that src/ makes, as the compiler reports it.
 *
 * src/ is compiled with -fsanitize=thread, but linked with the functions here
 * in place of ThreadSanitizer's: the compiler itself puts a call before each
 * load, store and atomic operation, with its memory order.  The source is the
 * one that ships; no hook stands in it.
 */
#ifndef ASHLAR_EXPLORE_ACCESS_H
#define ASHLAR_EXPLORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../src/config.h"

/* How accesses are taken in the runs of a scenario. */
extern struct access_mode {
  bool real_locks;   /* src/lock.c runs; else a lock that is held makes who wants it wait */
  bool every_write;  /* a point before each plain write to the tables and caches, too */
  bool stale;        /* relaxed loads may give the value before the last */
  bool racy;         /* the program does wrong, or asks without a promise: its plain accesses
                       may race */
  bool every_access; /* a point before each atomic access, for replay */
} access_mode;

/* Begins a run. */
void access_begin(void);

/* A plain access by other code than src/, to bytes of a block. */
void access_range(uintptr_t a, size_t bytes, bool write, uintptr_t at);

/* Locks that a thread holds. */
uint32_t access_locks_held(uint32_t thread);

/* What is done at each atomic access, where not NULL: for the
 * listing of a schedule. */
extern void (*access_listener)(const char *what, uintptr_t a, uint64_t value, uintptr_t at);

/* Called where a page is touched that traps. */
_Noreturn void access_trapped(uintptr_t a, bool write, uintptr_t at);

/* Called where a run does not end. */
_Noreturn void access_endless(uintptr_t at);

#endif
