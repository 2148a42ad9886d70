/* misuse: programs that make one mistake at most.  The harness knows what the
 * allocator must say of it, and where; nothing, something else, or a report of
 * what was no mistake, is a crash.
 *
 * Steps whose first byte is 224 or more are mistakes; the others are right. */
#include "library.h"
#include "program.h"

#include "../src/ashlar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void _ZdlPv(void *block);
void _ZdaPv(void *block);

enum {
  FIRST_MISTAKE = 224,
  LATELY = 8,
  PATIENCE = 3000,
  /* in few programs: it takes its time */
  ALL_CHECKS = 250
};

enum mistake {
  DOUBLE_FREE,
  USE_AFTER_FREE,
  INTERIOR,
  FOREIGN,
  WRONG_SIZE,
  WRONG_KIND,
  WRONG_ALIGNMENT,
  OVERFLOW,
  WRITE_AFTER_FREE,
  TOUCH,
  MISTAKES
};

/* Blocks that were freed of late, by this harness's steps. */
static struct block dead[LATELY];
static uint32_t deaths;

/* ---- functions that take a block ------------------------------------------------ */

static void misuse_reallocate(void *block)
{
  block = ashlar_realloc(block, 100);
  (void)block;
}

static void misuse_shrink(void *block)
{
  block = ashlar_realloc(block, 0);
  (void)block;
}

static void misuse_free_sized(void *block)
{
  ashlar_free_sized(block, 8);
}

static void misuse_free_aligned(void *block)
{
  ashlar_free_aligned_sized(block, 1, 8);
}

static void misuse_look(void *block)
{
  (void)ashlar_malloc_usable_size(block);
}

/* Those that free, and those that use. */
static const struct taker {
  const char *name;
  void (*take)(void *block);
  const char *operation; /* as the report has it; NULL: not named */
} takers[] = {
    {"ashlar_free(%p);", ashlar_free, NULL},
    {"ashlar_free_sized(%p, 8);", misuse_free_sized, "; in free_sized"},
    {"ashlar_free_aligned_sized(%p, 1, 8);", misuse_free_aligned, "; in free_aligned_sized"},
    {"_ZdlPv(%p);", _ZdlPv, "; in operator delete"},
    {"_ZdaPv(%p);", _ZdaPv, "; in operator delete[]"},
    {"ashlar_realloc(%p, 100);", misuse_reallocate, "; in realloc"},
    {"ashlar_realloc(%p, 0);", misuse_shrink, "; in realloc"},
    {"ashlar_malloc_usable_size(%p);", misuse_look, "; in malloc_usable_size"},
};

enum {
  TAKERS = sizeof takers / sizeof takers[0],
  FIRST_USER = 5
};

/* ---- verdicts --------------------------------------------------------------------- */

/* What the report must say: one of the kinds, between bars, of that address. */
static void misuse_expect(const char *kinds, uintptr_t address, const char *operation)
{
  char kind[40];
  char end[40];
  unsigned long long named = 0;
  MUST(sscanf(fuzz_report, "ashlar: %39[a-z ]: 0x%llx %39s", kind, &named, end) >= 2);
  char bars[44];
  snprintf(bars, sizeof bars, "|%s|", kind);
  MUST(strstr(kinds, bars) != NULL);
  MUST(named == address);
  MUST(operation == NULL || strstr(fuzz_report, operation) != NULL);
  const char *line = strchr(fuzz_report, '\n');
  MUST(line != NULL && line[1] == '\0');
}

/* Gives an address to a function; a report of one of these kinds must come. */
static void misuse_give(const struct taker *taker, void *block, const char *kinds)
{
  program_say(taker->name, block);
  fuzz_report[0] = '\0';
  fuzz_expecting = true;
  if (setjmp(fuzz_caught) == 0) {
    taker->take(block);
    bool seen = false;
    MUST(seen); /* the mistake was not */
  }
  fuzz_expecting = false;
  misuse_expect(kinds, (uintptr_t)block, taker->operation);
}

