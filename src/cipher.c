#include "cipher.h"

#include <stddef.h>
#include <string.h>

/* Four blocks side by side, one in each lane. */
typedef uint32_t cipher_lanes __attribute__((vector_size(16)));
enum {
  CIPHER_LANES = 4,
  CIPHER_DOUBLE_ROUNDS = 4 /* ChaCha8 */
};
_Static_assert(CIPHER_BLOCKS % CIPHER_LANES == 0, "the lanes are filled");

#define CIPHER_ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

static inline __attribute__((always_inline)) void cipher_quarter(cipher_lanes *a, cipher_lanes *b,
                                                                 cipher_lanes *c, cipher_lanes *d)
{
  *a += *b;
  *d ^= *a;
  *d = CIPHER_ROTATE(*d, 16);
  *c += *d;
  *b ^= *c;
  *b = CIPHER_ROTATE(*b, 12);
  *a += *b;
  *d ^= *a;
  *d = CIPHER_ROTATE(*d, 8);
  *c += *d;
  *b ^= *c;
  *b = CIPHER_ROTATE(*b, 7);
}

static inline cipher_lanes cipher_splat(uint32_t x)
{
  return (cipher_lanes){x, x, x, x};
}

/* first: the counter of the first of the four blocks. */
static void cipher_four_blocks(const uint32_t key[CIPHER_KEY_WORDS], uint32_t first,
                               cipher_lanes x[16])
{
  cipher_lanes counter = cipher_splat(first) + (cipher_lanes){0, 1, 2, 3};
  /* "expand 32-byte k" */
  x[0] = cipher_splat(0x61707865);
  x[1] = cipher_splat(0x3320646e);
  x[2] = cipher_splat(0x79622d32);
  x[3] = cipher_splat(0x6b206574);
  for (int i = 0; i < CIPHER_KEY_WORDS; i++) {
    x[4 + i] = cipher_splat(key[i]);
  }
  x[12] = counter;
  x[13] = x[14] = x[15] = cipher_splat(0);
  for (int i = 0; i < CIPHER_DOUBLE_ROUNDS; i++) {
    cipher_quarter(&x[0], &x[4], &x[8], &x[12]);
    cipher_quarter(&x[1], &x[5], &x[9], &x[13]);
    cipher_quarter(&x[2], &x[6], &x[10], &x[14]);
    cipher_quarter(&x[3], &x[7], &x[11], &x[15]);
    cipher_quarter(&x[0], &x[5], &x[10], &x[15]);
    cipher_quarter(&x[1], &x[6], &x[11], &x[12]);
    cipher_quarter(&x[2], &x[7], &x[8], &x[13]);
    cipher_quarter(&x[3], &x[4], &x[9], &x[14]);
  }
  x[0] += cipher_splat(0x61707865);
  x[1] += cipher_splat(0x3320646e);
  x[2] += cipher_splat(0x79622d32);
  x[3] += cipher_splat(0x6b206574);
  for (int i = 0; i < CIPHER_KEY_WORDS; i++) {
    x[4 + i] += cipher_splat(key[i]);
  }
  x[12] += counter;
}

void cipher_stream(const uint32_t key[CIPHER_KEY_WORDS], uint32_t out[CIPHER_WORDS])
{
  for (uint32_t first = 0; first < CIPHER_BLOCKS; first += CIPHER_LANES) {
    cipher_lanes x[16];
    cipher_four_blocks(key, first, x);
    for (size_t i = 0; i < 16; i++) {
      memcpy(&out[i * CIPHER_BLOCKS + first], &x[i], sizeof x[i]);
    }
  }
}
