/* large: blocks of more than a slot can hold, each with a span of its own.
 *
 * Owns large_asked[], large_room[], large_guarded[] and the FIFO of freed
 * blocks.  A live block's entries belong to whoever holds the block; the FIFO
 * has a lock, under which the page heap's may be taken and no other.
 *
 * A block ends as near to its guard as its alignment allows; one that realloc
 * made longer or shorter less than a page before it, because it keeps its place
 * in its first page, and its slack is checked as a slot's.  Behind the guard a
 * block that grew has untouched pages to grow into.  A freed block waits in the
 * FIFO with all of its pages guarded, so that late use traps.
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

/* How an attempt to change a block's size ends. */
enum large_resized {
  LARGE_RESIZED = 0,
  LARGE_NO_MEMORY = 1, /* nothing has changed */
  LARGE_INVALID = 2    /* it was not live any more */
};

/* Gives a live block another size: where it stands, if its span has the room; else
 * its pages move to another span, which has room to grow.
 * g: its first granule.  tag: its state byte, as the caller read it.
 * asked: bytes, at least 1.
 * block: where it is; set to where it is then, at the same place in its page; the bytes that
 * both sizes have are as they were, and new ones are zero. */
enum large_resized large_resize(uint64_t g, uint8_t tag, size_t asked, uintptr_t *block);

/* Gives all blocks of the FIFO back to the page heap. */
void large_trim(void);

/* Bytes of blocks in the FIFO. */
uint64_t large_waiting(void);

/* Around a fork. */
void large_lock(void);
void large_unlock(void);
void large_reset_lock(void);

#endif
