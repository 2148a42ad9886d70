/* run: does something wrong in a process of its own, and looks at how that
 * ended: by the right signal, with one line that says what it was and where. */
#ifndef ASHLAR_TESTS_MISUSE_RUN_H
#define ASHLAR_TESTS_MISUSE_RUN_H

#include <stdbool.h>
#include <stddef.h>

/* The blocks that a case is about. */
enum misuse_size {
  SMALL = 40,
  MEDIUM = 9000,
  LARGE = 1000003 /* no multiple of 16: some bytes lie before the guard */
};

/* For `warnings`, with no kind: nothing is said, and the process goes on. */
enum {
  UNNOTICED = -1
};

/* What else the heap holds, and who else uses it. */
enum misuse_heap {
  EMPTY,
  POPULATED,
  THREADS
};

struct misuse {
  /* Does it.  Calls misuse_at just before.  Must not come back, where it is fatal. */
  void (*wrong)(size_t size);
  size_t size;
  enum misuse_heap heap;
  const char *kind;      /* as the report must name it; NULL: SIGSEGV without a report */
  const char *operation; /* likewise; NULL: free, which is not named */
  const char *hint;      /* must be part of the line; NULL: any */
  const char *options;   /* of the process; NULL: the defaults */
  int warnings;          /* 0: the report is fatal; else the process goes on after so many */
  bool always;           /* kind NULL: traps where the kernel has no guards, too */
};

/* Says at which address the report must find fault, and that all before went
 * well. */
void misuse_at(const void *address);

/* Runs a case, and fails the test where it did not end as it must. */
void misuse_run(const struct misuse *misuse);

/* Whether no other thread uses the heap, so that its figures stand still. */
bool misuse_alone(void);

/* The next byte that is not the program's to use. */
unsigned char *misuse_end(void *block);

/* A file that reports may go to; a new one for each test. */
const char *misuse_file(void);

#endif
