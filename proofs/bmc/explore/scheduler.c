#include "scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum {
  STACK_BYTES = 256 << 10,
  LOCAL_BYTES = 256
};

enum thread_state {
  THREAD_ENDED = 0,
  THREAD_READY = 1,
  THREAD_WAITS = 2
};

struct thread {
  enum thread_state state;
  const uint32_t *lock;
  bool (*ready)(const void *);
  const void *argument;
  uint64_t passed;
  ucontext_t context;
};

struct local {
  void *variable;
  size_t bytes;
  unsigned char copy[SCHEDULER_THREADS + 1][LOCAL_BYTES];
  unsigned char aside[LOCAL_BYTES];
};

static struct {
  uint32_t self;
  bool muted;
  bool alone; /* in scheduler_as */
  uint64_t steps;
  enum scheduler_end end;
  const struct scheduler_plan *plan;
  ucontext_t controller;
  struct thread thread[SCHEDULER_THREADS];
  uint32_t locals;
  struct local local[SCHEDULER_LOCALS];
} scheduler = {.self = SCHEDULER_CONTROLLER};

/* ---- thread-local variables ------------------------------------------------ */

void scheduler_local(void *variable, size_t bytes)
{
  if (scheduler.locals == SCHEDULER_LOCALS || bytes > LOCAL_BYTES) {
    fputs("explore: too many thread-local variables\n", stderr);
    abort();
  }
  struct local *l = &scheduler.local[scheduler.locals++];
  l->variable = variable;
  l->bytes = bytes;
  for (uint32_t t = 0; t <= SCHEDULER_THREADS; t++) {
    memcpy(l->copy[t], variable, bytes);
  }
}

void scheduler_locals_push(void)
{
  for (uint32_t i = 0; i < scheduler.locals; i++) {
    struct local *l = &scheduler.local[i];
    memcpy(l->aside, l->variable, l->bytes);
  }
}

void scheduler_locals_pop(void)
{
  for (uint32_t i = 0; i < scheduler.locals; i++) {
    const struct local *l = &scheduler.local[i];
    memcpy(l->variable, l->aside, l->bytes);
  }
}

/* Keeps the variables of who runs, and loads those of who is next. */
static void locals_change(uint32_t from, uint32_t to)
{
  for (uint32_t i = 0; i < scheduler.locals; i++) {
    struct local *l = &scheduler.local[i];
    memcpy(l->copy[from], l->variable, l->bytes);
    memcpy(l->variable, l->copy[to], l->bytes);
  }
}

void scheduler_as(uint32_t thread, void (*function)(uint32_t thread))
{
  scheduler.self = thread;
  scheduler.alone = true;
  locals_change(SCHEDULER_CONTROLLER, thread);
  function(thread);
  locals_change(thread, SCHEDULER_CONTROLLER);
  scheduler.alone = false;
  scheduler.self = SCHEDULER_CONTROLLER;
}

/* ---- who runs ---------------------------------------------------------------- */

uint32_t scheduler_self(void)
{
  return scheduler.self;
}

bool scheduler_active(void)
{
  return scheduler.self != SCHEDULER_CONTROLLER && !scheduler.alone && !scheduler.muted;
}

void scheduler_mute(bool on)
{
  scheduler.muted = on;
}

uint64_t scheduler_passed(uint32_t thread)
{
  return scheduler.thread[thread].passed;
}

static void go_to(uint32_t next)
{
  uint32_t self = scheduler.self;
  if (next == self) {
    return;
  }
  locals_change(self, next);
  scheduler.self = next;
  ucontext_t *from =
      self == SCHEDULER_CONTROLLER ? &scheduler.controller : &scheduler.thread[self].context;
  ucontext_t *to =
      next == SCHEDULER_CONTROLLER ? &scheduler.controller : &scheduler.thread[next].context;
  swapcontext(from, to);
}

