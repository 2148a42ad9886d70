#include "model.h"
#include "library.h"

#include <string.h>

enum {
  LATELY = 256
};

struct block model[MODEL_BLOCKS];

/* The live ones by address. */
static struct {
  uint32_t count;
  uint8_t handle[MODEL_BLOCKS];
} order;

/* Blocks freed of late, and as the how manieth of their class and thread. */
static struct {
  uint32_t next;
  uintptr_t at[LATELY];
  uint32_t number[LATELY];
  uint32_t young[LATELY]; /* fuzz_young_handed_over, then */
  uint8_t thread[LATELY];
  uint8_t class_of[LATELY];
} freed;
static uint32_t frees[FUZZ_THREADS][SIZE_CLASSES];

void model_reset(void)
{
  for (uint32_t i = 0; i < MODEL_BLOCKS; i++) {
    model[i].live = false;
  }
  order.count = 0;
  model_ages_end(FUZZ_THREADS);
  memset(frees, 0, sizeof frees);
}

uint32_t model_count(void)
{
  return order.count;
}

uint32_t model_next(uint32_t h)
{
  for (uint32_t i = 0; i < MODEL_BLOCKS; i++) {
    uint32_t at = (h + i) % MODEL_BLOCKS;
    if (model[at].live) {
      return at;
    }
  }
  return MODEL_BLOCKS;
}

/* ---- bytes --------------------------------------------------------------------- */

static unsigned char model_byte(uint8_t seed, size_t i)
{
  return (unsigned char)(seed + i + (i >> 8));
}

/* The bytes of a large block that are written and looked at: the first ones, one
 * at each 16-fold, and the last ones.  Each costs a page fault, and those are
 * a third of what a program costs. */
enum {
  ALL_BYTES = 1024,
  TAIL_BYTES = 96,
  STRIDE = 16
};

static void model_write(struct block *b, size_t from, size_t to)
{
  for (size_t i = from; i < to; i++) {
    b->at[i] = model_byte(b->seed, i);
  }
}

static void model_expect_written(const struct block *b, size_t from, size_t to)
{
  unsigned wrong = 0;
  for (size_t i = from; i < to; i++) {
    wrong |= (unsigned)b->at[i] ^ model_byte(b->seed, i);
  }
  MUST(wrong == 0); /* a byte of a block is not what was written there */
}

static void model_expect_zero(const struct block *b, size_t from, size_t to)
{
  unsigned wrong = 0;
  for (size_t i = from; i < to; i++) {
    wrong |= b->at[i];
  }
  MUST(wrong == 0); /* a byte that nobody wrote is not zero */
}

static size_t model_least(size_t a, size_t b)
{
  return a < b ? a : b;
}

static size_t model_minus(size_t a, size_t b)
{
  return a > b ? a - b : 0;
}

void model_fill(uint32_t h, size_t n, uint8_t seed)
{
  struct block *b = &model[h];
  MUST(n <= b->usable);
  n = n > b->filled ? n : b->filled;
  b->seed = seed;
  b->filled = n;
  b->tail = n;
  model_write(b, 0, model_least(n, ALL_BYTES));
  for (size_t i = ALL_BYTES; i < n && i < SIZE_MAX / STRIDE; i *= STRIDE) {
    model_write(b, i, i + 1);
  }
  model_write(b, model_minus(n, TAIL_BYTES), n);
}

static void model_verify_written(const struct block *b)
{
  size_t n = b->filled;
  model_expect_written(b, 0, model_least(n, ALL_BYTES));
  for (size_t i = ALL_BYTES; i < n && i < SIZE_MAX / STRIDE; i *= STRIDE) {
    model_expect_written(b, i, i + 1);
  }
  model_expect_written(b, model_minus(b->tail, TAIL_BYTES), model_least(b->tail, n));
}

