/* bench WORKLOAD [ARGUMENT]: one workload on whatever malloc is preloaded.
 *
 * Prints "NANOSECONDS PEAK_KIB": processor time of all threads per operation,
 * and the most memory the process had.  Workloads:
 *   pairs BYTES          malloc, touch a byte, free
 *   set BLOCKS           random replacement in a set of blocks of 16 .. 271 bytes
 *   pass                 one thread allocates, the other frees
 *   larson               two threads replace blocks at random, and swap their
 *                        sets now and then, so that each frees what the other allocated
 *   grow                 vectors that grow by realloc
 *   peak                 fills, frees every second block, fills again with others
 *
 * An operation is a malloc with its free; of grow, a realloc. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The compiler may neither pair nor drop what goes through these. */
static void *(*volatile bench_malloc)(size_t) = malloc;
static void (*volatile bench_free)(void *) = free;
static void *(*volatile bench_realloc)(void *, size_t) = realloc;

static uint32_t bench_random(uint64_t *state)
{
  *state = *state * 6364136223846793005U + 1442695040888963407U;
  return (uint32_t)(*state >> 33);
}

/* Processor seconds of all threads. */
static double bench_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of this program alone: getrusage counts who forked it, too. */
static long bench_peak_kib(void)
{
  char line[128];
  long kib = 0;
  FILE *status = fopen("/proc/self/status", "re");
  if (status == NULL) {
    return 0;
  }
  while (fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, "VmHWM:", 6) == 0) {
      kib = strtol(line + 6, NULL, 10);
    }
  }
  fclose(status);
  return kib;
}

static char *bench_new(size_t bytes)
{
  char *block = bench_malloc(bytes);
  if (block == NULL) {
    fputs("bench: out of memory\n", stderr);
    exit(1);
  }
  block[0] = 1;
  return block;
}

static size_t bench_size(uint64_t *state, uint32_t span)
{
  return 16 + bench_random(state) % span;
}

/* ---- workloads: each returns how many operations it did ---- */

static uint64_t bench_pairs(size_t bytes)
{
  uint64_t count = bytes > 65536 ? 10000 : bytes > 16384 ? 50000 : bytes > 1024 ? 500000 : 4000000;
  void *(*allocate)(size_t) = bench_malloc;
  void (*release)(void *) = bench_free;
  for (uint64_t i = 0; i < count; i++) {
    volatile char *block = allocate(bytes);
    block[0] = 1;
    release((void *)block);
  }
  return count;
}

static uint64_t bench_set(size_t blocks)
{
  uint64_t count = 3000000;
  uint64_t state = 1;
  char **live = calloc(blocks, sizeof *live);
  if (live == NULL) {
    exit(1);
  }
  for (size_t i = 0; i < blocks; i++) {
    live[i] = bench_new(bench_size(&state, 256));
  }
  for (uint64_t i = 0; i < count; i++) {
    size_t k = bench_random(&state) % blocks;
    bench_free(live[k]);
    live[k] = bench_new(bench_size(&state, 256));
  }
  for (size_t i = 0; i < blocks; i++) {
    bench_free(live[i]);
  }
  free(live);
  return count + blocks;
}

enum {
  BATCH = 512,
  BATCHES = 4000,
  WAITING = 16,
  LARSON_BLOCKS = 4000,
  LARSON_SWAPS = 40,
  LARSON_COUNT = 50000
};

static pthread_mutex_t pass_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pass_changed = PTHREAD_COND_INITIALIZER;
static char *pass_blocks[WAITING][BATCH];
static unsigned pass_made;
static unsigned pass_taken;

static void *bench_take(void *none)
{
  for (unsigned i = 0; i < BATCHES; i++) {
    pthread_mutex_lock(&pass_lock);
    while (pass_made == i) {
      pthread_cond_wait(&pass_changed, &pass_lock);
    }
    pthread_mutex_unlock(&pass_lock);
    for (unsigned k = 0; k < BATCH; k++) {
      bench_free(pass_blocks[i % WAITING][k]);
    }
    pthread_mutex_lock(&pass_lock);
    pass_taken = i + 1;
    pthread_cond_signal(&pass_changed);
    pthread_mutex_unlock(&pass_lock);
  }
  return none;
}

