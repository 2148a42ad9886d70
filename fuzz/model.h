/* model: what a right allocator would have done, in plain data that shares
 * nothing with it but the constants of its build.
 *
 * Owns the handles: for each, the block that it stands for, what was asked for
 * it, and what its bytes must be.  Checks, of each block that is handed out,
 * that it overlaps no other, is aligned, zero, no larger than it has to be, and
 * not one that was freed too lately; of each block, that its bytes are as they
 * were left.
 */
#ifndef ASHLAR_FUZZ_MODEL_H
#define ASHLAR_FUZZ_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MODEL_BLOCKS = 256
};

struct block {
  bool live;
  uint8_t kind; /* an enum slot_kind */
  uint8_t seed; /* of the bytes that were written */
  unsigned char *at;
  size_t asked;
  size_t usable;
  size_t align;  /* asked for; 16 where none was, less where the slot may be any */
  size_t filled; /* bytes written, from the first on; those behind are zero */
  size_t tail;   /* where the writing ended, which may lie behind that */
};

extern struct block model[MODEL_BLOCKS];

/* No block is live. */
void model_reset(void);

/* Blocks that are live. */
uint32_t model_count(void);

/* The h-th handle, or the next behind it, around, that is live; or
 * MODEL_BLOCKS. */
uint32_t model_next(uint32_t h);

/* A block was handed out for a handle that is not live.
 * usable: what the allocator says of it. */
void model_born(uint32_t h, void *at, size_t asked, size_t usable, size_t align, uint32_t kind);

/* A live block goes: to be called before the allocator gets it. */
void model_dies(uint32_t h);

/* The block that died went into the list of its thread. */
void model_was_freed(const struct block *dead);

/* A block's size changed, perhaps its place.  As model_born, but the first
 * bytes are those that it had. */
void model_changed(uint32_t h, void *at, size_t asked, size_t usable);

/* Writes a block's first n bytes. */
void model_fill(uint32_t h, size_t n, uint8_t seed);

/* A block's bytes are what they should be. */
void model_verify(uint32_t h);

/* What a thread freed up to now may be handed out at any time: its list went
 * back.  thread: FUZZ_THREADS for all. */
void model_ages_end(uint32_t thread);

/* Bytes of the least slot for a request of the small ones. */
size_t model_slot_bytes(size_t asked);

/* The same of a size class. */
size_t model_class_bytes(uint32_t c);

/* The most bytes that a live block may have taken, with its alignment. */
size_t model_largest(void);

/* Whether an address is in a live block; its handle, or MODEL_BLOCKS. */
uint32_t model_find(uintptr_t address);

/* The sum of what was asked, and of what is usable, over all live blocks. */
size_t model_bytes(size_t *usable);

#endif
