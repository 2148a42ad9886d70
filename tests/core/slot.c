/* slot against a list of intervals of granules. */
#include "../../src/slot.h"
#include "../support/classes.h"
#include "../support/harness.h"
#include "tables.h"

#include <string.h>

#ifdef ASHLAR_SMALL
enum {
  REGION_PAGES = PAGES - 2,
  STEPS = EFFORT(100000),
  CORRUPTIONS = EFFORT(60000)
};
#else
enum {
  REGION_PAGES = 512,
  STEPS = EFFORT(6000),
  CORRUPTIONS = EFFORT(4000)
};
#endif
enum {
  REGION_GRANULES = REGION_PAGES * GRANULES_PER_PAGE
};

/* ---- the model -------------------------------------------------------------- */

struct block {
  uint64_t g; /* first granule */
  uint64_t size;
  uint32_t span;
  uint8_t state;
};

struct extent {
  uint32_t page;
  uint32_t pages;
  bool carved; /* into slots, or holds one large block */
};

static struct block blocks[REGION_GRANULES];
static uint32_t count;
static struct extent spans[REGION_PAGES];
static uint32_t span_count;

/* The granules that the test works on; they do not begin with number 0. */
static uint64_t region_low;
static uint64_t region_high;

static struct block *starting_at(uint64_t g)
{
  for (uint32_t i = 0; i < count; i++) {
    if (blocks[i].g == g) {
      return &blocks[i];
    }
  }
  return NULL;
}

static uint8_t state_of(uint64_t g)
{
  const struct block *b = starting_at(g);
  return b != NULL ? b->state : SLOT_NONE;
}

static void forget_blocks_of(uint32_t page)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (blocks[i].span != page) {
      blocks[kept++] = blocks[i];
    }
  }
  count = kept;
}

/* ---- comparing ------------------------------------------------------------------ */

static void compare(void)
{
  static uint8_t image[REGION_GRANULES];
  memset(image, SLOT_NONE, sizeof image);
  for (uint32_t i = 0; i < count; i++) {
    image[blocks[i].g - region_low] = blocks[i].state;
  }
  CHECK(memcmp(image, &slot_state[region_low], sizeof image) == 0, "%u blocks in %u spans", count,
        span_count);
  CHECK(slot_check(region_low, region_high), "the checker says no");
  uint64_t lo = prng_between(region_low, region_high);
  CHECK(slot_check(lo, prng_between(lo, region_high)), "the checker says no from %lu on", lo);
}

/* ---- what to ask for ------------------------------------------------------------- */

/* Most of the time one of few blocks, so that each goes through all states. */
static uint64_t some_granule(void)
{
  if (count > 0 && !prng_once_in(4)) {
    const struct block *b = &blocks[prng_below(count < 16 || prng_once_in(4) ? count : 16)];
    return prng_once_in(8) ? b->g + prng_below(b->size) : b->g;
  }
  return prng_between(region_low, region_high - 1);
}

static uint8_t some_tag(void)
{
  return (uint8_t)prng_between(SLOT_LIVE, UINT8_MAX);
}

/* How often each operation did what it is for. */
enum operation {
  DRAW,
  CLAIM,
  RELEASE,
  RETAG,
  RETIRE,
  CARVE,
  PLACE,
  UNPLACE,
  CLEAR,
  REFUSED,
  OPERATIONS
};
static uint32_t done[OPERATIONS];

/* ---- operations -------------------------------------------------------------------- */

/* Takes a span from the page table, as the page heap would. */
static void new_span(void)
{
  uint32_t frees = 0;
  uint32_t page = 0;
  for (uint64_t p = region_low / GRANULES_PER_PAGE; p < region_high / GRANULES_PER_PAGE; p++) {
    if (span_kind[p] == SPAN_FREE && prng_below(++frees) == 0) {
      page = (uint32_t)p;
    }
  }
  if (frees == 0) {
    return;
  }
  uint32_t n = 1 + prng_below32(prng_once_in(8) ? span_len[page] : 4);
  n = n < span_len[page] ? n : span_len[page];
  span_take(page, n);
  spans[span_count++] = (struct extent){page, n, false};
}

