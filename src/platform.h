/* platform: the one header in which the prover and the compiler read different
 * code.  It wraps the tables, the atomic accesses to them, and builtins.
 *
 * Tables.  For the prover every table is a file-scope array of its full size;
 * for the compiler the same name is a pointer to address space of its own, or
 * to an entry of the records that several tables make up together, set once at
 * start (see ASHLAR_STATIC_TABLES for tests and model checking, which use arrays
 * too).  Trusted: that entries are disjoint, zero at first, and there for every
 * index in use.
 *
 * Atomics.  An entry of slot_state[] may be raced for by a wrong program (two
 * threads freeing one block) and is read without a lock, so it is accessed
 * through slot_state_get/set/swap alone.  Trusted: that a relaxed atomic access
 * seen from one thread is the plain access that the prover reads.
 *
 * Builtins.  Contracts are assumed here, and tested over their whole domain in
 * tests/.
 */
#ifndef ASHLAR_PLATFORM_H
#define ASHLAR_PLATFORM_H

#include "config.h"
#ifndef __FRAMAC__
#include <string.h>
#include <sys/single_threaded.h>
#endif
#include "../spec/platform.acsl.h"

/* On the paths that every malloc and free takes: no call, whatever the
 * compiler thinks of its size. */
#ifdef __FRAMAC__
#define ASHLAR_HOT
#elif !defined(ASHLAR_HOT)
#define ASHLAR_HOT inline __attribute__((always_inline))
#endif

/* Which way a branch usually goes; and a function that is seldom called, kept
 * out of those that call it. */
#ifdef __FRAMAC__
#define ASHLAR_LIKELY(x) (x)
#define ASHLAR_UNLIKELY(x) (x)
#define ASHLAR_COLD
#else
#define ASHLAR_LIKELY(x) (__builtin_expect(!!(x), 1))
#define ASHLAR_UNLIKELY(x) (__builtin_expect(!!(x), 0))
#define ASHLAR_COLD __attribute__((cold, noinline))
#endif

/* Long variables that start as zero, apart from the short ones: those then lie on
 * few pages, which is what a process that only runs for a moment touches. */
#ifdef __FRAMAC__
#define ASHLAR_LONG
#else
#define ASHLAR_LONG __attribute__((section(".bss.long")))
#endif

/* ---- tables ------------------------------------------------------------- */

/* Every table: the type of an entry, its name, how many entries an arena adds,
 * and how many there are besides. */
#define ASHLAR_TABLES(TABLE)                                                                       \
  ASHLAR_FIXED_TABLES(TABLE) ASHLAR_PAGE_TABLES(TABLE) ASHLAR_ARENA_TABLES(TABLE)

/* Those that do not grow with the heap. */
#define ASHLAR_FIXED_TABLES(TABLE)                                                                 \
  /* radix_map: arena number by address key, 0 for none; and back */                               \
  TABLE(uint16_t, radix_arena, 0, RADIX_KEYS)                                                      \
  TABLE(uint32_t, arena_key, 0, MAX_ARENAS)                                                        \
  /* arena: the first page that is not usable, by arena number; 0 for number 0 */                  \
  TABLE(uint32_t, arena_top, 0, MAX_ARENAS)                                                        \
  /* span_list: by list */                                                                         \
  TABLE(uint32_t, list_first, 0, SPAN_LISTS)

/* Those by page number that few look at: for the compiler they lie in one
 * another, so that all entries of a page are in one line of the cache, and a few
 * pages cost one page of memory instead of one for each table. */
#define ASHLAR_PAGE_TABLES(TABLE)                                                                  \
  /* large: the bytes asked for, and those up to the guard, by the span's first page */            \
  TABLE(uint64_t, large_asked, ARENA_PAGES, 0)                                                     \
  TABLE(uint64_t, large_room, ARENA_PAGES, 0)                                                      \
  /* region: bytes used of a piece */                                                              \
  TABLE(uint64_t, piece_used, ARENA_PAGES, 0)                                                      \
  /* span */                                                                                       \
  TABLE(uint32_t, span_len, ARENA_PAGES, 0)                                                        \
  TABLE(uint32_t, span_back, ARENA_PAGES, 0)                                                       \
  /* span_list */                                                                                  \
  TABLE(uint32_t, list_next, ARENA_PAGES, 0)                                                       \
  TABLE(uint32_t, list_prev, ARENA_PAGES, 0)                                                       \
  /* page_heap: pages of a free span that may be resident */                                       \
  TABLE(uint32_t, span_resident, ARENA_PAGES, 0)                                                   \
  /* central_cache: slots of a span, those believed FREE, where to look next */                    \
  TABLE(uint32_t, slab_slots, ARENA_PAGES, 0)                                                      \
  TABLE(uint32_t, slab_free, ARENA_PAGES, 0)                                                       \
  TABLE(uint32_t, slab_cursor, ARENA_PAGES, 0)                                                     \
  TABLE(uint16_t, list_of, ARENA_PAGES, 0)                                                         \
  /* piece_set: the region of a piece plus one, and its place there, by the piece's page */        \
  TABLE(uint16_t, piece_owner, ARENA_PAGES, 0)                                                     \
  TABLE(uint16_t, piece_place, ARENA_PAGES, 0)                                                     \
  TABLE(uint8_t, span_kind, ARENA_PAGES, 0)                                                        \
  /* large: whether the block's guard stands, by the block's first page */                         \
  TABLE(uint8_t, large_guarded, ARENA_PAGES, 0)

