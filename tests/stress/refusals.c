/* A kernel that refuses every k-th request: what fails says so, and nothing is
 * lost, damaged or leaked by it. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../../src/os.h"
#include "../support/child.h"
#include "../support/harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  HELD = 400
};

static void *held[HELD];

static void step(uint64_t *state)
{
  void **h = &held[blocks_random(state) % HELD];
  uint32_t what = blocks_random(state) % 8;
  if (*h == NULL) {
    errno = 0;
    *h = blocks_make(state);
    MUST(*h != NULL || errno == ENOMEM);
  } else if (what < 2) {
    *h = blocks_change(*h, state);
  } else {
    blocks_end(*h);
    *h = NULL;
  }
  if (what == 7 && blocks_random(state) % 100 == 0) {
    ashlar_malloc_trim(0);
  }
}

static void nothings(void)
{
  void *nothing[300];
  for (int i = 0; i < 300; i++) {
    nothing[i] = ashlar_malloc(0);
  }
  for (int i = 0; i < 300; i++) {
    ashlar_free(nothing[i]);
  }
}

static void refuse_every(int every)
{
  uint64_t state = (uint64_t)every;
  os_test_fail_every = every;
  for (uint32_t n = 0; n < EFFORT(5000); n++) {
    step(&state);
    if (n % 1000 == 0) {
      nothings();
    }
  }
  os_test_fail_every = 0;
  for (int i = 0; i < HELD; i++) {
    blocks_end(held[i]);
  }
  ashlar_malloc_trim(0);
  blocks_expect_empty_heap();
}

#define REFUSE(first, last)                                                                        \
  Test(refusals, every_##first##_to_##last)                                                        \
  {                                                                                                \
    for (int every = first; every <= last; every++) {                                              \
      child_runs(refuse_every, every);                                                             \
    }                                                                                              \
  }
REFUSE(1, 1)
REFUSE(2, 2)
REFUSE(3, 5)
REFUSE(6, 10)
REFUSE(11, 20)
REFUSE(21, 50)

/* ---- at the start --------------------------------------------------------------
 * The allocator's own start is before any test.  So the tests start this program
 * again, with a number in its environment; then this is what runs first. */
static const char AT[] = "ASHLAR_TEST_FAIL_AT";

__attribute__((constructor(102))) static void refuse_start(void)
{
  const char *given = getenv(AT);
  if (given == NULL) {
    return;
  }
  os_test_fail_at = atoi(given);
  void *block = NULL;
  for (int i = 0; i < 5 && block == NULL; i++) {
    errno = 0;
    block = ashlar_malloc(100);
    MUST(block != NULL || errno == ENOMEM);
  }
  MUST(block != NULL);
  memset(block, 1, 100);
  void *large = ashlar_malloc(1 << 20);
  ashlar_free(block);
  ashlar_free(large);
  os_test_fail_at = 0;
  blocks_expect_empty_heap();
  _exit(0);
}

static void start_again(int at)
{
  char number[16];
  snprintf(number, sizeof number, "%d", at);
  setenv(AT, number, 1);
  execl("/proc/self/exe", "refused", (char *)NULL);
  _exit(127);
}

Test(refusals, at_the_start)
{
  for (int at = 1; at <= 60; at++) {
    child_runs(start_again, at);
  }
}
