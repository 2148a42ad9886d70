/* start: the first allocations of all come from two threads.
 *
 * Shows: the allocator starts once; who finds it ready finds it whole.
 *
 * Bounds: two threads, one allocation each, one refused request.  They suffice:
 * the start is one function under a lock, with one flag.
 */
#include "explore.h"
#include "program.h"

static void body(uint32_t thread)
{
  program_give(program_take(thread == 0 ? 500 : 3000));
}

const struct scenario scenarios_start[] = {{.name = "start",
                                            .shows = "the allocator starts once",
                                            .threads = 2,
                                            .preemptions = 3,
                                            .preemptions_quick = 2,
                                            .cold = true,
                                            .body = body},
                                           {.name = "start_refused",
                                            .shows = "the same, and the kernel refuses a request",
                                            .threads = 2,
                                            .preemptions = 1,
                                            .preemptions_quick = 0,
                                            .refusals = 1,
                                            .cold = true,
                                            .body = body},
                                           {.name = NULL}};
