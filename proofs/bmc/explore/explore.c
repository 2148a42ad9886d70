#include "explore.h"
#include "access.h"
#include "kernel.h"
#include "order.h"
#include "program.h"
#include "scheduler.h"
#include "world.h"

#include "../../../src/os.h"
#include "../../../src/platform.h"
#include "../../../src/thread_registry.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  DEPTH = 1 << 14,
  EVENTS = 4096,
  PROGRESS_SECONDS = 10,
  /* runs between two looks at whether all was put back, and first runs after each
   * of which there is one */
  SAME_EVERY = 65536,
  SAME_FIRST = 4
};

/* A decision of the run that is being made, or was made last. */
struct node {
  uint8_t options;
  uint8_t chosen;
  bool deviates; /* option 0 is the usual one */
};

struct event {
  uint32_t thread;
  const char *what;
  uintptr_t address;
  uint64_t value;
  uintptr_t at;
};

/* All that outlives a run. */
static struct search {
  const struct scenario *scenario;
  struct world_picture *virgin, *base, *warm;
  uint32_t bound;     /* preemptions */
  uint32_t used[3];   /* of this run, by kind of choice */
  uint32_t depth, at; /* nodes; the next to be decided */
  bool too_deep;
  bool replays; /* by the steps, not by the nodes */
  bool violated;
  char violation[400];
  sigjmp_buf outside;
  uint64_t runs;
  uint32_t most; /* decisions in a run */
  uint32_t steps, step_at;
  struct explore_step step[EXPLORE_STEPS];
  uint32_t events;
  struct event event[EVENTS];
  struct timespec began, told;
  struct node node[DEPTH];
} * search;

/* ---- decisions ------------------------------------------------------------------ */

static void note_step(const struct choice *choice, uint32_t option)
{
  bool usual = option == 0;
  if (usual || search->steps == EXPLORE_STEPS) {
    return;
  }
  uint32_t self = scheduler_self();
  struct explore_step *step = &search->step[search->steps++];
  step->thread = self;
  step->points = self < SCHEDULER_THREADS ? scheduler_passed(self) : 0;
  step->kind = choice->kind == CHOICE_THREAD    ? STEP_TO
               : choice->kind == CHOICE_FAILURE ? STEP_REFUSED
                                                : STEP_LATE;
  step->to = choice->kind == CHOICE_THREAD ? choice->thread[option] : 0;
}

/* The decision that a schedule asks for. */
static uint32_t follow(const struct choice *choice)
{
  const struct explore_step *step = &search->step[search->step_at];
  uint32_t self = scheduler_self();
  uint64_t points = self < SCHEDULER_THREADS ? scheduler_passed(self) : 0;
  bool kind = choice->kind == (step->kind == STEP_TO        ? CHOICE_THREAD
                               : step->kind == STEP_REFUSED ? CHOICE_FAILURE
                                                            : CHOICE_STALE);
  if (search->step_at == search->steps || !kind || step->thread != self || step->points != points) {
    return 0;
  }
  search->step_at++;
  if (choice->kind != CHOICE_THREAD) {
    return 1;
  }
  for (uint32_t i = 0; i < choice->options; i++) {
    if (choice->thread[i] == step->to) {
      return i;
    }
  }
  return 0;
}

static bool affordable(const struct choice *choice)
{
  switch (choice->kind) {
  case CHOICE_FAILURE:
    return search->used[CHOICE_FAILURE] < search->scenario->refusals;
  case CHOICE_STALE:
    return search->used[CHOICE_STALE] < search->scenario->late;
  default:
    return !choice->preempts || search->used[CHOICE_THREAD] < search->bound;
  }
}

