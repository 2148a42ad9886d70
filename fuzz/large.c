/* large: blocks with spans of their own, over a page heap and a kernel that may
 * refuse.  They overlap nothing, are zero, end at a guard, keep their sizes, and
 * all pages come back, even those whose guards the kernel kept for a while. */
#include "library.h"
#include "tier.h"

#include "../src/radix_map.h"

enum {
  HELD = 64,
  MOST_BYTES = 1 << 21
};

static void give(uint32_t h)
{
  if (!model[h].live) {
    return;
  }
  uint64_t g = radix_granule((uintptr_t)model[h].at);
  program_say("large_free(%u);", h);
  model_dies(h);
  MUST(slot_release(g, slot_state_get(g)) == SLOT_OK);
  large_free(g);
}

static void take(const struct step *s)
{
  uint32_t h = s->handle % HELD;
  give(h);
  size_t asked = 1 + (s->value % MOST_BYTES >> s->family % 16);
  size_t align = (size_t)16 << s->how % 18;
  if (s->how / 18 == 3) { /* one that no arena holds */
    asked = (size_t)ARENA_BYTES / 2 * (1 + s->value % 4) + s->value % 3;
  }
  bool absurd = s->how / 18 == 4; /* the sum, or its whole pages, do not fit a size */
  if (absurd) {
    asked = (size_t)PTRDIFF_MAX - s->value % (4 * PAGE_BYTES);
    align = (size_t)1 << 63;
  }
  uint64_t refused = fuzz_refused();
  program_say("large_allocate(%zu, %zu);", asked, align);
  uintptr_t block = large_allocate(asked, align, slot_tag(KIND_MALLOC, 0));
  if (block == 0) {
    MUST(absurd || fuzz_refused() > refused || fuzz_arenas() + 3 > fuzz_most_arenas());
    return;
  }
  uint64_t g = radix_granule(block);
  MUST(large_size(g) == asked && large_capacity(g) >= asked + !fuzz_guards());
  /* 8: a small one may be among them. */
  model_born(h, (void *)block, asked, large_size(g), align > 16 ? align : 8, KIND_MALLOC);
  if (s->value % 4 == 0) {
    model_fill(h, asked, (uint8_t)s->value);
  }
}

static void resize(const struct step *s)
{
  uint32_t h = s->handle % HELD;
  if (!model[h].live || model[h].usable > MOST_BYTES) {
    return;
  }
  uint64_t g = radix_granule((uintptr_t)model[h].at);
  size_t old = large_size(g);
  /* Where it stands, if it can; or up to twice as much, or anything. */
  size_t asked = 1 + s->value % (s->how % 3 == 0   ? large_capacity(g)
                                 : s->how % 3 == 1 ? 2 * large_capacity(g)
                                                   : (size_t)MOST_BYTES);
  program_say("large_resize(%u, %zu);", h, asked);
  uint64_t refused = fuzz_refused();
  uintptr_t block = (uintptr_t)model[h].at;
  enum large_resized how = large_resize(g, slot_state_get(g), asked, &block);
  if (how == LARGE_NO_MEMORY) {
    MUST(asked > old && large_size(g) == old);
    MUST(fuzz_refused() > refused || fuzz_arenas() + 3 > fuzz_most_arenas());
    return;
  }
  MUST(how == LARGE_RESIZED && block % GRANULE_BYTES == 0);
  MUST(large_size(radix_granule(block)) == asked);
  MUST(large_capacity(radix_granule(block)) >= asked + !fuzz_guards());
  if (block != (uintptr_t)model[h].at) {
    model[h].align = 8; /* as take has it: a small one may be among them */
  }
  model_changed(h, (void *)block, asked, asked);
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
    give(s->handle % HELD);
    break;
  case 5:
    resize(s);
    break;
  case 6:
    large_trim();
    break;
  default:
    fuzz_shut(s->how % 2 == 0 ? GATE_KERNEL : GATE_PAGE_HEAP, s->value % 4, 1 + s->value / 4 % 8);
    break;
  }
  MUST(large_waiting() <= (uint64_t)fuzz_arenas() * ARENA_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  struct step step;
  if (!program_read(input, bytes, 0, &step)) {
    return 0;
  }
  tier_start();
  fuzz_options(step.what % 4 == 3 ? "guards=no" : "guards=yes");
  model_reset();
  tier_steps(input, bytes, 1, run);
  for (uint32_t h = 0; h < HELD; h++) {
    give(h);
  }
  fuzz_finish();
  return 0;
}
