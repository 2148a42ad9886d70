/* refill_and_flush: threads that each fill their lists from one class and give
 * everything back, with spans coming and going.
 *
 * Shows: as free_and_refill; besides, the counts of a span's free slots, the
 * class's list of spans and the page heap fit together afterwards, and nothing
 * stays cached.
 *
 * Bounds: one class, six blocks a thread at a time.  They suffice: with eight
 * slots in a span a thread needs a new span while another one empties its own,
 * so that every branch of taking and giving under the class's lock runs against
 * every other one.
 */
#include "explore.h"
#include "program.h"

enum {
  BLOCKS = 6
};

static void setup(uint32_t thread)
{
  (void)thread;
  program_give(program_take(100));
}

static void body(uint32_t thread)
{
  (void)thread;
  void *block[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = program_take(500);
  }
  for (int i = 0; i < BLOCKS; i++) {
    program_give(block[i]);
  }
  program_exit_thread();
}

static void finish(void)
{
  program_nothing_cached();
}

const struct scenario scenarios_refill_and_flush[] = {
    {.name = "refill_and_flush",
     .shows = "filling and emptying lists of one class",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 2,
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = "refill_and_flush_3",
     .shows = "the same, with three threads",
     .threads = 3,
     .preemptions = 2,
     .preemptions_quick = 1,
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = NULL}};
