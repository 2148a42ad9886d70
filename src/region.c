#include "region_internal.h"
#include "api.h"
#include "arena.h"
#include "heap.h"
#include "large.h"
#include "page_heap.h"
#include "radix_map.h"
#include "region_bump.h"
#include "size_math.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
