/* pool_list against a plain array of states and a plain stack. */
#include "../../src/pool_list.h"
#include "../support/harness.h"

#include <string.h>

enum {
  STEPS = EFFORT(200000),
  CORRUPTIONS = EFFORT(20000),
  MOST = 600, /* granules */
  BASE = 4096
};

static uint8_t state[MOST];
static uint32_t own[MOST];
static uint32_t other[MOST];

/* The model: what each granule is, and which objects the two lists name. */
static uint8_t model[MOST];
static uint32_t stack[2][MOST + 1]; /* in any order */
static uint32_t height[2];

static struct pool_list list;    /* hands out */
static struct pool_list central; /* does not */
static uint32_t made;

static void start(void)
{
  memset(state, 0, sizeof state);
  memset(model, 0, sizeof model);
  height[0] = height[1] = 0;
  made = 0;
  list = (struct pool_list){.base = BASE,
                            .state = state,
                            .entry = own,
                            .step = 1 + prng_below32(7),
                            .limit = 1 + prng_below32(40)};
  central = list;
  central.entry = other;
  central.limit = MOST;
}

static void carve(void)
{
  uint32_t to = central.granules + prng_below32(MOST - central.granules + 1);
  uint32_t before = central.granules;
  pool_list_carve(&central, to);
  for (uint32_t g = before; to - g >= central.step; g += central.step) {
    model[g] = POOL_HELD;
    stack[1][height[1]++] = g;
    made++;
  }
  CHECK(to - central.granules < central.step, "%u of %u granules carved", central.granules, to);
  list.granules = central.granules;
}

/* Which of a list's entries leaves first: the last one, but the spare one. */
static void forget(uint32_t which, uint32_t g)
{
  for (uint32_t i = 0; i < height[which]; i++) {
    if (stack[which][i] == g) {
      stack[which][i] = stack[which][--height[which]];
      return;
    }
  }
  CHECK(false, "granule %u was not in list %u", g, which);
}

static void take(void)
{
  uint32_t g = pool_list_take(&list);
  if (height[0] == 0) {
    CHECK(g == POOL_REFUSED + POOL_EMPTY, "%x from an empty list", g);
    return;
  }
  CHECK(g < MOST && model[g] == POOL_HELD, "granule %u", g);
  forget(0, g);
  model[g] = POOL_LIVE;
}

static uint32_t expected_refusal(uintptr_t address)
{
  if (address < BASE || (address - BASE) / GRANULE_BYTES >= list.granules) {
    return POOL_REFUSED + POOL_FOREIGN;
  }
  uint8_t is = model[(address - BASE) / GRANULE_BYTES];
  if (address % GRANULE_BYTES != 0 || is == POOL_NONE) {
    return POOL_REFUSED + POOL_INTERIOR;
  }
  return POOL_REFUSED + POOL_ALREADY_FREE;
}

static uintptr_t some_address(void)
{
  if (prng_once_in(8)) {
    return prng_any_length();
  }
  uintptr_t exact = BASE + prng_below(list.granules + 2) * GRANULE_BYTES;
  return prng_once_in(8) ? exact + prng_below(40) - 20 : exact;
}

static void release(void)
{
  uintptr_t address = some_address();
  uint64_t g = address >= BASE ? (address - BASE) / GRANULE_BYTES : MOST;
  bool live =
      address >= BASE && address % GRANULE_BYTES == 0 && g < list.granules && model[g] == POOL_LIVE;
  uint32_t got = pool_list_release(&list, address, prng_once_in(2));
  if (!live) {
    CHECK(got == expected_refusal(address), "%lx: %x", address, got);
    return;
  }
  CHECK(got == g, "%lx: %x", address, got);
  model[g] = POOL_HELD;
  bool full = height[0] == list.limit + 1 || (list.spare != 0 && list.count == list.limit);
  CHECK(pool_list_push(&list, got) == !full, "%u entries of %u", list.count, list.limit);
  if (!full) {
    stack[0][height[0]++] = got;
  }
}

static void move(void)
{
  bool back = prng_once_in(2);
  struct pool_list *from = back ? &list : &central;
  struct pool_list *to = back ? &central : &list;
  uint32_t n = prng_below32(30);
  uint32_t before = to->count;
  uint32_t left = from->count;
  uint32_t moved = pool_list_move(from, to, n);
  CHECK(moved == n || from->count == 0 || to->count == to->limit, "%u of %u", moved, n);
  CHECK(to->count == before + moved && from->count == left - moved, "%u moved", moved);
  for (uint32_t i = 0; i < moved; i++) {
    uint32_t g = to->entry[before + i];
    CHECK(g == from->entry[left - 1 - i], "entry %u", i);
    forget(back ? 0 : 1, g);
    stack[back ? 1 : 0][height[back ? 1 : 0]++] = g;
  }
}

