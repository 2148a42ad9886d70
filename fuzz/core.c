/* core: one span, carved into slots of any class, and any change of state asked
 * for at any granule.  Each is answered as a table of states says that knows
 * nothing of how the allocator keeps them. */
#include "library.h"
#include "program.h"

#include "../src/radix_map.h"
#include "../src/size_math.h"
#include "../src/span_list.h"

#include <string.h>
#include <sys/single_threaded.h>

enum {
  SPAN_PAGES = 4,
  SPAN_GRANULES = SPAN_PAGES * GRANULES_PER_PAGE,
  /* in few programs, and once: looking at all takes 20 ms */
  ALL_KEYS = 251
};

static uint32_t span;
static uint64_t low;
static uint32_t size;                 /* granules of a slot; 0 where none are */
static uint8_t shadow[SPAN_GRANULES]; /* the state of the slot that starts there */
static bool looked;                   /* at all keys of the radix map */

static void carve(uint32_t c)
{
  size = (uint32_t)model_class_bytes(c) / GRANULE_BYTES;
  memset(shadow, SLOT_NONE, sizeof shadow);
  uint64_t slots = 0;
  for (uint32_t g = 0; g + size <= SPAN_GRANULES; g += size) {
    shadow[g] = SLOT_FREE;
    slots++;
  }
  program_say("slot_carve(%u, %u);", span, c);
  MUST(slot_carve(span, c) == slots);
}

static void clear(void)
{
  bool all = true;
  for (uint32_t g = 0; g < SPAN_GRANULES; g++) {
    all = all && shadow[g] <= SLOT_FREE;
  }
  MUST(slot_clear(span) == all);
  if (all) {
    memset(shadow, SLOT_NONE, sizeof shadow);
    size = 0;
  }
}

/* A change that is made only from one state. */
static void change(uint32_t g, bool done, uint8_t from, uint8_t to)
{
  MUST(done == (shadow[g] == from));
  shadow[g] = done ? to : shadow[g];
}

static enum slot_verdict verdict_of(uint32_t g)
{
  return shadow[g] == SLOT_NONE   ? SLOT_NOT_A_SLOT
         : shadow[g] >= SLOT_LIVE ? SLOT_OK
                                  : SLOT_ALREADY_FREE;
}

static void find(uint32_t g)
{
  uint64_t expected = GRANULES;
  for (uint32_t h = 0; h <= g; h++) {
    if (shadow[h] != SLOT_NONE && g - h < size) {
      expected = low + h;
    }
  }
  MUST(slot_find(low + g, low) == expected);
  MUST(shadow[g] == SLOT_NONE || slot_granules(low + g) == size);
}

/* ---- damage --------------------------------------------------------------------- */

/* All checkers that are proved, over what is in use. */
static bool checks_out(void)
{
  uint32_t end = (1 + fuzz_arenas()) * ARENA_PAGES;
  return page_heap_check() && span_list_check(end) && slot_check(low, low + SPAN_GRANULES);
}

/* An entry of a table is changed, and must be missed; then it is put back. */
#define DAMAGE(table, index, bits)                                                                 \
  do {                                                                                             \
    typeof((table)[0]) kept = (table)[index];                                                      \
    (table)[index] ^= (typeof((table)[0]))(bits);                                                  \
    bool same = kept == (table)[index];                                                            \
    MUST(checks_out() == same);                                                                    \
    (table)[index] = kept;                                                                         \
  } while (0)

static void damage(const struct step *s)
{
  /* Still a page of the arena: tables have no more. */
  uint32_t bits = s->value % ARENA_PAGES | 1;
  uint32_t rest = span + SPAN_PAGES; /* the free span behind */
  uint32_t list = list_of[rest] - 1u;
  switch (s->how / 8 % 10) {
  case 0:
    DAMAGE(span_len, span, bits);
    break;
  case 1:
    DAMAGE(span_len, rest, bits);
    break;
  case 2:
    DAMAGE(span_back, rest - 1, bits);
    break;
  case 3:
    DAMAGE(span_kind, rest, bits);
    break;
  case 4:
    DAMAGE(list_next, rest, bits);
    break;
  case 5:
    DAMAGE(list_prev, rest, bits);
    break;
  case 6:
    DAMAGE(list_of, rest, bits);
    break;
  case 7:
    DAMAGE(list_first, list, bits);
    break;
  case 8:
    if (shadow[0] != SLOT_NONE) {
      DAMAGE(page_span, span, bits);
    }
    break;
  default:
    if (shadow[0] != SLOT_NONE) {
      DAMAGE(page_class, span, bits | 0x80);
    }
    break;
  }
}

