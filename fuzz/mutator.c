/* mutator: for AFL++; cuts, joins and changes programs at the boundaries of
 * their steps, so that what was an operation stays one. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

/* afl-fuzz calls these by name. */
#pragma GCC visibility push(default)
void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, uint8_t *input, size_t bytes, uint8_t **out, uint8_t *other,
                       size_t other_bytes, size_t most);
void afl_custom_deinit(void *data);
#pragma GCC visibility pop

enum {
  MOST_BYTES = (MOST_STEPS + 1) * STEP_BYTES,
  MOST_AT_ONCE = 8 /* steps put in or taken out */
};

struct mutator {
  uint64_t state;
  uint8_t out[MOST_BYTES + STEP_BYTES];
};

static uint32_t mutator_below(struct mutator *m, size_t n)
{
  m->state = m->state * 6364136223846793005u + 1442695040888963407u;
  return n == 0 ? 0 : (uint32_t)((m->state >> 33) % n);
}

void *afl_custom_init(void *afl, unsigned seed)
{
  (void)afl;
  struct mutator *m = calloc(1, sizeof *m);
  if (m != NULL) {
    m->state = seed;
  }
  return m;
}

void afl_custom_deinit(void *data)
{
  free(data);
}

/* Puts steps of another program in, at a step of this one. */
static size_t mutator_insert(struct mutator *m, size_t steps, const uint8_t *from, size_t there)
{
  if (there == 0) {
    return steps;
  }
  size_t first = mutator_below(m, there);
  size_t n = 1 + mutator_below(m, there - first < MOST_AT_ONCE ? there - first : MOST_AT_ONCE);
  n = n > there - first ? there - first : n;
  n = n > MOST_STEPS + 1 - steps ? MOST_STEPS + 1 - steps : n;
  size_t at = steps == 0 ? 0 : 1 + mutator_below(m, steps);
  at = at > steps ? steps : at;
  memmove(m->out + (at + n) * STEP_BYTES, m->out + at * STEP_BYTES, (steps - at) * STEP_BYTES);
  memcpy(m->out + at * STEP_BYTES, from + first * STEP_BYTES, n * STEP_BYTES);
  return steps + n;
}

static size_t mutator_delete(struct mutator *m, size_t steps)
{
  if (steps < 3) {
    return steps;
  }
  size_t at = 1 + mutator_below(m, steps - 1);
  size_t n = 1 + mutator_below(m, steps - at < MOST_AT_ONCE ? steps - at : MOST_AT_ONCE);
  n = n > steps - at ? steps - at : n;
  memmove(m->out + at * STEP_BYTES, m->out + (at + n) * STEP_BYTES, (steps - at - n) * STEP_BYTES);
  return steps - n;
}

/* Changes one field of a step to something else that means something. */
static void mutator_change(struct mutator *m, size_t steps)
{
  if (steps == 0) {
    return;
  }
  uint8_t *step = m->out + mutator_below(m, steps) * STEP_BYTES;
  switch (mutator_below(m, 6)) {
  case 0:
    step[0] = (uint8_t)mutator_below(m, 256);
    break;
  case 1: /* the handle of another step */
    step[1] = m->out[mutator_below(m, steps) * STEP_BYTES + 1];
    break;
  case 2:
    step[2] = (uint8_t)mutator_below(m, 256);
    break;
  case 3:
    step[3] = (uint8_t)mutator_below(m, 256);
    break;
  case 4: { /* the size of another step, or one next to it */
    const uint8_t *as = m->out + mutator_below(m, steps) * STEP_BYTES;
    memcpy(step + 3, as + 3, 5);
    step[4] = (uint8_t)(step[4] + mutator_below(m, 3) - 1);
    break;
  }
  default:
    for (int i = 4; i < STEP_BYTES; i++) {
      step[i] = (uint8_t)mutator_below(m, 256);
    }
    break;
  }
}

size_t afl_custom_fuzz(void *data, uint8_t *input, size_t bytes, uint8_t **out, uint8_t *other,
                       size_t other_bytes, size_t most)
{
  struct mutator *m = data;
  bytes = bytes > MOST_BYTES ? MOST_BYTES : bytes;
  size_t steps = bytes / STEP_BYTES;
  memcpy(m->out, input, steps * STEP_BYTES);
  for (uint32_t times = 1 + mutator_below(m, 6); times > 0; times--) {
    /* As many steps go as come: programs that only grow become slow. */
    switch (mutator_below(m, 8)) {
    case 0:
      steps = mutator_insert(m, steps, other, other == NULL ? 0 : other_bytes / STEP_BYTES);
      break;
    case 1: {
      uint8_t same[MOST_BYTES];
      memcpy(same, m->out, steps * STEP_BYTES);
      steps = mutator_insert(m, steps, same, steps);
      break;
    }
    case 2:
    case 3:
      steps = mutator_delete(m, steps);
      break;
    default:
      mutator_change(m, steps);
      break;
    }
  }
  *out = m->out;
  size_t length = steps * STEP_BYTES;
  return length > most ? most / STEP_BYTES * STEP_BYTES : length;
}
