#include "region.h"
#include "api.h"
#include "heap.h"
#include "large.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "payload.h"
#include "page_heap.h"
#include "pressure.h"
#include "radix_map.h"
#include "region_bump.h"
#include "report.h"
#include "arena.h"
#include "size_math.h"
#include "tables.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
static struct region region_nowhere;
/* Beside what else is written, rather than beside the root, which has its page. */
static __attribute__((section(".data"))) struct {
  struct region *places;
  uintptr_t mask;
} region_map = {.places = &region_nowhere};

static struct {
  struct lock lock;
  uint32_t fresh_region, free_region;   /* never used so far; first unused, by next */
  uint32_t fresh_handler, free_handler; /* the same, plus one */
} region_tables = {.fresh_region = 1};

/* ---- handles --------------------------------------------------------------- */

static ASHLAR_HOT struct region *region_at(const ashlar_region *handle)
{
  uintptr_t offset = (uintptr_t)handle & __atomic_load_n(&region_map.mask, __ATOMIC_ACQUIRE);
  uintptr_t places = (uintptr_t)__atomic_load_n(&region_map.places, __ATOMIC_RELAXED);
  return (struct region *)(places + offset);
}

static ASHLAR_COLD _Noreturn void region_report_handle(const ashlar_region *handle,
                                                       const char *operation)
{
  struct report report = {.kind = REPORT_BAD_POOL,
                          .address = (uintptr_t)handle,
                          .operation = operation,
                          .detail = "no region, or a destroyed one"};
  report_fatal(&report);
}

static struct region *region_of(const ashlar_region *handle, const char *operation)
{
  struct region *r = region_at(handle);
  if (handle == NULL || r->handle != (uintptr_t)handle) {
    region_report_handle(handle, operation);
  }
  return r;
}

static uint32_t region_number(const struct region *r)
{
  return (uint32_t)(r - region_places);
}

static const struct piece_set *region_pieces(const struct region *r)
{
  return &piece_sets[region_number(r)];
}

static void region_name_text(struct text *text, const struct region *r)
{
  text_str(text, "region ");
  if (r->name[0] != '\0') {
    text_str(text, r->name);
  } else {
    text_dec(text, region_number(r));
  }
}

/* ---- pieces ---------------------------------------------------------------- */

/* The first granule of a piece. */
static uint64_t region_piece_granule(uint32_t p)
{
  uint64_t low = (uint64_t)p * GRANULES_PER_PAGE;
  return slot_state_find(low, low + GRANULES_PER_PAGE, slot_tag(KIND_REGION, 0));
}

static bool region_may_take(const struct region *r, size_t bytes)
{
  for (const struct region *up = r;; up = &region_places[up->parent]) {
    if (up->limit != 0 && (bytes > up->limit || up->taken > up->limit - bytes)) {
      return false;
    }
    if (up->parent == 0) {
      return true;
    }
  }
}

static void region_charge(struct region *r, size_t bytes)
{
  for (struct region *up = r;; up = &region_places[up->parent]) {
    up->taken += bytes;
    if (up->parent == 0) {
      return;
    }
  }
}

static void region_credit(struct region *r, size_t bytes)
{
  for (struct region *up = r;; up = &region_places[up->parent]) {
    up->taken -= bytes;
    if (up->parent == 0) {
      return;
    }
  }
}

/* The bytes of the next piece: more where there are many already. */
static size_t region_next_bytes(const struct region *r)
{
  return r->block_bytes << (region_pieces(r)->count / REGION_DOUBLING);
}

/* The bytes of the largest request that is not large.  When half of the table
 * is full, what remains of it is for what is large beside the next piece. */
static size_t region_largest(const struct region *r)
{
  bool many = region_pieces(r)->count >= REGION_PIECES / 2;
  return (many ? region_next_bytes(r) : r->block_bytes) / 2;
}