static void carve(struct extent *e)
{
  uint32_t c = prng_below32(SIZE_CLASSES);
  uint64_t size = model_class[c].bytes / GRANULE_BYTES;
  uint64_t room = (uint64_t)e->pages * GRANULES_PER_PAGE;
  uint64_t g = (uint64_t)e->page * GRANULES_PER_PAGE;
  uint64_t n = slot_carve(e->page, c);
  CHECK(n == room / size, "%lu slots of %lu granules in %lu", n, size, room);
  for (uint64_t i = 0; i < n; i++) {
    blocks[count++] = (struct block){g + i * size, size, e->page, SLOT_FREE};
  }
  for (uint32_t p = e->page; p < e->page + e->pages; p++) {
    CHECK(page_class[p] == c && page_span[p] == e->page, "page %u: class %u, span %u", p,
          page_class[p], page_span[p]);
  }
  e->carved = true;
  done[CARVE] += n > 0;
}

static void place(struct extent *e)
{
  uint64_t low = (uint64_t)e->page * GRANULES_PER_PAGE;
  uint64_t high = low + (uint64_t)e->pages * GRANULES_PER_PAGE;
  uint64_t g = prng_between(low, high - 1);
  uint8_t tag = some_tag();
  slot_place(e->page, g, tag);
  CHECK(page_class[g / GRANULES_PER_PAGE] == CLASS_LARGE, "class %u",
        page_class[g / GRANULES_PER_PAGE]);
  CHECK(page_span[g / GRANULES_PER_PAGE] == e->page, "span %u", page_span[g / GRANULES_PER_PAGE]);
  blocks[count++] = (struct block){g, high - g, e->page, tag};
  e->carved = true;
  done[PLACE]++;
}

/* slot_unplace says yes exactly where the span's one large block was released. */
static void unplace(struct extent *e)
{
  struct block *b = NULL;
  for (uint32_t i = 0; i < count && b == NULL; i++) {
    b = blocks[i].span == e->page ? &blocks[i] : NULL;
  }
  if (b == NULL) {
    return;
  }
  bool large = page_class[b->g / GRANULES_PER_PAGE] == CLASS_LARGE;
  if (large && b->state >= SLOT_LIVE && prng_once_in(2)) {
    CHECK(slot_release(b->g, b->state) == SLOT_OK, "release of state %u", b->state);
    b->state = SLOT_CACHED;
  }
  bool expected = large && b->state == SLOT_CACHED;
  bool forgotten = slot_unplace(b->g);
  CHECK(forgotten == expected, "span %u: forgotten %d, state %u", e->page, forgotten, b->state);
  done[forgotten ? UNPLACE : REFUSED]++;
  if (forgotten) {
    forget_blocks_of(e->page);
    e->carved = false;
  }
}

/* slot_clear says yes exactly where no block of the span is in anyone's hands;
 * then the span goes back to the page heap, or is cut anew. */
static void clear(uint32_t k)
{
  struct extent *e = &spans[k];
  bool all_free = true;
  for (uint32_t i = 0; i < count; i++) {
    all_free = all_free && (blocks[i].span != e->page || blocks[i].state == SLOT_FREE);
  }
  bool cleared = slot_clear(e->page);
  CHECK(cleared == all_free, "span %u: cleared %d, all free %d", e->page, cleared, all_free);
  done[cleared ? CLEAR : REFUSED]++;
  if (!cleared) {
    return;
  }
  forget_blocks_of(e->page);
  e->carved = false;
  if (prng_once_in(2)) {
    (void)span_release(e->page);
    spans[k] = spans[--span_count];
  }
}

/* T6: accepted exactly where a live block starts, else the right verdict. */
static enum slot_verdict expected_verdict(uint64_t g)
{
  uint8_t state = state_of(g);
  return state >= SLOT_LIVE ? SLOT_OK : state == SLOT_NONE ? SLOT_NOT_A_SLOT : SLOT_ALREADY_FREE;
}

