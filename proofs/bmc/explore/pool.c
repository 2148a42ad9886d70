/* pool: a pool that several threads use.
 *
 * Shows: an object is handed out to one thread at a time, is accepted back once,
 * and of two frees of one object one wins and one gets the verdict "double free";
 * what threads keep goes back when they end.
 *
 * Bounds: one pool, few objects, two threads.  They suffice: an object's state is
 * one byte, and a thread's list of a pool is filled and emptied under its lock.
 */
#include "explore.h"
#include "program.h"

#include "../../../src/ashlar.h"

#include <string.h>

enum {
  OBJECTS = 6,
  BYTES = 64
};

static ashlar_pool *pool;
static void *object[OBJECTS];
static void *shared_object;

static void setup(uint32_t thread)
{
  if (thread == 0) {
    const struct ashlar_pool_options options = {
        .object_size = BYTES, .initial = 8, .growth = 8, .threads = ASHLAR_POOL_SHARED};
    pool = ashlar_pool_create(&options);
    EXPECT(pool != NULL, "there is no pool");
    for (int i = 0; i < OBJECTS; i++) {
      object[i] = ashlar_pool_alloc(pool);
    }
    shared_object = ashlar_pool_alloc(pool);
  }
  ashlar_pool_free(pool, ashlar_pool_alloc(pool));
}

/* Writes to an object, and looks whether it stays. */
static void use(void *at, uint32_t thread)
{
  EXPECT(at != NULL, "there is no object");
  access_range((uintptr_t)at, BYTES, true, (uintptr_t)use + 1);
  memset(at, (int)thread + 1, BYTES);
}

static void look(const unsigned char *at, uint32_t thread)
{
  access_range((uintptr_t)at, BYTES, false, (uintptr_t)look + 1);
  for (int i = 0; i < BYTES; i++) {
    EXPECT(at[i] == thread + 1, "byte %d of an object is %#x", i, at[i]);
  }
}

static void traffic(uint32_t thread)
{
  void *own[3];
  for (int i = 0; i < 3; i++) {
    own[i] = ashlar_pool_alloc(pool);
    use(own[i], thread);
  }
  for (int i = 0; i < 3; i++) {
    ashlar_pool_free(pool, object[3 * thread + (uint32_t)i]);
  }
  for (int i = 0; i < 3; i++) {
    look(own[i], thread);
    ashlar_pool_free(pool, own[i]);
  }
  program_exit_thread();
}

static void twice(uint32_t thread)
{
  (void)thread;
  ashlar_pool_free(pool, shared_object);
}

static void sound(void)
{
  EXPECT(ashlar_pool_check(pool), "the pool's own check");
}

static void one_verdict(void)
{
  int first = program_verdict(0);
  int second = program_verdict(1);
  EXPECT((first == PROGRAM_NO_VERDICT) != (second == PROGRAM_NO_VERDICT),
         "verdicts %d and %d: not exactly one", first, second);
  int verdict = first == PROGRAM_NO_VERDICT ? second : first;
  EXPECT(verdict == REPORT_DOUBLE_FREE, "verdict %d instead of double free", verdict);
  sound();
}

const struct scenario scenarios_pool[] = {{.name = "pool_double_free",
                                           .shows = "two frees of one object",
                                           .threads = 2,
                                           .preemptions = 4,
                                           .preemptions_quick = 3,
                                           .setup = setup,
                                           .body = twice,
                                           .finish = one_verdict},
                                          {.name = "pool",
                                           .shows = "objects that go from thread to thread",
                                           .threads = 2,
                                           .preemptions = 3,
                                           .preemptions_quick = 1,
                                           .setup = setup,
                                           .body = traffic,
                                           .finish = sound},
                                          {.name = NULL}};
