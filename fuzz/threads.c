/* threads: three threads whose steps and whose schedule are bytes.  Before each
 * lock is taken, after each is given back, and before each change of a state that
 * another thread may see, a byte says who goes on; so the same bytes make the
 * same run, whatever the machine does.  No two blocks overlap, nothing changes by
 * itself, nobody waits for ever, and all pages come back.
 *
 * A step belongs to the thread that its handle names, modulo three; a block may
 * be freed by any of them. */
#include "library.h"
#include "program.h"

#include "../proofs/bmc/explore/scheduler.h"
#include "../src/ashlar.h"

#include <errno.h>
#include <string.h>
#include <sys/single_threaded.h>

enum {
  WORKERS = 3,
  HANDLES = 48,
  MOST_BYTES = 1 << 20
};

_Static_assert((int)WORKERS <= (int)FUZZ_CACHES, "each has a cache from the start");

static struct {
  const uint8_t *bytes;
  size_t length;
  size_t at; /* of the schedule: the last four bytes of each step */
} input;

/* A thread is about to make a block for the handle. */
static bool busy[HANDLES];

/* The running thread goes on, more often than not. */
static uint32_t choose(void *context, const struct choice *choice)
{
  (void)context;
  size_t at = input.at / 4 * STEP_BYTES + 4 + input.at % 4;
  if (at >= input.length) {
    return 0;
  }
  input.at++;
  uint8_t byte = input.bytes[at];
  return byte < 128 ? 0 : byte % choice->options;
}

static void point(const uint32_t *lock)
{
  scheduler_point(lock, true);
}

static void make(const struct step *s)
{
  uint32_t h = s->handle % HANDLES;
  if (model[h].live || busy[h]) {
    return;
  }
  busy[h] = true;
  size_t size = program_size(s) % MOST_BYTES;
  program_say("/* thread %u */ b[%u] = ashlar_malloc(%zu);", scheduler_self(), h, size);
  void *block = ashlar_malloc(size);
  MUST(block != NULL || errno == ENOMEM);
  if (block != NULL) {
    model_born(h, block, size, ashlar_malloc_usable_size(block), 16, KIND_MALLOC);
    model_fill(h, size, (uint8_t)(h + 1));
  }
  busy[h] = false;
}

static void end(uint32_t h)
{
  if (!model[h].live) {
    return;
  }
  program_say("/* thread %u */ ashlar_free(b[%u]);", scheduler_self(), h);
  model_dies(h);
  ashlar_free(model[h].at);
}

static void step(const struct step *s)
{
  switch (s->what % 8) {
  case 0:
  case 1:
  case 2:
    make(s);
    break;
  case 3:
  case 4:
    end(s->handle % HANDLES);
    break;
  case 5:
    end(s->value % HANDLES);
    break;
  case 6:
    for (uint32_t i = 0; i < 8; i++) {
      struct step one = *s;
      one.handle = (uint8_t)(s->handle + i * WORKERS);
      (s->how % 2 == 0 ? make(&one) : end(one.handle % HANDLES));
    }
    break;
  default:
    program_say("/* thread %u */ ashlar_malloc_trim(0);", scheduler_self());
    ashlar_malloc_trim(s->how % 2 == 0 ? 0 : SIZE_MAX);
    break;
  }
}

static void work(uint32_t thread)
{
  struct step s;
  for (uint32_t n = 0; program_read(input.bytes, input.length, n, &s); n++) {
    if (s.handle % WORKERS == thread) {
      step(&s);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static bool prepared;
  fuzz_start();
  if (!prepared) {
    scheduler_local(&errno, sizeof errno);
    scheduler_local(&thread_cache_self, sizeof thread_cache_self);
    prepared = true;
  }
  model_reset();
  memset(busy, 0, sizeof busy);
  __libc_single_threaded = 0;
  input.bytes = bytes;
  input.length = length;
  input.at = 0;
  for (uint32_t t = 0; t < WORKERS; t++) {
    scheduler_as(t, fuzz_become);
  }
  struct scheduler_plan plan = {.threads = WORKERS, .body = work, .choose = choose};
  fuzz_point = point;
  MUST(scheduler_run(&plan) == SCHEDULER_DONE); /* else they wait for each other */
  fuzz_point = NULL;
  fuzz_check();
  for (uint32_t h = 0; h < HANDLES; h++) {
    end(h);
  }
  fuzz_finish();
  return 0;
}
