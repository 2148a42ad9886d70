/* span_release: a span's last blocks come back from two threads, and a third
 * one wants a span.
 *
 * Shows: a span goes to the page heap only when all of its slots are free, and
 * once; a slot of it that is freed at that moment is neither lost nor handed
 * out from a span that is gone.
 *
 * Bounds: two spans of eight slots, all live, which two threads free and flush;
 * the third one allocates from the class and from the page heap.  They suffice:
 * "the only span with free slots" stays with its class, so a second one is
 * needed for a release, and no step looks at more than two spans.
 */
#include "explore.h"
#include "program.h"

enum {
  BLOCKS = 16,
  OTHERS = 3
};

static void *block[BLOCKS];

static void setup(uint32_t thread)
{
  program_set_up(thread, block, BLOCKS);
}

static void body(uint32_t thread)
{
  if (thread == 2) {
    program_take(500);
    program_take(300);
    program_exit_thread();
    return;
  }
  for (int i = 0; i < BLOCKS; i++) {
    if ((i % OTHERS == 0) == (thread == 1)) {
      program_give(block[i]);
    }
  }
  program_exit_thread();
}

static void finish(void)
{
  program_nothing_cached();
  program_look_at_all(NULL);
}

const struct scenario scenarios_span_release[] = {
    {.name = "span_release",
     .shows = "a span goes back while a thread frees into it",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 2,
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = "span_release_3",
     .shows = "the same, while a third one wants a span",
     .threads = 3,
     .preemptions = 2,
     .preemptions_quick = 1,
     .setup = setup,
     .body = body,
     .finish = finish},
    {.name = NULL}};
