/* random: draws that an attacker cannot predict, cheap enough for each malloc.
 *
 * A struct random belongs to one thread; nothing is shared, nothing is locked.
 * All zero is a valid generator that seeds itself at the first draw.
 *
 * ChaCha8 makes 512 bytes at a time from a 32-byte key; the first 32 of them
 * replace the key, the others are drawn from.  So who reads a generator's
 * memory learns the draws since the last refill and those to come, but none
 * from before.  The key is mixed with new bytes of the process's root (os_random)
 * after each MiB of output, so that the draws to come are learnt no further than
 * that without the root's memory.
 *
 * After fork the child's copy continues the parent's draws until it is seeded
 * anew: the fork handler does that.
 */
#ifndef ASHLAR_RANDOM_H
#define ASHLAR_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "cipher.h"

enum {
  RANDOM_DRAWS = (CIPHER_WORDS - CIPHER_KEY_WORDS) * 2,
  RANDOM_REFILLS_PER_SEED = 2048 /* refills of 512 bytes: 1 MiB */
};

struct random {
  uint32_t left;    /* draws not made yet */
  uint32_t refills; /* until new bytes are mixed in */
  uint32_t key[CIPHER_KEY_WORDS];
  uint16_t draws[RANDOM_DRAWS]; /* draws[0 .. left - 1] are the ones to make */
};

_Static_assert(RANDOM_DRAWS * sizeof(uint16_t) == 480, "what is not the key is drawn from");

/* Makes a generator unpredictable again, with bytes of os_random's.  What it
 * had in store is dropped. */
void random_seed(struct random *r);

/* Fills the store of draws; at least one is there afterwards. */
void random_refill(struct random *r);

/* Draws 16 bits: 0 .. 65535, each as probable as the others. */
static inline uint32_t random_draw(struct random *r)
{
  /* The count is read once: whatever a signal handler does in between, the
   * index stays inside. */
  uint32_t left = r->left;
  if (__builtin_expect(left == 0, 0)) {
    random_refill(r);
    left = RANDOM_DRAWS;
  }
  left--;
  r->left = left;
  return r->draws[left];
}

/* Draws a number below n.
 * n: 1 .. 65536.
 * Returns 0 .. n - 1.  Each has a probability of floor(2^16 / n) / 2^16 or one
 * part in 2^16 more: exact where n is a power of two, else off from 1/n by less
 * than 2^-16, and relative to 1/n by less than n / 2^16 (below 2^-8 for the
 * lists and batches this is for, which have at most 256 entries). */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
  return (random_draw(r) * n) >> 16;
}

/* Draws 64 bits. */
static inline uint64_t random_word(struct random *r)
{
  uint64_t word = 0;
  for (int i = 0; i < 4; i++) {
    word = (word << 16) | random_draw(r);
  }
  return word;
}

#endif
