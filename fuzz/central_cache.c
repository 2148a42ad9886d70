/* central_cache: slots drawn and given back in any order, over a page heap and a
 * kernel that may refuse.  No slot is handed out twice; what is no cached slot is
 * refused, and named; every span goes back. */
#include "library.h"
#include "tier.h"

#include "../src/radix_map.h"

static uint32_t class_of(const struct step *s)
{
  return tier_class(s->how % 2 == 0, s->how / 2u);
}

static void take(const struct step *s)
{
  uint32_t c = class_of(s);
  uint32_t n = 1 + s->value % BATCH;
  if (tier_count + n > TIER_SLOTS) {
    return;
  }
  uintptr_t block[BATCH];
  uint64_t refused = fuzz_refused();
  program_say("central_take(%u, %u, block, %u);", c, n, s->value);
  uint32_t got = central_take(c, n, block, s->value * 2654435761u);
  MUST(got <= n && (got > 0 || fuzz_refused() > refused || fuzz_arenas() == fuzz_most_arenas()));
  for (uint32_t i = 0; i < got; i++) {
    tier_hold(block[i], c);
    MUST(slot_state_get(radix_granule(block[i])) == SLOT_CACHED);
  }
}

/* Takes up to n slots of a class off the list of those held. */
static uint32_t drop(uint32_t c, uint32_t n, uint32_t from, uintptr_t *block)
{
  uint32_t got = 0;
  for (uint32_t i = 0; i < tier_count && got < n;) {
    uint32_t at = (from + i) % tier_count;
    if (tier_slot[at].class_of == c) {
      block[got++] = tier_let_go(at).at;
    } else {
      i++;
    }
  }
  return got;
}

static void give(const struct step *s)
{
  uintptr_t block[BATCH];
  bool known = tier_count > 0 && s->what % 2 == 0;
  uint32_t c = known ? tier_slot[s->value % tier_count].class_of : class_of(s);
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
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  tier_start();
  tier_steps(input, bytes, 0, run);
  while (tier_count > 0) {
    uintptr_t block[BATCH];
    uint32_t c = tier_slot[0].class_of;
    uint32_t n = drop(c, BATCH, 0, block);
    MUST(central_give(c, block, n) == n);
  }
  fuzz_finish();
  return 0;
}
