/* payload: the only file that touches user memory: clears it, checks that it
 * is clear, and copies it.
 *
 * Owns nothing.  A block is touched by whoever holds its slot.  Sizes are in
 * bytes; blocks begin at multiples of 16 and slots are multiples of 16 long.
 */
#ifndef ASHLAR_PAYLOAD_H
#define ASHLAR_PAYLOAD_H

#include "platform.h"

/* Chooses the instructions for this processor; once, at start.
 * written: reports a free block that was about to be handed out, and is not zero;
 * does not return. */
void payload_start(void (*written)(uintptr_t block));

/* Clears a slot; pages that are zero stay untouched.  bytes: a multiple of 16. */
static inline void payload_zero(uintptr_t block, size_t bytes)
{
  ashlar_root_pages.root.payload_zero(block, bytes);
}

/* Whether a slot is all zero (T10).  bytes: a multiple of 16. */
static inline bool payload_is_zero(uintptr_t block, size_t bytes)
{
  return ashlar_root_pages.root.payload_is_zero(block, bytes);
}

/* Returns a block that is to be handed out, if it is zero; else does not
 * return (`written` of payload_start reports it).  A call in tail position: malloc
 * keeps nothing across it. */
static inline uintptr_t payload_hand_out(uintptr_t block, size_t bytes)
{
  return ashlar_root_pages.root.payload_hand_out(block, bytes);
}

/* Whether the last bytes of a block are zero.
 * end: the address behind it.  slack: how many, at least 1. */
bool payload_slack_is_zero(uintptr_t end, size_t slack);

/* Finds the first byte from .. to - 1 of a block that is not zero.
 * Returns true, with its address and value, where there is one. */
bool payload_find(uintptr_t block, size_t from, size_t to, uintptr_t *where, uint8_t *byte);

/* Clears the bytes first .. last - 1 of a block. */
void payload_clear(uintptr_t block, size_t first, size_t last);

/* Copies between blocks that do not overlap. */
void payload_copy(uintptr_t to, uintptr_t from, size_t bytes);

#endif
