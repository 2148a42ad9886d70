/* thread_exit: a thread ends while another one frees its blocks and a third one
 * begins.
 *
 * Shows: all that the thread held goes back, once; its cache goes to one new
 * thread at most; nothing is cached when all have ended.
 *
 * Bounds: two classes (so that there is a list to forget), four blocks of each
 * that the others free.  They suffice: the destructor goes through the lists one
 * by one, under each class's lock, and the registry has one.
 */
#include "explore.h"
#include "program.h"

enum {
  BLOCKS = 4
};

static void *own[BLOCKS];
static void *lent[BLOCKS];

static void setup(uint32_t thread)
{
  if (thread == 0) {
    for (int i = 0; i < BLOCKS; i++) {
      own[i] = program_take(i % 2 == 0 ? 500 : 300);
      lent[i] = program_take(i % 2 == 0 ? 500 : 300);
    }
  } else if (thread == 1) {
    program_give(program_take(100));
  }
}

static void body(uint32_t thread)
{
  if (thread < 2) {
    for (int i = 0; i < BLOCKS; i++) {
      program_give(thread == 0 ? own[i] : lent[i]);
    }
  } else {
    program_give(program_take(500));
  }
  program_exit_thread();
  if (thread == 1) {
    /* As a destructor that runs later may do. */
    program_give(program_take(300));
    program_exit_thread();
  }
}

static void finish(void)
{
  program_nothing_cached();
}

const struct scenario scenarios_thread_exit[] = {
    {.name = "thread_exit",
     .shows = "a thread ends while its blocks are freed",
     .threads = 2,
     .preemptions = 4,
     .preemptions_quick = 2,
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = "thread_exit_3",
     .shows = "the same, while a thread begins",
     .threads = 3,
     .preemptions = 3,
     .preemptions_quick = 1,
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = NULL}};
