/* publication: one thread makes the heap grow by an arena; others look up
 * addresses in it.
 *
 * Shows: a thread that finds an arena in the radix map finds its tables: what it
 * reads there is ordered after what was written before the publication
 * (`publication`: a block of a new arena is handed to another thread, which
 * frees it; both grow the heap).  An address that nobody handed over, in an
 * arena that appears at that moment, gets an answer without a trap and without
 * an endless walk (`publication_probe`), and so does a walk over the heap
 * (`publication_walk`).  These two read without a lock what may change, so that
 * races are no finding there; but the pages of the tables that they touch must
 * have become accessible before, by the order of the radix map's entry and of
 * the number of arenas alone.
 *
 * Bounds: an arena of eight spans that is full; one new arena each way, three at
 * most.  They suffice: publication is one store for each arena.
 */
#include "explore.h"
#include "program.h"

#include "../../../src/ashlar.h"
#include "../../../src/config.h"

enum {
  FILLING = 5000, /* with its guard three eighths of an arena */
  GOT = 0         /* an event */
};

static void *fresh;
static uintptr_t expected;

/* One arena is full.  The state bytes of the next one, which is number 2, begin
 * on a page of their own. */
_Static_assert(2 * ARENA_GRANULES % 4096 == 0, "so that it has yet to become accessible");
static void setup(uint32_t thread)
{
  (void)thread;
  program_give(program_take(500));
  uintptr_t full = (uintptr_t)program_take(FILLING);
  expected = full / ARENA_BYTES * ARENA_BYTES + ARENA_BYTES;
}

static void body(uint32_t thread)
{
  if (thread == 0) {
    fresh = program_take(FILLING);
    program_post(GOT);
    program_take(FILLING);
    return;
  }
  program_take(FILLING);
  program_await(GOT);
  if (fresh != NULL) {
    EXPECT(ashlar_malloc_usable_size(fresh) == FILLING, "a fresh block has another size");
    program_give(fresh);
  }
}

static void probe(uint32_t thread)
{
  if (thread == 0) {
    program_take(FILLING);
    program_take(500);
    return;
  }
  for (uintptr_t offset = 0; offset < ARENA_BYTES; offset += 3 * PAGE_BYTES * 16) {
    size_t there = ashlar_object_size((void *)(expected + offset));
    EXPECT(there <= FILLING, "%zu bytes at %#lx", there, (unsigned long)(expected + offset));
  }
  program_free((void *)(expected + PAGE_BYTES));
}

static bool seen(void *at, size_t size, void *last)
{
  EXPECT(size <= FILLING, "a walk finds %zu bytes at %p", size, at);
  *(void **)last = at;
  return true;
}

static void walk(uint32_t thread)
{
  if (thread == 0) {
    program_take(FILLING);
    return;
  }
  void *last = NULL;
  ashlar_walk(seen, &last);
  EXPECT(last != NULL, "a walk finds nothing");
}

static void finish_probe(void)
{
  EXPECT(ashlar_object_size((void *)(expected + FILLING)) > 0, "the new arena is elsewhere");
  int verdict = program_verdict(1);
  EXPECT(verdict == REPORT_INVALID_POINTER || verdict == REPORT_UNALLOCATED ||
             verdict == REPORT_INTERIOR,
         "verdict %d for an address that nobody was given", verdict);
}

const struct scenario scenarios_publication[] = {
    {.name = "publication",
     .shows = "a block of a new arena is freed by another thread",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 2,
     .late = 1,
     .mode = {.stale = true},
     .setup = setup,
     .body = body},
    {.name = "publication_probe",
     .shows = "addresses of an arena that appears",
     .threads = 2,
     .preemptions = 2,
     .preemptions_quick = 1,
     .mode = {.every_write = true, .racy = true},
     .setup = setup,
     .body = probe,
     .finish = finish_probe},
    {.name = "publication_walk",
     .shows = "a walk while an arena appears",
     .threads = 2,
     .preemptions = 2,
     .preemptions_quick = 1,
     .mode = {.racy = true},
     .setup = setup,
     .body = walk},
    {.name = NULL}};
