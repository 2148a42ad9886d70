/* pools WORKLOAD BYTES pool|malloc: what object pools and regions cost, and what
 * the malloc that is linked costs in their place.
 *
 * Prints nanoseconds of processor time of all threads for an allocation and its
 * end.  Workloads:
 *   pairs BYTES    one thread allocates, touches a byte, frees
 *   rounds BYTES   one thread allocates 10,000 objects, then frees them
 *   rounds4 BYTES  four threads do, at once
 *   region 0       16 .. 512 bytes, all ended after each 1,000 allocations */
#include "../../src/ashlar.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  PAIRS = 20000000,
  THREADS = 4,
  ROUND = 10000,
  ROUNDS = 150,
  ENDS = 10000,
  REQUEST = 1000
};

/* The compiler may neither pair nor drop what goes through these. */
static void *(*volatile get)(size_t) = malloc;
static void (*volatile put)(void *) = free;

static ashlar_pool *pool;
static size_t bytes;

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void touch(void *block)
{
  if (block == NULL) {
    fputs("pools: out of memory\n", stderr);
    exit(1);
  }
  *(volatile char *)block = 1;
}

static uint64_t pairs(void)
{
  void *(*allocate)(size_t) = get;
  void (*release)(void *) = put;
  for (int i = 0; i < PAIRS; i++) {
    void *block = pool != NULL ? ashlar_pool_alloc(pool) : allocate(bytes);
    touch(block);
    if (pool != NULL) {
      ashlar_pool_free(pool, block);
    } else {
      release(block);
    }
  }
  return PAIRS;
}

static void *rounds(void *none)
{
  void **block = calloc(ROUND, sizeof *block);
  if (block == NULL) {
    exit(1);
  }
  for (int n = 0; n < ROUNDS; n++) {
    for (int i = 0; i < ROUND; i++) {
      block[i] = pool != NULL ? ashlar_pool_alloc(pool) : get(bytes);
      touch(block[i]);
    }
    for (int i = 0; i < ROUND; i++) {
      if (pool != NULL) {
        ashlar_pool_free(pool, block[i]);
      } else {
        put(block[i]);
      }
    }
  }
  free(block);
  return none;
}

static uint64_t threads(void)
{
  pthread_t thread[THREADS];
  for (int i = 0; i < THREADS; i++) {
    if (pthread_create(&thread[i], NULL, rounds, NULL) != 0) {
      exit(1);
    }
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(thread[i], NULL);
  }
  return (uint64_t)THREADS * ROUNDS * ROUND;
}

static uint64_t requests(ashlar_region *region)
{
  static void *block[REQUEST];
  uint32_t seed = 1;
  for (int n = 0; n < ENDS; n++) {
    for (int i = 0; i < REQUEST; i++) {
      seed = seed * 1103515245 + 12345;
      size_t size = 16 + (seed >> 16) % 497;
      block[i] = region != NULL ? ashlar_region_alloc(region, size) : get(size);
      touch(block[i]);
    }
    if (region != NULL) {
      ashlar_region_reset(region);
      continue;
    }
    for (int i = 0; i < REQUEST; i++) {
      put(block[i]);
    }
  }
  return (uint64_t)ENDS * REQUEST;
}

int main(int argc, char **argv)
{
  const char *what = argc > 3 ? argv[1] : "";
  bool ours = argc > 3 && strcmp(argv[3], "pool") == 0;
  bytes = argc > 3 ? strtoull(argv[2], NULL, 10) : 0;
  bool shared = strcmp(what, "rounds4") == 0;
  ashlar_region *region = NULL;
  if (ours && strcmp(what, "region") == 0) {
    region = ashlar_region_create(NULL);
  } else if (ours) {
    struct ashlar_pool_options options = {.object_size = bytes,
                                          .initial = ROUND * (shared ? THREADS : 1),
                                          .growth = ROUND,
                                          .threads =
                                              shared ? ASHLAR_POOL_SHARED : ASHLAR_POOL_ONE_OWNER};
    pool = ashlar_pool_create(&options);
  }
  double start = now();
  uint64_t count = 0;
  if (strcmp(what, "pairs") == 0) {
    count = pairs();
  } else if (strcmp(what, "rounds") == 0) {
    rounds(NULL);
    count = (uint64_t)ROUNDS * ROUND;
  } else if (shared) {
    count = threads();
  } else if (strcmp(what, "region") == 0) {
    count = requests(region);
  } else {
    fputs("usage: pools pairs|rounds|rounds4|region BYTES pool|malloc\n", stderr);
    return 2;
  }
  printf("%.3f\n", (now() - start) / (double)count);
  return 0;
}
