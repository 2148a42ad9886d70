/* trim: one thread gives memory back to the kernel while others free and
 * allocate.
 *
 * Shows: memory that goes back is nobody's: contents stay, what is handed out is
 * zero, the counts of resident pages and the bins fit the spans.
 *
 * Bounds: two small classes and a large block.  They suffice: trimming empties
 * the thread's lists, the FIFO, each class's free spans and the page heap's bins
 * one after the other, each under its own lock.
 */
#include "explore.h"
#include "program.h"

#include "../../../src/ashlar.h"

enum {
  BLOCKS = 8
};

static void *block[BLOCKS];
static void *big;

static void setup(uint32_t thread)
{
  if (thread == 0) {
    for (int i = 0; i < BLOCKS; i++) {
      block[i] = program_take(i % 2 == 0 ? 500 : 300);
    }
    big = program_take(3000);
  } else {
    program_give(program_take(500));
  }
}

static void body(uint32_t thread)
{
  if (thread == 1) {
    ashlar_malloc_trim(0);
    return;
  }
  if (thread == 2) {
    program_give(program_take(500));
    program_take(2000);
    return;
  }
  for (int i = 0; i < BLOCKS; i++) {
    program_give(block[i]);
  }
  program_give(big);
  program_exit_thread();
  program_take(300);
}

static void finish(void)
{
  program_look_at_all(NULL);
}

const struct scenario scenarios_trim[] = {{.name = "trim",
                                           .shows = "a trim against frees",
                                           .threads = 2,
                                           .preemptions = 3,
                                           .preemptions_quick = 2,
                                           .setup = setup,
                                           .body = body,
                                           .finish = finish},
                                          {.name = "trim_3",
                                           .shows = "a trim against frees and mallocs",
                                           .threads = 3,
                                           .preemptions = 2,
                                           .preemptions_quick = 1,
                                           .setup = setup,
                                           .body = body,
                                           .finish = finish},
                                          {.name = NULL}};
