/* heap: what malloc, free and realloc mean, over the tiers.
 *
 * Owns the start of the allocator.  Callable from every thread without a lock;
 * takes none on the usual paths.
 *
 * Every entry point that is given a block validates it first: a block is live
 * exactly where the radix map, the alignment and the state byte say so; what is
 * not ends in a report.  Addresses are integers here; 0 stands for NULL.
 */
#ifndef ASHLAR_HEAP_H
#define ASHLAR_HEAP_H

#include "slot.h"

/* Who calls, for reports and for the kind that a block must have. */
enum heap_operation {
  HEAP_FREE,
  HEAP_FREE_SIZED,
  HEAP_FREE_ALIGNED_SIZED,
  HEAP_REALLOC,
  HEAP_USABLE_SIZE,
  HEAP_DELETE,
  HEAP_DELETE_ARRAY,
  HEAP_ALLOCATE,
  HEAP_OPERATIONS
};

/* Makes the allocator ready, once; every allocation does it, too.
 * Returns false without memory for its tables. */
bool heap_start(void);

/* Before a fork, and to look at the whole heap: what others hold by lock stands
 * still, and so do the tables; state bytes, which have no lock, need not. */
void heap_stop(void);
void heap_go_on(void);

/* The same in the child of a fork: no lock is held. */
void heap_in_child(void);

/* Whether a granule's number is one of the allocator's memory: not of arena 0,
 * which is nobody's. */
bool heap_is_ours(uint64_t g);

/* Allocates.
 * asked: bytes; 0 gets an address of its own on memory that traps.
 * kind: an enum slot_kind.
 * Returns the block's address, a multiple of 16, all of it zero; 0 with errno
 * ENOMEM where there is no memory or asked is above PTRDIFF_MAX. */
uintptr_t heap_allocate(size_t asked, uint32_t kind);

/* Allocates at a multiple of an alignment.
 * align: a power of two.  Else as heap_allocate. */
uintptr_t heap_allocate_aligned(size_t align, size_t asked, uint32_t kind);

/* Takes a block back.
 * block: its address, or 0.  Keeps errno. */
void heap_free(uintptr_t block, enum heap_operation operation);

/* The same, where the program says what size it asked for, and at what
 * alignment (a power of two; 1 if it says none); a wrong size is reported. */
void heap_free_sized(uintptr_t block, size_t align, size_t size, enum heap_operation operation);

/* Reports a live block that stands at no multiple of the alignment that the
 * program says it asked for, or an alignment that none can have.  What is no
 * live block but stands well passes: the free that follows reports it. */
void heap_expect_aligned(uintptr_t block, size_t align, enum heap_operation operation);

/* Changes a block's size, keeping its contents up to the smaller of the two.
 * block: live, of kind KIND_MALLOC, or as the option kind_mismatch allows.
 * asked: bytes, not 0.
 * Returns the block's address, the old one or another; 0 with errno ENOMEM,
 * and the block as it was. */
uintptr_t heap_reallocate(uintptr_t block, size_t asked);

/* How many bytes of a block may be used; 0 for 0.  At least what was asked. */
size_t heap_usable_size(uintptr_t block, enum heap_operation operation);

/* Bytes from an address to the end of what may be used of the live block that
 * contains it; 0 where none does.  Never reports. */
size_t heap_object_size(uintptr_t address);

/* Gives memory back to the kernel, as much as can be.
 * pad: bytes of free memory that may stay.  Returns whether any went back. */
bool heap_trim(size_t pad);

/* What the heap holds, in bytes, by a look at every block, an arena at a time:
 * exact while nothing changes. */
struct heap_statistics {
  uint64_t arenas;        /* number */
  uint64_t reserved;      /* of all arenas */
  uint64_t live;          /* in live blocks, as asked */
  uint64_t live_blocks;   /* number */
  uint64_t slack;         /* in live blocks beyond what was asked */
  uint64_t cached;        /* held by threads */
  uint64_t central;       /* in free slots of carved spans */
  uint64_t large_live;    /* in blocks with spans of their own; part of live */
  uint64_t large_blocks;  /* number; part of live_blocks */
  uint64_t waiting;       /* spans of freed large blocks */
  uint64_t free_pages;    /* free spans */
  uint64_t free_resident; /* of those, at most so much is backed */
  uint64_t released;      /* given back to the kernel so far */
};
void heap_statistics(struct heap_statistics *statistics);

/* Calls visit for each live block, in order of addresses inside each arena,
 * until it returns false.  Blocks that come or go meanwhile may be missed or
 * seen; visit must not allocate or free.
 * Returns false where visit did. */
bool heap_walk(bool (*visit)(uintptr_t block, size_t size, void *context), void *context);

/* Checks every table and every block of the heap.
 * what: set to what is wrong, in words; *where to an address or 0.
 * Returns true where nothing is. */
bool heap_check(const char **what, uintptr_t *where);

#endif
