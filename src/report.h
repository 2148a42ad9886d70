/* report: says what a program did wrong, and ends it.
 *
 * Owns the right to write the process's last line.  The caller holds no lock:
 * a handler of SIGABRT may allocate.  Of threads that report at the same time
 * one writes, and the others wait for the process to end.
 *
 * One line on standard error, with a prefix that does not change:
 *   ashlar: KIND: ADDRESS (slot N B of class C, asked N, thread N of NAME[PID]): HINT
 * followed by "; in OPERATION" where that is not free; the parts about the slot
 * and the program only where they are known.  A warning has "ashlar: warning: "
 * for the prefix.
 * Where the options name a file, the same is appended to it first, as one line
 * of JSON: kind, fatal, address, slot, slot_bytes, asked, class, state, thread,
 * operation, hint; null for what is not known; then program, pid and time
 * (seconds since 1970) where they are known.  In the file's name %e stands for
 * the program's name, %p for its number, %% for a percent sign.  A file that
 * cannot be written is part of the hint on standard error.
 * A fatal line is also where a debugger or a handler of cores looks for the
 * message of the C library's abort, if the C library has such a place.
 *
 * Allocates nothing; is no cancellation point.
 */
#ifndef ASHLAR_REPORT_H
#define ASHLAR_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum report_kind {
  REPORT_DOUBLE_FREE = 0,       /* the block was freed before */
  REPORT_USE_AFTER_FREE = 1,    /* another operation than free, on a freed block */
  REPORT_INVALID_POINTER = 2,   /* in none of our arenas */
  REPORT_MISALIGNED = 3,        /* no multiple of 16 */
  REPORT_INTERIOR = 4,          /* inside a block, not at its start */
  REPORT_UNALLOCATED = 5,       /* in an arena, but no block is there */
  REPORT_SIZE_MISMATCH = 6,     /* sized free: not the size that was asked for */
  REPORT_KIND_MISMATCH = 7,     /* freed by another family than allocated it */
  REPORT_ALIGN_MISMATCH = 8,    /* aligned free: not the alignment asked for */
  REPORT_OVERFLOW = 9,          /* bytes past the size asked for are not zero */
  REPORT_WRITE_AFTER_FREE = 10, /* bytes of a freed block are not zero */
  REPORT_BAD_METADATA = 11,     /* a table contradicts itself */
  REPORT_BAD_POOL = 12,         /* no pool or region, or a destroyed one */
  REPORT_WRONG_POOL = 13,       /* in another pool, or in the heap */
  REPORT_LEAK = 14,             /* live objects of a pool that is destroyed */
  REPORT_KINDS = 15
};

/* What is known of a bug.  All zero, but for kind and address, is a report. */
struct report {
  enum report_kind kind;
  uintptr_t address;     /* what the program gave us, or where the damage was found */
  const char *operation; /* "free", "realloc", "operator delete[]"; NULL: unknown */

  bool has_slot;       /* the next three are known */
  uintptr_t slot;      /* where the block starts */
  size_t slot_bytes;   /* of the whole slot */
  uint32_t size_class; /* as the line is to name it */

  bool has_asked;    /* the next one is known (it is of live blocks) */
  size_t asked;      /* bytes the program asked for */
  const char *state; /* of the slot: "live", "cached", "free"; NULL: unknown */

  /* What the hint is made of; each counts for the kinds that it says. */
  bool has_damage;          /* overflow, write after free: the next two are known */
  uintptr_t damage;         /* the first byte that is not what it should be */
  uint8_t damage_byte;      /* what it is instead */
  bool has_given;           /* size, alignment, kind mismatch: the next two are known */
  bool given_alignment;     /* of a kind mismatch: that is an alignment */
  size_t given;             /* the size or alignment the program gave */
  const char *allocated_by; /* kind mismatch: "malloc", "operator new[]"; or NULL */
  const char *detail;       /* bad metadata, pool, any: words for the hint; or NULL */

  /* Filled in by whoever writes the report. */
  int file_error; /* why the options' file could not be written; 0: it could, or there is none */
  int process;    /* its number, if the next one is known, and so is the time */
  const char *program; /* its name; NULL: unknown */
  uint64_t time;       /* seconds since 1970 */
};

/* The name of a kind, as it stands in lines and files: "double free". */
const char *report_name(enum report_kind kind);

/* Composes the line of a report, with its newline.
 * thread: to be named in it. */
void report_line(struct text *t, const struct report *r, bool fatal, int thread);

/* Composes a program's name, which is its own choice: what cannot be printed, or
 * parts a path, is a question mark. */
void report_name_of_program(struct text *t, const char *name);

/* Composes the JSON of a report, with its newline. */
void report_json(struct text *t, const struct report *r, bool fatal, int thread);

/* Reports, then aborts.  Where a handler of SIGABRT leads here again, that is
 * reported too, and the handler is not called a second time. */
_Noreturn void report_fatal(const struct report *r);

/* Reports, and returns.  Keeps errno.  After REPORT_WARNINGS of them a process
 * says so once, and then says no more. */
void report_warning(const struct report *r);

/* Counts a block that another family frees than allocated it.
 * Returns whether this one is to be reported: the first, if the options want a
 * warning. */
bool report_counts_mismatch(void);

/* How many of those were counted so far. */
uint64_t report_mismatches(void);

enum {
  REPORT_WARNINGS = 100,
  REPORT_LINE_BYTES = 1024, /* enough for any report with strings as above */
  REPORT_JSON_BYTES = 2048
};

#endif