static uint64_t bench_pass(void)
{
  uint64_t state = 1;
  pthread_t other;
  if (pthread_create(&other, NULL, bench_take, NULL) != 0) {
    exit(1);
  }
  for (unsigned i = 0; i < BATCHES; i++) {
    pthread_mutex_lock(&pass_lock);
    while (i - pass_taken == WAITING) {
      pthread_cond_wait(&pass_changed, &pass_lock);
    }
    pthread_mutex_unlock(&pass_lock);
    for (unsigned k = 0; k < BATCH; k++) {
      pass_blocks[i % WAITING][k] = bench_new(bench_size(&state, 480));
    }
    pthread_mutex_lock(&pass_lock);
    pass_made = i + 1;
    pthread_cond_signal(&pass_changed);
    pthread_mutex_unlock(&pass_lock);
  }
  pthread_join(other, NULL);
  return (uint64_t)BATCH * BATCHES;
}

static pthread_barrier_t larson_barrier;
static char *larson_blocks[2][LARSON_BLOCKS];

static void *bench_larson_thread(void *which)
{
  unsigned mine = (unsigned)(uintptr_t)which;
  uint64_t state = mine + 1;
  for (unsigned swap = 0; swap < LARSON_SWAPS; swap++) {
    char **live = larson_blocks[(mine + swap) % 2];
    for (unsigned i = 0; i < LARSON_COUNT; i++) {
      size_t k = bench_random(&state) % LARSON_BLOCKS;
      bench_free(live[k]);
      live[k] = bench_new(bench_size(&state, 480));
    }
    pthread_barrier_wait(&larson_barrier);
  }
  return NULL;
}

static uint64_t bench_larson(void)
{
  pthread_t other;
  if (pthread_barrier_init(&larson_barrier, NULL, 2) != 0 ||
      pthread_create(&other, NULL, bench_larson_thread, (void *)(uintptr_t)1) != 0) {
    exit(1);
  }
  bench_larson_thread((void *)(uintptr_t)0);
  pthread_join(other, NULL);
  return 2ULL * LARSON_SWAPS * LARSON_COUNT;
}

static uint64_t bench_grow(void)
{
  uint64_t count = 0;
  uint64_t state = 1;
  char *vectors[64] = {0};
  size_t sizes[64] = {0};
  for (unsigned i = 0; i < 400000; i++) {
    unsigned k = bench_random(&state) % 64;
    /* Half as much again; most end small, some at a few MiB. */
    size_t bytes = sizes[k] == 0 ? 16 : sizes[k] + sizes[k] / 2;
    if (bytes > (size_t)16 << bench_random(&state) % 24 || bytes > (size_t)4 << 20) {
      bench_free(vectors[k]);
      vectors[k] = NULL;
      sizes[k] = 0;
    } else {
      char *grown = bench_realloc(vectors[k], bytes);
      if (grown == NULL) {
        exit(1);
      }
      memset(grown + sizes[k], 1, bytes - sizes[k]);
      vectors[k] = grown;
      sizes[k] = bytes;
    }
    count++;
  }
  for (unsigned k = 0; k < 64; k++) {
    bench_free(vectors[k]);
  }
  return count;
}

static uint64_t bench_peak(void)
{
  enum {
    BLOCKS = 300000
  };
  static char *live[BLOCKS];
  uint64_t state = 1;
  for (unsigned i = 0; i < BLOCKS; i++) {
    size_t bytes = bench_size(&state, 256);
    live[i] = bench_new(bytes);
    memset(live[i], 1, bytes);
  }
  for (unsigned round = 0; round < 3; round++) {
    for (unsigned i = round % 2; i < BLOCKS; i += 2) {
      bench_free(live[i]);
    }
    for (unsigned i = round % 2; i < BLOCKS; i += 2) {
      /* The same bytes on the whole, of other sizes. */
      size_t bytes = bench_size(&state, 256);
      live[i] = bench_new(bytes);
      memset(live[i], 1, bytes);
    }
  }
  return BLOCKS * 5 / 2;
}

int main(int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  size_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
  uint64_t count = 0;
  double start = bench_now();
  if (strcmp(what, "pairs") == 0 && number > 0) {
    count = bench_pairs(number);
  } else if (strcmp(what, "set") == 0 && number > 0) {
    count = bench_set(number);
  } else if (strcmp(what, "pass") == 0) {
    count = bench_pass();
  } else if (strcmp(what, "larson") == 0) {
    count = bench_larson();
  } else if (strcmp(what, "grow") == 0) {
    count = bench_grow();
  } else if (strcmp(what, "peak") == 0) {
    count = bench_peak();
  } else {
    fputs("usage: bench pairs BYTES|set BLOCKS|pass|larson|grow|peak\n", stderr);
    return 2;
  }
  double nanoseconds = (bench_now() - start) * 1e9 / (double)count;
  printf("%.3f %ld\n", nanoseconds, bench_peak_kib());
  return 0;
}
