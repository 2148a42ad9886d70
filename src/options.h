/* options: what the environment may tune.
 *
 * Owns the process's options.  Written by options_start alone, with one
 * thread; read by anyone without a lock.
 *
 * ASHLAR_OPTIONS is a list of name=value, separated by commas:
 *   stats_at_exit        flag   print statistics when the process ends
 *   report_file          path   append reports to this file, as JSON
 *   thread_cache_bytes   size   what a thread's free lists may hold
 *   release_rate         0..10  how eagerly free pages go back to the kernel
 *   guards               flag   guard pages behind and in freed large blocks
 *   kind_mismatch        allow, warn, abort
 *                               what to do where another family frees a block
 *                               than allocated it: count it; say the first of
 *                               a process, too; or end the program
 *   kind_mismatch_abort  flag   the same as kind_mismatch=abort, or =warn
 *   deepbind             drop, keep
 *                               whether dlopen heeds RTLD_DEEPBIND
 *   sandbox              flag or find   ask nothing unusual of the kernel
 * A flag is 0 or 1 (also no, yes, off, on, false, true); a size is a number of
 * bytes, or of K, M or G (1024 each time; also KB and KiB, likewise the
 * others).  A path has no comma.  Blanks around names and values do not count.
 * Of a name given twice the last value counts.  What is not understood is named
 * on standard error and has no effect; it is never fatal.
 *
 * No option switches validation off.  A process with raised privileges
 * (AT_SECURE) ignores them all.
 */
#ifndef ASHLAR_OPTIONS_H
#define ASHLAR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum {
  OPTIONS_PATH_BYTES = 256,
  OPTIONS_MAX_RELEASE_RATE = 10
};

/* The bounds of thread_cache_bytes. */
#define OPTIONS_MIN_THREAD_CACHE ((uint64_t)16 << 10)
#define OPTIONS_MAX_THREAD_CACHE ((uint64_t)1 << 30)

/* What is done where a block's family and that of its free differ, and nothing
 * else is wrong with it. */
enum options_mismatch {
  OPTIONS_MISMATCH_ALLOW = 0,
  OPTIONS_MISMATCH_WARN = 1,
  OPTIONS_MISMATCH_ABORT = 2
};

/* A flag, or whatever is found. */
enum options_choice {
  OPTIONS_FIND = 0,
  OPTIONS_NO = 1,
  OPTIONS_YES = 2
};

struct options {
  bool stats_at_exit;                   /* default no */
  char report_file[OPTIONS_PATH_BYTES]; /* zero-terminated; default empty: none */
  uint64_t thread_cache_bytes;          /* default 2 MiB */
  uint32_t release_rate;                /* default 5; 0: only when asked to */
  bool guards;                          /* default yes */
  bool deepbind_keep;                   /* default no */
  enum options_mismatch kind_mismatch;  /* default to warn */
  enum options_choice sandbox;          /* default no */
};

/* Sets every option to its default. */
void options_default(struct options *o);

/* Takes options from a text in the form above.
 * o: changed by what is understood; the rest stays.  text: zero-terminated.
 * complaints: what was not understood is appended, a line each. */
void options_parse(struct options *o, const char *text, struct text *complaints);

/* Takes the process's options from its environment.
 * Has an effect once only, and not before the C library knows the
 * environment; so call it at the allocator's start, and again from a
 * constructor, lest the start was too early.  Defaults hold until then. */
void options_start(void);

/* The same, from an environment that the C library may not know yet; NULL: none
 * so far. */
void options_start_with(char *const *environment);

/* The process's options. */
const struct options *options(void);

#endif
