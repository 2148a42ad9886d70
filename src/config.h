/* Every constant of Ashlar, and every relation between two of them.
 *
 * The knobs in the first part may be set on the compiler's command line; a
 * small consistent set for model checking and fuzzing is -DASHLAR_SMALL.  All
 * that follows is derived.  What does not fit together does not compile.
 *
 * Units: bytes; granules (16 bytes, the grain of the slot table); pages (the
 * grain of the span table, a power of two of bytes, at most the kernel's
 * page); arenas (aligned ranges of address space, the grain of the radix map).
 */
#ifndef ASHLAR_CONFIG_H
#define ASHLAR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- knobs ------------------------------------------------------------- */

#ifdef ASHLAR_SMALL
#ifndef ASHLAR_PAGE_SHIFT
#define ASHLAR_PAGE_SHIFT 7
#endif
#ifndef ASHLAR_ARENA_PAGES
#define ASHLAR_ARENA_PAGES 16
#endif
#ifndef ASHLAR_MAX_ARENAS
#define ASHLAR_MAX_ARENAS 3
#endif
#ifndef ASHLAR_ADDRESS_BITS
#define ASHLAR_ADDRESS_BITS 16
#endif
#ifndef ASHLAR_DOUBLINGS
#define ASHLAR_DOUBLINGS 2
#endif
#ifndef ASHLAR_LIST_CAPACITY
#define ASHLAR_LIST_CAPACITY 8
#endif
#ifndef ASHLAR_MIN_AGE
#define ASHLAR_MIN_AGE 2
#endif
#ifndef ASHLAR_BATCH
#define ASHLAR_BATCH 4
#endif
#ifndef ASHLAR_CHAINS_SHIFT
#define ASHLAR_CHAINS_SHIFT 1
#endif
#endif

/* log2 of the bytes of a page */
#ifndef ASHLAR_PAGE_SHIFT
#define ASHLAR_PAGE_SHIFT 12
#endif
/* pages of an arena: 64 MiB by default */
#ifndef ASHLAR_ARENA_PAGES
#define ASHLAR_ARENA_PAGES 16384
#endif
/* arena numbers: 0, which no arena has, and most arenas that a process can
 * have: 2 TiB by default */
#ifndef ASHLAR_MAX_ARENAS
#define ASHLAR_MAX_ARENAS 32768
#endif
/* bits of a user address; what lies above is never ours */
#ifndef ASHLAR_ADDRESS_BITS
#define ASHLAR_ADDRESS_BITS 48
#endif
/* doublings of the size classes above 128 bytes, eight classes each: the
 * largest class is 128 << ASHLAR_DOUBLINGS bytes, 256 KiB by default */
#ifndef ASHLAR_DOUBLINGS
#define ASHLAR_DOUBLINGS 11
#endif
/* blocks that a thread's free list of one class can hold: with what belongs to
 * the list, 17 cache lines, so that the classes' heads do not all fall into the
 * same few sets of the cache */
#ifndef ASHLAR_LIST_CAPACITY
#define ASHLAR_LIST_CAPACITY 133
#endif
/* The profile `light`: no ageing, no random choice. */
#if defined(ASHLAR_LIGHT) && !defined(ASHLAR_MIN_AGE)
#define ASHLAR_MIN_AGE 0
#endif
/* Q: a freed block leaves its list by malloc only after Q later frees */
#ifndef ASHLAR_MIN_AGE
#define ASHLAR_MIN_AGE 32
#endif
/* most blocks that move between a thread's list and a central cache at once */
#ifndef ASHLAR_BATCH
#define ASHLAR_BATCH 64
#endif
/* log2 of the pages up to which each length of free spans has a bin of its own */
#ifndef ASHLAR_EXACT_SHIFT
#define ASHLAR_EXACT_SHIFT 7
#endif
/* doublings of the bins above, eight bins each */
#ifndef ASHLAR_BIN_DOUBLINGS
#define ASHLAR_BIN_DOUBLINGS 8
#endif
/* least pages of an arena that become usable at once, with the memory for them */
#ifndef ASHLAR_STEP_PAGES
#define ASHLAR_STEP_PAGES (ASHLAR_ARENA_PAGES < 64 ? ASHLAR_ARENA_PAGES : 64)
#endif
/* least bytes at once that the kernel may back by a huge page, unasked */
#ifndef ASHLAR_HUGE_BYTES
#define ASHLAR_HUGE_BYTES (2 << 20)
#endif
/* log2 of the arenas' places to which a process keeps, and of the radix map's
 * entries: 2^16 of 64 MiB are 4 TiB, twice what its arenas can fill */