static void change_state(uint64_t g)
{
  static const enum operation choices[] = {DRAW, CLAIM, CLAIM, RELEASE, RETAG, RETIRE};
  enum operation operation = choices[prng_below(sizeof choices / sizeof *choices)];
  struct block *b = starting_at(g);
  uint8_t was = state_of(g);
  uint8_t tag = some_tag();
  uint8_t becomes = SLOT_NONE;
  bool changed = false;
  switch (operation) {
  case DRAW:
    changed = slot_draw(g);
    CHECK(changed == (was == SLOT_FREE), "draw of state %u", was);
    becomes = SLOT_CACHED;
    break;
  case CLAIM:
    /* T5: handed out only if it was not live. */
    changed = slot_claim(g, tag);
    CHECK(changed == (was == SLOT_CACHED), "claim of state %u", was);
    becomes = tag;
    break;
  case RETIRE:
    changed = slot_retire(g);
    CHECK(changed == (was == SLOT_CACHED), "retire of state %u", was);
    becomes = SLOT_FREE;
    break;
  default: {
    enum slot_verdict verdict =
        operation == RELEASE ? slot_release(g, was) : slot_retag(g, was, tag);
    CHECK(verdict == expected_verdict(g), "state %u gives verdict %u", was, verdict);
    changed = verdict == SLOT_OK;
    becomes = operation == RELEASE ? SLOT_CACHED : tag;
  }
  }
  done[changed ? operation : REFUSED]++;
  if (b != NULL && changed) {
    b->state = becomes;
  }
}

/* Which slot a granule lies in, and how long a slot is. */
static void look_up(void)
{
  uint64_t g = some_granule();
  uint64_t low = prng_once_in(2) ? g - prng_below(g - region_low + 1) : region_low;
  uint64_t expected = GRANULES;
  for (uint32_t i = 0; i < count; i++) {
    if (low <= blocks[i].g && blocks[i].g <= g && g - blocks[i].g < blocks[i].size) {
      expected = blocks[i].g;
    }
  }
  uint64_t found = slot_find(g, low);
  CHECK(found == expected, "granule %lu is in slot %lu, not %lu", g, found, expected);
  if (count > 0) {
    const struct block *b = &blocks[prng_below(count)];
    CHECK(slot_granules(b->g) == b->size, "slot %lu has %lu granules, not %lu", b->g,
          slot_granules(b->g), b->size);
  }
}

static void step(void)
{
  uint32_t choice = prng_below32(32);
  if (choice == 0) {
    new_span();
  } else if (choice < 3 && span_count > 0) {
    clear(prng_below32(span_count));
  } else if (choice == 3 && span_count > 0) {
    unplace(&spans[prng_below(span_count)]);
  } else if (choice < 6 && span_count > 0) {
    struct extent *e = &spans[prng_below(span_count)];
    if (!e->carved) {
      (void)(prng_once_in(4) ? place(e) : carve(e));
    }
  } else if (choice < 8) {
    look_up();
  } else {
    change_state(some_granule());
  }
}

/* An arena whose first pages are taken by something else. */
static void begin(void)
{
  CHECK(model_classes_make() == SIZE_CLASSES, "the model is wrong");
  tables_reset();
  uint32_t arenas = (REGION_PAGES + ARENA_PAGES) / ARENA_PAGES;
  uint32_t rest = ARENA_PAGES - REGION_PAGES % ARENA_PAGES;
  for (uint32_t a = 0; a < arenas; a++) {
    span_add(a * ARENA_PAGES, ARENA_PAGES);
  }
  span_take(0, rest);
  region_low = (uint64_t)rest * GRANULES_PER_PAGE;
  region_high = region_low + REGION_GRANULES;
  count = 0;
  span_count = 0;
}

Test(slot, T4_T5_T6_random_operations)
{
  begin();
  for (uint32_t i = 0; i < STEPS; i++) {
    step();
    compare();
  }
  for (enum operation o = DRAW; o < OPERATIONS; o++) {
    CHECK(done[o] > 0, "operation %u never worked", o);
  }
  CHECK(span_check(ARENA_PAGES), "the spans are broken");
}