static void end_run(enum scheduler_end end)
{
  scheduler.end = end;
  go_to(SCHEDULER_CONTROLLER);
}

static bool runnable(const struct thread *t)
{
  if (t->state == THREAD_WAITS) {
    return t->ready(t->argument);
  }
  return t->state == THREAD_READY && (t->lock == NULL || *t->lock == 0);
}

/* Decides who goes on, and gives way where that is somebody else. */
static void decide(void)
{
  if (++scheduler.steps > SCHEDULER_STEPS) {
    end_run(SCHEDULER_DEADLOCK);
  }
  uint32_t self = scheduler.self;
  struct choice choice = {.kind = CHOICE_THREAD};
  if (self != SCHEDULER_CONTROLLER && runnable(&scheduler.thread[self])) {
    choice.thread[choice.options++] = self;
    choice.preempts = true;
  }
  bool ended = true;
  for (uint32_t t = 0; t < scheduler.plan->threads; t++) {
    ended = ended && scheduler.thread[t].state == THREAD_ENDED;
    if (t != self && runnable(&scheduler.thread[t])) {
      choice.thread[choice.options++] = t;
    }
  }
  if (choice.options == 0) {
    end_run(ended ? SCHEDULER_DONE : SCHEDULER_DEADLOCK);
    return;
  }
  uint32_t option =
      choice.options == 1 ? 0 : scheduler.plan->choose(scheduler.plan->context, &choice);
  go_to(choice.thread[option]);
}

void scheduler_point(const uint32_t *lock, bool decides)
{
  if (!scheduler_active()) {
    return;
  }
  struct thread *t = &scheduler.thread[scheduler.self];
  t->passed++;
  if (decides) {
    t->lock = lock;
    decide();
    t->lock = NULL;
  }
}

void scheduler_wait(bool (*ready)(const void *argument), const void *argument)
{
  struct thread *t = &scheduler.thread[scheduler.self];
  t->ready = ready;
  t->argument = argument;
  t->state = THREAD_WAITS;
  decide();
  t->state = THREAD_READY;
}

uint32_t scheduler_choose(enum choice_kind kind, uint32_t options)
{
  if (!scheduler_active()) {
    return 0;
  }
  struct choice choice = {.kind = kind, .options = options};
  return scheduler.plan->choose(scheduler.plan->context, &choice);
}

_Noreturn void scheduler_end_thread(void)
{
  scheduler.thread[scheduler.self].state = THREAD_ENDED;
  decide();
  abort(); /* nobody comes back here */
}

_Noreturn void scheduler_stop(void)
{
  end_run(SCHEDULER_STOPPED);
  abort();
}

static void thread_main(void)
{
  scheduler.plan->body(scheduler.self);
  scheduler_end_thread();
}

/* Mapped once; what is on them need not be put back between runs. */
static unsigned char *thread_stack(uint32_t t)
{
  static unsigned char *stacks;
  if (stacks == NULL) {
    stacks = mmap(NULL, (size_t)SCHEDULER_THREADS * STACK_BYTES, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stacks == MAP_FAILED) {
      perror("explore: mmap");
      abort();
    }
  }
  return stacks + (size_t)t * STACK_BYTES;
}

static void make_thread(uint32_t i)
{
  struct thread *t = &scheduler.thread[i];
  t->state = THREAD_READY;
  t->lock = NULL;
  t->passed = 0;
  getcontext(&t->context);
  t->context.uc_stack.ss_sp = thread_stack(i);
  t->context.uc_stack.ss_size = STACK_BYTES;
  t->context.uc_link = NULL;
  makecontext(&t->context, thread_main, 0);
}

enum scheduler_end scheduler_run(const struct scheduler_plan *plan)
{
  scheduler.plan = plan;
  scheduler.steps = 0;
  scheduler.muted = false;
  for (uint32_t i = 0; i < plan->threads; i++) {
    make_thread(i);
  }
  decide();
  return scheduler.end;
}