/* Takes a piece from the heap.
 * used: PIECE_LARGE or PIECE_SPARE.
 * Returns its address; 0, and nothing has changed, where that cannot be. */
static uintptr_t region_take(struct region *r, size_t bytes, size_t align, uint64_t used)
{
  if (region_pieces(r)->count >= REGION_PIECES || !region_may_take(r, bytes)) {
    return 0;
  }
  uintptr_t block = pressure_allocate_large(bytes, align, slot_tag(KIND_REGION, 0));
  if (block == 0) {
    return 0;
  }
  uint32_t p = (uint32_t)(radix_granule(block) / GRANULES_PER_PAGE);
  piece_used[p] = used;
  piece_add(region_number(r), p);
  region_charge(r, bytes);
  r->largest = region_largest(r);
  return block;
}

/* Gives a piece that is in no set any more back to the heap. */
static void region_give(struct region *r, uint32_t p, const char *operation)
{
  uint64_t g = region_piece_granule(p);
  if (g == ((uint64_t)p + 1) * GRANULES_PER_PAGE ||
      slot_release(g, slot_tag(KIND_REGION, 0)) != SLOT_OK) {
    struct report report = {.kind = REPORT_BAD_METADATA,
                            .address = radix_address((uint64_t)p * GRANULES_PER_PAGE),
                            .operation = operation,
                            .detail = "a piece of a region"};
    report_fatal(&report);
  }
  region_credit(r, large_size(g));
  large_free(g);
}

/* Writes down how much of the current piece was used, and leaves it. */
static void region_leave(struct region *r)
{
  if (r->current != PAGES) {
    uintptr_t low = radix_address(region_piece_granule(r->current));
    piece_used[r->current] = r->at - low;
  }
  r->current = PAGES;
  r->at = 0;
  r->end = 0;
}

static void region_enter(struct region *r, uint32_t p)
{
  uint64_t g = region_piece_granule(p);
  region_leave(r);
  piece_used[p] = GRANULE_BYTES;
  r->current = p;
  r->at = radix_address(g) + GRANULE_BYTES;
  r->end = radix_address(g) + large_size(g);
}

/* Goes on to a piece with room for a request.  Returns whether there is one. */
static bool region_advance(struct region *r, size_t size, size_t align)
{
  size_t room = size + align;
  for (; r->spare < region_pieces(r)->count; r->spare++) {
    uint32_t p = region_pieces(r)->piece[r->spare];
    if (piece_used[p] == PIECE_SPARE &&
        large_size(region_piece_granule(p)) >= room + GRANULE_BYTES) {
      region_enter(r, p);
      return true;
    }
  }
  size_t bytes = region_next_bytes(r);
  /* Where no guard takes a page of its own, large keeps a byte for itself. */
  bytes -= options()->guards ? 0 : 1;
  uintptr_t block = region_take(r, bytes, GRANULE_BYTES, PIECE_SPARE);
  if (block == 0) {
    return false;
  }
  region_enter(r, (uint32_t)(radix_granule(block) / GRANULES_PER_PAGE));
  return true;
}

/* ---- allocate -------------------------------------------------------------- */

static ASHLAR_COLD void *region_no_memory(void)
{
  errno = ENOMEM;
  return NULL;
}

/* What does not fit the current piece; align: a power of two. */
static ASHLAR_COLD void *region_alloc_rare(ashlar_region *handle, size_t asked, size_t align,
                                           const char *operation)
{
  int saved = errno;
  struct region *r = region_of(handle, operation);
  size_t size = asked == 0 ? 1 : asked;
  if (size > PTRDIFF_MAX || align > PTRDIFF_MAX) {
    return region_no_memory();
  }
  uintptr_t block;
  if (size > r->largest || align > r->largest / 2) {
    block = region_take(r, size, align < GRANULE_BYTES ? GRANULE_BYTES : align, PIECE_LARGE);
    r->large += block != 0 ? 1 : 0;
  } else {
    block = r->at == 0 ? 0 : region_place_aligned(r->at, r->end, size, align);
    if (block == 0) {
      if (!region_advance(r, size, align)) {
        return region_no_memory();
      }
      block = region_place_aligned(r->at, r->end, size, align);
    }
    r->at = block + size;
  }
  if (block == 0) {
    return region_no_memory();
  }
  errno = saved;
  return (void *)block;
}

