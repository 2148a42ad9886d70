/* pool_region: any sequence of calls on two pools and on regions, against a
 * plain model of what is live, what it holds, and what every verdict must be.
 *
 * A byte says what to do, the next ones with what; every input is a valid
 * program.  The pools only report, so that verdicts can be compared; their lines
 * on standard error are the price. */
#include "../src/ashlar.h"
#include "../src/os.h"
#include "library.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  POOL_COUNT = 2,
  HANDLES = 128,
  MOST_WRONG = 8, /* wrong frees in one input: each writes a line */
  REGION_COUNT = 4,
  MOST_BLOCKS = 256
};

struct input {
  const uint8_t *at;
  const uint8_t *end;
};

static uint8_t next(struct input *in)
{
  return in->at < in->end ? *in->at++ : 0;
}

static uint32_t next_size(struct input *in)
{
  uint32_t low = next(in);
  uint32_t high = next(in);
  /* Mostly small, sometimes large. */
  return high >= 240 ? (low + 1) * 2048 : low + (high % 16) * 256;
}

/* ---- pools ------------------------------------------------------------------- */

struct pool_model {
  ashlar_pool *pool;
  size_t object_size;
  size_t maximum;
  bool zero;
  unsigned char *object[HANDLES];
  size_t live;
};

static void start_pool(struct pool_model *m, struct input *in)
{
  uint8_t what = next(in);
  memset(m, 0, sizeof *m);
  m->object_size = 1 + next(in) % 200;
  m->zero = (what & 1) != 0;
  m->maximum = 1 + next(in) % HANDLES;
  struct ashlar_pool_options options = {.object_size = m->object_size,
                                        .alignment = (size_t)16 << (what >> 1 & 3),
                                        .initial = m->maximum / 2,
                                        .growth = 1 + (what >> 4),
                                        .maximum = m->maximum,
                                        .threads = (what & 8) != 0 ? ASHLAR_POOL_SHARED
                                                                   : ASHLAR_POOL_ONE_OWNER,
                                        .zero_on_free = m->zero,
                                        .report_only = true};
  m->pool = ashlar_pool_create(&options);
}

static unsigned char fill_of(const unsigned char *object)
{
  return (unsigned char)(1 + ((uintptr_t)object / 16) % 255);
}

static void pool_take(struct pool_model *m, uint32_t i)
{
  if (m->object[i] != NULL) {
    return;
  }
  unsigned char *object = ashlar_pool_alloc(m->pool);
  if (object == NULL) {
    MUST(errno == ENOMEM && (m->live == m->maximum || os_counters().failed[OS_COMMIT] > 0));
    return;
  }
  MUST(m->live < m->maximum);
  for (uint32_t k = 0; k < HANDLES; k++) {
    unsigned char *other = m->object[k];
    MUST(other == NULL || object + m->object_size <= other || other + m->object_size <= object);
  }
  for (size_t k = 0; m->zero && k < m->object_size; k++) {
    MUST(object[k] == 0);
  }
  memset(object, fill_of(object), m->object_size);
  m->object[i] = object;
  m->live++;
}

static void pool_give(struct pool_model *m, uint32_t i)
{
  unsigned char *object = m->object[i];
  if (object == NULL) {
    return;
  }
  for (size_t k = 0; k < m->object_size; k++) {
    MUST(object[k] == fill_of(object));
  }
  MUST(ashlar_pool_owns(m->pool, object));
  MUST(ashlar_pool_free(m->pool, object) == ASHLAR_POOL_OK);
  MUST(!ashlar_pool_owns(m->pool, object));
  m->object[i] = NULL;
  m->live--;
}

/* An address near an object, which may be one: the verdict must be right. */
static void pool_give_wrong(struct pool_model *m, struct pool_model *other, uint32_t i, int offset)
{
  unsigned char *object = m->object[i];
  if (object == NULL) {
    return;
  }
  if (offset == 0) {
    MUST(ashlar_pool_free(other->pool, object) == ASHLAR_POOL_WRONG_POOL);
    return;
  }
  unsigned char *near = object + offset;
  for (uint32_t k = 0; k < HANDLES; k++) {
    if (m->object[k] == near) {
      return;
    }
  }
  MUST(ashlar_pool_free(m->pool, near) != ASHLAR_POOL_OK);
}

static void pool_expect(const struct pool_model *m)
{
  struct ashlar_pool_statistics s;
  ashlar_pool_stats(m->pool, &s);
  MUST(s.live == m->live && s.live + s.cached + s.free == s.made && s.made <= m->maximum);
  MUST(ashlar_pool_check(m->pool));
}

/* ---- regions ------------------------------------------------------------------ */

struct region_model {
  ashlar_region *region;
  uint32_t parent; /* plus one */
  uint32_t handlers;
};

struct block {
  uint32_t region; /* plus one; 0: none */
  uint32_t size;
  unsigned char *at;
};

static struct region_model region[REGION_COUNT];
static struct block blocks[MOST_BLOCKS];
static uint32_t block_count;
static uint32_t handler_calls;

static void handler(void *argument)
{
  (void)argument;
  handler_calls++;
}

static void region_forget(uint32_t r)
{
  for (uint32_t i = 0; i < block_count; i++) {
    if (blocks[i].region == r + 1) {
      blocks[i].region = 0;
    }
  }
}

