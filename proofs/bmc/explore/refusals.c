/* refusals: the kernel refuses, at each request and at each pair of them, while
 * two threads make the heap grow and shrink.
 *
 * Shows: a call that fails says so and leaves nothing behind: no lock, no block,
 * no page that belongs to nobody; the other thread does not notice.
 *
 * Bounds: a new thread, a new arena, a new span, a large block with its guards,
 * frees, a trim.  They suffice: that is every place from which a request is made
 * after the start.
 */
#include "explore.h"
#include "program.h"

#include "../../../src/ashlar.h"

enum {
  FILLING = 5000
};

static void *big;

static void setup(uint32_t thread)
{
  if (thread == 0) {
    program_give(program_take(500));
    big = program_take(FILLING);
    program_take(FILLING);
  }
}

static void body(uint32_t thread)
{
  if (thread == 0) {
    program_give(big);
    void *more = program_take(FILLING);
    ashlar_malloc_trim(0);
    program_give(more);
    return;
  }
  program_give(program_take(500));
  void *more = program_take(FILLING);
  program_give(program_take(0));
  if (more != NULL) {
    more = program_resize(more, 4000) == NULL ? more : NULL;
  }
  program_exit_thread();
}

static void finish(void)
{
  program_look_at_all(NULL);
}

const struct scenario scenarios_refusals[] = {{.name = "refusals_1",
                                               .shows = "the kernel refuses one request",
                                               .threads = 2,
                                               .preemptions = 1,
                                               .preemptions_quick = 0,
                                               .refusals = 1,
                                               .setup = setup,
                                               .body = body,
                                               .finish = finish},
                                              {.name = "refusals_2",
                                               .shows = "the kernel refuses two requests",
                                               .threads = 2,
                                               .preemptions = 1,
                                               .preemptions_quick = 0,
                                               .refusals = 2,
                                               .setup = setup,
                                               .body = body,
                                               .finish = finish},
                                              {.name = NULL}};
