/* soak SEED: random churn, phase by phase, as the driver (run) asks for it.
 *
 * Reads from standard input, and answers each line with one:
 *   phase N   does the work of phase N:     "phase N LIVE RESIDENT SECONDS FORKS KIND THREADS"
 *   check     asks the library for damage:  "check none", "check ok" or "check WHAT"
 * LIVE is the bytes asked for that live, RESIDENT those of the process; forks
 * are children that used the heap and ended well.  What is asked for depends on
 * SEED and N alone, not on the allocator nor on how threads run: each slot of
 * the table of blocks belongs to one thread of a phase, and each thread draws
 * from its own stream.  Every block's bytes are checked before it is given
 * back or grown.  Damage, a hanging child or a refused request end it.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS ((size_t)1 << 19)
#define THREADS 12
#define FILLED ((size_t)4096)       /* bytes of a block that are written throughout */
#define OPERATIONS ((size_t)600000) /* of a phase, in all its threads, at most */
#define TRAFFIC ((size_t)3 << 30)   /* bytes asked for in a phase, about */
#define CHILD_SECONDS 60

struct slot {
  unsigned char *block;
  size_t size;
};

/* What a phase asks for: sizes between two bounds, spread evenly over their
 * logarithms, or all the same. */
struct kind {
  const char *name;
  size_t least;
  size_t most;
  size_t live; /* bytes, the most that is to live */
};

static const struct kind kinds[] = {
    {"small", 1, 512, (size_t)40 << 20},
    {"middle", 64, (size_t)40 << 10, (size_t)220 << 20},
    {"mixed", 8, (size_t)1 << 20, (size_t)300 << 20},
    {"large", (size_t)100 << 10, (size_t)4 << 20, (size_t)300 << 20},
    {"equal-48", 48, 48, (size_t)20 << 20},
    {"equal-3000", 3000, 3000, (size_t)200 << 20},
    {"few", 16, (size_t)8 << 10, (size_t)30 << 20},
};

static struct slot *slots;
static _Atomic size_t live;

static void give_up(const char *what)
{
  fprintf(stderr, "soak: %s\n", what);
  printf("failed %s\n", what);
  fflush(stdout);
  _exit(1);
}