void model_verify(uint32_t h)
{
  const struct block *b = &model[h];
  size_t left = b->usable - b->filled;
  model_verify_written(b);
  model_expect_zero(b, b->filled, b->filled + model_least(left, ALL_BYTES));
  for (size_t i = ALL_BYTES; i < left && i < SIZE_MAX / STRIDE; i *= STRIDE) {
    model_expect_zero(b, b->filled + i, b->filled + i + 1);
  }
  model_expect_zero(b, b->usable - model_least(left, TAIL_BYTES), b->usable);
}

/* ---- places -------------------------------------------------------------------- */

/* Bytes that nobody else may have. */
static uintptr_t model_end(const struct block *b)
{
  return (uintptr_t)b->at + (b->usable > 0 ? b->usable : 1);
}

/* The first place in the order whose block lies above an address. */
static uint32_t model_above(uintptr_t at)
{
  uint32_t low = 0;
  uint32_t high = order.count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if ((uintptr_t)model[order.handle[middle]].at > at) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

static void model_insert(uint32_t h)
{
  const struct block *b = &model[h];
  uint32_t place = model_above((uintptr_t)b->at);
  /* No two live blocks overlap. */
  MUST(place == 0 || model_end(&model[order.handle[place - 1]]) <= (uintptr_t)b->at);
  MUST(place == order.count || model_end(b) <= (uintptr_t)model[order.handle[place]].at);
  memmove(&order.handle[place + 1], &order.handle[place], order.count - place);
  order.handle[place] = (uint8_t)h;
  order.count++;
}

static void model_remove(uint32_t h)
{
  uint32_t place = model_above((uintptr_t)model[h].at) - 1;
  MUST(place < order.count && order.handle[place] == h);
  order.count--;
  memmove(&order.handle[place], &order.handle[place + 1], order.count - place);
}

uint32_t model_find(uintptr_t address)
{
  uint32_t place = model_above(address);
  if (place == 0) {
    return MODEL_BLOCKS;
  }
  uint32_t h = order.handle[place - 1];
  return address < model_end(&model[h]) ? h : MODEL_BLOCKS;
}

size_t model_largest(void)
{
  size_t most = 0;
  for (uint32_t i = 0; i < order.count; i++) {
    const struct block *b = &model[order.handle[i]];
    most = b->usable + b->align > most ? b->usable + b->align : most;
  }
  return most;
}

size_t model_bytes(size_t *usable)
{
  size_t asked = 0;
  *usable = 0;
  for (uint32_t i = 0; i < order.count; i++) {
    asked += model[order.handle[i]].asked;
    *usable += model[order.handle[i]].usable;
  }
  return asked;
}

/* ---- ages ---------------------------------------------------------------------- */

/* The slots' sizes: 16, 32 and so on to 256, then eight a doubling. */
static size_t model_next_slot(size_t bytes)
{
  size_t power = 256;
  while (power * 2 <= bytes) {
    power *= 2;
  }
  return bytes + (bytes < 256 ? 16 : power / 8);
}

size_t model_slot_bytes(size_t asked)
{
  size_t bytes = 16;
  while (asked != 0 && bytes <= asked) {
    bytes = model_next_slot(bytes);
  }
  return bytes;
}

size_t model_class_bytes(uint32_t c)
{
  size_t bytes = 16;
  for (uint32_t i = 1; i < c; i++) {
    bytes = model_next_slot(bytes);
  }
  return bytes;
}

/* So many later frees of its class on its thread pass before a freed block is
 * handed out: Q; or, where the list went over its limit, at least half of it. */
static uint32_t model_min_age(size_t slot)
{
  size_t q = model_least(4096 / slot, MIN_AGE);
  size_t batch = model_least(16384 / slot > 0 ? 16384 / slot : 1, BATCH);
  size_t limit = q + model_least(4, batch) + 1;
  return (uint32_t)model_least(q, limit / 2);
}

void model_ages_end(uint32_t thread)
{
  for (uint32_t i = 0; i < LATELY; i++) {
    if (thread == FUZZ_THREADS || freed.thread[i] == thread) {
      freed.at[i] = 0;
    }
  }
}

void model_was_freed(const struct block *dead)
{
  if (!fuzz_has_cache()) {
    return;
  }
  uint32_t c = fuzz_class((uintptr_t)dead->at);
  if (c >= SIZE_CLASSES || !fuzz_is_cached((uintptr_t)dead->at)) {
    return;
  }
  uint32_t i = freed.next++ % LATELY;
  freed.at[i] = (uintptr_t)dead->at;
  freed.thread[i] = (uint8_t)fuzz_thread();
  freed.class_of[i] = (uint8_t)c;
  freed.young[i] = fuzz_young_handed_over(c);
  freed.number[i] = ++frees[fuzz_thread()][c];
}

static void model_expect_aged(uintptr_t at)
{
  bool any = false; /* without a branch for each */
  for (uint32_t i = 0; i < LATELY; i++) {
    any |= freed.at[i] == at;
  }
  if (!any) {
    return;
  }
  for (uint32_t i = 0; i < LATELY; i++) {
    if (freed.at[i] == at) {
      uint32_t c = freed.class_of[i];
      uint32_t later = frees[freed.thread[i]][c] - freed.number[i];
      freed.at[i] = 0;
      /* Handed out again too soon, unless the budget put it out of its list young. */
      MUST(later >= model_min_age(model_class_bytes(c)) ||
           fuzz_young_handed_over(c) != freed.young[i]);
    }
  }
}

/* ---- lives --------------------------------------------------------------------- */

/* What the allocator remembers of a size: exact below 512 bytes, to 1/256
 * above, and exact of large ones. */
static void model_expect_size(const struct block *b)
{
  size_t over = b->usable - b->asked;
  MUST(b->usable >= b->asked);
  if (b->align != 16) {
    return; /* it may have got a larger slot, and records what that can */
  }
  if (b->asked < 512 || b->asked >= SMALL_BYTES) {
    MUST(over == 0);
  } else {
    MUST(over <= b->asked / 256);
  }
}

static void model_settle(uint32_t h)
{
  const struct block *b = &model[h];
  uintptr_t at = (uintptr_t)b->at;
  MUST(at % (b->align > 16 ? b->align : 16) == 0);
  model_expect_size(b);
  model_insert(h);
  uint32_t c = fuzz_class(at);
  bool small = c < SIZE_CLASSES;
  MUST(small || b->asked >= SMALL_BYTES || b->align != 16);
  MUST(!small || b->align != 16 || model_class_bytes(c) == model_slot_bytes(b->asked));
  MUST(!small || c == 0 || b->usable < model_class_bytes(c)); /* the last byte is nobody's */
  fuzz_poison_new();
  fuzz_unpoison(at, b->usable);
}

void model_born(uint32_t h, void *at, size_t asked, size_t usable, size_t align, uint32_t kind)
{
  struct block *b = &model[h];
  MUST(!b->live);
  *b = (struct block){.live = true,
                      .kind = (uint8_t)kind,
                      .at = at,
                      .asked = asked,
                      .usable = usable,
                      .align = align};
  model_settle(h);
  model_expect_aged((uintptr_t)at);
  model_verify(h); /* all of it is zero */
}

/* Not what may lie in a run of arenas, for its alignment. */
static void model_poison(const struct block *b)
{
  if (b->align <= PAGE_BYTES) {
    fuzz_poison((uintptr_t)b->at, b->usable);
  }
}

void model_dies(uint32_t h)
{
  struct block *b = &model[h];
  model_verify(h);
  model_remove(h);
  b->live = false;
  model_poison(b);
}

void model_changed(uint32_t h, void *at, size_t asked, size_t usable)
{
  struct block *b = &model[h];
  struct block before = *b;
  model_remove(h);
  model_poison(b);
  b->at = at;
  b->asked = asked;
  b->usable = usable;
  b->filled = before.filled < asked ? before.filled : asked;
  if (before.at != at) {
    b->align = b->align < 16 ? b->align : 16;
    model_expect_aged((uintptr_t)at);
  }
  model_settle(h);
  if (before.at != at) {
    model_was_freed(&before);
  }
  model_verify(h);
}