static const char region_alloc_name[] = "ashlar_region_alloc";

/* In a place that no region has, at and end are 0, and nothing fits. */
ASHLAR_PUBLIC void *ashlar_region_alloc(ashlar_region *region, size_t size)
{
  struct region *r = region_at(region);
  if (ASHLAR_UNLIKELY(r->handle != (uintptr_t)region || size - 1 >= r->largest || r->at == 0)) {
    return region_alloc_rare(region, size, GRANULE_BYTES, region_alloc_name);
  }
  uintptr_t block = region_place(r->at, r->end, size);
  if (ASHLAR_UNLIKELY(block == 0)) {
    return region_alloc_rare(region, size, GRANULE_BYTES, region_alloc_name);
  }
  r->at = block + size;
  return (void *)block;
}

ASHLAR_PUBLIC void *ashlar_region_nalloc(ashlar_region *region, size_t size)
{
  struct region *r = region_at(region);
  if (ASHLAR_UNLIKELY(r->handle != (uintptr_t)region || size - 1 >= r->largest ||
                      size > r->end - r->at)) {
    return region_alloc_rare(region, size, 1, "ashlar_region_nalloc");
  }
  uintptr_t block = r->at;
  r->at = block + size;
  return (void *)block;
}

ASHLAR_PUBLIC void *ashlar_region_calloc(ashlar_region *region, size_t count, size_t size)
{
  size_t bytes;
  if (!size_multiply(count, size, &bytes)) {
    return region_no_memory();
  }
  return ashlar_region_alloc(region, bytes);
}

ASHLAR_PUBLIC void *ashlar_region_memalign(ashlar_region *region, size_t alignment, size_t size)
{
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    errno = EINVAL;
    return NULL;
  }
  return region_alloc_rare(region, size, alignment, "ashlar_region_memalign");
}

ASHLAR_PUBLIC char *ashlar_region_strdup(ashlar_region *region, const char *string)
{
  size_t bytes = strlen(string) + 1;
  char *copy = ashlar_region_nalloc(region, bytes);
  if (copy != NULL) {
    memcpy(copy, string, bytes);
  }
  return copy;
}

ASHLAR_PUBLIC char *ashlar_region_printf(ashlar_region *region, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) {
    return NULL;
  }
  char *text = ashlar_region_nalloc(region, (size_t)length + 1);
  if (text != NULL) {
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
  }
  return text;
}

/* ---- free -------------------------------------------------------------------- */

static const char region_free_name[] = "ashlar_region_free";

/* The piece of a region in which an address lies, or PAGES. */
static uint32_t region_piece_around(const struct region *r, uintptr_t address)
{
  for (uint32_t k = 0; k < region_pieces(r)->count; k++) {
    uint32_t p = region_pieces(r)->piece[k];
    uint64_t g = region_piece_granule(p);
    if (address - radix_address(g) < large_size(g)) {
      return p;
    }
  }
  return PAGES;
}

/* Whose a block is that is not the region's; for the report alone, so by a walk
 * over the regions. */
static enum report_kind region_whose(struct text *detail, uintptr_t block)
{
  for (uint32_t i = 1; i < region_tables.fresh_region; i++) {
    if (region_places[i].handle != 0 && region_piece_around(&region_places[i], block) != PAGES) {
      text_str(detail, ", but of ");
      region_name_text(detail, &region_places[i]);
      return REPORT_WRONG_POOL;
    }
  }
  uint64_t g = radix_granule(block);
  if (!heap_is_ours(g)) {
    return REPORT_INVALID_POINTER;
  }
  uint8_t state = slot_state_get(g);
  if (state >= SLOT_LIVE && slot_tag_kind(state) != KIND_REGION) {
    text_str(detail, ", but of the heap");
    return REPORT_WRONG_POOL;
  }
  return state != SLOT_NONE ? REPORT_DOUBLE_FREE : REPORT_UNALLOCATED;
}