/* Every class in a span that just holds one slot, one too few, and one more. */
Test(slot, T4_carve_at_the_bounds)
{
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    for (uint32_t more = 0; more < 3; more++) {
      begin();
      uint64_t bytes = model_class[c].bytes;
      uint32_t pages = (uint32_t)((bytes + PAGE_BYTES - 1) / PAGE_BYTES) - 1 + more;
      if (pages == 0 || pages > ARENA_PAGES - region_low / GRANULES_PER_PAGE % ARENA_PAGES) {
        continue;
      }
      uint32_t s = (uint32_t)(region_low / GRANULES_PER_PAGE);
      span_take(s, pages);
      uint64_t n = slot_carve(s, c);
      CHECK(n == pages * (uint64_t)PAGE_BYTES / bytes, "class %u, %u pages: %lu", c, pages, n);
      CHECK(slot_check(region_low, region_high), "class %u, %u pages", c, pages);
      CHECK(slot_clear(s), "class %u, %u pages", c, pages);
    }
  }
}

/* ---- tags ------------------------------------------------------------------------------ */

Test(slot, T7_tags_are_one_to_one)
{
  bool used[256] = {false};
  for (uint32_t kind = 0; kind < SLOT_KINDS; kind++) {
    for (uint32_t code = 0; code < SLACK_CODES; code++) {
      uint8_t tag = slot_tag(kind, code);
      CHECK(tag >= SLOT_LIVE, "kind %u, code %u: %u", kind, code, tag);
      CHECK(!used[tag], "kind %u, code %u: %u once more", kind, code, tag);
      used[tag] = true;
      CHECK(slot_tag_kind(tag) == kind, "kind %u, code %u: %u", kind, code, slot_tag_kind(tag));
      CHECK(slot_tag_code(tag) == code, "kind %u, code %u: %u", kind, code, slot_tag_code(tag));
    }
  }
  for (uint32_t tag = SLOT_LIVE; tag < 256; tag++) {
    CHECK(used[tag], "tag %u means nothing", tag);
  }
}

/* Every state byte there is, under every operation. */
Test(slot, T6_every_state)
{
  begin();
  uint32_t s = (uint32_t)(region_low / GRANULES_PER_PAGE);
  span_take(s, 1);
  CHECK(slot_carve(s, 1) > 2, "no room");
  uint64_t g = region_low + 1;
  for (uint32_t was = 0; was < 256; was++) {
    if (was > SLOT_CACHED && was < SLOT_LIVE) {
      continue; /* no state at all */
    }
    enum slot_verdict verdict = was >= SLOT_LIVE   ? SLOT_OK
                                : was == SLOT_NONE ? SLOT_NOT_A_SLOT
                                                   : SLOT_ALREADY_FREE;
    for (uint32_t tag = SLOT_LIVE; tag < 256; tag++) {
      slot_state[g] = (uint8_t)was;
      CHECK(slot_retag(g, slot_state_get(g), (uint8_t)tag) == verdict, "retag of %u", was);
      CHECK(slot_state[g] == (verdict == SLOT_OK ? tag : was), "retag of %u", was);
      slot_state[g] = (uint8_t)was;
      CHECK(slot_claim(g, (uint8_t)tag) == (was == SLOT_CACHED), "claim of %u", was);
      CHECK(slot_state[g] == (was == SLOT_CACHED ? tag : was), "claim of %u", was);
    }
    slot_state[g] = (uint8_t)was;
    CHECK(slot_release(g, slot_state_get(g)) == verdict, "release of %u", was);
    CHECK(slot_state[g] == (verdict == SLOT_OK ? SLOT_CACHED : was), "release of %u", was);
    slot_state[g] = (uint8_t)was;
    CHECK(slot_draw(g) == (was == SLOT_FREE), "draw of %u", was);
    CHECK(slot_state[g] == (was == SLOT_FREE ? SLOT_CACHED : was), "draw of %u", was);
    slot_state[g] = (uint8_t)was;
    CHECK(slot_retire(g) == (was == SLOT_CACHED), "retire of %u", was);
    CHECK(slot_state[g] == (was == SLOT_CACHED ? SLOT_FREE : was), "retire of %u", was);
    slot_state[g] = (uint8_t)was;
    CHECK(slot_clear(s) == (was <= SLOT_FREE), "clear with %u", was);
    CHECK(slot_state[g] == (was <= SLOT_FREE ? SLOT_NONE : was), "clear with %u", was);
    CHECK(slot_state[g - 1] == (was <= SLOT_FREE ? SLOT_NONE : SLOT_FREE), "clear with %u", was);
    slot_state[g - 1] = SLOT_FREE;
    slot_state[g + 1] = SLOT_FREE;
  }
}