/* Those that every malloc or free looks at, each by itself: slot, by page number
 * and by granule number. */
#define ASHLAR_ARENA_TABLES(TABLE)                                                                 \
  TABLE(uint8_t, page_class, ARENA_PAGES, 0)                                                       \
  TABLE(uint32_t, page_span, ARENA_PAGES, 0)                                                       \
  TABLE(uint8_t, slot_state, ARENA_GRANULES, 0)

#define ASHLAR_TABLE_LENGTH(per_arena, fixed) ((uint64_t)(per_arena)*MAX_ARENAS + (fixed))

#if defined(__FRAMAC__) || defined(ASHLAR_STATIC_TABLES)

#define ASHLAR_TABLE_ARRAY(type, name, per_arena, fixed)                                           \
  extern type name[ASHLAR_TABLE_LENGTH(per_arena, fixed)];
ASHLAR_TABLES(ASHLAR_TABLE_ARRAY)
#define ASHLAR_TABLE_POINTER(type, name, per_arena, fixed)
#define ASHLAR_TABLE_STRIDED(type, name, per_arena, fixed)
/* Keys that no arena can have. */
#define RADIX_BEYOND(key) ((key) >= RADIX_KEYS)
/* A table that most programs never need. */
#define ASHLAR_LATE_TABLE(type, name, length) extern type name[length];
#define ASHLAR_TABLE(type, name, length) type name[length];

#else

#define ASHLAR_TABLE_POINTER(type, name, per_arena, fixed) type *name;
/* A pointer to arrays as long as a record: what it points to with an index is an
 * entry of the record with that number. */
#define ASHLAR_TABLE_STRIDED(type, name, per_arena, fixed)                                         \
  type(*name)[sizeof(struct page_record) / sizeof(type)];
#define ASHLAR_PAGE_FIELD(type, name, per_arena, fixed) type name;
struct page_record {
  ASHLAR_PAGE_TABLES(ASHLAR_PAGE_FIELD)
};
_Static_assert(sizeof(struct page_record) == 64, "a line of the cache");
#define ASHLAR_LATE_TABLE(type, name, length)                                                      \
  _Static_assert(sizeof((name)[length]) == sizeof(type), "the name means entries of this type");
#define ASHLAR_TABLE(type, name, length)                                                           \
  _Static_assert(sizeof(type) * (length) <= REGION_SETS_BYTES && sizeof(*(name)) == sizeof(type),  \
                 "it has room");
#define RADIX_BEYOND(key) ((key)-ASHLAR_ROOT.radix_low >= ASHLAR_ROOT.radix_count)

#endif

#ifndef __FRAMAC__
struct ashlar_root {
  ASHLAR_FIXED_TABLES(ASHLAR_TABLE_POINTER)
  ASHLAR_PAGE_TABLES(ASHLAR_TABLE_STRIDED)
  ASHLAR_ARENA_TABLES(ASHLAR_TABLE_POINTER)
  /* the keys of which radix_arena[] has entries: all that an arena can have */
  uint64_t radix_low, radix_count;
  /* how payload.c clears and inspects blocks on this processor */
  void (*payload_zero)(uintptr_t block, size_t bytes);
  bool (*payload_is_zero)(uintptr_t block, size_t bytes);
  uintptr_t (*payload_hand_out)(uintptr_t block, size_t bytes);
  /* what region_table.c and piece_set.c keep, mapped with the first region */
  char *region_tables;
  /* arena numbers that the tables have room for are below this */
  uint32_t arena_limit;
  /* of each class: size_class_bytes, and the log2 of the unit of its slack */
  uint32_t class_bytes[SIZE_CLASSES];
  uint8_t class_shift[SIZE_CLASSES];
  /* whom payload.c tells of a free block that is not zero; does not return */
  void (*payload_written)(uintptr_t block);
};