static void compare(void)
{
  CHECK(memcmp(model, state, sizeof state) == 0, "states differ");
  CHECK(pool_list_check(&list) && pool_list_check(&central), "the checker says no");
  uint32_t from = prng_below32(list.granules + 1);
  uint8_t least = (uint8_t)prng_between(POOL_ASIDE, POOL_LIVE);
  uint32_t g = from;
  while (g < list.granules && model[g] < least) {
    g++;
  }
  CHECK(pool_list_find(&list, from, least) == g, "from %u", from);
}

Test(pool_list, model)
{
  for (uint32_t i = 0; i < STEPS; i++) {
    if (i % 2000 == 0) {
      start();
    }
    switch (prng_below(prng_once_in(50) ? 4 : 3)) {
    case 0:
      take();
      break;
    case 1:
      release();
      break;
    case 2:
      move();
      break;
    default:
      carve();
    }
    if (i % 16 == 0) {
      compare();
    }
  }
}

/* An entry that names an object which is not held is refused, and gone. */
Test(pool_list, torn)
{
  for (uint32_t bad = POOL_NONE; bad <= POOL_LIVE; bad++) {
    if (bad == POOL_HELD) {
      continue;
    }
    start();
    list.limit = 8;
    pool_list_carve(&list, 8 * list.step);
    uint32_t g = list.entry[list.count - 1];
    state[g] = (uint8_t)bad;
    CHECK(pool_list_take(&list) == POOL_REFUSED + POOL_TORN, "state %u", bad);
    CHECK(state[g] == bad && list.count == 7, "state %u: %u left", bad, list.count);
    CHECK(pool_list_take(&list) < POOL_REFUSED, "the next one");
  }
}

/* Full lists stay as they are. */
Test(pool_list, full)
{
  start();
  list.limit = 2;
  pool_list_carve(&list, 4 * list.step);
  CHECK(list.count == 2 && list.granules == 2 * list.step, "%u carved", list.count);
  CHECK(pool_list_push(&list, 0), "a spare one fits");
  CHECK(!pool_list_push(&list, 0) && list.count == 2 && list.spare == 1, "no room");
}

/* What the checker accepts has no overlap, and what it refuses has one. */
Test(pool_list, checker)
{
  for (uint32_t i = 0; i < CORRUPTIONS; i++) {
    start();
    pool_list_carve(&central, MOST / 2);
    list.granules = central.granules;
    if (prng_once_in(2)) {
      state[prng_below(central.granules)] ^= 1;
    }
    if (prng_once_in(4)) {
      central.entry[prng_below(central.count)] = prng_below32(2 * central.granules);
    }
    if (prng_once_in(8)) {
      central.spare = prng_below32(central.granules + 4);
    }
    bool sound = central.spare <= central.granules;
    uint32_t end = 0;
    for (uint32_t g = 0; g < central.granules; g++) {
      if (state[g] != POOL_NONE) {
        sound = sound && g >= end && g + central.step <= central.granules;
        end = g + central.step;
      }
    }
    for (uint32_t k = 0; k < central.count; k++) {
      sound = sound && central.entry[k] < central.granules;
    }
    CHECK(pool_list_check(&central) == sound, "corruption %u", i);
  }
}

/* What the prover is told of the rotation, at all edges. */
Test(pool_list, granule_offset)
{
  const uint64_t bases[] = {16, 4096, POOL_ADDRESSES - 4096, POOL_ADDRESSES, (uint64_t)1 << 59};
  for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
    uint64_t base = bases[b];
    for (uint64_t i = 0; i < 200000; i++) {
      uint64_t address = i < 5000    ? base - 2500 + i
                         : i < 10000 ? i - 5000
                         : i < 15000 ? UINT64_MAX - (i - 10000)
                                     : prng_any_length();
      uint64_t got = granule_offset(address, base);
      bool begins = address >= base && (address - base) % GRANULE_BYTES == 0;
      CHECK(begins ? got == (address - base) / GRANULE_BYTES : got >= (uint64_t)1 << 59,
            "%lx from %lx: %lx", address, base, got);
    }
  }
}