#ifndef ASHLAR_WINDOW_SHIFT
#define ASHLAR_WINDOW_SHIFT 16
#endif
/* bytes of free pages that may stay resident, whatever the options */
#ifndef ASHLAR_KEEP_BYTES
#define ASHLAR_KEEP_BYTES (4 << 20)
#endif
/* pages of a span of small slots, and least slots of a span of large ones */
#ifndef ASHLAR_SLAB_PAGES
#define ASHLAR_SLAB_PAGES 16
#endif
#ifndef ASHLAR_SLAB_SLOTS
#define ASHLAR_SLAB_SLOTS 4
#endif
/* blocks of a thread's first refill of a class */
#ifndef ASHLAR_FIRST_BATCH
#define ASHLAR_FIRST_BATCH 4
#endif
/* log2 of the chains by which the cache of a thread is found */
#ifndef ASHLAR_CHAINS_SHIFT
#define ASHLAR_CHAINS_SHIFT 10
#endif
/* A large block that grows by realloc gets so much room to grow: this part of its
 * size, but no more than so many bytes. */
#ifndef ASHLAR_GROWTH_PART
#define ASHLAR_GROWTH_PART 8
#endif
#ifndef ASHLAR_GROWTH_BYTES
#define ASHLAR_GROWTH_BYTES (1 << 30)
#endif
/* freed large blocks that wait, and their bytes */
#ifndef ASHLAR_WAITING_BLOCKS
#define ASHLAR_WAITING_BLOCKS 32
#endif
#ifndef ASHLAR_WAITING_BYTES
#define ASHLAR_WAITING_BYTES (64 << 20)
#endif

/* ---- derived ------------------------------------------------------------ */

enum {
  GRANULE_BYTES = 16,
  PAGE_BYTES = 1 << ASHLAR_PAGE_SHIFT,
  GRANULES_PER_PAGE = PAGE_BYTES / GRANULE_BYTES,
  ARENA_PAGES = ASHLAR_ARENA_PAGES,
  ARENA_GRANULES = ARENA_PAGES * GRANULES_PER_PAGE,
  ARENA_BYTES = ARENA_PAGES * PAGE_BYTES,
  MAX_ARENAS = ASHLAR_MAX_ARENAS,
  PAGES = MAX_ARENAS * ARENA_PAGES,

  DOUBLINGS = ASHLAR_DOUBLINGS,
  CLASSES_PER_DOUBLING = 8,
  /* class 0 (no bytes), 16 .. 128 in steps of 16, then eight a doubling */
  SIZE_CLASSES = 1 + 8 + CLASSES_PER_DOUBLING * DOUBLINGS,
  /* what page_class[] says of a page of a block with a span of its own */
  CLASS_LARGE = SIZE_CLASSES,
  SMALL_BYTES = 128 << DOUBLINGS,

  /* lists of spans: of free ones by length, and of carved ones by class */
  EXACT_SHIFT = ASHLAR_EXACT_SHIFT,
  EXACT_BINS = 1 << EXACT_SHIFT,
  BINS_PER_DOUBLING = 8,
  BINS = EXACT_BINS + BINS_PER_DOUBLING * ASHLAR_BIN_DOUBLINGS,
  SPAN_LISTS = BINS + SIZE_CLASSES,

