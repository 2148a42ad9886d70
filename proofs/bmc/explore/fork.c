/* fork: one thread forks while others hold locks and change their lists.
 *
 * Shows: the fork handlers get all locks without a deadlock; in the child no lock
 * is held, the tables are sound, what other threads' lists held goes back once,
 * nothing live is handed out, and allocation works; the parent goes on as if
 * nothing had been.  The child is the forking thread alone, in the memory as it
 * was at that moment: it runs there, then that memory is put back.
 *
 * Bounds: in `fork_torn` the other thread may be caught before each single write
 * to the tables, the caches and the blocks, which is finer than where a signal or
 * another processor could tell; it frees and allocates a few blocks of one
 * class.  They suffice: a list belongs to one class, and is recovered by itself.
 */
#include "explore.h"
#include "program.h"

enum {
  BLOCKS = 12, /* more than a list holds */
  CHILDS = 10
};

static void *block[BLOCKS];

static void setup(uint32_t thread)
{
  program_set_up(thread, block, BLOCKS);
}

static void child(void)
{
  program_check_heap();
  void *own[CHILDS];
  for (int i = 0; i < CHILDS; i++) {
    own[i] = program_take(500);
  }
  program_look_at_all(NULL);
  for (int i = 0; i < CHILDS; i++) {
    program_give(own[i]);
  }
  program_take(3000);
  program_check_heap();
  program_exit_thread();
  program_check_heap();
}

static void body(uint32_t thread)
{
  if (thread == 1) {
    program_fork(child);
    program_take(500);
    return;
  }
  if (thread == 2) {
    program_give(program_take(3000));
    return;
  }
  for (int i = 0; i < BLOCKS; i++) {
    program_give(block[i]);
  }
  program_give(program_take(500));
  program_exit_thread();
}

static void torn(uint32_t thread)
{
  if (thread == 1) {
    program_fork(child);
    return;
  }
  for (int i = 0; i < BLOCKS; i++) {
    program_give(block[i]);
  }
  program_take(500);
  program_exit_thread();
}

const struct scenario scenarios_fork[] = {
    {.name = "fork",
     .shows = "a fork while another thread refills and flushes",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 2,
     .setup = setup,
     .body = body},
    {.name = "fork_3",
     .shows = "the same, while a third one has large blocks",
     .threads = 3,
     .preemptions = 2,
     .preemptions_quick = 1,
     .setup = setup,
     .body = body},
    {.name = "fork_torn",
     .shows = "a fork between any two writes of another thread",
     .threads = 2,
     .preemptions = 2,
     .preemptions_quick = 1,
     .mode = {.every_write = true},
     .setup = setup,
     .body = torn},
    {.name = NULL}};
