/* thread_cache: lists filled and emptied in any order, by several threads, over a
 * central cache that may refuse.  Nothing is lost, lists stay within their limits,
 * and limits within the budget. */
#include "library.h"
#include "tier.h"

#include "../src/options.h"
#include "../src/radix_map.h"
#include "../src/size_class.h"

static uint32_t class_of(const struct step *s)
{
  return tier_class(s->how % 4 != 0, s->how / 4u);
}

/* What the header promises of the cache. */
static void expect_sound(struct thread_cache *cache, uint32_t c)
{
  const struct class_cache *of = thread_cache_of(cache, c);
  MUST(free_list_check(&of->list));
  MUST(of->list.count <= of->limit && of->limit <= LIST_CAPACITY);
  if (thread_cache_uses(cache, c)) {
    MUST(of->batch >= 1 && of->batch <= BATCH);
  } else {
    MUST(of->limit == 0);
  }
}

/* All limits are paid, and within the option. */
static void expect_budget(struct thread_cache *cache)
{
  uint64_t spent = 0;
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    spent += (uint64_t)thread_cache_of(cache, c)->limit * model_class_bytes(c);
  }
  MUST(cache->spent == spent && spent <= options()->thread_cache_bytes);
}

/* As malloc does. */
static void take(const struct step *s, uint32_t c)
{
  struct thread_cache *cache = thread_cache_get();
  if (cache == NULL || tier_count == TIER_SLOTS) {
    return;
  }
  struct free_list *list = &thread_cache_of(cache, c)->list;
  uint64_t refused = fuzz_refused();
  if (list->count <= list->young && !thread_cache_refill(cache, c)) {
    /* The kernel refused, or all that the budget allows is young. */
    bool full = list->count == thread_cache_of(cache, c)->limit;
    MUST(full || fuzz_refused() > refused || fuzz_arenas() == fuzz_most_arenas());
    return;
  }
  MUST(list->count > list->young);
  uintptr_t block = free_list_take(list, s->value % (list->count - list->young));
  tier_hold(block, c);
  MUST(slot_claim(radix_granule(block), slot_tag(KIND_MALLOC, 0)));
}

/* As free does. */
static void give(uint32_t i)
{
  struct tier_slot slot = tier_let_go(i);
  uintptr_t block = slot.at;
  uint32_t c = slot.class_of;
  uint64_t g = radix_granule(block);
  MUST(slot_release(g, slot_state_get(g)) == SLOT_OK);
  struct thread_cache *cache = thread_cache_get();
  if (cache == NULL) {
    MUST(central_give(c, &block, 1) == 1);
    return;
  }
  struct class_cache *of = thread_cache_of(cache, c);
  if (of->list.count >= of->limit && !thread_cache_make_room(cache, c)) {
    MUST(central_give(c, &block, 1) == 1);
    return;
  }
  MUST(of->list.count < of->limit);
  free_list_append(&of->list, block, of->min_age);
}

static void run(const struct step *s)
{
  uint32_t times = 1 + s->handle % 64;
  uint32_t c = class_of(s);
  switch (s->what % 8) {
  case 0:
  case 1:
    for (uint32_t i = 0; i < times; i++) {
      take(s, c);
    }
    break;
  case 2:
  case 3:
    for (uint32_t i = 0; i < times && tier_count > 0; i++) {
      give((s->value + i * (s->what & 8)) % tier_count);
    }
    break;
  case 4:
    fuzz_switch(s->handle);
    break;
  case 5:
    if (s->how % 4 == 0) {
      thread_cache_flush();
    } else if (s->how % 4 == 1) {
      fuzz_end_thread();
    } else if (s->how % 4 == 2) {
      fuzz_fork();
    }
    break;
  case 6:
    MUST(thread_cache_bytes() <=
         (uint64_t)FUZZ_THREADS * LIST_CAPACITY * SIZE_CLASSES * SMALL_BYTES);
    break;
  default:
    fuzz_shut((enum fuzz_gate)(s->how % GATES), s->value % 4, 1 + s->value / 4 % 8);
    break;
  }
  if (fuzz_has_cache()) {
    expect_sound(thread_cache_self, c);
    expect_budget(thread_cache_self);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  tier_start();
  expect_budget(thread_cache_self);
  if (bytes > 1 && input[1] % 4 == 3) {
    fuzz_options("thread_cache_bytes=64K");
  }
  tier_steps(input, bytes, 0, run);
  while (tier_count > 0) {
    give(tier_count - 1);
  }
  fuzz_finish();
  return 0;
}
