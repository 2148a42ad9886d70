/* large: blocks of more than a slot can hold, each with a span of its own.
 *
 * Owns large_asked[], large_room[], large_guarded[] and the FIFO of freed
 * blocks.  A live block's entries belong to whoever holds the block; the FIFO
 * has a lock, under which the page heap's may be taken and no other.
 *
 * A block ends as near to the end of its span's usable part as its alignment
 * allows; behind it lies a guard.  A freed block waits in the FIFO with all of
 * its pages guarded, so that late use traps.
 */
#ifndef ASHLAR_LARGE_H
#define ASHLAR_LARGE_H

#include "slot.h"

/* Makes a block.
 * asked: bytes, at least 1.  align: a power of two, at least 16.
 * tag: its state byte.
 * Returns its address, with all of it zero; 0 where there is no memory. */
uintptr_t large_allocate(size_t asked, size_t align, uint8_t tag);

/* Takes back a block whose slot was just released by the caller.
 * g: its first granule. */
void large_free(uint64_t g);

/* Bytes that were asked for, and those up to the guard; where there is none, up
 * to where it would end, at least one more than were asked for.
 * g: the first granule of a live block. */
size_t large_size(uint64_t g);
size_t large_capacity(uint64_t g);

/* Whether a live block may have another size where it stands: what is behind
 * stays guarded, or keeps a byte of slack, and at most half of it is unused. */
bool large_fits(uint64_t g, size_t asked);

/* Records another size for a live block, one that fits, and clears what is not
 * in use any more.
 * Returns false, and the size is what it was, where another thread freed the
 * block meanwhile. */
bool large_resize(uint64_t g, size_t asked);

/* Gives all blocks of the FIFO back to the page heap. */
void large_trim(void);

/* Bytes of blocks in the FIFO. */
uint64_t large_waiting(void);

/* Around a fork. */
void large_lock(void);
void large_unlock(void);
void large_reset_lock(void);

#endif