/* A block with a span of its own is forgotten when it was released, and a slot
 * of a class never. */
Test(slot, unplace_every_state)
{
  begin();
  uint32_t s = (uint32_t)(region_low / GRANULES_PER_PAGE);
  span_take(s, 2);
  for (uint64_t g = region_low; g < region_low + 2ul * GRANULES_PER_PAGE; g++) {
    for (uint32_t was = 0; was < 256; was++) {
      slot_place(s, g, SLOT_LIVE);
      slot_state[g] = (uint8_t)was;
      CHECK(slot_unplace(g) == (was == SLOT_CACHED), "unplace of %u", was);
      CHECK(slot_state[g] == (was == SLOT_CACHED ? SLOT_NONE : was), "unplace of %u", was);
      slot_state[g] = SLOT_NONE;
    }
  }
  CHECK(slot_carve(s, 1) > 0, "no room");
  for (uint32_t was = 0; was < 256; was++) {
    slot_state[region_low] = (uint8_t)was;
    CHECK(!slot_unplace(region_low), "unplace of %u in a class", was);
    CHECK(slot_state[region_low] == was, "unplace of %u in a class", was);
  }
}

/* ---- the checker ------------------------------------------------------------------------- */

/* The clauses of spec/slot.acsl.h, read off. */
enum clause {
  CLASS,
  INSIDE,
  OWNED,
  APART,
  CLAUSES
};

/* Where a slot ends; before its start, where its page names a span that ends
 * there.  Only for slots whose page names a page. */
static int64_t end_of(uint64_t g)
{
  uint64_t p = g / GRANULES_PER_PAGE;
  if (page_class[p] < SIZE_CLASSES) {
    return (int64_t)(g + model_class[page_class[p]].bytes / GRANULE_BYTES);
  }
  uint64_t s = page_span[p];
  return (int64_t)((s + span_len[s]) * GRANULES_PER_PAGE);
}

static uint32_t violated_by(uint64_t g)
{
  uint64_t p = g / GRANULES_PER_PAGE;
  uint64_t s = page_span[p];
  uint32_t set = (uint32_t)(page_class[p] > CLASS_LARGE) << CLASS;
  if (s >= PAGES) {
    return set | 1u << OWNED;
  }
  uint64_t low = s * GRANULES_PER_PAGE;
  uint64_t high = low + span_len[s] * (uint64_t)GRANULES_PER_PAGE;
  bool inside = low <= g && g < high && end_of(g) <= (int64_t)high;
  return set | (uint32_t)!inside << INSIDE | (uint32_t)(span_kind[s] != SPAN_USED) << OWNED;
}

/* The set of clauses that do not hold among the slots that start in lo .. hi - 1. */
static uint32_t violated(uint64_t lo, uint64_t hi)
{
  static uint64_t starts[REGION_GRANULES];
  uint32_t n = 0;
  for (uint64_t g = lo; g < hi; g++) {
    if (slot_state[g] != SLOT_NONE) {
      starts[n++] = g;
    }
  }
  uint32_t set = 0;
  for (uint32_t i = 0; i < n; i++) {
    set |= violated_by(starts[i]);
    if (page_span[starts[i] / GRANULES_PER_PAGE] >= PAGES) {
      continue; /* has no end */
    }
    int64_t end = end_of(starts[i]);
    for (uint32_t j = i + 1; j < n; j++) {
      set |= (uint32_t)(end > (int64_t)starts[j]) << APART;
    }
  }
  return set;
}

