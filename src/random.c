#include "random.h"

#include <string.h>

#include "os.h"

/* Mixed, not replaced: where the new bytes are weak, the key that was there still
 * counts. */
static void random_mix_in(struct random *r)
{
  uint32_t fresh[CIPHER_KEY_WORDS];
  os_random(fresh, sizeof fresh);
  for (int i = 0; i < CIPHER_KEY_WORDS; i++) {
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
  uint32_t stream[CIPHER_WORDS];
  cipher_stream(r->key, stream);
  memcpy(r->key, stream, sizeof r->key);
  memcpy(r->draws, stream + CIPHER_KEY_WORDS, sizeof r->draws);
  /* The copy on the stack holds the new key: nothing of it stays behind. */
  memset(stream, 0, sizeof stream);
  __asm__ volatile("" : : "r"(stream) : "memory");
  r->left = RANDOM_DRAWS;
}