/* ---- arithmetic -------------------------------------------------------------------- */

static void reckon(const struct step *s)
{
  size_t a = program_size(s);
  size_t b = (size_t)s->how << s->handle % 64;
  size_t result = 0;
  size_t expected;
  bool fits = !__builtin_add_overflow(a, b, &expected);
  MUST(size_add(a, b, &result) == fits && (!fits || result == expected));
  fits = !__builtin_mul_overflow(a, b, &expected);
  MUST(size_multiply(a, b, &result) == fits && (!fits || result == expected));
  fits = size_round_up(a, 4096, &result);
  MUST(fits ? result % 4096 == 0 && result - a < 4096 : a > SIZE_MAX - 4096);
  uint32_t asked = (uint32_t)(a % SMALL_BYTES);
  uint32_t c = size_class_of(asked);
  MUST(size_class_bytes(c) == model_slot_bytes(asked) &&
       model_class_bytes(c) == size_class_bytes(c));
  MUST(size_class_granules(c) * GRANULE_BYTES == size_class_bytes(c));
  if (asked > 0) {
    uint32_t recorded = size_class_recorded(c, size_class_slack(c, asked));
    MUST(recorded >= asked && recorded - asked <= asked / 256 && recorded < size_class_bytes(c));
    MUST(asked >= size_class_least(c));
  }
}

/* An address in no arena, and one in the span. */
static void look_up(const struct step *s)
{
  uintptr_t at = radix_address(low) + s->value % (SPAN_PAGES * PAGE_BYTES);
  MUST(radix_granule(at) == low + s->value % (SPAN_PAGES * PAGE_BYTES) / GRANULE_BYTES);
  MUST(radix_granule(at ^ (uintptr_t)1 << (48 + s->handle % 16)) < ARENA_GRANULES);
  MUST(radix_granule((uintptr_t)s->value) < ARENA_GRANULES);
  if (s->how == ALL_KEYS && !looked) {
    looked = true;
    arena_key[1] ^= s->value | 1;
    MUST(!radix_check());
    arena_key[1] ^= s->value | 1;
    MUST(radix_check());
  }
}

static void run(const struct step *s)
{
  /* A slot's start more often than not. */
  uint32_t g = s->value % SPAN_GRANULES;
  g = size > 0 && s->handle % 4 != 0 ? g / size * size : g;
  uint8_t tag = slot_tag(s->how % SLOT_KINDS, s->how / SLOT_KINDS % SLACK_CODES);
  MUST(slot_tag_kind(tag) == s->how % SLOT_KINDS);
  MUST(slot_tag_code(tag) == s->how / SLOT_KINDS % SLACK_CODES);
  switch (s->what % 8) {
  case 0:
    if (size == 0) {
      carve(s->how % SIZE_CLASSES);
    }
    break;
  case 1:
    clear();
    break;
  case 2:
    change(g, slot_draw(low + g), SLOT_FREE, SLOT_CACHED);
    break;
  case 3:
    change(g, slot_retire(low + g), SLOT_CACHED, SLOT_FREE);
    break;
  case 4:
    change(g, slot_claim(low + g, tag), SLOT_CACHED, tag);
    break;
  case 5:
    MUST(slot_release(low + g, slot_state_get(low + g)) == verdict_of(g));
    shadow[g] = verdict_of(g) == SLOT_OK ? SLOT_CACHED : shadow[g];
    break;
  case 6:
    MUST(slot_retag(low + g, slot_state_get(low + g), tag) == verdict_of(g));
    shadow[g] = verdict_of(g) == SLOT_OK ? tag : shadow[g];
    break;
  default:
    if (s->how % 8 == 1) {
      damage(s);
    } else if (s->how % 8 == 2) {
      reckon(s);
    } else if (s->how % 8 == 3) {
      look_up(s);
    } else {
      find(g);
    }
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  struct step step;
  fuzz_start();
  __libc_single_threaded = bytes % 2 == 0;
  span = page_heap_take(SPAN_PAGES);
  MUST(span != PAGES);
  low = (uint64_t)span * GRANULES_PER_PAGE;
  size = 0;
  looked = false;
  memset(shadow, SLOT_NONE, sizeof shadow);
  for (uint32_t n = 0; program_read(input, bytes, n, &step); n++) {
    run(&step);
  }
  MUST(slot_check(low, low + SPAN_GRANULES));
  for (uint32_t g = 0; g < SPAN_GRANULES; g++) {
    MUST(slot_state_get(low + g) == shadow[g]);
    slot_state_set(low + g, SLOT_NONE);
  }
  MUST(page_heap_give(span, 0));
  fuzz_expect_nothing();
  fuzz_reset();
  return 0;
}
