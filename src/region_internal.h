/* region_internal: what the files of region share, and nobody else sees.
 *
 * Owns nothing of its own: region_table.c has the places of regions and what a
 * handle stands for; region_pieces.c what a region takes from the heap;
 * region_life.c create, cleanup, reset and destroy; region_report.c the words;
 * region.c alloc, free and a look.  region.h says who may touch what.
 */
#ifndef ASHLAR_REGION_INTERNAL_H
#define ASHLAR_REGION_INTERNAL_H

#include "lock.h"
#include "region.h"
#include "tables.h"

enum {
  /* of a handle: the place in the table, in bytes, then the use of it */
  REGION_BYTES = 256,
  REGION_USE_SHIFT = 21,
  REGION_DETAIL_BYTES = 160,

  /* what piece_used[] says but for the bytes used, the first 16 among them */
  PIECE_LARGE = 0, /* a large block by itself */
  PIECE_SPARE = 1  /* nothing was handed out since the last reset */
};

_Static_assert(REGIONS *REGION_BYTES == 1 << REGION_USE_SHIFT, "a place fits its bits");
_Static_assert((int)PIECE_SPARE < (int)GRANULE_BYTES, "bytes used are more");

struct region {
  uint64_t handle; /* 0 in an unused place, and always in the first, that of NULL */
  uintptr_t at;    /* where the next block may begin in the current piece */
  uintptr_t end;   /* behind that piece */
  size_t largest;  /* bytes of a request that is not large */
  uint64_t uses;   /* of this place so far */
  size_t block_bytes;
  uint64_t limit, taken;                  /* taken: with the regions inside it */
  uint32_t current;                       /* the current piece's page, or PAGES */
  uint32_t spare;                         /* no piece at a lower place is spare */
  uint32_t handler;                       /* the last one, plus one */
  uint32_t parent, child, next, previous; /* places in the table; 0: none */
  uint32_t large;                         /* number of large blocks */
  bool busy;                              /* handlers of it run */
  uint64_t handlers, children, resets;
  char name[REGION_NAME_BYTES];
} __attribute__((aligned(REGION_BYTES)));

_Static_assert(sizeof(struct region) == REGION_BYTES, "a handle has the offset of its region");

struct region_handler {
  void (*function)(void *);
  void *argument;
  uint32_t next; /* place plus one: of the region's one before, or unused */
};

/* Behind the sets of pieces, in memory that comes with the first region. */
enum {
  REGION_PLACES_AT = REGION_SETS_BYTES,
  REGION_HANDLERS_AT = REGION_PLACES_AT + REGIONS * REGION_BYTES
};
_Static_assert(REGION_PLACES_AT % REGION_BYTES == 0, "regions are aligned");
_Static_assert(REGION_HANDLERS_AT + sizeof(struct region_handler) * REGION_HANDLERS <=
                   REGION_TABLES_BYTES,
               "the tables of regions have room");
#define region_places ((struct region *)(void *)(ASHLAR_ROOT.region_tables + REGION_PLACES_AT))
#define region_handlers                                                                            \
  ((struct region_handler *)(void *)(ASHLAR_ROOT.region_tables + REGION_HANDLERS_AT))

/* Where region_at looks: before the first region there is one place, which no
 * region has.  mask: which bits of a handle tell its place; read before `places`,
 * and written behind it. */
extern struct region_map {
  struct region *places;
  uintptr_t mask;
} region_map __attribute__((visibility("hidden")));

extern struct region_tables {
  struct lock lock;
  uint32_t fresh_region, free_region;   /* never used so far; first unused, by next */
  uint32_t fresh_handler, free_handler; /* the same, plus one */
} region_tables __attribute__((visibility("hidden")));

/* ---- places (region_table.c) --------------------------------------------- */

static inline struct region *region_at(const ashlar_region *handle)
{
  uintptr_t offset = (uintptr_t)handle & __atomic_load_n(&region_map.mask, __ATOMIC_ACQUIRE);
  uintptr_t places = (uintptr_t)__atomic_load_n(&region_map.places, __ATOMIC_RELAXED);
  return (struct region *)(places + offset);
}

/* The region of a handle; reports where there is none. */
struct region *region_of(const ashlar_region *handle, const char *operation);

static inline uint32_t region_number(const struct region *r)
{
  return (uint32_t)(r - region_places);
}

static inline const struct piece_set *region_pieces(const struct region *r)
{
  return &piece_sets[region_number(r)];
}

/* A place in the table, or NULL. */
struct region *region_place_new(void);

/* ---- pieces (region_pieces.c) -------------------------------------------- */

/* The first granule of a piece. */
uint64_t region_piece_granule(uint32_t p);

/* The bytes of the largest request that is not large.  When half of the table
 * is full, what remains of it is for what is large beside the next piece. */
size_t region_largest(const struct region *r);

/* Takes a piece from the heap.
 * used: PIECE_LARGE or PIECE_SPARE.
 * Returns its address; 0, and nothing has changed, where that cannot be. */
uintptr_t region_take(struct region *r, size_t bytes, size_t align, uint64_t used);

/* Gives a piece that is in no set any more back to the heap. */
void region_give(struct region *r, uint32_t p, const char *operation);

/* Writes down how much of the current piece was used, and leaves it. */
void region_leave(struct region *r);

/* Goes on to a piece with room for a request.  Returns whether there is one. */
bool region_advance(struct region *r, size_t size, size_t align);

/* The piece of a region in which an address lies, or PAGES. */
uint32_t region_piece_around(const struct region *r, uintptr_t address);

/* ---- words (region_report.c) --------------------------------------------- */

/* A handle that is no region's. */
_Noreturn void region_report_handle(const ashlar_region *handle, const char *operation);

/* A block given to region_free that is not the region's to free.
 * interior: it lies in a large block of the region. */
_Noreturn void region_report_block(const struct region *r, uintptr_t block, bool interior);

/* The calls, as reports name them. */
extern const char region_free_name[] __attribute__((visibility("hidden")));

#endif
