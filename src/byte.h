/* byte: a byte that threads may race for, by its address: the state of an object
 * of a pool, as slot_state_get, _set and _swap are for those of a slot.
 *
 * Owns nothing.  Apart from platform.h, because the prover would have to be told
 * of every table that a pointer does not lead into it.
 */
#ifndef ASHLAR_BYTE_H
#define ASHLAR_BYTE_H

#include "platform.h"

/* What the byte holds. */
/*@ requires valid: \valid_read(byte);
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == *byte; */
static inline uint8_t byte_get(const uint8_t *byte)
{
  return PLATFORM_GET(byte);
}

/* Changes the byte, whatever it holds. */
/*@ requires valid: \valid(byte);
    terminates \true; exits \false;
    assigns *byte;
    ensures value: *byte == value; */
// NOLINTNEXTLINE(readability-non-const-parameter) ; clang-tidy does not know the builtin
static inline void byte_set(uint8_t *byte, uint8_t value)
{
  PLATFORM_SET(byte, value);
}

/* Changes a byte for which other threads may race.
 * seen: what it holds, which the caller has just read.
 * shared: whether another thread may do the same at this moment.
 * Returns true, and it is changed; or false, and it is not, if another thread
 * changed it meanwhile. */
/*@ requires valid: \valid(byte); requires seen: seen == *byte;
    terminates \true; exits \false;
    assigns *byte;
    ensures done: \result && *byte == value; */
// NOLINTNEXTLINE(readability-non-const-parameter)
static inline bool byte_swap(uint8_t *byte, uint8_t seen, uint8_t value, bool shared)
{
  return PLATFORM_SWAP(byte, seen, value, shared);
}

#endif
