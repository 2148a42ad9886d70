/* central_cache: slots drawn and given back in any order, over a page heap and a
 * kernel that may refuse.  No slot is handed out twice; what is no cached slot is
 * refused, and named; every span goes back. */
#include "library.h"
#include "program.h"

#include "../src/radix_map.h"

#include <string.h>
#include <sys/single_threaded.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

enum {
  HELD = 512,
  FEW_CLASSES = 6
};

/* The slots that nobody else may have. */
static struct {
  uintptr_t at;
  uint32_t class_of;
} held[HELD];
static uint32_t count;

static uint32_t class_of(const struct step *s)
{
  static const uint32_t few[FEW_CLASSES] = {0, 1, 3, 16, 30, SIZE_CLASSES - 1};
  return s->how % 2 == 0 ? few[s->how / 2 % FEW_CLASSES] : s->how / 2u % SIZE_CLASSES;
}

static void expect_apart(uintptr_t at, uint32_t c)
{
  uintptr_t end = at + model_class_bytes(c);
  for (uint32_t i = 0; i < count; i++) {
    MUST(end <= held[i].at || held[i].at + model_class_bytes(held[i].class_of) <= at);
  }
}

static void take(const struct step *s)
{
  uint32_t c = class_of(s);
  uint32_t n = 1 + s->value % BATCH;
  if (count + n > HELD) {
    return;
  }
  uintptr_t block[BATCH];
  uint64_t refused = fuzz_refused();
  program_say("central_take(%u, %u, block, %u);", c, n, s->value);
  uint32_t got = central_take(c, n, block, s->value * 2654435761u);
  MUST(got <= n && (got > 0 || fuzz_refused() > refused || fuzz_arenas() == fuzz_most_arenas()));
  for (uint32_t i = 0; i < got; i++) {
    expect_apart(block[i], c);
    MUST(fuzz_class(block[i]) == c && slot_state_get(radix_granule(block[i])) == SLOT_CACHED);
    held[count].at = block[i];
    held[count++].class_of = c;
  }
}

/* Takes up to n slots of a class off the list of those held. */
static uint32_t drop(uint32_t c, uint32_t n, uint32_t from, uintptr_t *block)
{
  uint32_t got = 0;
  for (uint32_t i = 0; i < count && got < n;) {
    uint32_t at = (from + i) % count;
    if (held[at].class_of == c) {
      block[got++] = held[at].at;
      held[at] = held[--count];
    } else {
      i++;
    }
  }
  return got;
}

static void give(const struct step *s)
{
  uintptr_t block[BATCH];
  uint32_t c = count > 0 && s->what % 2 == 0 ? held[s->value % count].class_of : class_of(s);
  uint32_t n = drop(c, 1 + s->handle % BATCH, s->value, block);
  program_say("central_give(%u, block, %u);", c, n);
  MUST(central_give(c, block, n) == n);
}

/* What was given already, what never was a slot. */
static void give_wrong(const struct step *s)
{
  uintptr_t block[2];
  uint32_t c = class_of(s);
  uint32_t n = drop(c, 1, s->value, block);
  if (n == 0) {
    return;
  }
  uintptr_t wrong[] = {block[0], block[0] + (model_class_bytes(c) > 16 ? 16 : 0), 16,
                       ~(uintptr_t)15};
  uintptr_t which = wrong[s->value % 4];
  if (which == block[0]) {
    block[1] = which;
    MUST(central_give(c, block, 2) == 1);
  } else {
    uintptr_t both[2] = {which, block[0]};
    MUST(model_class_bytes(c) > 16 || s->value % 4 > 1);
    MUST(central_give(c, both, 2) == 0);
    MUST(central_give(c, block, 1) == 1);
  }
}

static void run(const struct step *s)
{
  switch (s->what % 8) {
  case 0:
  case 1:
  case 2:
    take(s);
    break;
  case 3:
  case 4:
    give(s);
    break;
  case 5:
    if (s->value % 4 != 1 || model_class_bytes(class_of(s)) > 16) {
      give_wrong(s);
    }
    break;
  case 6:
    central_trim();
    break;
  default:
    fuzz_shut(s->how % 2 == 0 ? GATE_KERNEL : GATE_PAGE_HEAP, s->value % 4, 1 + s->value / 4 % 8);
    break;
  }
#ifdef FUZZ_CHECK_ALWAYS
  fuzz_check();
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  struct step step;
  fuzz_start();
  __libc_single_threaded = 1;
  count = 0;
  for (uint32_t n = 0; program_read(input, bytes, n, &step); n++) {
    run(&step);
  }
  fuzz_check();
  fuzz_open();
  while (count > 0) {
    uintptr_t block[BATCH];
    uint32_t c = held[0].class_of;
    uint32_t n = drop(c, BATCH, 0, block);
    MUST(central_give(c, block, n) == n);
  }
  fuzz_flush();
  fuzz_expect_nothing();
  fuzz_reset();
  return 0;
}
