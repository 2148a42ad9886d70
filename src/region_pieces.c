/* What a region takes from the heap, and how far it is used. */
#include "region_internal.h"
#include "large.h"
#include "options.h"
#include "pressure.h"
#include "radix_map.h"
#include "report.h"

uint64_t region_piece_granule(uint32_t p)
{
  uint64_t low = (uint64_t)p * GRANULES_PER_PAGE;
  return slot_state_find(low, low + GRANULES_PER_PAGE, slot_tag(KIND_REGION, 0));
}

uint32_t region_piece_around(const struct region *r, uintptr_t address)
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

size_t region_largest(const struct region *r)
{
  bool many = region_pieces(r)->count >= REGION_PIECES / 2;
  return (many ? region_next_bytes(r) : r->block_bytes) / 2;
}

uintptr_t region_take(struct region *r, size_t bytes, size_t align, uint64_t used)
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

void region_give(struct region *r, uint32_t p, const char *operation)
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

void region_leave(struct region *r)
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

bool region_advance(struct region *r, size_t size, size_t align)
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
