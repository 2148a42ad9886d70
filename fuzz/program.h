/* program: what bytes mean to the harnesses of the whole allocator.
 *
 * An input is a header of 8 bytes and then steps of 8 bytes each; bytes that are
 * left over mean nothing.  Every input is a valid program, and what a step says
 * never depends on those before it, so inputs can be cut and joined at any
 * multiple of 8 (fuzz/mutator.c does).
 */
#ifndef ASHLAR_FUZZ_PROGRAM_H
#define ASHLAR_FUZZ_PROGRAM_H

#include "model.h"

enum {
  STEP_BYTES = 8,
  /* Longer programs find nothing that short ones do not. */
  MOST_STEPS = 160
};

struct step {
  uint8_t what;   /* an operation; by a table in which the usual ones are often */
  uint8_t handle; /* of the block */
  uint8_t how;    /* a form of the operation */
  uint8_t family; /* how value becomes a size; likewise */
  uint32_t value;
};

enum operation {
  OP_MALLOC,  /* how: 0 malloc, 1 calloc, 2 reallocarray, 3 new, 4 new[], 5 realloc */
  OP_REALLOC, /* the block's size */
  OP_ALIGNED, /* how: which function and what alignment */
  OP_FREE,    /* how: free, or with its size, or with its alignment too */
  OP_FILL,    /* how: all, or a part */
  OP_VERIFY,
  OP_LOOK, /* usable size, object size from inside, walk, statistics */
  OP_TRIM,
  OP_SWITCH, /* handle: the logical thread */
  OP_SHUT,   /* how: which gate; value: after how many calls, and how many */
  OP_CHECK,  /* all tables */
  OP_END_THREAD,
  OP_FORK,
  OP_MANY,      /* so many blocks of a size, from the handle on */
  OP_FREE_MANY, /* so many, from the handle on, in steps */
  OPERATIONS
};

/* How the bytes of a step become a size. */
enum family {
  FAMILY_TINY,     /* 0 .. 128 */
  FAMILY_SMALL,    /* 0 .. 1024 */
  FAMILY_MIDDLE,   /* 0 .. 16383 */
  FAMILY_PLAIN,    /* 0 .. beyond the largest class, small ones more often */
  FAMILY_BOUNDARY, /* a class's size, and up to 2 more or less */
  FAMILY_POWER,    /* a power of two, and up to 16 more or less */
  FAMILY_LARGE,    /* pages, up to an arena and a half, few more often than many */
  FAMILY_END,      /* just below SIZE_MAX, or around PTRDIFF_MAX */
  FAMILY_RAW,      /* the value, below 1 MiB */
  FAMILY_WIDE,     /* all 64 bits */
  FAMILIES
};

/* The operation and the family that the bytes of a step stand for. */
enum operation program_operation(const struct step *step);
enum family program_family(const struct step *step);

/* What fuzzers and replay call: a harness runs the one program that the bytes
 * stand for.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

/* Reads step number n of an input.  Returns false behind the last. */
bool program_read(const uint8_t *input, size_t bytes, uint32_t n, struct step *step);

/* The size that a step names. */
size_t program_size(const struct step *step);

/* Before the first step: the allocator as at its start, no block.
 * header: the first 8 bytes. */
void program_start(const struct step *header);

/* Does what a step says; all of it is right. */
void program_step(const struct step *step);

/* Frees a live block as it must be freed. */
void program_free(uint32_t h, uint8_t how);

/* Behind the last step: frees all, and looks whether every page is back. */
void program_end(void);

/* Where set, programs are printed as they run, as C. */
extern bool program_print;

/* Prints a line of the program. */
void program_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
