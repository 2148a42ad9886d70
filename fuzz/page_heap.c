/* page_heap: spans taken and given in any order, over a kernel that may refuse.
 * No two overlap, no page is lost, a refused request changes nothing, and what is
 * handed out is zero. */
#include "library.h"
#include "tier.h"

#include "../src/arena.h"
#include "../src/radix_map.h"

#include <string.h>

enum {
  HELD = 64,
  MOST_RUN = 3
};

static struct {
  uint32_t s, n;
} held[HELD];

static unsigned char *span_at(uint32_t s)
{
  return (unsigned char *)radix_address((uint64_t)s * GRANULES_PER_PAGE);
}

static uint64_t pages_held(void)
{
  uint64_t pages = 0;
  for (uint32_t h = 0; h < HELD; h++) {
    pages += held[h].n;
  }
  return pages;
}

static void give(uint32_t h)
{
  if (held[h].n == 0) {
    return;
  }
  unsigned char *at = span_at(held[h].s);
  /* What goes back must be zero. */
  at[0] = 0;
  at[(size_t)held[h].n * PAGE_BYTES - 1] = 0;
  fuzz_poison((uintptr_t)at, (size_t)held[h].n * PAGE_BYTES);
  program_say("page_heap_give(%u, %u);", held[h].s, held[h].n);
  MUST(page_heap_give(held[h].s, held[h].n));
  held[h].n = 0;
}

static void took(uint32_t h, uint32_t s, uint32_t least)
{
  MUST(span_kind[s] == SPAN_USED && span_len[s] >= least);
  uint32_t n = span_len[s];
  MUST(n == least || (least % ARENA_PAGES == 0 && n % ARENA_PAGES == 0));
  for (uint32_t o = 0; o < HELD; o++) {
    MUST(held[o].n == 0 || s + n <= held[o].s || held[o].s + held[o].n <= s);
  }
  held[h].s = s;
  held[h].n = n;
  fuzz_poison_new();
  unsigned char *at = span_at(s);
  size_t bytes = (size_t)n * PAGE_BYTES;
  fuzz_unpoison((uintptr_t)at, bytes);
  MUST(at[0] == 0 && at[bytes - 1] == 0);
  at[0] = 1;
  at[bytes - 1] = 1;
}

static void take(const struct step *s, bool run)
{
  uint32_t h = s->handle % HELD;
  give(h);
  uint32_t n = run ? s->value % (MOST_RUN + 1) : 1 + (s->value % ARENA_PAGES >> s->how % 14);
  struct page_heap_counts before = page_heap_counts();
  uint64_t refused = fuzz_refused();
  program_say("page_heap_take%s(%u);", run ? "_run" : "", n);
  uint32_t got = run ? page_heap_take_run(n, n * ARENA_PAGES) : page_heap_take(n);
  if (got != PAGES) {
    took(h, got, run ? n * ARENA_PAGES : n);
    return;
  }
  struct page_heap_counts after = page_heap_counts();
  MUST(memcmp(&before, &after, sizeof after) == 0);
  MUST(n == 0 || fuzz_refused() > refused || fuzz_arenas() + MOST_RUN > fuzz_most_arenas());
}

/* Where no span in use starts; and a run that there cannot be. */
static void give_wrong(uint32_t page)
{
  MUST(page_heap_take_run(MAX_ARENAS + 1 + page % 4, 1) == PAGES);
  uint32_t pages = (1 + fuzz_arenas()) * ARENA_PAGES;
  page = page % 2 == 0 ? page % pages : page | (uint32_t)PAGES;
  if (page >= PAGES || span_kind[page] != SPAN_USED) {
    MUST(!page_heap_give(page, 0));
  }
}

static void run(const struct step *s)
{
  switch (s->what % 8) {
  case 0:
  case 1:
  case 2:
    take(s, false);
    break;
  case 3:
    take(s, true);
    break;
  case 4:
  case 5:
    give(s->handle % HELD);
    break;
  case 6:
    if (s->how % 2 == 0) {
      page_heap_trim(s->value % 4096);
    } else {
      give_wrong(s->value);
    }
    break;
  default:
    fuzz_shut(GATE_KERNEL, s->value % 32, 1 + s->value / 32 % 16);
    break;
  }
  struct page_heap_counts counts = page_heap_counts();
  MUST(counts.total == counts.free + pages_held());
  MUST(counts.free_resident <= counts.free);
  MUST(counts.total == (uint64_t)fuzz_standing() * ARENA_PAGES);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  tier_start();
  memset(held, 0, sizeof held);
  tier_steps(input, bytes, 0, run);
  for (uint32_t h = 0; h < HELD; h++) {
    give(h);
  }
  fuzz_finish();
  return 0;
}