static uint32_t choose(void *context, const struct choice *choice)
{
  (void)context;
  if (search->replays) {
    return follow(choice);
  }
  if (!affordable(choice)) {
    return 0;
  }
  if (search->at == DEPTH) {
    search->too_deep = true;
    return 0;
  }
  struct node *node = &search->node[search->at];
  if (search->at == search->depth) {
    bool deviates = choice->kind != CHOICE_THREAD || choice->preempts;
    *node = (struct node){(uint8_t)choice->options, 0, deviates};
    search->depth++;
  } else if (node->options != choice->options) {
    fprintf(stderr, "explore: %s: a run was not the same again\n", search->scenario->name);
    _exit(2);
  }
  search->at++;
  if (node->chosen > 0 && node->deviates) {
    search->used[choice->kind]++;
  }
  note_step(choice, node->chosen);
  return node->chosen;
}

/* Goes to the next run.  Returns false where there is none. */
static bool next_run(void)
{
  while (search->depth > 0) {
    struct node *last = &search->node[search->depth - 1];
    if (last->chosen + 1 < last->options) {
      last->chosen++;
      return true;
    }
    search->depth--;
  }
  return false;
}

/* ---- one run ----------------------------------------------------------------------- */

_Noreturn void explore_violated(const char *what)
{
  search->violated = true;
  snprintf(search->violation, sizeof search->violation, "%s", what);
  if (scheduler_active()) {
    scheduler_stop();
  }
  scheduler_mute(true);
  siglongjmp(search->outside, 1);
}

static void name_of(char *to, size_t bytes, uintptr_t a);
static void place_of(char *to, size_t bytes, uintptr_t at);

_Noreturn void access_trapped(uintptr_t a, bool write, uintptr_t at)
{
  char name[100];
  char place[200];
  name_of(name, sizeof name, a);
  place_of(place, sizeof place, at);
  program_wrong("%s of a page that traps: %s, in %s", write ? "write" : "read", name, place);
}

_Noreturn void access_endless(uintptr_t at)
{
  char place[200];
  place_of(place, sizeof place, at);
  program_wrong("a thread does not end: it is in %s", place);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
  (void)context;
  program_wrong("signal %d at %p", number, info->si_addr);
}

static void check_race(void)
{
  const struct order_race *race = order_race();
  if (!race->found) {
    return;
  }
  char name[100];
  char first[200];
  char second[200];
  name_of(name, sizeof name, race->address);
  place_of(first, sizeof first, race->first_at);
  place_of(second, sizeof second, race->second_at);
  program_wrong("nothing orders two accesses to %s: thread %u %s in %s, thread %u %s in %s", name,
                race->first, race->first_writes ? "writes" : "reads", first, race->second,
                race->second_writes ? "writes" : "reads", second);
}

static void finish(uint32_t thread)
{
  (void)thread;
  search->scenario->finish();
}

static void body(uint32_t thread)
{
  search->scenario->body(thread);
}

static void check_end(enum scheduler_end end)
{
  EXPECT(end != SCHEDULER_DEADLOCK, "the threads wait for each other, or for nobody");
  check_race();
  for (uint32_t t = 0; t < search->scenario->threads; t++) {
    EXPECT(access_locks_held(t) == 0, "thread %u ended with a lock held", t);
  }
  if (search->scenario->finish != NULL) {
    scheduler_as(0, finish);
  }
  if (!search->scenario->mode.real_locks) {
    program_check_heap();
  }
}

/* Makes one run.  Returns whether it was as it should be. */
static bool run(void)
{
  search->at = 0;
  memset(search->used, 0, sizeof search->used);
  if (!search->replays) {
    search->steps = 0;
  }
  search->step_at = 0;
  search->events = 0;
  search->violated = false;
  access_begin();
  order_begin();
  order_strict(!search->scenario->mode.racy);
  program_begin();
  const struct scheduler_plan plan = {search->scenario->threads, body, choose, NULL};
  if (sigsetjmp(search->outside, 0) == 0) {
    enum scheduler_end end = scheduler_run(&plan);
    if (end != SCHEDULER_STOPPED) {
      check_end(end);
    }
  }
  search->runs++;
  if (search->depth > search->most) {
    search->most = search->depth;
  }
  return !search->violated;
}

/* ---- what is said of a violation ----------------------------------------------------- */

struct table_name {
  const char *name;
  const void *start;
  size_t entry;
  uint64_t length;
};

