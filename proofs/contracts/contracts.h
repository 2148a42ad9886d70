/* contracts: what the generated checks of contracts are made of; included by the
 * one file that proofs/contracts/generate writes.
 *
 * A condition is executed in integers of 128 bits.  Of a table that is mapped only
 * as far as it is in use, other entries count as zero: so they were made, and
 * nobody has written them.  An index outside of the table makes the condition
 * false.
 *
 * A check takes steps, one for each instance of a quantifier.  The first
 * CONTRACT_FIRST calls of a function check each clause of it, and the first one in
 * each process; later ones, as often as their calls have paid for the last time,
 * CONTRACT_PAY steps a call.  A walk over
 * more than CONTRACT_WALK entries takes both ends and every n-th between them, from
 * another one on each time.
 *
 * Where there are other threads, an instance that does not hold is asked again for a
 * while: tables change while they are read.  That it held later is counted.
 */
#ifndef ASHLAR_CONTRACTS_H
#define ASHLAR_CONTRACTS_H

#include "arena.h"
#include "free_list.h"
#include "page_bins.h"
#include "piece_set.h"
#include "pool_list.h"
#include "pool_pieces.h"
#include "radix_map.h"
#include "region_bump.h"
#include "size_class.h"
#include "size_math.h"
#include "slot.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/single_threaded.h>
#include <unistd.h>

__extension__ typedef __int128 wide;

enum {
  CONTRACT_FIRST = 64,
  CONTRACT_PAY = 64,
  CONTRACT_WALK = 1 << 16,
  /* of a quantifier inside another one: so many from the start on, and so many more */
  CONTRACT_NEAR = 24,
  CONTRACT_FAR = 8,
  CONTRACT_PATIENCE = 1000,
  CONTRACT_NOTES = 24
};

/* What is counted of a clause, in all processes together. */
struct contract_counts {
  uint64_t calls;     /* of the function */
  uint64_t checks;    /* evaluated */
  uint64_t instances; /* of its quantifiers */
  uint64_t sampled;   /* checks in which a walk left entries out */
  uint64_t settled;   /* instances that did not hold at once */
  uint64_t violated;
};

struct contract_clause {
  const char *function;
  const char *name;
  const char *text;
};

struct contract_call {
  const char *file;
  int line;
  int arguments;
  const char *argument[8];
  wide value[8];
};

/* One integer that is worth telling: a variable of a quantifier, or an entry. */
struct contract_note {
  const char *what;
  wide index, value;
  bool is_entry;
};

/* Of this process, until it is known where all processes count. */
static struct contract_counts contract_own[CONTRACT_CLAUSES];
static struct contract_counts *contract_counts = contract_own;
static _Thread_local bool contract_outside, contract_tracing, contract_was_sampled;
static _Thread_local uint64_t contract_steps, contract_settled;
static _Thread_local int contract_notes;
static _Thread_local struct contract_note contract_note[CONTRACT_NOTES];

/* ---- tables ------------------------------------------------------------- */

static void contract_tell(const char *what, bool is_entry, wide index, wide value)
{
  if (contract_tracing && contract_notes < CONTRACT_NOTES) {
    contract_note[contract_notes++] = (struct contract_note){what, index, value, is_entry};
  }
}

static uint32_t contract_top(uint64_t arena)
{
  return __atomic_load_n(&arena_top[arena], __ATOMIC_ACQUIRE);
}

/* Whether an entry can be read. */
static bool contract_has_granule(uint64_t g)
{
  return g < (uint64_t)tables_arena_limit() * ARENA_GRANULES && arena_holds(g);
}

static bool contract_has_page(uint64_t p)
{
  return contract_has_granule(p * GRANULES_PER_PAGE);
}

/* Records also stand where a span can end or begin. */
static bool contract_has_record(uint64_t p)
{
  uint64_t arena = p / ARENA_PAGES;
  if (arena == 0 || arena >= tables_arena_limit()) {
    return false;
  }
  return p <= contract_top(arena) || (p % ARENA_PAGES == ARENA_PAGES - 1 && arena_key[arena] != 0);
}

static bool contract_has_key(uint64_t key)
{
  return !RADIX_BEYOND(key);
}

/* Those of fixed length, once the start has made them. */
static bool contract_has_number(uint64_t i)
{
  (void)i;
  return tables_arena_limit() != 0;
}

