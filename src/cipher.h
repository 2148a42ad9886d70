/* cipher: ChaCha8, by which all random numbers are stretched from few.
 *
 * Owns nothing; pure.  Eight blocks at a time, as vectors make them.
 */
#ifndef ASHLAR_CIPHER_H
#define ASHLAR_CIPHER_H

#include <stdint.h>

enum {
  CIPHER_KEY_WORDS = 8,             /* of 32 bits */
  CIPHER_BLOCKS = 8,                /* of 64 bytes, made at a time */
  CIPHER_WORDS = CIPHER_BLOCKS * 16 /* of 32 bits, made at a time */
};

/* Makes the ChaCha8 key stream of a key, with a zero nonce and the block
 * counters 0 .. CIPHER_BLOCKS - 1.
 * out: word i of block b goes to out[i * CIPHER_BLOCKS + b]; the order in
 * which vectors hold it, and as random as any other. */
void cipher_stream(const uint32_t key[CIPHER_KEY_WORDS], uint32_t out[CIPHER_WORDS]);

#endif
