/* platform: what the prover assumes of the atomic accesses, tried; with one
 * thread, where they must be plain accesses, and with two that race. */
#include "../../src/platform.h"
#include "../../src/radix_map.h"
#include "../../src/slot.h"
#include "../support/harness.h"
#include "tables.h"

#include <pthread.h>
#include <sched.h>

/* ---- one thread ---------------------------------------------------------------- */

/* An access changes its own entry and no other. */
static void check_neighbours(uint64_t g)
{
  CHECK(slot_state[g - 1] == 0x11 && slot_state[g + 1] == 0x22, "a neighbour of %lu changed", g);
}

static void check_byte(uint64_t g)
{
  slot_state[g - 1] = 0x11;
  slot_state[g + 1] = 0x22;
  for (uint32_t held = 0; held < 256; held++) {
    slot_state_set(g, (uint8_t)held);
    CHECK(slot_state[g] == held, "set %u, holds %u", held, slot_state[g]);
    CHECK(slot_state_get(g) == held, "set %u, reads %u", held, slot_state_get(g));
    uint8_t next = (uint8_t)prng();
    CHECK(slot_state_swap(g, (uint8_t)held, next), "held %u, and seen", held);
    CHECK(slot_state[g] == next, "held %u, becomes %u: %u", held, next, slot_state[g]);
    check_neighbours(g);
  }
}

/* What another thread changed since it was seen is left alone. */
static void check_lost(uint64_t g)
{
  for (uint32_t held = 0; held < 256; held++) {
    for (uint32_t seen = 0; seen < 256; seen++) {
      if (seen != held) {
        slot_state_set(g, (uint8_t)held);
        CHECK(!slot_state_swap(g, (uint8_t)seen, (uint8_t)prng()), "held %u, seen %u", held, seen);
        CHECK(slot_state[g] == held, "held %u, seen %u: %u", held, seen, slot_state[g]);
      }
    }
  }
}

Test(platform, slot_state_is_a_plain_byte)
{
  const uint64_t places[] = {1, 2, 7, 8, GRANULES / 2, GRANULES - 2};
  char alone = __libc_single_threaded;
  for (uint32_t i = 0; i < 2; i++) {
    /* Both ways, whether or not the runner has threads of its own. */
    __libc_single_threaded = (char)i;
    for (uint32_t k = 0; k < sizeof places / sizeof *places; k++) {
      check_byte(places[k]);
      if (i == 0) { /* of two threads */
        check_lost(places[k]);
      }
    }
  }
  __libc_single_threaded = alone;
}

Test(platform, the_first_granule_in_a_state_is_found)
{
  enum {
    LENGTH = GRANULES < 300 ? GRANULES : 300,
    DRAWS = EFFORT(20000)
  };
  const uint8_t states[] = {0, 1, 2, 0x80, 0xff};
  for (uint32_t i = 0; i < DRAWS; i++) {
    uint64_t first = prng_once_in(2) ? 0 : GRANULES - LENGTH;
    for (uint32_t k = 0; k < 4; k++) {
      slot_state[first + prng_below(LENGTH)] = states[prng_below(sizeof states)];
    }
    uint64_t g = first + prng_below(LENGTH + 1);
    uint64_t end = prng_between(g, first + LENGTH);
    uint8_t state = states[prng_below(sizeof states)];
    uint64_t expected = g;
    while (expected < end && slot_state[expected] != state) {
      expected++;
    }
    uint64_t found = slot_state_find(g, end, state);
    CHECK(found == expected, "state %u in %lu .. %lu: %lu, not %lu", state, g, end, found,
          expected);
  }
}

Test(platform, radix_arena_is_a_plain_entry)
{
  const uint64_t keys[] = {1, RADIX_KEYS / 2, RADIX_KEYS - 2};
  for (uint32_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    uint64_t key = keys[i];
    radix_arena[key - 1] = 0x1111;
    radix_arena[key + 1] = 0x2222;
    for (uint32_t entry = 0; entry <= UINT16_MAX; entry++) {
      radix_arena_set(key, (uint16_t)entry);
      CHECK(radix_arena[key] == entry, "set %u, holds %u", entry, radix_arena[key]);
      CHECK(radix_arena_get(key) == entry, "set %u, reads %u", entry, radix_arena_get(key));
      CHECK(radix_arena[key - 1] == 0x1111 && radix_arena[key + 1] == 0x2222,
            "a neighbour of %lu changed", key);
    }
  }
}

