/* free_and_refill: one thread frees blocks of a class, until its list is full
 * and its oldest go to the central cache; others allocate from that class, so
 * that their lists are filled from there.
 *
 * Shows: no block is handed out twice or before it was freed; contents stay;
 * what is handed out is zero.
 *
 * Bounds: spans of eight slots, twelve frees (a list holds eight), six
 * allocations (a batch is four).  They suffice: each tier is passed in both
 * directions, each list goes through empty and full, and slots of one span are
 * drawn and retired by different threads.
 */
#include "explore.h"
#include "program.h"

enum {
  FREED = 12,
  TAKEN = 6
};

static void *block[FREED];

static void setup(uint32_t thread)
{
  program_set_up(thread, block, FREED);
}

static void body(uint32_t thread)
{
  if (thread == 0) {
    for (int i = 0; i < FREED; i++) {
      program_give(block[i]);
    }
    return;
  }
  for (int i = 0; i < TAKEN; i++) {
    program_take(500);
  }
}

static void finish(void)
{
  program_look_at_all(NULL);
}

const struct scenario scenarios_free_and_refill[] = {
    {.name = "free_and_refill",
     .shows = "frees that flush against mallocs that refill",
     .threads = 2,
     .preemptions = 4,
     .preemptions_quick = 3,
     .late = 1,
     .mode = {.stale = true},
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = "free_and_refill_3",
     .shows = "the same, with two that refill",
     .threads = 3,
     .preemptions = 2,
     .preemptions_quick = 1,
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = NULL}};