#define CONTRACT_TABLE(name, length, index)                                                        \
  static wide read_##name(wide i)                                                                  \
  {                                                                                                \
    if (i < 0 || i >= (wide)(length)) {                                                            \
      contract_outside = true;                                                                     \
      contract_tell(#name " outside at", true, i, 0);                                              \
      return 0;                                                                                    \
    }                                                                                              \
    wide value = contract_has_##index((uint64_t)i) ? (wide)(name[(uint64_t)i]) : 0;                \
    contract_tell(#name, true, i, value);                                                          \
    return value;                                                                                  \
  }

/* ---- memory ------------------------------------------------------------- */

struct place {
  uintptr_t low, end;
};
#define PLACES(base, first, last)                                                                  \
  {                                                                                                \
    (uintptr_t)(base) + (uintptr_t)(first) * sizeof *(base),                                       \
        (uintptr_t)(base) + (uintptr_t)((last) + 1) * sizeof *(base)                               \
  }

/* Whether no two places have a byte in common. */
static bool contract_apart(const struct place *place, int n)
{
  for (int i = 0; i < n; i++) {
    for (int k = i + 1; k < n; k++) {
      bool some = place[i].low < place[i].end && place[k].low < place[k].end;
      if (some && place[i].low < place[k].end && place[k].low < place[i].end) {
        return false;
      }
    }
  }
  return true;
}

/* ---- walks -------------------------------------------------------------- */

enum walk_domain {
  BY_NUMBER,
  BY_KEY,
  BY_PAGE,
  BY_RECORD,
  BY_GRANULE
};

struct walk {
  enum walk_domain domain;
  bool done;
  wide at, last; /* the entry, and the last one */
  wide row_last; /* of those that lie in a row */
  wide stride, near;
};

/* The entries of an arena that a walk looks at. */
static void contract_row(enum walk_domain domain, wide arena, wide *first, wide *last)
{
  wide low = arena * ARENA_PAGES;
  wide top = contract_top((uint64_t)arena);
  if (arena == 0 || top == 0) {
    *first = 0;
    *last = -1;
  } else if (domain == BY_GRANULE) {
    *first = low * GRANULES_PER_PAGE;
    *last = top * GRANULES_PER_PAGE - 1;
  } else {
    *first = low;
    *last = domain == BY_RECORD && top < low + ARENA_PAGES ? top : top - 1;
  }
}

static bool walk_by_arena(enum walk_domain domain)
{
  return domain >= BY_PAGE;
}

/* Goes to the first entry in use from one on. */
static void walk_settle(struct walk *w)
{
  if (!walk_by_arena(w->domain)) {
    w->row_last = w->last;
    w->done = w->at > w->last;
    return;
  }
  wide per_arena = w->domain == BY_GRANULE ? ARENA_GRANULES : ARENA_PAGES;
  wide end = arena_end() / ARENA_PAGES;
  for (wide arena = w->at / per_arena; arena < end && arena * per_arena <= w->last; arena++) {
    wide first;
    wide last;
    contract_row(w->domain, arena, &first, &last);
    if (last >= w->at && first <= last) {
      w->at = w->at > first ? w->at : first;
      w->row_last = last < w->last ? last : w->last;
      w->done = w->at > w->last;
      return;
    }
  }
  w->done = true;
}

/* How many entries there are between two, at most. */
static wide walk_length(const struct walk *w)
{
  if (!walk_by_arena(w->domain)) {
    return w->last - w->at + 1;
  }
  wide sum = 0;
  wide per_arena = w->domain == BY_GRANULE ? ARENA_GRANULES : ARENA_PAGES;
  wide end = arena_end() / ARENA_PAGES;
  for (wide arena = w->at / per_arena; arena < end && arena * per_arena <= w->last; arena++) {
    wide first;
    wide last;
    contract_row(w->domain, arena, &first, &last);
    first = first > w->at ? first : w->at;
    last = last < w->last ? last : w->last;
    sum += first <= last ? last - first + 1 : 0;
  }
  return sum;
}

static struct walk walk_begin(enum walk_domain domain, wide first, wide last, int depth)
{
  struct walk w = {.domain = domain, .at = first > 0 ? first : 0, .last = last, .stride = 1};
  if (domain == BY_KEY) {
    wide low = (wide)CONTRACT_FIRST_KEY;
    wide high = low + (wide)CONTRACT_KEYS - 1;
    w.at = w.at > low ? w.at : low;
    w.last = w.last < high ? w.last : high;
  } else if (!walk_by_arena(domain)) {
    w.at = first;
  }
  if (w.at > w.last) {
    w.done = true;
    return w;
  }
  wide most = depth == 0 ? CONTRACT_WALK : CONTRACT_FAR;
  w.near = depth == 0 ? 0 : CONTRACT_NEAR;
  wide length = walk_length(&w);
  if (length > w.near + most) {
    w.stride = length / most + 1;
    contract_was_sampled = true;
  }
  walk_settle(&w);
  return w;
}

static bool walk_more(const struct walk *w)
{
  return !w->done;
}

static void walk_next(struct walk *w)
{
  static _Thread_local uint64_t turns;
  contract_steps++;
  wide step = w->stride;
  if (w->near > 0) {
    w->near--;
    step = 1;
  } else if (step > 1) {
    /* The grid begins elsewhere each time, and its points move a little. */
    step = 1 + step / 2 + (wide)(turns++ * 0x9E3779B97F4A7C15 >> 33) % step;
  }
  if (w->at == w->last) {
    w->done = true;
    return;
  }
  if (w->at < w->row_last) {
    w->at = w->at + step < w->row_last ? w->at + step : w->row_last;
    return;
  }
  w->at++;
  walk_settle(w);
}

/* ---- conditions --------------------------------------------------------- */

/* Variables of quantifiers for which a condition does not hold, the last one first. */
static void contract_witness(const char *name, wide value)
{
  for (int i = 0; i < contract_notes; i++) {
    if (contract_note[i].what == name && contract_note[i].value == value) {
      return;
    }
  }
  contract_tracing = true;
  contract_tell(name, false, 0, value);
  contract_tracing = false;
}

#define SEEN(condition)                                                                            \
  ({                                                                                               \
    contract_outside = false;                                                                      \
    bool seen_ = (condition);                                                                      \
    seen_ && !contract_outside;                                                                    \
  })

#define INSTANCE(condition)                                                                        \
  ({                                                                                               \
    bool held_ = SEEN(condition);                                                                  \
    if (__builtin_expect(!held_, 0)) {                                                             \
      for (int i_ = 0; i_ < CONTRACT_PATIENCE && !held_ && !__libc_single_threaded; i_++) {        \
        sched_yield();                                                                             \
        held_ = SEEN(condition);                                                                   \
        contract_settled += held_;                                                                 \
      }                                                                                            \
      if (!held_) {                                                                                \
        contract_tracing = contract_notes == 0;                                                    \
        SEEN(condition);                                                                           \
        contract_tracing = false;                                                                  \
      }                                                                                            \
    }                                                                                              \
    held_;                                                                                         \
  })

/* ---- counts and reports ------------------------------------------------- */

static uint64_t contract_add(uint64_t *to, uint64_t n)
{
  return __atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

static void contract_print_wide(wide value)
{
  if (value < 0) {
    fputc('-', stderr);
    value = -value;
  }
  fprintf(stderr, value > UINT32_MAX ? "%#llx" : "%llu", (unsigned long long)value);
}

static void contract_print(const struct contract_clause *clause, const struct contract_call *call)
{
  fprintf(stderr, "contract violated: %s\n  requires %s: %s\n  at %s:%d", clause->function,
          clause->name, clause->text, call->file, call->line);
  for (int i = 0; i < call->arguments; i++) {
    fprintf(stderr, "%s %s = ", i == 0 ? ", with" : ",", call->argument[i]);
    contract_print_wide(call->value[i]);
  }
  fputc('\n', stderr);
  for (int i = 0; i < contract_notes; i++) {
    const struct contract_note *note = &contract_note[i];
    fprintf(stderr, "  %s", note->what);
    if (note->is_entry) {
      fputc('[', stderr);
      contract_print_wide(note->index);
      fputc(']', stderr);
    }
    fputs(" = ", stderr);
    contract_print_wide(note->value);
    fputc('\n', stderr);
  }
}

/* The counts of all processes, in the file that CONTRACT_COUNTS names. */
__attribute__((constructor(101))) static void contract_open(void)
{
  const char *path = getenv("CONTRACT_COUNTS");
  int file = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return;
  }
  if (ftruncate(file, sizeof contract_own) == 0) {
    void *shared = mmap(NULL, sizeof contract_own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    contract_counts = shared == MAP_FAILED ? contract_own : (struct contract_counts *)shared;
  }
  close(file);
}

/* What the calls of a clause have paid, in this process. */
static int64_t contract_paid[CONTRACT_CLAUSES];

/* Whether a call is one that checks a clause. */
static bool contract_due(int clause)
{
  uint64_t before = contract_add(&contract_counts[clause].calls, 1);
  int64_t paid = __atomic_add_fetch(&contract_paid[clause], CONTRACT_PAY, __ATOMIC_RELAXED);
  return before < CONTRACT_FIRST || paid > 0;
}

static void contract_begin(void)
{
  contract_steps = 0;
  contract_settled = 0;
  contract_notes = 0;
  contract_was_sampled = false;
}

static void contract_end(int clause, bool held, const struct contract_clause *known,
                         const struct contract_call *call)
{
  struct contract_counts *counts = &contract_counts[clause];
  contract_add(&counts->checks, 1);
  contract_add(&counts->instances, contract_steps);
  contract_add(&counts->sampled, contract_was_sampled);
  contract_add(&counts->settled, contract_settled);
  int64_t before =
      __atomic_fetch_sub(&contract_paid[clause], (int64_t)contract_steps, __ATOMIC_RELAXED);
  if (before > CONTRACT_PAY) {
    /* Many calls of what costs nothing pay for nothing else. */
    __atomic_store_n(&contract_paid[clause], -(int64_t)contract_steps, __ATOMIC_RELAXED);
  }
  if (held) {
    return;
  }
  contract_add(&counts->violated, 1);
  contract_print(known, call);
  abort();
}

#define CHECK(clause, condition)                                                                   \
  if (contract_due(clause)) {                                                                      \
    contract_begin();                                                                              \
    bool holds_ = INSTANCE(condition);                                                             \
    contract_end(clause, holds_, &contract_clauses[clause], &call);                                \
  }

#endif
