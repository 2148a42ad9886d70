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
  LAST_PAGE = (SPAN_PAGES - 1) * GRANULES_PER_PAGE,
  NEIGHBOURS = 5,
  /* in few programs, and a few times a process: looking at all takes 20 ms */
  ALL_KEYS = 251,
  MOST_LOOKS = 8
};

/* Pages from one on: a used span before, the span, free and used ones by turns. */
static uint32_t before;
static uint32_t span;
static uint32_t next[NEIGHBOURS];
static uint64_t low;
static uint32_t size;                 /* granules of a slot; 0 where none are */
static uint8_t shadow[SPAN_GRANULES]; /* the state of the slot that starts there */
static uint32_t looks;                /* at all keys of the radix map */

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
  MUST(!slot_unplace(low + g)); /* that is for large blocks */
}

/* ---- damage --------------------------------------------------------------------- */

/* All checkers that are proved, over what is in use. */
static bool checks_out(void)
{
  uint32_t end = (1 + fuzz_arenas()) * ARENA_PAGES;
  bool lists = span_list_check(end);
  bool spans = page_heap_check();
  return lists && spans && slot_check(low, low + SPAN_GRANULES);
}

/* An entry of a table is changed, and must be missed; then it is put back.
 * Without brackets around `table`: in the name of a table an index binds first. */
#define DAMAGE_SEEN_BY(check, table, index, bits)                                                  \
  do {                                                                                             \
    typeof(table[0]) kept = table[index];                                                          \
    table[index] ^= (typeof(table[0]))(bits);                                                      \
    bool same = kept == table[index];                                                              \
    MUST(check() == same);                                                                         \
    table[index] = kept;                                                                           \
  } while (0)
#define DAMAGE(table, index, bits) DAMAGE_SEEN_BY(checks_out, table, index, bits)
#define DAMAGE_KEYS(table, index, bits) DAMAGE_SEEN_BY(radix_check, table, index, bits)

/* The same of a span's entries. */
static void damage_span(uint32_t kind, uint32_t bits, uint32_t p)
{
  switch (kind) {
  case 0:
    DAMAGE(span_len, p, bits);
    break;
  case 1:
    DAMAGE(span_len, p, span_len[p]);
    break;
  case 2:
    DAMAGE(span_len, p, PAGES);
    break;
  case 3:
    DAMAGE(span_back, p - 1, bits);
    break;
  case 4: /* the span before the last one */
    DAMAGE(span_back, next[0] - 1, span_back[next[0] - 1] ^ before);
    break;
  case 5:
    DAMAGE(span_kind, p, bits);
    break;
  case 6: /* one more, in arena 0, which has none, or inside the span */
    DAMAGE(span_kind, p == span ? 1 : span + 1, SPAN_USED);
    break;
  default: /* two free ones in a row */
    DAMAGE(span_kind, next[1], SPAN_USED ^ SPAN_FREE);
    break;
  }
}

/* A list that is a ring has all links right, but its first one. */
static void damage_ring(void)
{
  uint32_t last = list_next[next[0]] == 0 ? next[0] : next[2];
  uint32_t first = last == next[0] ? next[2] : next[0];
  list_next[last] = first + 1;
  DAMAGE(list_prev, first, last + 1);
  list_next[last] = 0;
}

/* Of the lists of free spans. */
static void damage_list(uint32_t kind, uint32_t bits, uint32_t p)
{
  switch (kind) {
  case 0:
    DAMAGE(list_next, p, bits);
    break;
  case 1:
    DAMAGE(list_next, p, (uint32_t)PAGES * 2);
    break;
  case 2:
    DAMAGE(list_prev, p, bits);
    break;
  case 3:
    DAMAGE(list_prev, p, (uint32_t)PAGES * 2);
    break;
  case 4:
    DAMAGE(list_of, p, bits);
    break;
  case 5:
    DAMAGE(list_of, p, list_of[p]);
    break;
  case 6:
    DAMAGE(list_of, p, 0x8000);
    break;
  case 7: /* where no span starts */
    DAMAGE(list_of, span + 1, BINS + 1);
    break;
  case 8:
    DAMAGE(list_first, list_of[p] - 1u, bits);
    break;
  case 9:
    DAMAGE(list_first, SPAN_LISTS - 1, (uint32_t)PAGES * 2);
    break;
  case 10: /* another list's */
    DAMAGE(list_first, SPAN_LISTS - 1, list_first[SPAN_LISTS - 1] ^ (span + 1));
    break;
  case 11:
    DAMAGE(span_resident, p, bits);
    break;
  case 12:
    DAMAGE(span_resident, p, (uint32_t)PAGES * 2);
    break;
  default:
    damage_ring();
    break;
  }
}

