/* T9 by behaviour: a freed block does not come back before as many others of
 * its class were freed as the class's minimum age says; but in `light`. */
#include "../../src/ashlar.h"
#include "../../src/config.h"
#include "../support/harness.h"

#ifdef ASHLAR_LIGHT

/* The profile without ageing and without choice: the last block freed is the
 * first to come back. */
Test(age, light_takes_the_youngest)
{
  void *block[4];
  for (size_t size = 1; size < 200000; size += 1 + size / 2) {
    for (int i = 0; i < 4; i++) {
      block[i] = ashlar_malloc(size);
    }
    ashlar_free(block[0]);
    for (int i = 1; i < 4; i++) {
      ashlar_free(block[i]);
      CHECK(ashlar_malloc(size) == block[i], "another block of %zu bytes", size);
    }
  }
}

#else

enum {
  AGE_BYTES = 4096, /* thread_cache.c: of all that is too young */
  REMEMBERED = 64
};

/* Frees and allocates at random, and looks for what was freed of late. */
static void run(size_t size, size_t slot, uint32_t steps)
{
  size_t age = AGE_BYTES / slot < MIN_AGE ? AGE_BYTES / slot : MIN_AGE;
  void *freed[REMEMBERED] = {NULL};
  size_t frees = 0;
  enum {
    LIVE = 100
  };
  void *live[LIVE];
  for (int i = 0; i < LIVE; i++) {
    live[i] = ashlar_malloc(size);
  }
  for (uint32_t n = 0; n < steps; n++) {
    size_t i = prng_below(LIVE);
    ashlar_free(live[i]);
    freed[frees++ % REMEMBERED] = live[i];
    live[i] = ashlar_malloc(size);
    for (size_t k = 1; k <= age && k <= frees; k++) {
      CHECK(freed[(frees - k) % REMEMBERED] != live[i],
            "a block of %zu bytes came back after %zu of %zu frees", size, k - 1, age);
    }
  }
  for (int i = 0; i < LIVE; i++) {
    ashlar_free(live[i]);
  }
}

Test(age, of_small_blocks)
{
  run(1, 16, EFFORT(20000));
  run(40, 48, EFFORT(20000));
  run(100, 112, EFFORT(20000));
  run(120, 128, EFFORT(20000));
}

Test(age, of_larger_blocks)
{
  run(250, 256, EFFORT(20000));
  run(1000, 1024, EFFORT(20000));
  run(2000, 2048, EFFORT(20000));
  run(4000, 4096, EFFORT(5000));
}

/* Which of the aged ones comes back is drawn: over many rounds one and the
 * same pair of calls gives many addresses. */
Test(age, choice_is_random)
{
  enum {
    ROUNDS = 2000
  };
  static void *got[ROUNDS];
  int distinct = 0;
  for (int i = 0; i < ROUNDS; i++) {
    got[i] = ashlar_malloc(64);
    ashlar_free(got[i]);
    bool known = false;
    for (int k = 0; k < i && !known; k++) {
      known = got[k] == got[i];
    }
    distinct += !known;
  }
  CHECK(distinct > MIN_AGE, "only %d addresses", distinct);
}

#endif