  /* regions at a time, and runs of pages that one of them can hold */
  REGIONS = 8192,
  REGION_PIECES = 192,
  /* of the tables that come with the first region: the sets of pieces, and all */
  REGION_SETS_BYTES = 7 << 20,
  REGION_TABLES_BYTES = 12 << 20,

  /* pages of an arena whose records and state bytes become usable at once */
  TABLE_CHUNK_PAGES = ARENA_PAGES > 1024 ? 1024 : ARENA_PAGES,
  STEP_PAGES = ASHLAR_STEP_PAGES,

  LIST_CAPACITY = ASHLAR_LIST_CAPACITY,
  MIN_AGE = ASHLAR_MIN_AGE,
  BATCH = ASHLAR_BATCH
};

/* These exceed an int, so they are no enumerators. */
#define GRANULES ((uint64_t)MAX_ARENAS * ARENA_GRANULES)
#define RADIX_KEYS (((uint64_t)1 << ASHLAR_ADDRESS_BITS) / ARENA_BYTES)

/* ---- relations ---------------------------------------------------------- */

_Static_assert(GRANULE_BYTES == 16, "the ABI's alignment is the grain of every size class");
_Static_assert(GRANULES_PER_PAGE >= 1, "a page holds at least one granule");
_Static_assert(PAGE_BYTES % GRANULE_BYTES == 0, "granules tile a page");
_Static_assert((ARENA_PAGES & (ARENA_PAGES - 1)) == 0, "an arena is found by shifting an address");
_Static_assert((uint64_t)ASHLAR_ARENA_PAGES << ASHLAR_PAGE_SHIFT <= (uint64_t)1 << 30,
               "ARENA_BYTES fits an int");
_Static_assert(ASHLAR_MAX_ARENAS <= INT32_MAX / ASHLAR_ARENA_PAGES, "a page number fits 31 bits");
_Static_assert(MAX_ARENAS >= 2, "number 0 says that there is no arena");
_Static_assert(MAX_ARENAS <= UINT16_MAX, "an arena number fits the radix map's entries");
_Static_assert(RADIX_KEYS < UINT32_MAX, "a radix key plus one fits 32 bits");
_Static_assert(MAX_ARENAS <= RADIX_KEYS, "every arena has an address");
_Static_assert(ASHLAR_ADDRESS_BITS < 64, "an address bound fits 64 bits");
_Static_assert(DOUBLINGS >= 0 && DOUBLINGS <= 11, "a slack code of five bits stays exact to 1/256");
_Static_assert(SIZE_CLASSES < UINT8_MAX, "a class fits page_class[]");
_Static_assert(SPAN_LISTS < UINT16_MAX, "a list number plus one fits list_of[]");
_Static_assert(EXACT_SHIFT >= 3, "a doubling of bins has eight lengths");
_Static_assert(2 * ARENA_PAGES <= EXACT_BINS << ASHLAR_BIN_DOUBLINGS,
               "the bins reach to a whole arena");
_Static_assert(REGIONS < UINT16_MAX, "a region's number plus one fits piece_owner[]");
_Static_assert(REGION_PIECES < UINT16_MAX, "a place fits piece_place[]");
_Static_assert(STEP_PAGES >= 1 && STEP_PAGES <= ARENA_PAGES, "a step lies in an arena");
_Static_assert(ARENA_PAGES % STEP_PAGES == 0, "steps tile an arena");
_Static_assert(ARENA_PAGES % TABLE_CHUNK_PAGES == 0, "chunks of tables tile those of an arena");
_Static_assert(SMALL_BYTES <= ARENA_BYTES, "a slot fits an arena");
_Static_assert(MIN_AGE < LIST_CAPACITY, "a full list has an aged block");
_Static_assert(BATCH >= 1 && BATCH <= LIST_CAPACITY, "a batch fits an empty list");
_Static_assert(LIST_CAPACITY <= 1 << 16, "list arithmetic stays far inside 32 bits");

#endif