/* A multiple of every page size that the processor's kernel may have. */
#ifdef __x86_64__
enum {
  ROOT_BYTES = 4096
};
#else
enum {
  ROOT_BYTES = 65536
};
#endif

/* Read-only from the end of the start on. */
extern union ashlar_root_pages {
  struct ashlar_root root;
#ifndef ASHLAR_STATIC_TABLES
  char pages[ROOT_BYTES];
#endif
} ashlar_root_pages __attribute__((visibility("hidden")));
#endif

#if !defined(__FRAMAC__) && !defined(ASHLAR_STATIC_TABLES)

#ifdef ASHLAR_TABLE_SHAPES
/* What tables.c maps, in the order above.  stride: bytes from entry to entry. */
struct table_shape {
  size_t entry, stride, per_arena, fixed, field;
};
#define ASHLAR_TABLE_SHAPE(type, name, per_arena, fixed)                                           \
  {sizeof(type), sizeof(type), (per_arena), (fixed), offsetof(struct ashlar_root, name)},
#define ASHLAR_RECORD_SHAPE(type, name, per_arena, fixed)                                          \
  {sizeof(type), sizeof(struct page_record), (per_arena), (fixed),                                 \
   offsetof(struct ashlar_root, name)},
static const struct table_shape fixed_shapes[] = {ASHLAR_FIXED_TABLES(ASHLAR_TABLE_SHAPE)};
static const struct table_shape record_shapes[] = {ASHLAR_PAGE_TABLES(ASHLAR_RECORD_SHAPE)};
static const struct table_shape arena_shapes[] = {ASHLAR_ARENA_TABLES(ASHLAR_TABLE_SHAPE)};

/* The root before the start, and if it fails: no arena has a page.  Defined here,
 * since below this the fields' names mean the tables. */
static uint32_t tables_no_top[1];
union ashlar_root_pages ashlar_root_pages
    __attribute__((aligned(ROOT_BYTES))) = {.root = {.arena_top = tables_no_top}};
#endif

#define ASHLAR_ROOT (ashlar_root_pages.root)
#define radix_arena (ASHLAR_ROOT.radix_arena)
#define arena_key (ASHLAR_ROOT.arena_key)
#define arena_top (ASHLAR_ROOT.arena_top)
/* Of records; an index binds first. */
#define span_kind *ASHLAR_ROOT.span_kind
#define span_len *ASHLAR_ROOT.span_len
#define span_back *ASHLAR_ROOT.span_back
#define page_class (ASHLAR_ROOT.page_class)
#define page_span (ASHLAR_ROOT.page_span)
#define slot_state (ASHLAR_ROOT.slot_state)
#define list_next *ASHLAR_ROOT.list_next
#define list_prev *ASHLAR_ROOT.list_prev
#define list_of *ASHLAR_ROOT.list_of
#define list_first (ASHLAR_ROOT.list_first)
#define span_resident *ASHLAR_ROOT.span_resident
#define slab_slots *ASHLAR_ROOT.slab_slots
#define slab_free *ASHLAR_ROOT.slab_free
#define slab_cursor *ASHLAR_ROOT.slab_cursor
#define large_asked *ASHLAR_ROOT.large_asked
#define large_room *ASHLAR_ROOT.large_room
#define large_guarded *ASHLAR_ROOT.large_guarded
#define piece_owner *ASHLAR_ROOT.piece_owner
#define piece_place *ASHLAR_ROOT.piece_place
#define piece_used *ASHLAR_ROOT.piece_used
#define piece_sets ((struct piece_set *)(void *)ASHLAR_ROOT.region_tables)

#endif

/* ---- atomics ------------------------------------------------------------ */

/* The accesses that the functions below, and byte.h, are made of.
 * shared: whether another thread may change the byte meanwhile.  An exchange is a
 * plain store where none may: nothing is compared, so it is up to the caller that
 * the byte holds what was seen.  Where one may, the byte is compared with that. */
#ifdef __FRAMAC__
#define PLATFORM_GET(byte) (*(byte))
#define PLATFORM_SET(byte, value) (*(byte) = (value))
#define PLATFORM_SWAP(byte, seen, value, shared) (*(byte) = (value), true)
#else
#define PLATFORM_GET(byte) __atomic_load_n((byte), __ATOMIC_RELAXED)
#define PLATFORM_SET(byte, value) __atomic_store_n((byte), (value), __ATOMIC_RELAXED)
#define PLATFORM_SWAP(byte, seen, value, shared)                                                   \
  (!(shared) || ASHLAR_LIKELY(platform_single_threaded())                                          \
       ? (__atomic_store_n((byte), (value), __ATOMIC_RELAXED), true)                               \
       : __atomic_compare_exchange_n((byte), &(seen), (value), false, __ATOMIC_ACQ_REL,            \
                                     __ATOMIC_RELAXED))