/* Of the slots: what is changed decides what one of them is. */
static void damage_slot(uint32_t kind, uint32_t bits)
{
  if (shadow[0] == SLOT_NONE) {
    return;
  }
  switch (kind) {
  case 0:
    DAMAGE(page_span, span, bits);
    break;
  case 1:
    DAMAGE(page_span, span, PAGES);
    break;
  case 2: /* the span before, and one behind */
    DAMAGE(page_span, span, span ^ before);
    break;
  case 3:
    DAMAGE(page_span, span, span ^ next[1]);
    break;
  case 4:
    DAMAGE(page_class, span, bits | 0x80);
    break;
  case 5:
    if (size < GRANULES_PER_PAGE) {
      DAMAGE(page_class, span, page_class[span] ^ CLASS_LARGE);
    }
    break;
  default:
    if (slot_find(low + LAST_PAGE, low + LAST_PAGE) == low + LAST_PAGE) {
      uint32_t last = span + SPAN_PAGES - 1;
      DAMAGE(page_class, last, page_class[last] ^ (SIZE_CLASSES - 1));
    }
    break;
  }
}

/* What free_list_check looks at. */
static void damage_free_list(const struct step *s)
{
  static struct free_list list;
  list.tail = (typeof(list.tail))(s->value % (LIST_CAPACITY * 2));
  list.count = (typeof(list.count))(s->handle % (LIST_CAPACITY * 2));
  list.young = (typeof(list.young))(s->family % (LIST_CAPACITY * 2));
  MUST(free_list_check(&list) ==
       (list.tail < LIST_CAPACITY && list.count <= LIST_CAPACITY && list.young <= list.count));
}

static void damage(const struct step *s)
{
  /* Still a page of the arena: tables have no more. */
  uint32_t bits = s->value % ARENA_PAGES | 1;
  uint32_t p = next[s->handle % 3 * 2]; /* a free span */
  uint32_t kind = s->how / 8u;
  if (kind < 8) {
    damage_span(kind, bits, s->handle % 4 == 0 ? span : p);
  } else if (kind < 22) {
    damage_list(kind - 8, bits, p);
  } else if (kind < 29) {
    damage_slot(kind - 22, bits);
  } else {
    damage_free_list(s);
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

/* A damaged key is seen, and one put back. */
static void look_at_keys(uint32_t value, uint8_t kind)
{
  uint32_t home = arena_key[1] - 1;
  switch (kind % 5) {
  case 0:
    DAMAGE_KEYS(arena_key, 1, value | 1);
    break;
  case 1:
    DAMAGE_KEYS(radix_arena, home, MAX_ARENAS * 2);
    break;
  case 2:
    DAMAGE_KEYS(arena_key, 0, home + 1);
    break;
  case 3: /* of an arena that there is not */
    DAMAGE_KEYS(arena_key, 2, (uint32_t)RADIX_KEYS + 1);
    break;
  default:
    DAMAGE_KEYS(arena_key, 2, home + 1);
    break;
  }
  MUST(radix_check());
}

/* An address in no arena, and one in the span. */
static void look_up(const struct step *s)
{
  uintptr_t at = radix_address(low) + s->value % (SPAN_PAGES * PAGE_BYTES);
  MUST(radix_granule(at) == low + s->value % (SPAN_PAGES * PAGE_BYTES) / GRANULE_BYTES);
  MUST(radix_granule(at ^ (uintptr_t)1 << (48 + s->handle % 16)) < ARENA_GRANULES);
  MUST(radix_granule((uintptr_t)s->value) < ARENA_GRANULES);
  /* No used span starts there; and the span is in no list. */
  MUST(span_release(PAGES + s->value % 4) == PAGES && span_release(next[0]) == PAGES);
  span_list_remove(span);
  if (s->how == ALL_KEYS && looks < MOST_LOOKS) {
    looks++;
    look_at_keys(s->value, s->handle);
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

/* forwards: the order in which the two free spans of a page enter their list. */
static void start_spans(bool forwards)
{
  before = page_heap_take(1);
  span = page_heap_take(SPAN_PAGES);
  for (uint32_t i = 0; i < NEIGHBOURS - 1; i++) {
    next[i] = page_heap_take(1);
    MUST(next[i] == span + SPAN_PAGES + i);
  }
  next[NEIGHBOURS - 1] = next[NEIGHBOURS - 2] + 1;
  MUST(before + 1 == span && span_kind[next[NEIGHBOURS - 1]] == SPAN_FREE);
  MUST(page_heap_give(next[forwards ? 0 : 2], 0) && page_heap_give(next[forwards ? 2 : 0], 0));
}

static void end_spans(void)
{
  MUST(page_heap_give(before, 0) && page_heap_give(span, 0));
  MUST(page_heap_give(next[1], 0) && page_heap_give(next[3], 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  struct step step;
  fuzz_start();
  __libc_single_threaded = bytes % 2 == 0;
  start_spans(bytes % 4 < 2);
  low = (uint64_t)span * GRANULES_PER_PAGE;
  size = 0;
  memset(shadow, SLOT_NONE, sizeof shadow);
  for (uint32_t n = 0; program_read(input, bytes, n, &step); n++) {
    run(&step);
  }
  MUST(slot_check(low, low + SPAN_GRANULES));
  for (uint32_t g = 0; g < SPAN_GRANULES; g++) {
    MUST(slot_state_get(low + g) == shadow[g]);
    slot_state_set(low + g, SLOT_NONE);
  }
  end_spans();
  fuzz_expect_nothing();
  fuzz_reset();
  return 0;
}