/* Where in the tables an address lies, or among the variables. */
static void name_of(char *to, size_t bytes, uintptr_t a)
{
#define TABLE_NAME(type, name, per_arena, fixed)                                                   \
  {#name, name, sizeof(type), ASHLAR_TABLE_LENGTH(per_arena, fixed)},
  const struct table_name tables[] = {ASHLAR_TABLES(TABLE_NAME)};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    uintptr_t low = (uintptr_t)tables[i].start;
    if (a - low < tables[i].entry * tables[i].length) {
      snprintf(to, bytes, "%s[%lu]", tables[i].name, (unsigned long)((a - low) / tables[i].entry));
      return;
    }
  }
  snprintf(to, bytes, "%#lx", (unsigned long)a);
  if (world_holds(a)) {
    return;
  }
  extern char __executable_start[];
  FILE *nm = popen("nm -S --defined-only /proc/$PPID/exe 2>/dev/null", "r");
  char line[300];
  uintptr_t offset = a - (uintptr_t)__executable_start;
  while (nm != NULL && fgets(line, sizeof line, nm) != NULL) {
    unsigned long low;
    unsigned long size;
    char name[64];
    if (sscanf(line, "%lx %lx %*c %63s", &low, &size, name) == 3 && offset - low < size) {
      snprintf(to, bytes, "%s+%lu", name, offset - low);
    }
  }
  if (nm != NULL) {
    pclose(nm);
  }
}

/* The function, file and line of an address in the code. */
static void place_of(char *to, size_t bytes, uintptr_t at)
{
  extern char __executable_start[];
  char command[200];
  snprintf(command, sizeof command,
           "addr2line -i -f -s -e /proc/$PPID/exe %#lx 2>/dev/null | sed '/\\(platform\\|lock\\)"
           "\\.h:/d' | tail -n +1 | paste -sd ' ' | cut -c -120",
           (unsigned long)(at - 1 - (uintptr_t)__executable_start));
  FILE *pipe = popen(command, "r");
  if (pipe == NULL || fgets(to, (int)bytes, pipe) == NULL) {
    snprintf(to, bytes, "%#lx", (unsigned long)at);
  }
  to[strcspn(to, "\n")] = '\0';
  if (pipe != NULL) {
    pclose(pipe);
  }
}

static void listen(const char *what, uintptr_t a, uint64_t value, uintptr_t at)
{
  if (search->events < EVENTS) {
    search->event[search->events++] = (struct event){scheduler_self(), what, a, value, at};
  }
}

/* The accesses before and after each change of threads. */
static void print_events(void)
{
  for (uint32_t i = 0; i < search->events; i++) {
    const struct event *e = &search->event[i];
    bool first = i == 0 || search->event[i - 1].thread != e->thread;
    bool last = i + 1 == search->events || search->event[i + 1].thread != e->thread;
    if (!first && !last) {
      continue;
    }
    char name[100];
    char place[200];
    name_of(name, sizeof name, e->address);
    place_of(place, sizeof place, e->at);
    printf("  thread %u: %s %s, %lu, in %s\n%s", e->thread, e->what, name, (unsigned long)e->value,
           place, first && !last ? "    ...\n" : "");
  }
}

static void print_steps(void)
{
  static const char *const kind[] = {"STEP_TO", "STEP_REFUSED", "STEP_LATE"};
  printf("/* for proofs/bmc/explore/replays.c: %s */\n", search->violation);
  printf("{\"%s\",\n {", search->scenario->name);
  for (uint32_t i = 0; i < search->steps; i++) {
    const struct explore_step *s = &search->step[i];
    printf("%s{%u, %s, %u, %lu}", i > 0 ? ", " : "", s->thread, kind[s->kind], s->to,
           (unsigned long)s->points);
  }
  printf("}, %u},\n", search->steps);
}

/* Makes the run once more, listening. */
static void print_violation(void)
{
  world_back(search->warm);
  access_listener = listen;
  search->replays = true;
  access_mode.every_access = true;
  char what[sizeof search->violation];
  memcpy(what, search->violation, sizeof what);
  bool good = run();
  printf("\n%s: VIOLATION with %u preemptions: %s\n", search->scenario->name, search->bound, what);
  if (good || strcmp(what, search->violation) != 0) {
    printf("  (made again: %s)\n", good ? "nothing" : search->violation);
  }
  print_events();
  print_steps();
  fflush(stdout);
}