/* SplitMix64. */
static uint64_t draw(uint64_t *state)
{
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static size_t draw_size(const struct kind *kind, uint64_t *state)
{
  if (kind->least == kind->most) {
    return kind->least;
  }
  int low = 63 - __builtin_clzll(kind->least);
  int high = 63 - __builtin_clzll(kind->most);
  size_t octave = (size_t)1 << (low + (int)(draw(state) % (uint64_t)(high - low + 1)));
  size_t size = octave + draw(state) % octave;
  if (size < kind->least) {
    return kind->least;
  }
  return size < kind->most ? size : kind->most;
}

static unsigned char mark(size_t size)
{
  return (unsigned char)(size * 167 + 41);
}

/* Writes a block: all of a small one, else its beginning, a byte of each page, its end. */
static void fill(unsigned char *block, size_t size)
{
  memset(block, mark(size), size < FILLED ? size : FILLED);
  for (size_t at = FILLED; at < size; at += FILLED) {
    block[at] = mark(size);
  }
  block[size - 1] = mark(size);
}

static void verify(const unsigned char *block, size_t size)
{
  for (size_t at = 0; at < size && at < FILLED; at++) {
    if (block[at] != mark(size)) {
      give_up("a block's bytes changed");
    }
  }
  for (size_t at = FILLED; at < size; at += FILLED) {
    if (block[at] != mark(size)) {
      give_up("a page of a block changed");
    }
  }
  if (block[size - 1] != mark(size)) {
    give_up("the end of a block changed");
  }
}

static void drop(struct slot *slot)
{
  verify(slot->block, slot->size);
  atomic_fetch_sub(&live, slot->size);
  free(slot->block);
  slot->block = NULL;
}

static void put(struct slot *slot, size_t size, uint64_t how)
{
  if (how % 16 == 0) {
    slot->block = calloc(1, size);
    for (size_t at = 0; slot->block != NULL && at < size; at += 61) {
      if (slot->block[at] != 0) {
        give_up("calloc's block is not zero");
      }
    }
  } else if (how % 16 == 1) {
    slot->block = memalign((size_t)16 << (how / 16 % 9), size);
  } else {
    slot->block = malloc(size);
  }
  if (slot->block == NULL) {
    give_up("a request was refused");
  }
  slot->size = size;
  fill(slot->block, size);
  atomic_fetch_add(&live, size);
}

static void resize(struct slot *slot, size_t size)
{
  verify(slot->block, slot->size);
  unsigned char *block = realloc(slot->block, size);
  if (block == NULL) {
    give_up("a request to realloc was refused");
  }
  size_t kept = size < slot->size ? size : slot->size;
  if (block[0] != mark(slot->size) || (kept <= FILLED && block[kept - 1] != mark(slot->size))) {
    give_up("realloc lost bytes");
  }
  atomic_fetch_add(&live, size - slot->size);
  *slot = (struct slot){block, size};
  fill(block, size);
}

/* A thread of a phase: slots first, first + step, ... are its own. */
struct worker {
  pthread_t thread;
  const struct kind *kind;
  uint64_t state;
  size_t first;
  size_t step;
  size_t operations;
  size_t target; /* bytes of its own slots that are to live */
};

static size_t owned(const struct worker *w)
{
  size_t sum = 0;
  for (size_t i = w->first; i < SLOTS; i += w->step) {
    sum += slots[i].block != NULL ? slots[i].size : 0;
  }
  return sum;
}

static void *work(void *argument)
{
  struct worker *w = argument;
  size_t have = owned(w);
  size_t count = (SLOTS - w->first + w->step - 1) / w->step;
  for (size_t i = 0; i < w->operations; i++) {
    struct slot *slot = &slots[w->first + draw(&w->state) % count * w->step];
    uint64_t how = draw(&w->state);
    size_t size = draw_size(w->kind, &w->state);
    if (slot->block == NULL) {
      if (have < w->target) {
        put(slot, size, how);
        have += size;
      }
      continue;
    }
    have -= slot->size;
    if (how % 8 == 7 && have < w->target) {
      resize(slot, size);
      have += size;
      continue;
    }
    drop(slot);
    if (have < w->target && how % 8 > 2) {
      put(slot, size, how);
      have += size;
    }
  }
  return NULL;
}

/* Gives back blocks in an order of its own until no more than `target` bytes live. */
static void shrink(size_t target, uint64_t *state)
{
  size_t start = draw(state) % SLOTS;
  for (size_t i = 0; i < SLOTS && atomic_load(&live) > target; i++) {
    struct slot *slot = &slots[(start + i * 40503) % SLOTS];
    if (slot->block != NULL) {
      drop(slot);
    }
  }
}

static size_t resident(void)
{
  static char text[128];
  FILE *file = fopen("/proc/self/statm", "re");
  unsigned long pages = 0;
  if (file == NULL) {
    give_up("no /proc");
  }
  setvbuf(file, text, _IOFBF, sizeof text);
  if (fscanf(file, "%*u %lu", &pages) != 1) {
    give_up("statm cannot be read");
  }
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Forks while threads run; the child uses the heap and looks at blocks of its own. */
static void fork_once(uint64_t *state)
{
  pid_t child = fork();
  if (child < 0) {
    give_up("fork failed");
  }
  if (child == 0) {
    alarm(CHILD_SECONDS);
    struct slot own[64] = {{NULL, 0}};
    for (size_t i = 0; i < 3000; i++) {
      struct slot *slot = &own[draw(state) % 64];
      if (slot->block != NULL) {
        drop(slot);
      }
      put(slot, draw_size(&kinds[1], state), draw(state));
    }
    _exit(0);
  }
  int ended;
  if (waitpid(child, &ended, 0) != child || !WIFEXITED(ended) || WEXITSTATUS(ended) != 0) {
    give_up(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGALRM ? "a child hung after fork"
                                                             : "a child failed after fork");
  }
}

static void phase(uint64_t seed, size_t number)
{
  static struct worker workers[THREADS];
  uint64_t state = seed * 0x100000001B3u + number;
  const struct kind *kind = &kinds[draw(&state) % (sizeof kinds / sizeof kinds[0])];
  size_t threads = 1 + draw(&state) % THREADS;
  size_t target = kind->live / 4 + draw(&state) % (kind->live * 3 / 4);
  size_t forks = draw(&state) % 4;
  double start = now();
  size_t mean = kind->least == kind->most ? kind->least : kind->most / 4;
  size_t operations = TRAFFIC / (mean + 2048);
  operations = operations < OPERATIONS ? operations : OPERATIONS;
  shrink(target, &state);
  for (size_t i = 0; i < threads; i++) {
    workers[i] = (struct worker){.kind = kind,
                                 .state = draw(&state),
                                 .first = i,
                                 .step = threads,
                                 .operations = operations / threads,
                                 .target = target / threads};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      give_up("no thread");
    }
  }
  for (size_t i = 0; i < forks; i++) {
    fork_once(&state);
  }
  for (size_t i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
  }
  printf("phase %zu %zu %zu %.3f %zu %s %zu\n", number, atomic_load(&live), resident(),
         now() - start, forks, kind->name, threads);
}

static void check(void)
{
  bool (*ashlar_check)(const char **, const void **);
  *(void **)&ashlar_check = dlsym(RTLD_DEFAULT, "ashlar_check");
  const char *what = "";
  if (ashlar_check == NULL) {
    puts("check none");
  } else if (ashlar_check(&what, NULL)) {
    puts("check ok");
  } else {
    printf("check %s\n", what);
  }
}

int main(int argc, char **argv)
{
  static char in[256];
  static char out[4096];
  setvbuf(stdin, in, _IOFBF, sizeof in);
  setvbuf(stdout, out, _IOFBF, sizeof out);
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  slots =
      mmap(NULL, SLOTS * sizeof *slots, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (slots == MAP_FAILED) {
    give_up("no table");
  }
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strcmp(line, "check\n") == 0) {
      check();
    } else {
      phase(seed, strtoull(line + strlen("phase "), NULL, 10));
    }
    fflush(stdout);
  }
  return 0;
}