/* The tables begin zero, and the last entry of each is there. */
Test(platform, tables_are_zero_and_whole)
{
  CHECK(radix_arena[0] == 0 && radix_arena[RADIX_KEYS - 1] == 0, "radix_arena");
  CHECK(arena_key[0] == 0 && arena_key[MAX_ARENAS - 1] == 0, "arena_key");
  CHECK(span_kind[0] == 0 && span_kind[PAGES - 1] == 0, "span_kind");
  CHECK(span_len[0] == 0 && span_len[PAGES - 1] == 0, "span_len");
  CHECK(span_back[0] == 0 && span_back[PAGES - 1] == 0, "span_back");
  CHECK(page_class[0] == 0 && page_class[PAGES - 1] == 0, "page_class");
  CHECK(page_span[0] == 0 && page_span[PAGES - 1] == 0, "page_span");
  CHECK(slot_state[0] == 0 && slot_state[GRANULES - 1] == 0, "slot_state");
}

/* ---- two threads ------------------------------------------------------------------ */

enum {
  ROUNDS = 40000,
  GRANULE = 5
};

/* Where two threads wait for each other: each round counts two arrivals.  They
 * spin, to leave in the same instant, but give way where they share a core. */
static uint32_t arrivals;

static void meet(uint32_t round)
{
  __atomic_add_fetch(&arrivals, 1, __ATOMIC_ACQ_REL);
  for (uint32_t i = 0; __atomic_load_n(&arrivals, __ATOMIC_ACQUIRE) < 2 * (round + 1); i++) {
    if (i > 2000) {
      sched_yield();
    }
  }
}

static enum slot_verdict verdicts[2][ROUNDS];
static uint8_t states[ROUNDS];

/* Lets the other one go first: by nothing, by ever more, or by a turn of the
 * scheduler, which also changes who wins where they share a core. */
static void start_late(uint32_t by)
{
  if (by == 63) {
    sched_yield();
  }
  for (volatile uint32_t i = by; i > 0; i--) {
  }
}

/* Releases the one block in every round; the threads take turns in making it
 * live before, and in who starts a little late. */
static void *release_each_round(void *thread)
{
  uint32_t me = *(uint32_t *)thread;
  for (uint32_t i = 0; i < ROUNDS; i++) {
    if (i % 2 == me) {
      slot_state_set(GRANULE, (uint8_t)(SLOT_LIVE + i % 128));
    }
    meet(2 * i);
    if (i / 2 % 2 == me) {
      start_late(i / 4 % 64);
    }
    verdicts[me][i] = slot_release(GRANULE, slot_state_get(GRANULE));
    meet(2 * i + 1);
    if (i % 2 != me) { /* who sets it live next */
      states[i] = slot_state_get(GRANULE);
    }
  }
  return NULL;
}

Test(platform, T6_two_threads_release_one_block)
{
  uint32_t names[2] = {0, 1};
  pthread_t thread[2];
  for (uint32_t i = 0; i < 2; i++) {
    CHECK(pthread_create(&thread[i], NULL, release_each_round, &names[i]) == 0, "no thread");
  }
  for (uint32_t i = 0; i < 2; i++) {
    CHECK(pthread_join(thread[i], NULL) == 0, "no thread");
  }
  uint32_t won[2] = {0, 0};
  for (uint32_t i = 0; i < ROUNDS; i++) {
    enum slot_verdict a = verdicts[0][i];
    enum slot_verdict b = verdicts[1][i];
    CHECK((a == SLOT_OK && b == SLOT_ALREADY_FREE) || (b == SLOT_OK && a == SLOT_ALREADY_FREE),
          "round %u: %u and %u", i, a, b);
    CHECK(states[i] == SLOT_CACHED, "round %u: state %u", i, states[i]);
    won[a == SLOT_OK ? 0 : 1]++;
  }
  CHECK(won[0] > 0 && won[1] > 0, "no race: %u and %u", won[0], won[1]);
}

/* Reads an entry while another thread changes it, as slot_release of a wrong
 * address may: it sees one of the states that were set.  (ThreadSanitizer sees
 * whether both accesses are atomic.) */
static void *read_while_it_changes(void *unseen)
{
  uint32_t *wrong = unseen;
  uint8_t state = SLOT_NONE;
  while (state != SLOT_LIVE) {
    state = slot_state_get(GRANULE);
    *wrong +=
        state != SLOT_NONE && state != SLOT_FREE && state != SLOT_CACHED && state != SLOT_LIVE;
  }
  return NULL;
}

