/* The life of a region: create, cleanup handlers, reset, destroy. */
#include "region_internal.h"
#include "api.h"
#include "heap.h"
#include "os.h"
#include "payload.h"
#include "radix_map.h"
#include "report.h"
#include "size_math.h"

#include <errno.h>
#include <string.h>

/* ---- create ------------------------------------------------------------------------ */

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
