#include "random.h"

#include <string.h>

#include "os.h"

/* Four blocks side by side, one in each lane. */
typedef uint32_t random_lanes __attribute__((vector_size(16)));
enum {
  RANDOM_LANES = 4,
  RANDOM_DOUBLE_ROUNDS = 4 /* ChaCha8 */
};
_Static_assert(RANDOM_BLOCKS % RANDOM_LANES == 0, "the lanes are filled");

#define RANDOM_ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

static inline __attribute__((always_inline)) void random_quarter(random_lanes *a, random_lanes *b,
                                                                 random_lanes *c, random_lanes *d)
{
  *a += *b;
  *d ^= *a;
  *d = RANDOM_ROTATE(*d, 16);
  *c += *d;
  *b ^= *c;
  *b = RANDOM_ROTATE(*b, 12);
  *a += *b;
  *d ^= *a;
  *d = RANDOM_ROTATE(*d, 8);
  *c += *d;
  *b ^= *c;
  *b = RANDOM_ROTATE(*b, 7);
}

static inline random_lanes random_splat(uint32_t x)
{
  return (random_lanes){x, x, x, x};
}

/* first: the counter of the first of the four blocks. */
static void random_four_blocks(const uint32_t key[RANDOM_KEY_WORDS], uint32_t first,
                               random_lanes x[16])
{
  random_lanes counter = random_splat(first) + (random_lanes){0, 1, 2, 3};
  /* "expand 32-byte k" */
  x[0] = random_splat(0x61707865);
  x[1] = random_splat(0x3320646e);
  x[2] = random_splat(0x79622d32);
  x[3] = random_splat(0x6b206574);
  for (int i = 0; i < RANDOM_KEY_WORDS; i++) {
    x[4 + i] = random_splat(key[i]);
  }
  x[12] = counter;
  x[13] = x[14] = x[15] = random_splat(0);
  for (int i = 0; i < RANDOM_DOUBLE_ROUNDS; i++) {
    random_quarter(&x[0], &x[4], &x[8], &x[12]);
    random_quarter(&x[1], &x[5], &x[9], &x[13]);
    random_quarter(&x[2], &x[6], &x[10], &x[14]);
    random_quarter(&x[3], &x[7], &x[11], &x[15]);
    random_quarter(&x[0], &x[5], &x[10], &x[15]);
    random_quarter(&x[1], &x[6], &x[11], &x[12]);
    random_quarter(&x[2], &x[7], &x[8], &x[13]);
    random_quarter(&x[3], &x[4], &x[9], &x[14]);
  }
  x[0] += random_splat(0x61707865);
  x[1] += random_splat(0x3320646e);
  x[2] += random_splat(0x79622d32);
  x[3] += random_splat(0x6b206574);
  for (int i = 0; i < RANDOM_KEY_WORDS; i++) {
    x[4 + i] += random_splat(key[i]);
  }
  x[12] += counter;
}

void random_stream(const uint32_t key[RANDOM_KEY_WORDS], uint32_t out[RANDOM_WORDS])
{
  for (uint32_t first = 0; first < RANDOM_BLOCKS; first += RANDOM_LANES) {
    random_lanes x[16];
    random_four_blocks(key, first, x);
    for (size_t i = 0; i < 16; i++) {
      memcpy(&out[i * RANDOM_BLOCKS + first], &x[i], sizeof x[i]);
    }
  }
}

/* Mixed, not replaced: where the kernel's bytes are weak, the key that was
 * there still counts. */
static void random_mix_in(struct random *r)
{
  uint32_t fresh[RANDOM_KEY_WORDS];
  os_random(fresh, sizeof fresh);
  for (int i = 0; i < RANDOM_KEY_WORDS; i++) {
    r->key[i] ^= fresh[i];
  }
  r->refills = RANDOM_REFILLS_PER_SEED;
}

void random_seed(struct random *r)
{
  random_mix_in(r);
  r->left = 0;
}

__attribute__((noinline)) void random_refill(struct random *r)
{
  if (r->refills == 0) {
    random_mix_in(r);
  }
  r->refills--;
  uint32_t stream[RANDOM_WORDS];
  random_stream(r->key, stream);
  memcpy(r->key, stream, sizeof r->key);
  memcpy(r->draws, stream + RANDOM_KEY_WORDS, sizeof r->draws);
  /* The copy on the stack holds the new key: nothing of it stays behind. */
  memset(stream, 0, sizeof stream);
  __asm__ volatile("" : : "r"(stream) : "memory");
  r->left = RANDOM_DRAWS;
}
