/* enumerate: runs a harness natively, once for every way its choices can fall.
 *
 * For harnesses that all tiers take part in: their state is too much for CBMC,
 * but from an empty heap the choices are few, so all of them are tried, depth
 * first, by running the harness again with the next choices.  Every variable of
 * the program is put back in between.  The harness is compiled with the sources
 * as it would be for CBMC: `choose` where that has nondeterminism, an assertion
 * that ends the program with the calls that led there, an assumption that ends
 * the run.
 */
#ifndef BMC_ENUMERATE_H
#define BMC_ENUMERATE_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  CHOICES = 256, /* most in one run */
  CALLS = 32
};

/* What outlives a run. */
struct enumeration {
  uint32_t made, depth;
  uint32_t choice[CHOICES], of[CHOICES];
  uint64_t runs, reached, abandoned;
  char call[CALLS][96];
  uint32_t calls;
  jmp_buf end;
};
static struct enumeration *enumeration;

/* 0 .. n - 1, each in its turn. */
static uint32_t choose(uint32_t n)
{
  struct enumeration *e = enumeration;
  if (e->made == e->depth) {
    if (e->depth == CHOICES) {
      fprintf(stderr, "enumerate: more than %d choices in a run\n", CHOICES);
      exit(2);
    }
    e->choice[e->depth] = 0;
    e->of[e->depth] = n;
    e->depth++;
  }
  if (e->of[e->made] != n) {
    fprintf(stderr, "enumerate: the same choices led elsewhere\n");
    exit(2);
  }
  return e->choice[e->made++];
}

/* The next choices; false where all were made. */
static bool enumerate_next(void)
{
  struct enumeration *e = enumeration;
  while (e->depth > 0 && e->choice[e->depth - 1] + 1 == e->of[e->depth - 1]) {
    e->depth--;
  }
  if (e->depth == 0) {
    return false;
  }
  e->choice[e->depth - 1]++;
  return true;
}

static void enumerate_fail(const char *what, const char *file, int line)
{
  struct enumeration *e = enumeration;
  printf("FAILURE: %s (%s:%d)\n", what, file, line);
  for (uint32_t i = 0; i < e->calls; i++) {
    printf("  %s\n", e->call[i]);
  }
  exit(1);
}

#define CHECK(x, what) ((x) ? (void)0 : enumerate_fail(what, __FILE__, __LINE__))
#define ASSUME(x) ((x) ? (void)0 : longjmp(enumeration->end, 1))
#define REACH(name) (enumeration->reached++)

static inline bool nondet_bool(void)
{
  return choose(2) == 1;
}

static void harness(void);

#ifdef BMC_COVER
/* Called from every block of the program: which ones were. */
enum {
  COVER_BYTES = 1 << 24
};
static char *cover;

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
  uintptr_t pc = (uintptr_t)__builtin_return_address(0);
  if (cover != NULL && pc < COVER_BYTES) {
    cover[pc] = 1;
  }
}
#endif

extern char __data_start[], _end[];

int main(void)
{
  enumeration = calloc(1, sizeof *enumeration);
  size_t bytes = (size_t)(_end - __data_start);
  char *first = malloc(bytes);
  if (enumeration == NULL || first == NULL) {
    return 2;
  }
#ifdef BMC_COVER
  cover = calloc(1, COVER_BYTES);
#endif
  memcpy(first, __data_start, bytes);
  do {
    memcpy(__data_start, first, bytes);
    enumeration->made = 0;
    enumeration->calls = 0;
    enumeration->runs++;
    if (setjmp(enumeration->end) == 0) {
      harness();
    } else {
      enumeration->abandoned++;
    }
  } while (enumerate_next());
  printf("runs %" PRIu64 " reached %" PRIu64 " abandoned %" PRIu64 "\n", enumeration->runs,
         enumeration->reached, enumeration->abandoned);
#ifdef BMC_COVER
  for (uint32_t pc = 0; pc < COVER_BYTES; pc++) {
    if (cover[pc] != 0) {
      printf("pc %" PRIx32 "\n", pc);
    }
  }
#endif
  return enumeration->reached > 0 ? 0 : 3;
}

#endif
