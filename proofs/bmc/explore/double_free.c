/* double_free: two threads free one block.
 *
 * Shows: in every interleaving exactly one of them wins and the other one gets
 * the verdict "double free".  In `double_free_reuse` the winner gives the block
 * back to the central cache, has its span released and the pages carved for
 * another class, and gets blocks there.  Where the block is live again when the
 * second free comes, that one is valid as far as anybody can know; it must not
 * harm any other block, nor the tables: no two live blocks overlap, all others
 * keep their contents, and the heap's own check holds.
 *
 * Bounds: a block of 512 bytes in a span of eight, then sixteen of 256 in the
 * same pages.  They suffice: what decides is one state byte and the class of one
 * page, and all that can become of a freed block happens within its span.
 */
#include "explore.h"
#include "program.h"

#include "../../../src/ashlar.h"

enum {
  SLOTS = 16 /* of 256 bytes in a span */
};

static void *block;

static void setup(uint32_t thread)
{
  if (thread == 0) {
    block = program_take(510);
    program_forget(block);
  }
  /* Each has a cache, and a block of this class in it. */
  program_give(program_take(500));
}

static void free_it(uint32_t thread)
{
  (void)thread;
  program_free(block);
}

static void one_verdict(void)
{
  int first = program_verdict(0);
  int second = program_verdict(1);
  EXPECT((first == PROGRAM_NO_VERDICT) != (second == PROGRAM_NO_VERDICT),
         "verdicts %d and %d: not exactly one", first, second);
  int verdict = first == PROGRAM_NO_VERDICT ? second : first;
  EXPECT(verdict == REPORT_DOUBLE_FREE, "verdict %d instead of double free", verdict);
}

/* The span of the block has no other live block, and no list holds one. */
static void setup_reuse(uint32_t thread)
{
  if (thread == 0) {
    block = program_take(510);
    program_forget(block);
  } else {
    program_give(program_take(100));
  }
}

static void reuse(uint32_t thread)
{
  program_free(block);
  if (thread == 1) {
    program_take(500);
    return;
  }
  ashlar_malloc_trim(0);
  for (int i = 0; i < SLOTS; i++) {
    program_take(254);
  }
}

/* Frees come in any order with what follows; so at most one verdict, and if it
 * is one it is that of a block that is not live. */
static void no_harm(void)
{
  for (uint32_t t = 0; t < 2; t++) {
    int verdict = program_verdict(t);
    EXPECT(verdict == PROGRAM_NO_VERDICT || verdict == REPORT_DOUBLE_FREE ||
               verdict == REPORT_UNALLOCATED || verdict == REPORT_INTERIOR,
           "verdict %d on thread %u", verdict, t);
  }
  program_look_at_all(block);
}

const struct scenario scenarios_double_free[] = {
    {.name = "double_free",
     .shows = "one free wins, one gets the verdict",
     .threads = 2,
     .preemptions = 6,
     .preemptions_quick = 4,
     .late = 1,
     .mode = {.stale = true},
     .setup = setup,
     .body = free_it,
     .finish = one_verdict},
    {.name = "double_free_reuse",
     .shows = "a late second free does no harm to others",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 1,
     .mode = {.racy = true},
     .setup = setup_reuse,
     .body = reuse,
     .finish = no_harm},
    {.name = NULL}};