/* Changes one entry; the spans keep their lengths within bounds, which the
 * checker may rely on. */
static void corrupt(void)
{
  uint64_t g = some_granule();
  uint64_t p = g / GRANULES_PER_PAGE;
  const struct extent *e = &spans[prng_below(span_count)];
  const struct extent *f = &spans[prng_below(span_count)];
  if (prng_once_in(2)) {
    p = prng_between(e->page, e->page + e->pages - 1);
  }
  switch (prng_below(5)) {
  case 0: {
    const uint8_t values[] = {SLOT_NONE, SLOT_FREE, SLOT_CACHED, SLOT_LIVE, UINT8_MAX};
    slot_state[g] = values[prng_below(sizeof values / sizeof *values)];
    break;
  }
  case 1: {
    const uint8_t values[] = {CLASS_LARGE, CLASS_LARGE + 1, UINT8_MAX,
                              (uint8_t)prng_below(SIZE_CLASSES)};
    page_class[p] = values[prng_below(sizeof values / sizeof *values)];
    break;
  }
  case 2: {
    const uint32_t values[] = {0, PAGES - 1, PAGES, UINT32_MAX, f->page, (uint32_t)p};
    page_span[p] = values[prng_below(sizeof values / sizeof *values)];
    break;
  }
  case 3:
    span_kind[e->page] = prng_once_in(2) ? SPAN_FREE : SPAN_NONE;
    break;
  default:
    span_len[e->page] = 1 + prng_below32(prng_once_in(2) ? e->pages : PAGES - e->page);
  }
}

Test(slot, checker_against_the_predicates)
{
  static uint8_t state[REGION_GRANULES];
  static uint8_t class[REGION_PAGES];
  static uint32_t span[REGION_PAGES];
  static uint8_t kind[REGION_PAGES];
  static uint32_t len[REGION_PAGES];
  uint32_t valid = 0;
  uint32_t broken[CLAUSES] = {0};
  uint32_t first = 0;
  for (uint32_t i = 0; i < CORRUPTIONS; i++) {
    if (i % 20 == 0) {
      /* A fresh valid state, with few enough slots to compare all pairs. */
      do {
        begin();
        new_span();
        for (uint32_t k = prng_below32(120); k > 0; k--) {
          step();
        }
      } while (span_count == 0 || count == 0 || count > 1500);
      first = (uint32_t)(region_low / GRANULES_PER_PAGE);
      memcpy(state, &slot_state[region_low], sizeof state);
      memcpy(class, &page_class[first], sizeof class);
      memcpy(span, &page_span[first], sizeof span);
      for (uint32_t p = 0; p < sizeof kind / sizeof *kind; p++) {
        kind[p] = span_kind[first + p];
        len[p] = span_len[first + p];
      }
      CHECK(violated(region_low, region_high) == 0, "not valid to begin with");
    }
    corrupt();
    uint64_t lo = prng_once_in(4) ? prng_between(region_low, region_high) : region_low;
    uint64_t hi = prng_once_in(4) ? prng_between(lo, region_high) : region_high;
    uint32_t set = violated(lo, hi);
    CHECK(slot_check(lo, hi) == (set == 0), "corruption %u breaks the clauses %#x", i, set);
    valid += set == 0;
    for (enum clause c = CLASS; c < CLAUSES; c++) {
      broken[c] += set >> c & 1;
    }
    memcpy(&slot_state[region_low], state, sizeof state);
    memcpy(&page_class[first], class, sizeof class);
    memcpy(&page_span[first], span, sizeof span);
    for (uint32_t p = 0; p < sizeof kind / sizeof *kind; p++) {
      span_kind[first + p] = kind[p];
      span_len[first + p] = len[p];
    }
  }
  CHECK(valid > 0, "every corruption broke something");
  for (enum clause c = CLASS; c < CLAUSES; c++) {
    CHECK(broken[c] > 0, "clause %u was never broken", c);
  }
}
