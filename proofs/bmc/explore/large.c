/* large: blocks with spans of their own.
 *
 * Shows: of two frees of one large block one wins and one gets the verdict,
 * while a third thread empties the FIFO of freed blocks, and whatever request
 * the kernel refuses (`large_freed_twice`); threads that allocate, free, resize
 * and trim their own large blocks do not meet (`large`).
 *
 * Bounds: blocks of two pages of the kernel, an arena of eight, so that spans
 * are split, merged and reused at once.  They suffice: the FIFO has one lock, and
 * a block's entries one owner.
 */
#include "explore.h"
#include "program.h"

#include "../../../src/ashlar.h"

static void *block;
static void *own[2];

static void setup_twice(uint32_t thread)
{
  if (thread == 0) {
    block = program_take(3000);
    program_forget(block);
  }
  program_give(program_take(100));
}

static void twice(uint32_t thread)
{
  if (thread < 2) {
    program_free(block);
  } else {
    ashlar_malloc_trim(0);
    program_take(2000);
  }
}

static void one_verdict(void)
{
  int first = program_verdict(0);
  int second = program_verdict(1);
  EXPECT((first == PROGRAM_NO_VERDICT) != (second == PROGRAM_NO_VERDICT) ||
             (second == PROGRAM_NO_VERDICT && program_verdict(2) == PROGRAM_NO_VERDICT),
         "verdicts %d and %d: not exactly one", first, second);
  int verdict = first == PROGRAM_NO_VERDICT ? second : first;
  EXPECT(verdict == REPORT_DOUBLE_FREE || verdict == REPORT_UNALLOCATED ||
             verdict == REPORT_INTERIOR || verdict == PROGRAM_NO_VERDICT,
         "verdict %d", verdict);
  program_look_at_all(block);
}

static void setup(uint32_t thread)
{
  own[thread] = program_take(3000);
  program_give(program_take(100));
}

static void body(uint32_t thread)
{
  own[thread] = program_resize(own[thread], 2500);
  own[thread] = program_resize(own[thread], 5000);
  program_give(own[thread]);
  void *next = program_take(6000);
  if (thread == 0) {
    ashlar_malloc_trim(0);
  }
  program_give(next);
}

const struct scenario scenarios_large[] = {
    {.name = "large_freed_twice",
     .shows = "two frees of a large block, and a trim",
     .threads = 3,
     .preemptions = 3,
     .preemptions_quick = 2,
     .mode = {.racy = true},
     .setup = setup_twice,
     .body = twice,
     .finish = one_verdict},
    {.name = "large",
     .shows = "large blocks of two threads",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 2,
     .setup = setup,
     .body = body},
    {.name = "large_refusals",
     .shows = "the same, and the kernel refuses two requests",
     .threads = 2,
     .preemptions = 1,
     .preemptions_quick = 0,
     .refusals = 2,
     .setup = setup,
     .body = body},
    {.name = NULL}};