Test(platform, a_state_is_read_while_it_changes)
{
  uint32_t wrong = 0;
  pthread_t reader;
  CHECK(pthread_create(&reader, NULL, read_while_it_changes, &wrong) == 0, "no thread");
  for (uint32_t i = 0; i < ROUNDS; i++) {
    slot_state_set(GRANULE, i % 2 == 0 ? SLOT_FREE : SLOT_CACHED);
  }
  slot_state_set(GRANULE, SLOT_LIVE);
  CHECK(pthread_join(reader, NULL) == 0, "no thread");
  CHECK(wrong == 0, "%u states that nobody set", wrong);
}

/* Looks for a state beside a byte that changes: what does not change is found, or
 * is passed over, as if nobody else were there. */
static void *find_while_one_changes(void *unseen)
{
  uint32_t *wrong = unseen;
  while (slot_state_get(GRANULE) != SLOT_LIVE) {
    *wrong += slot_state_find(GRANULE + 1, GRANULE + 100, SLOT_LIVE) != GRANULE + 64;
    *wrong += slot_state_find(GRANULE + 65, GRANULE + 100, SLOT_LIVE) != GRANULE + 100;
    uint64_t found = slot_state_find(GRANULE - 1, GRANULE + 100, SLOT_FREE);
    *wrong += found != GRANULE && found != GRANULE + 100;
  }
  return NULL;
}

Test(platform, a_state_is_found_beside_one_that_changes)
{
  uint32_t wrong = 0;
  pthread_t finder;
  slot_state_set(GRANULE + 64, SLOT_LIVE);
  CHECK(pthread_create(&finder, NULL, find_while_one_changes, &wrong) == 0, "no thread");
  for (uint32_t i = 0; i < ROUNDS; i++) {
    slot_state_set(GRANULE, i % 2 == 0 ? SLOT_FREE : SLOT_CACHED);
  }
  slot_state_set(GRANULE, SLOT_LIVE);
  CHECK(pthread_join(finder, NULL) == 0, "no thread");
  CHECK(wrong == 0, "%u searches found what is not there", wrong);
}

/* Counts and takes offsets beside another thread: nothing is shared. */
static void *compute(void *unseen)
{
  uint32_t *wrong = unseen;
  for (uint32_t x = 1; x < 1 << 18; x++) {
    uint32_t width = bits_width(x);
    *wrong += x >> (width - 1) != 1;
    *wrong += granule_offset((uint64_t)x * GRANULE_BYTES + 4096, 4096) != x;
    *wrong += granule_offset((uint64_t)x * GRANULE_BYTES + 4097, 4096) < (uint64_t)1 << 59;
  }
  return NULL;
}

Test(platform, two_threads_compute)
{
  uint32_t wrong[2] = {0, 0};
  pthread_t other;
  CHECK(pthread_create(&other, NULL, compute, &wrong[1]) == 0, "no thread");
  CHECK(!platform_single_threaded(), "there are two");
  compute(&wrong[0]);
  CHECK(pthread_join(other, NULL) == 0, "no thread");
  CHECK(wrong[0] == 0 && wrong[1] == 0, "%u and %u wrong", wrong[0], wrong[1]);
}

/* Reads the map until every arena is there: whoever sees an entry sees all
 * that was written before it was set. */
static void *read_until_all_are_there(void *unseen)
{
  uint32_t *wrong = unseen;
  for (uint32_t n = 1; n < MAX_ARENAS; n++) {
    while (radix_get(n) == 0) {
      sched_yield();
    }
    *wrong += radix_get(n) != n || page_class[n] != n % 200 + 1 || arena_key[n] != n + 1;
  }
  return NULL;
}

Test(platform, T2_an_arena_is_published_with_its_tables)
{
  uint32_t wrong = 0;
  pthread_t reader;
  CHECK(pthread_create(&reader, NULL, read_until_all_are_there, &wrong) == 0, "no thread");
  for (uint32_t n = 1; n < MAX_ARENAS; n++) {
    page_class[n] = (uint8_t)(n % 200 + 1);
    radix_set(n, n);
  }
  CHECK(pthread_join(reader, NULL) == 0, "no thread");
  CHECK(wrong == 0, "%u arenas came without their tables", wrong);
}