/* ---- a scenario ------------------------------------------------------------------------ */

static double seconds_since(const struct timespec *then)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* The part of the tree that is done.  The search changes the last decisions
 * first; where k more deviations from the usual run may come among n decisions,
 * a part of ((n - d) / n) ^ k of them comes behind the d-th.  Other decisions
 * are taken to have subtrees alike. */
static double done_part(void)
{
  const struct scenario *s = search->scenario;
  double before = 0;
  double width = 1;
  double behind = 0;
  for (uint32_t i = 0; i < search->depth; i++) {
    const struct node *node = &search->node[i];
    if (node->deviates && node->chosen > 0) {
      behind = (double)(search->most - i) / (search->most + 1);
      break;
    }
    if (!node->deviates) {
      width /= node->options;
      before += width * node->chosen;
    }
  }
  double part = 1;
  for (uint32_t k = 0; k < search->bound + s->refusals + s->late; k++) {
    part *= behind;
  }
  return before + width * part;
}

static void tell_progress(double *bound_began)
{
  if (seconds_since(&search->told) < PROGRESS_SECONDS) {
    return;
  }
  clock_gettime(CLOCK_MONOTONIC, &search->told);
  double all = seconds_since(&search->began);
  double spent = all - *bound_began;
  double part = done_part();
  fprintf(stderr, "explore: %s: %u preemptions, %lu runs, %.0f s, %.0f %%, about %.0f s left\n",
          search->scenario->name, search->bound, (unsigned long)search->runs, all, part * 100,
          part > 0 ? spent * (1 - part) / part : 0);
}

static void warm_up(void)
{
  world_back_far(search->scenario->cold ? search->virgin : search->base);
  access_mode = search->scenario->mode;
  kernel_processors = search->scenario->processors;
  program_begin();
  program_start();
  for (uint32_t t = 0; search->scenario->setup != NULL && t < search->scenario->threads; t++) {
    scheduler_as(t, search->scenario->setup);
  }
  world_take(search->warm);
}

/* Makes every run with at most so many preemptions.  Returns whether all were
 * as they should be. */
static bool search_bound(uint32_t bound)
{
  double began = seconds_since(&search->began);
  search->bound = bound;
  search->depth = 0;
  for (;;) {
    world_back(search->warm);
    bool good = run();
    if (!good) {
      return false;
    }
    if (search->too_deep) {
      snprintf(search->violation, sizeof search->violation, "a run has too many decisions");
      return false;
    }
    tell_progress(&began);
    /* The tree is another one now. */
    if (order_learn()) {
      search->depth = 0;
      search->runs = 0;
      continue;
    }
    if (!next_run()) {
      return true;
    }
    if (search->runs % SAME_EVERY == 0 || search->runs < SAME_FIRST) {
      world_back(search->warm);
      if (!world_same(search->warm)) {
        fputs("explore: a run left something behind\n", stderr);
        _exit(2);
      }
    }
  }
}

static bool search_scenario(const struct scenario *scenario, uint32_t preemptions)
{
  search->scenario = scenario;
  clock_gettime(CLOCK_MONOTONIC, &search->began);
  search->told = search->began;
  warm_up();
  for (uint32_t bound = 0; bound <= preemptions; bound++) {
    if (!search_bound(bound)) {
      return false;
    }
  }
  return true;
}

/* Makes one run by its steps.  Returns whether it was as it should be. */
static bool replay(const struct scenario *scenario, const struct explore_replay *given)
{
  search->scenario = scenario;
  search->replays = true;
  search->steps = given->steps;
  memcpy(search->step, given->step, sizeof search->step);
  warm_up();
  access_mode.every_access = true;
  world_take(search->warm);
  return run();
}

/* ---- all of them ------------------------------------------------------------------------- */

