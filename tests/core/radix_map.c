/* radix_map against a list of arenas sorted by key. */
#include "../../src/radix_map.h"
#include "../support/harness.h"
#include "tables.h"

#include <string.h>

#ifdef ASHLAR_SMALL
enum {
  STEPS = EFFORT(20000),
  CORRUPTIONS = EFFORT(20000),
  MOST_HELD = MAX_ARENAS - 1
};
#else
/* The checker reads the whole root each time. */
enum {
  STEPS = EFFORT(400),
  CORRUPTIONS = EFFORT(150),
  MOST_HELD = 64
};
#endif

/* ---- the model ----------------------------------------------------------- */

struct arena {
  uint64_t key;
  uint32_t number;
};

static struct arena held[MOST_HELD]; /* by key, ascending */
static uint32_t helds;

static struct arena *find_key(uint64_t key)
{
  for (uint32_t i = 0; i < helds; i++) {
    if (held[i].key == key) {
      return &held[i];
    }
  }
  return NULL;
}

static struct arena *find_number(uint32_t number)
{
  for (uint32_t i = 0; i < helds; i++) {
    if (held[i].number == number) {
      return &held[i];
    }
  }
  return NULL;
}

static void insert(uint64_t key, uint32_t number)
{
  uint32_t i = helds;
  while (i > 0 && held[i - 1].key > key) {
    held[i] = held[i - 1];
    i--;
  }
  held[i] = (struct arena){key, number};
  helds++;
}

static void erase(struct arena *gone)
{
  uint32_t after = helds - (uint32_t)(gone - held) - 1;
  memmove(gone, gone + 1, after * sizeof *gone);
  helds--;
}

/* ---- what to ask for: edges, neighbours of what is held, anything -------- */

static uint64_t some_key(void)
{
  switch (prng_below(5)) {
  case 0:
    return prng_below(2) == 0 ? 0 : RADIX_KEYS - 1;
  case 1:
    return helds == 0 ? 1 : (held[prng_below(helds)].key + 1) % RADIX_KEYS;
  case 2:
    return helds == 0 ? 1 : held[prng_below(helds)].key;
  default:
    return prng_below(RADIX_KEYS);
  }
}

static uint32_t some_arena(void)
{
  switch (prng_below(3)) {
  case 0:
    return prng_below(2) == 0 ? 1 : MAX_ARENAS - 1;
  case 1:
    return helds == 0 ? 1 : held[prng_below(helds)].number;
  default:
    return 1 + prng_below32(MAX_ARENAS - 1);
  }
}

/* ---- comparing ------------------------------------------------------------ */

static void compare_key(uint64_t key)
{
  const struct arena *a = find_key(key);
  uint32_t expected = a != NULL ? a->number : 0;
  CHECK(radix_get(key) == expected, "key %#lx has %u, not %u", key, radix_get(key), expected);
}

static void compare_address(uintptr_t address)
{
  uint64_t expected = address % ARENA_BYTES / 16; /* in arena 0 */
  for (uint32_t i = 0; i < helds; i++) {
    uintptr_t base = held[i].key * ARENA_BYTES;
    if (address >= base && address - base < ARENA_BYTES) {
      expected = (uint64_t)held[i].number * ARENA_GRANULES + (address - base) / 16;
    }
  }
  uint64_t g = radix_granule(address);
  CHECK(g == expected, "address %#lx is granule %#lx, not %#lx", address, g, expected);
  if (g >= ARENA_GRANULES) {
    uintptr_t back = radix_address(g);
    CHECK(back == address - address % 16, "granule %#lx is at %#lx, not %#lx", g, back, address);
  }
}

static void compare(void)
{
  for (uint32_t i = 0; i < helds; i++) {
    uintptr_t base = held[i].key * ARENA_BYTES;
    compare_key(held[i].key);
    compare_address(base);
    compare_address(base - 1);
    compare_address(base + ARENA_BYTES - 1);
    compare_address(base + ARENA_BYTES);
    compare_address(base + prng_below(ARENA_BYTES));
  }
  for (uint32_t i = 0; i < 16; i++) {
    compare_key(some_key());
    compare_key(RADIX_KEYS + prng_any_length() % (UINT64_MAX - RADIX_KEYS));
    compare_address(prng_below((uint64_t)1 << ASHLAR_ADDRESS_BITS));
    compare_address(prng());
  }
  compare_key(RADIX_KEYS);
  compare_key(UINT64_MAX);
  compare_address(0);
  compare_address((uint64_t)1 << ASHLAR_ADDRESS_BITS);
  compare_address(UINTPTR_MAX);
  CHECK(radix_check(), "the checker says no; %u arenas", helds);
}

