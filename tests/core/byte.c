/* byte: its contracts, tried on the code as it is compiled; with one thread, where
 * the accesses must be plain ones, and with two that race. */
#include "../../src/byte.h"
#include "../support/harness.h"

#include <pthread.h>
#include <sched.h>

/* ---- one thread ---------------------------------------------------------------- */

static uint8_t bytes[3];

/* An access changes its own byte and no other. */
static void check_neighbours(void)
{
  CHECK(bytes[0] == 0x11 && bytes[2] == 0x22, "a neighbour changed");
}

static void check_byte(bool shared)
{
  bytes[0] = 0x11;
  bytes[2] = 0x22;
  for (uint32_t held = 0; held < 256; held++) {
    for (uint32_t next = 0; next < 256; next++) {
      byte_set(&bytes[1], (uint8_t)held);
      CHECK(bytes[1] == held, "set %u, holds %u", held, bytes[1]);
      CHECK(byte_get(&bytes[1]) == held, "set %u, reads %u", held, byte_get(&bytes[1]));
      CHECK(byte_swap(&bytes[1], (uint8_t)held, (uint8_t)next, shared), "held %u, and seen", held);
      CHECK(bytes[1] == next, "held %u, becomes %u: %u", held, next, bytes[1]);
    }
    check_neighbours();
  }
}

/* What another thread changed since it was seen is left alone. */
static void check_lost(void)
{
  for (uint32_t held = 0; held < 256; held++) {
    for (uint32_t seen = 0; seen < 256; seen++) {
      if (seen != held) {
        byte_set(&bytes[1], (uint8_t)held);
        CHECK(!byte_swap(&bytes[1], (uint8_t)seen, (uint8_t)prng(), true), "held %u, seen %u", held,
              seen);
        CHECK(bytes[1] == held, "held %u, seen %u: %u", held, seen, bytes[1]);
      }
    }
  }
}

Test(byte, it_is_a_plain_byte)
{
  char alone = __libc_single_threaded;
  for (uint32_t i = 0; i < 2; i++) {
    /* Both ways, whether or not the runner has threads of its own. */
    __libc_single_threaded = (char)i;
    check_byte(false);
    check_byte(true);
    if (i == 0) { /* of two threads */
      check_lost();
    }
  }
  __libc_single_threaded = alone;
}

/* ---- two threads ------------------------------------------------------------------ */

enum {
  ROUNDS = 40000,
  BEGIN = 7 /* what the byte holds before a round */
};

static uint8_t raced;
static bool won[2][ROUNDS];
static uint8_t left[ROUNDS];

/* Where two threads wait for each other: each round counts two arrivals. */
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

/* Swaps the byte for the thread's own number in every round, both having seen the
 * same there. */
static void *swap_each_round(void *thread)
{
  uint32_t me = *(uint32_t *)thread;
  for (uint32_t i = 0; i < ROUNDS; i++) {
    if (i % 2 == me) {
      byte_set(&raced, BEGIN);
    }
    meet(3 * i);
    uint8_t seen = byte_get(&raced);
    meet(3 * i + 1);
    won[me][i] = byte_swap(&raced, seen, (uint8_t)me, true);
    meet(3 * i + 2);
    if (i % 2 != me) { /* who sets it next */
      left[i] = byte_get(&raced);
    }
  }
  return NULL;
}

Test(byte, of_two_threads_one_swaps)
{
  uint32_t names[2] = {0, 1};
  pthread_t thread[2];
  for (uint32_t i = 0; i < 2; i++) {
    CHECK(pthread_create(&thread[i], NULL, swap_each_round, &names[i]) == 0, "no thread");
  }
  for (uint32_t i = 0; i < 2; i++) {
    CHECK(pthread_join(thread[i], NULL) == 0, "no thread");
  }
  for (uint32_t i = 0; i < ROUNDS; i++) {
    CHECK(won[0][i] != won[1][i], "round %u: %d and %d", i, won[0][i], won[1][i]);
    CHECK(left[i] == (won[0][i] ? 0 : 1), "round %u: %u is left", i, left[i]);
  }
}

/* Reads the byte while another thread changes it: it sees what was set.
 * (ThreadSanitizer sees whether both accesses are atomic.) */
static void *read_while_it_changes(void *unseen)
{
  uint32_t *wrong = unseen;
  uint8_t value = 0;
  while (value != 0xff) {
    value = byte_get(&raced);
    *wrong += value != 0 && value != 0x0f && value != 0xf0 && value != 0xff;
  }
  return NULL;
}

Test(byte, it_is_read_while_it_changes)
{
  uint32_t wrong = 0;
  pthread_t reader;
  CHECK(pthread_create(&reader, NULL, read_while_it_changes, &wrong) == 0, "no thread");
  for (uint32_t i = 0; i < ROUNDS; i++) {
    byte_set(&raced, i % 2 == 0 ? 0x0f : 0xf0);
  }
  byte_set(&raced, 0xff);
  CHECK(pthread_join(reader, NULL) == 0, "no thread");
  CHECK(wrong == 0, "%u values that nobody set", wrong);
}