#define DECLARE(name) extern const struct scenario scenarios_##name[];
SCENARIOS(DECLARE)
#define LIST(name) scenarios_##name,
static const struct scenario *const all[] = {SCENARIOS(LIST)};

/* Before the allocator's own constructor. */
static void begin(void)
{
  extern char __libc_single_threaded;
  __libc_single_threaded = 0;
  world_start();
  order_start();
  search = world_keep(sizeof *search);
  search->virgin = world_picture_new();
  search->base = world_picture_new();
  search->warm = world_picture_new();
  os_test_no_hints = true;
  thread_registry_test_logical = true;
  world_look(search->virgin);
}
__attribute__((section(".preinit_array"), used)) static void (*const begin_first)(void) = begin;

static int show(const struct scenario *s, uint32_t preemptions)
{
  bool good = search_scenario(s, preemptions);
  uint64_t runs = search->runs;
  double seconds = seconds_since(&search->began);
  if (!good) {
    print_violation();
  }
  printf("%-28s %7u %11u %8u %4u %10lu %6u %8.1f  %s\n", s->name, s->threads, preemptions,
         s->refusals, s->late, (unsigned long)runs, search->most, seconds,
         good ? "holds" : "VIOLATED");
  fflush(stdout);
  return good ? 0 : 1;
}

static void install_handlers(void)
{
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  sigaction(SIGFPE, &action, NULL);
}

static int show_replay(const struct scenario *s, uint32_t number)
{
  bool good = replay(s, &explore_replays[number]);
  if (!good) {
    print_violation();
  }
  printf("%-28s %s\n", s->name, good ? "a run that once failed holds" : "VIOLATED");
  fflush(stdout);
  return good ? 0 : 1;
}

struct request {
  bool quick;
  int preemptions; /* or -1 */
  const char *name;
};

static bool wanted(const struct request *request, const struct scenario *s)
{
  return request->name == NULL || strcmp(request->name, s->name) == 0;
}

/* Runs something in a process of its own.  Returns whether it ended well. */
static bool apart(int (*what)(const struct scenario *s, uint32_t number), const struct scenario *s,
                  uint32_t number)
{
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    install_handlers();
    _exit(what(s, number));
  }
  int status = -1;
  waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
    printf("%s: the explorer itself failed: status %#x\n", s->name, (unsigned)status);
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The runs of a scenario that once failed.  Returns how many fail now. */
static int show_replays(const struct scenario *s)
{
  int bad = 0;
  for (uint32_t i = 0; explore_replays[i].scenario != NULL; i++) {
    if (strcmp(explore_replays[i].scenario, s->name) == 0) {
      bad += !apart(show_replay, s, i);
    }
  }
  return bad;
}

/* Returns how many are violated. */
static int show_all(const struct request *request)
{
  int bad = 0;
  int seen = 0;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    for (const struct scenario *s = all[i]; s->name != NULL; s++) {
      if (!wanted(request, s)) {
        continue;
      }
      uint32_t preemptions = request->preemptions >= 0 ? (uint32_t)request->preemptions
                             : request->quick          ? s->preemptions_quick
                                                       : s->preemptions;
      seen++;
      bad += show_replays(s);
      bad += !apart(show, s, preemptions);
    }
  }
  if (seen == 0) {
    printf("explore: no scenario %s\n", request->name);
    return 1;
  }
  return bad;
}

int main(int argc, char **argv)
{
  struct request request = {false, -1, NULL};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--quick") == 0) {
      request.quick = true;
    } else if (strcmp(argv[i], "--preemptions") == 0 && i + 1 < argc) {
      request.preemptions = atoi(argv[++i]);
    } else if (argv[i][0] != '-') {
      request.name = argv[i];
    } else {
      fprintf(stderr, "usage: explore [--quick] [--preemptions N] [SCENARIO]\n");
      return 2;
    }
  }
  world_look(search->base);
  printf("%-28s %7s %11s %8s %4s %10s %6s %8s\n", "scenario", "threads", "preemptions", "refusals",
         "late", "runs", "depth", "seconds");
  int bad = show_all(&request);
  return bad == 0 ? 0 : 1;
}