#endif

#ifndef __FRAMAC__
/* Whether no second thread was ever started; then nobody races. */
static inline bool platform_single_threaded(void)
{
  return __libc_single_threaded;
}
#endif

/*@ requires in: g < GRANULES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == slot_state[g]; */
static inline uint8_t slot_state_get(uint64_t g)
{
  return PLATFORM_GET(&slot_state[g]);
}

/*@ requires in: g < GRANULES;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures value: slot_state[g] == state; */
static inline void slot_state_set(uint64_t g, uint8_t state)
{
  PLATFORM_SET(&slot_state[g], state);
}

/* Changes an entry for which other threads may race.
 * seen: what it holds, which the caller has just read.
 * Returns true, and it is changed; or false, and it is not, if another thread
 * changed it meanwhile. */
/*@ requires in: g < GRANULES; requires seen: seen == slot_state[g];
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures done: \result && slot_state[g] == state; */
static inline bool slot_state_swap(uint64_t g, uint8_t seen, uint8_t state)
{
  return PLATFORM_SWAP(&slot_state[g], seen, state, true);
}

/*@ requires in: key < RADIX_KEYS;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == radix_arena[key]; */
static inline uint16_t radix_arena_get(uint64_t key)
{
#ifdef __FRAMAC__
  return radix_arena[key];
#else
  return __atomic_load_n(&radix_arena[key], __ATOMIC_ACQUIRE);
#endif
}

/*@ requires in: key < RADIX_KEYS;
    terminates \true; exits \false;
    assigns radix_arena[key];
    ensures value: radix_arena[key] == entry; */
static inline void radix_arena_set(uint64_t key, uint16_t entry)
{
#ifdef __FRAMAC__
  radix_arena[key] = entry;
#else
  __atomic_store_n(&radix_arena[key], entry, __ATOMIC_RELEASE);
#endif
}

/* Finds the first granule of g .. end - 1 that is in a state.
 * Returns it, or end where there is none. */
/*@ requires in: g <= end <= GRANULES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: g <= \result <= end;
    ensures none: \forall integer h; g <= h < \result ==> slot_state[h] != state;
    ensures found: \result < end ==> slot_state[\result] == state; */
static inline uint64_t slot_state_find(uint64_t g, uint64_t end, uint8_t state)
{
#if defined(__FRAMAC__) || defined(__SANITIZE_THREAD__) || defined(ASHLAR_STATIC_TABLES)
  /*@ loop invariant range: \at(g, Pre) <= g <= end;
      loop invariant none: \forall integer h; \at(g, Pre) <= h < g ==> slot_state[h] != state;
      loop assigns g;
      loop variant end - g; */
  while (g < end && slot_state_get(g) != state) {
    g++;
  }
  return g;
#else
  const uint8_t *found = memchr(&slot_state[g], state, end - g);
  return found == NULL ? end : (uint64_t)(found - slot_state);
#endif
}

/* ---- builtins ----------------------------------------------------------- */

/* From an address to the granule of a pool that begins there, by one
 * subtraction and one rotation, and by one comparison of the caller's.
 * base: where the pool begins, a multiple of 16.
 * Returns the number of granules from base to address; where the address lies
 * before base, or inside a granule, some number from 2^59 on. */
/*@ requires base: base % GRANULE_BYTES == 0 && base <= 576460752303423488;
    terminates \true; exits \false;
    assigns \nothing;
    ensures begins: address >= base && (address - base) % GRANULE_BYTES == 0
      ==> \result == (address - base) / GRANULE_BYTES;
    ensures not: address < base || (address - base) % GRANULE_BYTES != 0
      ==> \result >= 576460752303423488; */
#ifdef __FRAMAC__
uint64_t granule_offset(uint64_t address, uint64_t base);
#else
static inline uint64_t granule_offset(uint64_t address, uint64_t base)
{
  uint64_t bytes = address - base;
  return bytes / GRANULE_BYTES | bytes << 60;
}
#endif

/* Counts the bits of a number up to its highest 1.
 * x: 1 .. 2^18 - 1.  Returns 1 .. 18. */
/*@ requires domain: 1 <= x < 262144;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: 1 <= \result <= 18;
    ensures width: pow2(\result - 1) <= x < pow2(\result); */
#ifdef __FRAMAC__
uint32_t bits_width(uint32_t x);
#else
static inline uint32_t bits_width(uint32_t x)
{
  return 32u - (uint32_t)__builtin_clz(x);
}
#endif

#endif