/* What destroying or resetting a region ends: those inside it, all of them. */
static uint32_t region_end_inside(uint32_t r)
{
  uint32_t calls = 0;
  for (uint32_t i = 0; i < REGION_COUNT; i++) {
    if (region[i].region != NULL && region[i].parent == r + 1) {
      calls += region_end_inside(i) + region[i].handlers;
      region_forget(i);
      region[i].region = NULL;
    }
  }
  return calls;
}

static void region_start(uint32_t r, struct input *in)
{
  if (region[r].region != NULL) {
    return;
  }
  uint32_t parent = next(in) % (REGION_COUNT + 1);
  bool inside = parent > 0 && parent != r + 1 && region[parent - 1].region != NULL;
  struct ashlar_region_options options = {.block_bytes = (size_t)next(in) * 256,
                                          .parent = inside ? region[parent - 1].region : NULL};
  region[r] = (struct region_model){ashlar_region_create(&options), inside ? parent : 0, 0};
}

static void region_take(uint32_t r, struct input *in)
{
  uint8_t how = next(in) % 4;
  uint32_t size = next_size(in);
  if (region[r].region == NULL || block_count == MOST_BLOCKS) {
    return;
  }
  size_t align = how == 0 ? 1 : how == 1 ? (size_t)1 << next(in) % 14 : 16;
  unsigned char *at = how == 0   ? ashlar_region_nalloc(region[r].region, size)
                      : how == 1 ? ashlar_region_memalign(region[r].region, align, size)
                                 : ashlar_region_alloc(region[r].region, size);
  if (at == NULL) {
    return;
  }
  MUST((uintptr_t)at % align == 0);
  for (uint32_t i = 0; i < block_count; i++) {
    const struct block *b = &blocks[i];
    MUST(b->region == 0 || at + size <= b->at || b->at + b->size <= at);
  }
  for (uint32_t k = 0; k < size; k++) {
    MUST(at[k] == 0);
  }
  memset(at, fill_of(at), size);
  blocks[block_count++] = (struct block){r + 1, size, at};
}

static void block_check(const struct block *b)
{
  for (uint32_t k = 0; b->region != 0 && k < b->size; k++) {
    MUST(b->at[k] == fill_of(b->at));
  }
}

static void block_give(uint32_t i)
{
  struct block *b = &blocks[i % (block_count + 1) % MOST_BLOCKS];
  if (i % (block_count + 1) < block_count && b->region != 0) {
    block_check(b);
    if (ashlar_region_free(region[b->region - 1].region, b->at)) {
      b->region = 0;
    }
  }
}

static void region_end(uint32_t r, bool destroy)
{
  if (region[r].region == NULL) {
    return;
  }
  for (uint32_t i = 0; i < block_count; i++) {
    block_check(&blocks[i]);
  }
  uint32_t calls = region_end_inside(r) + region[r].handlers;
  handler_calls = 0;
  if (destroy) {
    ashlar_region_destroy(region[r].region);
    region[r].region = NULL;
  } else {
    ashlar_region_reset(region[r].region);
    struct ashlar_region_statistics s;
    ashlar_region_stats(region[r].region, &s);
    MUST(s.used == 0 && s.children == 0 && s.handlers == 0);
  }
  MUST(handler_calls == calls);
  region[r].handlers = 0;
  region_forget(r);
}

/* ---- the whole ---------------------------------------------------------------------- */

static void step(struct pool_model *pools, struct input *in, uint32_t *wrong)
{
  uint8_t what = next(in);
  struct pool_model *m = &pools[what >> 7];
  uint32_t i = next(in) % HANDLES;
  uint32_t r = i % REGION_COUNT;
  switch (what % 16) {
  case 0:
  case 1:
  case 2:
    pool_take(m, i);
    break;
  case 3:
  case 4:
    pool_give(m, i);
    break;
  case 5:
    if (++*wrong <= MOST_WRONG) {
      pool_give_wrong(m, &pools[1 - (what >> 7)], i, (int8_t)next(in));
    }
    break;
  case 6:
    ashlar_pool_trim(m->pool);
    pool_expect(m);
    break;
  case 7:
    region_start(r, in);
    break;
  case 8:
  case 9:
  case 10:
  case 11:
    region_take(r, in);
    break;
  case 12:
    block_give(next(in));
    break;
  case 13:
    region_end(r, (what & 16) != 0);
    break;
  case 14:
    if (region[r].region != NULL && ashlar_region_cleanup(region[r].region, handler, NULL)) {
      region[r].handlers++;
    }
    break;
  default:
    if (region[r].region != NULL) {
      MUST(ashlar_region_check(region[r].region));
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct input in = {data, data + size};
  static struct pool_model pools[POOL_COUNT];
  uint32_t wrong = 0;
  block_count = 0;
  memset(region, 0, sizeof region);
  for (int i = 0; i < POOL_COUNT; i++) {
    start_pool(&pools[i], &in);
    if (pools[i].pool == NULL) {
      return 0;
    }
  }
  while (in.at < in.end) {
    step(pools, &in, &wrong);
  }
  for (int i = 0; i < POOL_COUNT; i++) {
    for (uint32_t k = 0; k < HANDLES; k++) {
      pool_give(&pools[i], k);
    }
    pool_expect(&pools[i]);
    MUST(ashlar_pool_destroy(pools[i].pool) == 0);
  }
  for (uint32_t r = 0; r < REGION_COUNT; r++) {
    region_end(r, true);
  }
  ashlar_malloc_trim(0);
  /* Not ashlar_check, which looks at all that could be in use and takes 20 ms. */
  fuzz_check();
  return 0;
}