/* Writes where a program must not, past what watches the harness. */
__attribute__((no_sanitize("address"), noinline)) static void misuse_write(unsigned char *at)
{
  *(volatile unsigned char *)at = 0xa5;
}

/* ---- mistakes: each says whether it made one --------------------------------------- */

static bool misuse_freed(const struct step *s, bool use)
{
  const struct block *b = &dead[s->handle % LATELY];
  if (b->at == NULL || model_find((uintptr_t)b->at) != MODEL_BLOCKS) {
    return false;
  }
  uint32_t i = use ? FIRST_USER + s->value % (TAKERS - FIRST_USER) : s->value % FIRST_USER;
  const struct taker *taker = &takers[i];
  if (!fuzz_is_slot((uintptr_t)b->at)) {
    misuse_give(taker, b->at, "|interior pointer|unallocated memory|invalid pointer|");
    return true;
  }
  misuse_give(taker, b->at, use ? "|use after free|" : "|double free|");
  return true;
}

static bool misuse_interior(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS || model[h].usable < 2) {
    return false;
  }
  /* Near its start: the allocator walks back. */
  size_t room = model[h].usable < 100000 ? model[h].usable : 100000;
  size_t offset = 1 + s->value / TAKERS % (room - 1);
  if (s->how % 2 == 0 && room > 16) {
    offset = (offset + 15) / 16 * 16;
    offset = offset < room ? offset : 16;
  }
  const struct taker *taker = &takers[s->value % TAKERS];
  misuse_give(taker, model[h].at + offset,
              offset % 16 == 0 ? "|interior pointer|" : "|misaligned pointer|");
  return true;
}

static bool misuse_foreign(const struct step *s)
{
  static _Alignas(16) unsigned char own[64];
  _Alignas(16) unsigned char stack[64];
  uintptr_t far = (uintptr_t)s->value << 32 | 0xf0;
  void *const foreign[] = {own + 16,
                           own + 8,
                           stack + 16,
                           stack + 1,
                           (void *)8,
                           (void *)0x1000,
                           (void *)(far | (uintptr_t)1 << 63),
                           (void *)~far,
                           (void *)(~(uintptr_t)0 - 15),
                           (void *)((uintptr_t)1 << 47)};
  void *block = foreign[s->how % (sizeof foreign / sizeof foreign[0])];
  misuse_give(&takers[s->value % TAKERS], block, "|invalid pointer|");
  return true;
}

/* Whether a size is taken for the one that a block of a slot was asked for: what
 * it says is remembered as the block is.  A size of a smaller slot is taken for
 * the least of this one, since an aligned request may have got it. */
static bool misuse_fits(const struct block *b, size_t size)
{
  size_t slot = model_slot_bytes(b->asked);
  size_t step = 16;
  while (slot > 256 && step * 16 < slot) {
    step *= 2;
  }
  size_t unit = slot <= 512 ? 1 : step / 32;
  size = size < slot - step ? slot - step : size;
  return size < slot && slot - ((slot - size - 1) / unit * unit + 1) == b->usable;
}

static void *wrong_block;
static size_t wrong_size;
static size_t wrong_align;

static void misuse_free_wrong_size(void *block)
{
  ashlar_free_sized(block, wrong_size);
}

static bool misuse_size(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS || model[h].align > 16 || model[h].kind != KIND_MALLOC) {
    return false;
  }
  const struct block *b = &model[h];
  size_t size = s->how % 2 == 0 ? program_size(s) : b->asked + s->value % 9 - 4;
  bool small = b->asked > 0 && b->asked < SMALL_BYTES;
  if (size == b->asked || (small && misuse_fits(b, size))) {
    return false;
  }
  wrong_size = size;
  program_say("/* wrong: %zu; of b[%u] %zu were asked, %zu are usable */", size, h, b->asked,
              b->usable);
  static const struct taker taker = {"ashlar_free_sized(%p, wrong);", misuse_free_wrong_size,
                                     "; in free_sized"};
  misuse_give(&taker, b->at, "|size mismatch|");
  return true;
}

