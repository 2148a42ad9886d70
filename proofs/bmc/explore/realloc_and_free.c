/* realloc_and_free: one thread changes a block's size while another one frees
 * it, which is wrong.
 *
 * Shows: at most one of them gets a verdict (to free a block in the middle of
 * its change is wrong, even if the change is in place), exactly one where the
 * block moves, no other block is harmed, and the tables stay sound:
 * in place and by moving, for a block in a slot and for one with a span of its
 * own, and where the one who frees gets the memory back for something else at
 * once (`_reuse`, `_large`).
 *
 * Bounds: one block, one change of its size.  They suffice: what decides is the
 * block's state byte and, for a large one, its entries.
 */
#include "explore.h"
#include "program.h"

#include "../../../src/ashlar.h"

enum {
  SLOTS = 16 /* of 256 bytes in a span */
};

static void *block;
static void *moved;

/* The block is of the thread that frees it, so that no other list holds a part
 * of its span. */
static void setup_of(uint32_t thread, size_t size)
{
  if (thread == 1) {
    block = program_take(size);
    program_forget(block);
  }
  program_give(program_take(100));
}

static void setup(uint32_t thread)
{
  setup_of(thread, 500);
}

static void setup_large(uint32_t thread)
{
  setup_of(thread, 3000);
}

static void in_place(uint32_t thread)
{
  if (thread == 0) {
    moved = program_realloc(block, 490);
  } else {
    program_free(block);
  }
}

static void by_moving(uint32_t thread)
{
  if (thread == 0) {
    moved = program_realloc(block, 300);
  } else {
    program_free(block);
  }
}

static void reuse(uint32_t thread)
{
  if (thread == 0) {
    moved = program_realloc(block, 490);
    return;
  }
  program_free(block);
  ashlar_malloc_trim(0);
  for (int i = 0; i < SLOTS; i++) {
    program_take(250);
  }
}

static void large(uint32_t thread)
{
  if (thread == 0) {
    moved = program_realloc(block, 2900);
    return;
  }
  program_free(block);
  ashlar_malloc_trim(0);
  program_take(2500);
  ashlar_malloc_trim(0);
}

/* Its pages go to another span. */
static void large_moving(uint32_t thread)
{
  if (thread == 0) {
    moved = program_realloc(block, 6000);
    return;
  }
  program_free(block);
  ashlar_malloc_trim(0);
  program_take(2500);
}

static bool about_freed(int verdict)
{
  return verdict == PROGRAM_NO_VERDICT || verdict == REPORT_DOUBLE_FREE ||
         verdict == REPORT_USE_AFTER_FREE || verdict == REPORT_UNALLOCATED ||
         verdict == REPORT_INTERIOR;
}

static void no_harm(void)
{
  int first = program_verdict(0);
  int second = program_verdict(1);
  EXPECT(about_freed(first) && about_freed(second), "verdicts %d and %d", first, second);
  EXPECT(first == PROGRAM_NO_VERDICT || second == PROGRAM_NO_VERDICT, "two verdicts");
  program_look_at_all(block);
}

/* By moving: both cannot have been right. */
static void one_verdict(void)
{
  no_harm();
  EXPECT((program_verdict(0) == PROGRAM_NO_VERDICT) != (program_verdict(1) == PROGRAM_NO_VERDICT),
         "both were taken to be right");
}

const struct scenario scenarios_realloc_and_free[] = {
    {.name = "realloc_and_free",
     .shows = "in place, against a free",
     .threads = 2,
     .preemptions = 6,
     .preemptions_quick = 4,
     .mode = {.racy = true},
     .setup = setup,
     .body = in_place,
     .finish = no_harm},
    {.name = "realloc_and_free_moving",
     .shows = "by moving, against a free",
     .threads = 2,
     .preemptions = 6,
     .preemptions_quick = 4,
     .mode = {.racy = true},
     .setup = setup,
     .body = by_moving,
     .finish = one_verdict},
    {.name = "realloc_and_free_reuse",
     .shows = "and the memory becomes others' blocks",
     .threads = 2,
     .preemptions = 2,
     .preemptions_quick = 1,
     .mode = {.racy = true},
     .setup = setup,
     .body = reuse,
     .finish = no_harm},
    {.name = "realloc_and_free_large",
     .shows = "a large block, its memory reused",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 1,
     .refusals = 1,
     .mode = {.racy = true},
     .setup = setup_large,
     .body = large,
     .finish = no_harm},
    {.name = "realloc_and_free_large_moving",
     .shows = "a large block whose pages move",
     .threads = 2,
     .preemptions = 3,
     .preemptions_quick = 1,
     .refusals = 1,
     .mode = {.racy = true},
     .setup = setup_large,
     .body = large_moving,
     .finish = one_verdict},
    {.name = NULL}};
