/* scheduler: threads as coroutines, one of which runs at a time; who runs next
 * is decided at points, by a function of the caller's.
 *
 * Owns the coroutines and the copies of their thread-local variables.  Nothing
 * here is random or depends on time: the same decisions make the same run.
 * Used by the explorer, and by anything that has decisions of its own (bytes of
 * a fuzzer, a recorded schedule).
 *
 * A point is a moment before an access that other threads can notice.  Between
 * two points a thread runs alone.  A thread that waits for a lock or for a
 * condition is not runnable, so that no run spins.
 */
#ifndef ASHLAR_EXPLORE_SCHEDULER_H
#define ASHLAR_EXPLORE_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

enum {
  SCHEDULER_THREADS = 4,
  SCHEDULER_CONTROLLER = SCHEDULER_THREADS, /* who is neither of them */
  SCHEDULER_LOCALS = 4,                     /* thread-local variables that are kept */
  SCHEDULER_STEPS = 200000                  /* points after which a run is taken to be endless */
};

enum choice_kind {
  CHOICE_THREAD = 0,  /* who goes on */
  CHOICE_FAILURE = 1, /* option 1: the kernel refuses */
  CHOICE_STALE = 2    /* option 1: a relaxed load gives the value before the last */
};

/* A decision to be made: an option of 0 .. options - 1. */
struct choice {
  enum choice_kind kind;
  bool preempts; /* options above 0 take the processor from a thread that could go on */
  uint32_t options;
  uint32_t thread[SCHEDULER_THREADS]; /* CHOICE_THREAD: who; the running one first if it can */
};

struct scheduler_plan {
  uint32_t threads;
  void (*body)(uint32_t thread);
  uint32_t (*choose)(void *context, const struct choice *choice);
  void *context;
};

enum scheduler_end {
  SCHEDULER_DONE = 0,     /* all threads ended */
  SCHEDULER_DEADLOCK = 1, /* nobody can go on, and some did not end */
  SCHEDULER_STOPPED = 2   /* by scheduler_stop */
};

/* Makes a thread-local variable of the calling thread one that every coroutine
 * has a copy of; all copies are what the variable is now. */
void scheduler_local(void *variable, size_t bytes);

/* Puts aside the running coroutine's copies of these variables, and takes them
 * back: what runs in between is another process. */
void scheduler_locals_push(void);
void scheduler_locals_pop(void);

/* Runs a function as one of the threads, with its thread-local variables,
 * outside a run and without points. */
void scheduler_as(uint32_t thread, void (*function)(uint32_t thread));

/* Runs all threads from the start of the body to their ends. */
enum scheduler_end scheduler_run(const struct scheduler_plan *plan);

/* The running thread; SCHEDULER_CONTROLLER outside a run. */
uint32_t scheduler_self(void);

/* Whether points count: in a run, and not between mute and its end. */
bool scheduler_active(void);

/* Between the two the running thread goes on, whatever it does. */
void scheduler_mute(bool on);

/* A point, or (where not decides) a place that is only counted as one.
 * lock: NULL, or a word that must be 0 before the thread can go on. */
void scheduler_point(const uint32_t *lock, bool decides);

/* Waits until a condition holds. */
void scheduler_wait(bool (*ready)(const void *argument), const void *argument);

/* Asks for a decision of another kind than who runs.
 * Returns an option; 0 outside a run. */
uint32_t scheduler_choose(enum choice_kind kind, uint32_t options);

/* Ends the running thread where it stands. */
_Noreturn void scheduler_end_thread(void);

/* Ends the whole run where it stands. */
_Noreturn void scheduler_stop(void);

/* How many points a thread came to, those that were only counted too: the same
 * place in each run that decides the same. */
uint64_t scheduler_passed(uint32_t thread);

#endif