/* A block of another kind is reported, if it is the first, and freed. */
static void misuse_warn(const struct taker *taker, void *block)
{
  static const char warning[] = "ashlar: warning: kind mismatch: 0x";
  fuzz_options("kind_mismatch=warn");
  fuzz_open();
  program_say(taker->name, block);
  fuzz_report[0] = '\0';
  fuzz_expecting = true;
  bool went_on = setjmp(fuzz_caught) == 0;
  if (went_on) {
    taker->take(block);
  }
  fuzz_expecting = false;
  MUST(went_on);
  MUST(strncmp(fuzz_report, warning, sizeof warning - 1) == 0);
  MUST(strchr(fuzz_report, '\n')[1] == '\0');
  MUST(strtoull(fuzz_report + sizeof warning - 3, NULL, 16) == (uintptr_t)block);
}

static bool misuse_kind(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS) {
    return false;
  }
  static const uint8_t kinds[] = {KIND_MALLOC, KIND_NEW, KIND_NEW_ARRAY, KIND_MALLOC, KIND_MALLOC};
  static const uint8_t which[] = {0, 3, 4, 5, 6};
  uint32_t i = s->value % 5;
  if (kinds[i] == model[h].kind) {
    return false;
  }
  if (s->how % 2 != 0) {
    misuse_warn(&takers[which[i]], model[h].at);
    return true;
  }
  fuzz_options("kind_mismatch=abort");
  misuse_give(&takers[which[i]], model[h].at, "|kind mismatch|");
  return true;
}

static void misuse_free_wrong_align(void *block)
{
  ashlar_free_aligned_sized(block, wrong_align, wrong_size);
}

static bool misuse_align(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS || model[h].kind != KIND_MALLOC) {
    return false;
  }
  wrong_align = s->how % 4 == 0 ? 3 + 2 * (size_t)(s->value % 50) : (size_t)1 << s->how / 4 % 48;
  wrong_size = model[h].asked;
  bool power = (wrong_align & (wrong_align - 1)) == 0;
  if (power && (uintptr_t)model[h].at % wrong_align == 0) {
    return false;
  }
  static const struct taker taker = {"ashlar_free_aligned_sized(%p, wrong, asked);",
                                     misuse_free_wrong_align, "; in free_aligned_sized"};
  misuse_give(&taker, model[h].at, "|alignment mismatch|");
  return true;
}

static bool misuse_is_small(const struct block *b)
{
  uint32_t c = fuzz_class((uintptr_t)b->at);
  return c > 0 && c < SIZE_CLASSES;
}

/* The heap's own check finds it, and where. */
static void misuse_expect_found(const void *block, const char *expected)
{
  const char *what = NULL;
  const void *where = NULL;
  program_say("ashlar_check(&what, &where);");
  MUST(!ashlar_check(&what, &where));
  MUST(where == block && strcmp(what, expected) == 0);
}

static bool misuse_overflow(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS || model[h].kind != KIND_MALLOC) {
    return false;
  }
  const struct block *b = &model[h];
  size_t slack = fuzz_capacity((uintptr_t)b->at) - b->usable;
  slack = slack < PAGE_BYTES ? slack : PAGE_BYTES; /* so far it is looked at */
  if (slack == 0 || fuzz_class((uintptr_t)b->at) == 0) {
    return false;
  }
  size_t past = s->value / 2 % slack;
  program_say("((char *)b[%u])[%zu] = 1;", h, b->usable + past);
  misuse_write(b->at + b->usable + past);
  if (s->how >= ALL_CHECKS && fuzz_arenas() == 1) {
    misuse_expect_found(b->at, "bytes past the end of a block were written");
  }
  misuse_give(&takers[s->value % 2 == 0 ? 0 : FIRST_USER], b->at, "|overflow|");
  return true;
}