static ASHLAR_COLD _Noreturn void region_report_block(const struct region *r, uintptr_t block,
                                                      bool interior)
{
  char buffer[REGION_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  text_str(&detail, interior ? "in a large block of " : "not of ");
  region_name_text(&detail, r);
  enum report_kind kind = interior ? REPORT_INTERIOR : region_whose(&detail, block);
  struct report report = {
      .kind = kind, .address = block, .operation = region_free_name, .detail = buffer};
  report_fatal(&report);
}

ASHLAR_PUBLIC bool ashlar_region_free(ashlar_region *region, void *block)
{
  int saved = errno;
  struct region *r = region_of(region, region_free_name);
  if (block == NULL) {
    return true;
  }
  uintptr_t address = (uintptr_t)block;
  uint64_t g = radix_granule(address);
  if (!heap_is_ours(g)) {
    region_report_block(r, address, false);
  }
  uint32_t p = (uint32_t)(g / GRANULES_PER_PAGE);
  bool start = address % GRANULE_BYTES == 0 && slot_state_get(g) == slot_tag(KIND_REGION, 0);
  if (start && piece_used[p] == PIECE_LARGE && piece_remove(region_number(r), p)) {
    r->large--;
    r->spare = 0;
    r->largest = region_largest(r);
    region_give(r, p, region_free_name);
    errno = saved;
    return true;
  }
  uint32_t around = region_piece_around(r, address);
  if (around == PAGES || piece_used[around] == PIECE_LARGE) {
    region_report_block(r, address, around != PAGES);
  }
  errno = saved;
  return false;
}

/* ---- cleanup handlers ---------------------------------------------------------- */

ASHLAR_PUBLIC bool ashlar_region_cleanup(ashlar_region *region, void (*function)(void *),
                                         void *argument)
{
  struct region *r = region_of(region, "ashlar_region_cleanup");
  lock_acquire(&region_tables.lock);
  uint32_t h = region_tables.free_handler;
  if (h != 0) {
    region_tables.free_handler = region_handlers[h - 1].next;
  } else if (region_tables.fresh_handler < REGION_HANDLERS) {
    h = ++region_tables.fresh_handler;
  }
  lock_release(&region_tables.lock);
  if (h == 0) {
    errno = ENOMEM;
    return false;
  }
  region_handlers[h - 1] = (struct region_handler){function, argument, r->handler};
  r->handler = h;
  r->handlers++;
  return true;
}

/* Calls the handlers, the last one first; they may add others. */
static void region_run_handlers(struct region *r)
{
  while (r->handler != 0) {
    uint32_t h = r->handler;
    struct region_handler handler = region_handlers[h - 1];
    r->handler = handler.next;
    r->handlers--;
    lock_acquire(&region_tables.lock);
    region_handlers[h - 1] = (struct region_handler){.next = region_tables.free_handler};
    region_tables.free_handler = h;
    lock_release(&region_tables.lock);
    handler.function(handler.argument);
  }
}

/* ---- reset and destroy ------------------------------------------------------------ */

static void region_unlink(struct region *r)
{
  if (r->parent == 0) {
    return;
  }
  struct region *parent = &region_places[r->parent];
  parent->children--;
  if (r->previous != 0) {
    region_places[r->previous].next = r->next;
  } else {
    parent->child = r->next;
  }
  if (r->next != 0) {
    region_places[r->next].previous = r->previous;
  }
}

static void region_begin_end(struct region *r, const char *operation)
{
  if (r->busy) {
    struct report report = {.kind = REPORT_BAD_POOL,
                            .address = (uintptr_t)r->handle,
                            .operation = operation,
                            .detail = "from a handler of the same region"};
    report_fatal(&report);
  }
  r->busy = true;
}

/* Ends a region without regions inside it, whose handlers did run. */
static void region_finish(struct region *r)
{
  region_leave(r);
  for (uint32_t p = piece_pop(region_number(r)); p != PAGES; p = piece_pop(region_number(r))) {
    region_give(r, p, "ashlar_region_destroy");
  }
  region_unlink(r);
  r->handle = 0;
  lock_acquire(&region_tables.lock);
  r->next = region_tables.free_region;
  region_tables.free_region = region_number(r);
  lock_release(&region_tables.lock);
}

/* Destroys the regions inside one, the innermost first.  No recursion: how deep
 * they go is the program's choice. */
static void region_end_children(struct region *r, const char *operation)
{
  while (r->child != 0) {
    struct region *inner = &region_places[r->child];
    while (inner->child != 0) {
      inner = &region_places[inner->child];
    }
    region_begin_end(inner, operation);
    region_run_handlers(inner);
    if (inner->child == 0) {
      region_finish(inner);
    } else {
      inner->busy = false;
    }
  }
}

/* What reset and destroy do first: nothing of it is left when they go on. */
static void region_end_guests(struct region *r, const char *operation)
{
  region_begin_end(r, operation);
  while (r->child != 0 || r->handler != 0) {
    region_end_children(r, operation);
    region_run_handlers(r);
  }
}

/* Clears what was handed out of a piece. */
static void region_clear(uint32_t p)
{
  uint64_t used = piece_used[p];
  if (used > GRANULE_BYTES) {
    uintptr_t low = radix_address(region_piece_granule(p)) + GRANULE_BYTES;
    uint64_t bytes = (used - 1) / GRANULE_BYTES * GRANULE_BYTES;
    payload_zero(low, bytes);
  }
  piece_used[p] = PIECE_SPARE;
}

ASHLAR_PUBLIC void ashlar_region_reset(ashlar_region *region)
{
  static const char operation[] = "ashlar_region_reset";
  int saved = errno;
  struct region *r = region_of(region, operation);
  region_end_guests(r, operation);
  region_leave(r);
  for (uint32_t k = region_pieces(r)->count; k-- > 0;) {
    uint32_t p = region_pieces(r)->piece[k];
    if (piece_used[p] != PIECE_LARGE) {
      region_clear(p);
      continue;
    }
    piece_remove(region_number(r), p);
    region_give(r, p, operation);
  }
  r->large = 0;
  r->spare = 0;
  r->largest = region_largest(r);
  r->resets++;
  r->busy = false;
  errno = saved;
}

ASHLAR_PUBLIC void ashlar_region_destroy(ashlar_region *region)
{
  static const char operation[] = "ashlar_region_destroy";
  if (region == NULL) {
    return;
  }
  int saved = errno;
  struct region *r = region_of(region, operation);
  region_end_guests(r, operation);
  region_finish(r);
  errno = saved;
}

/* ---- create ------------------------------------------------------------------------ */

void region_lock(void)
{
  lock_acquire(&region_tables.lock);
}

void region_unlock(void)
{
  lock_release(&region_tables.lock);
}

void region_in_child(void)
{
  lock_reset(&region_tables.lock);
}

/* Makes the tables of regions usable, if they are not; under the lock. */
static bool region_open(void)
{
  if (region_map.mask != 0) {
    return true;
  }
  if (!tables_commit_regions()) {
    return false;
  }
  __atomic_store_n(&region_map.places, region_places, __ATOMIC_RELAXED);
  __atomic_store_n(&region_map.mask, (uintptr_t)(REGIONS - 1) * REGION_BYTES, __ATOMIC_RELEASE);
  return true;
}

/* A place in the table, or NULL. */
static struct region *region_place_new(void)
{
  lock_acquire(&region_tables.lock);
  uint32_t i = region_tables.free_region;
  if (i != 0) {
    region_tables.free_region = region_places[i].next;
  } else if (region_open() && region_tables.fresh_region < REGIONS) {
    i = region_tables.fresh_region++;
  }
  lock_release(&region_tables.lock);
  return i == 0 ? NULL : &region_places[i];
}

/* The bytes of a piece: pages, and at least one beside the guard; 0 where that
 * is more than can be. */
static size_t region_block_bytes(size_t asked)
{
  size_t page = os_page_bytes() > PAGE_BYTES ? os_page_bytes() : PAGE_BYTES;
  size_t bytes = asked == 0 ? REGION_BLOCK_BYTES : asked;
  if (bytes > ARENA_BYTES || !size_round_up(bytes, page, &bytes)) {
    return 0;
  }
  return bytes;
}

ASHLAR_PUBLIC ashlar_region *ashlar_region_create(const struct ashlar_region_options *options)
{
  static const struct ashlar_region_options usual;
  const struct ashlar_region_options *o = options == NULL ? &usual : options;
  struct region *parent = o->parent == NULL ? NULL : region_of(o->parent, "ashlar_region_create");
  bool begun = heap_start();
  size_t bytes = begun ? region_block_bytes(o->block_bytes) : 0;
  if (bytes == 0) {
    errno = begun ? EINVAL : ENOMEM;
    return NULL;
  }
  struct region *r = region_place_new();
  if (r == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  uint64_t uses = r->uses + 1;
  *r = (struct region){.uses = uses,
                       .block_bytes = bytes,
                       .largest = bytes / 2,
                       .limit = o->limit,
                       .current = PAGES};
  if (o->name != NULL) {
    strncpy(r->name, o->name, sizeof r->name - 1);
  }
  if (parent != NULL) {
    r->parent = region_number(parent);
    r->next = parent->child;
    parent->child = region_number(r);
    parent->children++;
    if (r->next != 0) {
      region_places[r->next].previous = region_number(r);
    }
  }
  r->handle = uses << REGION_USE_SHIFT | (uint64_t)region_number(r) * REGION_BYTES;
  return (ashlar_region *)(uintptr_t)r->handle;
}

/* ---- looking at a region ------------------------------------------------------------- */

ASHLAR_PUBLIC void ashlar_region_stats(ashlar_region *region,
                                       struct ashlar_region_statistics *statistics)
{
  struct region *r = region_of(region, "ashlar_region_stats");
  *statistics = (struct ashlar_region_statistics){.taken = r->taken,
                                                  .pieces = region_pieces(r)->count,
                                                  .large = r->large,
                                                  .handlers = r->handlers,
                                                  .children = r->children,
                                                  .resets = r->resets,
                                                  .limit = r->limit};
  memcpy(statistics->name, r->name, sizeof statistics->name);
  for (uint32_t k = 0; k < region_pieces(r)->count; k++) {
    uint32_t p = region_pieces(r)->piece[k];
    uint64_t g = region_piece_granule(p);
    if (piece_used[p] == PIECE_LARGE) {
      statistics->used += large_size(g);
    } else if (p == r->current) {
      statistics->used += r->at - radix_address(g) - GRANULE_BYTES;
    } else if (piece_used[p] != PIECE_SPARE) {
      statistics->used += piece_used[p] - GRANULE_BYTES;
    }
  }
}

ASHLAR_PUBLIC bool ashlar_region_check(ashlar_region *region)
{
  struct region *r = region_of(region, "ashlar_region_check");
  /* The checker looks at all pages. */
  return (!page_heap_open_tables() || piece_check(region_number(r), arena_end())) &&
         (r->current == PAGES ? r->at == 0 : r->at <= r->end);
}
