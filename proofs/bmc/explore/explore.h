/* explore: depth-first search over everything that the threads of a scenario
 * can do, by replay.
 *
 * A scenario is a few threads with a few calls each, started on a heap that was
 * warmed for them.  A run is decided at its points: who goes on, whether the
 * kernel refuses, whether a relaxed load is late.  The search makes every run
 * with at most so many preemptions (a thread that could go on gives way), so
 * many refusals and so many late loads; without a preemption first, then with
 * one, and so on, so that what is found is found in its shortest form.
 */
#ifndef ASHLAR_EXPLORE_EXPLORE_H
#define ASHLAR_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#include "access.h"

struct scenario {
  const char *name;
  const char *shows;
  uint32_t threads;
  /* The bounds of `make explore` and of `make explore-quick`. */
  uint32_t preemptions, preemptions_quick;
  uint32_t refusals;
  uint32_t late;
  uint32_t processors; /* where locks are real: 1, or 2 to spin */
  bool cold;           /* from before the allocator's start */
  struct access_mode mode;
  void (*setup)(uint32_t thread); /* each thread in turn, thread 0 first; or NULL */
  void (*body)(uint32_t thread);
  void (*finish)(void); /* by thread 0 when all have ended; or NULL */
};

/* A decision other than the usual one, when a thread has come to so many points:
 * another thread goes on; the kernel refuses; a load is late.  thread is
 * SCHEDULER_CONTROLLER where the first thread to run is chosen. */
enum explore_step_kind {
  STEP_TO = 0,
  STEP_REFUSED = 1,
  STEP_LATE = 2
};

struct explore_step {
  uint32_t thread;
  enum explore_step_kind kind;
  uint32_t to; /* STEP_TO: who */
  uint64_t points;
};

/* A run of a scenario, as a violation is printed: replays.c has those that once
 * failed.  `make explore` makes each of them. */
enum {
  EXPLORE_STEPS = 256
};

struct explore_replay {
  const char *scenario;
  struct explore_step step[EXPLORE_STEPS];
  uint32_t steps;
};

extern const struct explore_replay explore_replays[]; /* ends with a NULL scenario */

/* Every scenario, by the files' names. */
#define SCENARIOS(SCENARIO)                                                                        \
  SCENARIO(double_free)                                                                            \
  SCENARIO(free_and_refill)                                                                        \
  SCENARIO(refill_and_flush)                                                                       \
  SCENARIO(span_release)                                                                           \
  SCENARIO(publication)                                                                            \
  SCENARIO(thread_exit)                                                                            \
  SCENARIO(realloc_and_free)                                                                       \
  SCENARIO(large)                                                                                  \
  SCENARIO(fork)                                                                                   \
  SCENARIO(trim)                                                                                   \
  SCENARIO(refusals)                                                                               \
  SCENARIO(lock)                                                                                   \
  SCENARIO(start)                                                                                  \
  SCENARIO(pool)

/* Ends the run with a violation. */
_Noreturn void explore_violated(const char *what);

#endif