/* Until the block is asked for again, or the whole heap is looked at. */
static void misuse_wait_for(void *block, size_t size, int patience)
{
  for (int i = 0; i < patience; i++) {
    void *got = ashlar_malloc(size);
    MUST(got != block);
    if (got == NULL) {
      break;
    }
    ashlar_free(got);
  }
  misuse_expect_found(block, "a free block was written");
}

static bool misuse_write_after(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS || !misuse_is_small(&model[h]) || fuzz_arenas() > 2) {
    return false;
  }
  fuzz_open();
  wrong_block = model[h].at;
  wrong_size = model[h].asked;
  size_t offset = s->value % model_class_bytes(fuzz_class((uintptr_t)wrong_block));
  program_free(h, s->how);
  if (!fuzz_is_slot((uintptr_t)wrong_block)) {
    return false; /* its pages went back: they are checked by nobody */
  }
  program_say("((char *)b[%u])[%zu] = 1;", h, offset);
  misuse_write((unsigned char *)wrong_block + offset);
  fuzz_report[0] = '\0';
  fuzz_expecting = true;
  if (setjmp(fuzz_caught) == 0) {
    misuse_wait_for(wrong_block, wrong_size, s->how >= ALL_CHECKS ? 0 : PATIENCE);
    fuzz_expecting = false;
    return true;
  }
  fuzz_expecting = false;
  misuse_expect("|write after free|", (uintptr_t)wrong_block, "; in malloc");
  return true;
}

/* What must trap does: blocks without bytes, the guard behind a large one, a
 * large one that was freed. */
static bool misuse_touch(const struct step *s)
{
  if (fuzz_refused() > 0 || !fuzz_guards()) {
    return false;
  }
  const struct block *b = &dead[s->handle % LATELY];
  bool gone = b->at == NULL || model_find((uintptr_t)b->at) != MODEL_BLOCKS;
  if (s->how % 2 == 0 && b->at != NULL && gone && fuzz_is_slot((uintptr_t)b->at) &&
      fuzz_class((uintptr_t)b->at) == CLASS_LARGE) {
    MUST(fuzz_traps((uintptr_t)b->at + s->value % (b->usable + 1)));
  }
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS) {
    return false;
  }
  uintptr_t at = (uintptr_t)model[h].at;
  uint32_t c = fuzz_class(at);
  if (c == 0) {
    MUST(fuzz_traps(at));
  } else if (c == CLASS_LARGE && model[h].align <= PAGE_BYTES) {
    MUST(fuzz_traps((at + model[h].usable + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES));
  }
  return false;
}

static bool misuse(const struct step *s)
{
  switch ((enum mistake)(s->what % MISTAKES)) {
  case DOUBLE_FREE:
    return misuse_freed(s, false);
  case USE_AFTER_FREE:
    return misuse_freed(s, true);
  case INTERIOR:
    return misuse_interior(s);
  case FOREIGN:
    return misuse_foreign(s);
  case WRONG_SIZE:
    return misuse_size(s);
  case WRONG_KIND:
    return misuse_kind(s);
  case WRONG_ALIGNMENT:
    return misuse_align(s);
  case OVERFLOW:
    return misuse_overflow(s);
  case WRITE_AFTER_FREE:
    return misuse_write_after(s);
  case TOUCH:
    return misuse_touch(s);
  case MISTAKES:
    break;
  }
  return false;
}

/* A right step; of a free it is noted which block died. */
static void misuse_step(const struct step *s)
{
  if (program_operation(s) == OP_FREE) {
    uint32_t h = model_next(s->handle);
    if (h != MODEL_BLOCKS) {
      dead[deaths++ % LATELY] = model[h];
    }
  }
  program_step(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  struct step step;
  if (!program_read(input, bytes, 0, &step)) {
    return 0;
  }
  program_start(&step);
  memset(dead, 0, sizeof dead);
  deaths = 0;
  for (uint32_t n = 1; program_read(input, bytes, n, &step); n++) {
    if (step.what < FIRST_MISTAKE) {
      misuse_step(&step);
    } else if (misuse(&step)) {
      fuzz_reset_hard();
      return 0;
    }
  }
  program_end();
  return 0;
}