static void step(void)
{
  uint32_t number = some_arena();
  struct arena *standing = find_number(number);
  if (standing != NULL) {
    if (prng_below(2) == 0) {
      radix_unset(number);
      erase(standing);
    }
    return;
  }
  uint64_t key = some_key();
  if (helds < MOST_HELD && find_key(key) == NULL) {
    radix_set(key, number);
    insert(key, number);
  }
}

/* The whole of both tables, once: nothing stands where it was not put. */
static void compare_all(void)
{
  for (uint64_t k = 0; k < RADIX_KEYS; k++) {
    const struct arena *a = find_key(k);
    CHECK(radix_arena[k] == (a != NULL ? a->number : 0), "key %#lx has %u", k, radix_arena[k]);
  }
  for (uint32_t n = 0; n < MAX_ARENAS; n++) {
    const struct arena *a = find_number(n);
    CHECK(arena_key[n] == (a != NULL ? a->key + 1 : 0), "arena %u has %u", n, arena_key[n]);
  }
}

Test(radix_map, T2_random_operations)
{
  bool was_full = false;
  for (uint32_t i = 0; i < STEPS; i++) {
    step();
    compare();
    was_full = was_full || helds == MOST_HELD;
  }
  compare_all();
  CHECK(was_full || STEPS < 8 * MOST_HELD, "never held %d arenas", MOST_HELD);
}

Test(radix_map, T2_every_arena_at_once)
{
  for (uint32_t n = 1; n < MAX_ARENAS; n++) {
    radix_set(RADIX_KEYS - MAX_ARENAS + n, n);
  }
  CHECK(radix_check(), "the checker says no");
  for (uint32_t n = 1; n < MAX_ARENAS; n++) {
    CHECK(radix_get(RADIX_KEYS - MAX_ARENAS + n) == n, "arena %u is lost", n);
  }
  CHECK(radix_granule(((uint64_t)1 << ASHLAR_ADDRESS_BITS) - 1) == GRANULES - 1,
        "the last byte is not in the last granule");
}

/* ---- the checker ----------------------------------------------------------- */

/* radix_wf_forward and radix_wf_back of spec/radix_map.acsl.h, read off: the
 * two sets of pairs are the same. */
static bool forward_holds(void)
{
  for (uint64_t k = 0; k < RADIX_KEYS; k++) {
    if (radix_arena[k] != 0 &&
        !(radix_arena[k] < MAX_ARENAS && arena_key[radix_arena[k]] == k + 1)) {
      return false;
    }
  }
  return true;
}

static bool back_holds(void)
{
  for (uint32_t a = 0; a < MAX_ARENAS; a++) {
    if (arena_key[a] != 0 &&
        !(a > 0 && arena_key[a] <= RADIX_KEYS && radix_arena[arena_key[a] - 1] == a)) {
      return false;
    }
  }
  return true;
}

static void corrupt_root(void)
{
  static const uint16_t values[] = {0,         1, 2, MAX_ARENAS - 1, MAX_ARENAS, MAX_ARENAS + 1,
                                    UINT16_MAX};
  uint64_t key = some_key();
  radix_arena[key] =
      prng_once_in(2) ? values[prng_below(sizeof values / sizeof *values)] : (uint16_t)some_arena();
}

static void corrupt_back(void)
{
  static const uint32_t values[] = {0,         1, 2, (uint32_t)RADIX_KEYS, (uint32_t)RADIX_KEYS + 1,
                                    UINT32_MAX};
  uint32_t number = prng_once_in(8) ? 0 : some_arena();
  arena_key[number] = prng_once_in(2) ? values[prng_below(sizeof values / sizeof *values)]
                                      : (uint32_t)(some_key() + 1);
}

Test(radix_map, checker_against_the_predicates)
{
  uint32_t valid = 0;
  uint32_t bad_forward = 0;
  uint32_t bad_back = 0;
  for (uint32_t i = 0; i < CORRUPTIONS; i++) {
    tables_reset();
    helds = 0;
    for (uint32_t n = 0; n < 2 + i % 16; n++) {
      step();
    }
    (void)(prng_once_in(2) ? corrupt_root() : corrupt_back());
    bool forward = forward_holds();
    bool back = back_holds();
    CHECK(radix_check() == (forward && back), "corruption %u: forward %d, back %d", i, forward,
          back);
    valid += forward && back;
    bad_forward += !forward;
    bad_back += !back;
  }
  CHECK(valid > 0 && bad_forward > 0 && bad_back > 0, "one-sided: %u valid, %u and %u not", valid,
        bad_forward, bad_back);
}
