#define ASHLAR_TABLE_SHAPES
#include "tables.h"
#include "os.h"
#include "space.h"

enum {
  FIXED_TABLES = sizeof fixed_shapes / sizeof fixed_shapes[0],
  RECORD_TABLES = sizeof record_shapes / sizeof record_shapes[0],
  ARENA_TABLES = sizeof arena_shapes / sizeof arena_shapes[0],
  TABLE_RANGES = 1 + ARENA_TABLES,
  /* ranges with few bytes for a page become usable by longer chunks */
  TABLES_FEW_BYTES = 16,
  TABLES_LONG_CHUNK = ARENA_PAGES / TABLE_CHUNK_PAGES > 4 ? ARENA_PAGES / 4 : ARENA_PAGES,
  TABLES_TRIES = 4,
  /* What becomes usable at once is touched at its beginning, if at all: from so
   * many bytes on there is room between two touches for a huge page, with what
   * lies before and behind. */
  TABLES_LONG_BYTES = ASHLAR_HUGE_BYTES / 4,
  /* random bytes before each range, a power of two, unless the room is small */
  TABLES_GAP_SHIFT = 34
};

_Static_assert(TABLE_RANGES == 4, "records and slot_state[], page_class[] and page_span[]");

/* A range of addresses with the same number of bytes for each page. */
struct tables_range {
  uintptr_t base;
  size_t bytes_per_page;
  uint32_t chunk;  /* pages whose entries become usable at once */
  uint8_t *usable; /* one bit a chunk */
};

static ASHLAR_LONG uint8_t
    tables_usable_chunks[TABLE_RANGES / 2][PAGES / TABLE_CHUNK_PAGES / 8 + 1];
static ASHLAR_LONG uint8_t tables_usable_long[TABLE_RANGES / 2][PAGES / TABLES_LONG_CHUNK / 8 + 1];
static struct tables_range tables_ranges[TABLE_RANGES];

static size_t tables_round(size_t bytes)
{
  size_t page = os_page_bytes();
  return (bytes + page - 1) / page * page;
}

/* What one more arena adds to all tables. */
static size_t tables_bytes_per_arena(void)
{
  size_t sum = ARENA_PAGES * sizeof(struct page_record);
  for (int i = 0; i < ARENA_TABLES; i++) {
    sum += arena_shapes[i].per_arena * arena_shapes[i].entry;
  }
  return sum;
}

static uintptr_t *tables_field(const struct table_shape *shape)
{
  return (uintptr_t *)((char *)&ashlar_root_pages.root + shape->field);
}

static void tables_shape_ranges(void)
{
  uint32_t few = 0;
  uint32_t many = 0;
  for (int i = 0; i < TABLE_RANGES; i++) {
    struct tables_range *range = &tables_ranges[i];
    range->bytes_per_page =
        i == 0 ? sizeof(struct page_record)
               : arena_shapes[i - 1].per_arena / ARENA_PAGES * arena_shapes[i - 1].entry;
    bool is_few = range->bytes_per_page < TABLES_FEW_BYTES;
    range->chunk = is_few ? TABLES_LONG_CHUNK : TABLE_CHUNK_PAGES;
    range->usable = is_few ? tables_usable_long[few++] : tables_usable_chunks[many++];
    while (range->chunk * range->bytes_per_page % os_page_bytes() != 0) {
      range->chunk *= 2;
    }
  }
}

/* The bytes of a range for so many arenas. */
static size_t tables_range_bytes(const struct tables_range *range, uint32_t arenas)
{
  size_t chunk = range->chunk * range->bytes_per_page;
  return ((size_t)arenas * ARENA_PAGES * range->bytes_per_page + chunk - 1) / chunk * chunk;
}

/* The bytes of table i of those of fixed length, in whole lines of the cache; the
 * first one, radix_arena[], has so many keys. */
static size_t tables_one_fixed(int i, uint64_t keys)
{
  size_t entries = i == 0 ? keys : fixed_shapes[i].fixed;
  return (entries * fixed_shapes[i].entry + 63) / 64 * 64;
}

static size_t tables_fixed_bytes(uint64_t keys)
{
  size_t sum = 0;
  for (int i = 0; i < FIXED_TABLES; i++) {
    sum += tables_one_fixed(i, keys);
  }
  return tables_round(sum);
}

/* Tells the root where all tables are. */
static void tables_publish(uintptr_t fixed, uintptr_t regions, const struct space_plan *plan,
                           uint32_t arenas)
{
  struct ashlar_root *root = &ashlar_root_pages.root;
  for (int i = 0; i < FIXED_TABLES; i++) {
    *tables_field(&fixed_shapes[i]) = fixed;
    fixed += tables_one_fixed(i, plan->window_arenas);
  }
  root->radix_low = plan->window / ARENA_BYTES;
  root->radix_count = plan->window_arenas;
  *tables_field(&fixed_shapes[0]) -= root->radix_low * fixed_shapes[0].entry;
  size_t offset = 0;
  for (int i = 0; i < RECORD_TABLES; i++) {
    *tables_field(&record_shapes[i]) = tables_ranges[0].base + offset;
    offset += record_shapes[i].entry;
  }
  for (int i = 0; i < ARENA_TABLES; i++) {
    *tables_field(&arena_shapes[i]) = tables_ranges[1 + i].base;
  }
  root->region_tables = (char *)regions; /* NOLINT: chosen as a number */
  root->arena_limit = arenas;
}

/* Bytes that tables for so many arenas want, with what may lie before them. */
static size_t tables_wanted(uint32_t arenas, size_t gap)
{
  size_t sum = tables_fixed_bytes((uint64_t)1 << ASHLAR_WINDOW_SHIFT) + gap;
  sum += REGION_TABLES_BYTES + gap;
  for (int i = 0; i < TABLE_RANGES; i++) {
    sum += tables_range_bytes(&tables_ranges[i], arenas) + gap;
  }
  return tables_round(sum);
}

/* Arena numbers for tables that take a quarter of the room at most; 0 if none. */
static uint32_t tables_limit_for(uint64_t room)
{
  uint64_t n = room / 8 / tables_bytes_per_arena();
  return n >= MAX_ARENAS ? MAX_ARENAS : n < 2 ? 0 : (uint32_t)n;
}

/* Chooses places; only the tables of fixed length are mapped. */
static bool tables_choose(void)
{
  uintptr_t low;
  uintptr_t high;
  os_room(&low, &high);
  uint64_t room = high - low;
  uint32_t arenas = tables_limit_for(room);
  size_t gap = (size_t)1 << TABLES_GAP_SHIFT;
  while (gap > room / 64) {
    gap /= 2;
  }
  if (arenas == 0) {
    return false;
  }
  for (int i = 0; i < TABLES_TRIES; i++) {
    uint64_t draws[2 + 2 + TABLE_RANGES]; /* at once: each call costs */
    os_random(draws, sizeof draws);
    const uint64_t *draw = draws + 2;
    struct space_plan plan = space_start(tables_wanted(arenas, gap), draws);
    if (!plan.chosen) {
      return false;
    }
    size_t page = os_page_bytes();
    uintptr_t fixed = plan.tables + draw[0] % gap / page * page;
    uintptr_t at = fixed + tables_fixed_bytes(plan.window_arenas);
    uintptr_t regions = at + draw[1] % gap / page * page;
    at = regions + REGION_TABLES_BYTES;
    for (int k = 0; k < TABLE_RANGES; k++) {
      at += draw[2 + k] % gap / page * page;
      tables_ranges[k].base = at;
      at += tables_range_bytes(&tables_ranges[k], arenas);
    }
    if (space_commit(fixed, tables_fixed_bytes(plan.window_arenas))) {
      tables_publish(fixed, regions, &plan, arenas);
      return true;
    }
  }
  return false;
}

/* Reserves a range between pages that trap.  Returns its address, or 0. */
static uintptr_t tables_reserve_range(size_t bytes)
{
  size_t guard = os_page_bytes();
  uintptr_t base = os_reserve(bytes + 2 * guard, guard);
  return base == 0 ? 0 : base + guard;
}

static void tables_release_range(uintptr_t base, size_t bytes)
{
  if (base != 0) {
    size_t guard = os_page_bytes();
    os_release(base - guard, bytes + 2 * guard);
  }
}

/* Reserves every table for so many arenas; on failure none stays reserved. */
static bool tables_try(const struct space_plan *plan, uint32_t arenas)
{
  size_t fixed_bytes = tables_fixed_bytes(plan->window_arenas);
  uintptr_t fixed = tables_reserve_range(fixed_bytes);
  uintptr_t regions = tables_reserve_range(REGION_TABLES_BYTES);
  /* Without room for their tables there are no regions; blocks there are. */
  bool usable = fixed != 0 && os_commit(fixed, fixed_bytes);
  for (int i = 0; i < TABLE_RANGES; i++) {
    struct tables_range *range = &tables_ranges[i];
    range->base = usable ? tables_reserve_range(tables_range_bytes(range, arenas)) : 0;
    usable = range->base != 0;
  }
  if (usable) {
    tables_publish(fixed, regions, plan, arenas);
    return true;
  }
  tables_release_range(fixed, fixed_bytes);
  tables_release_range(regions, REGION_TABLES_BYTES);
  for (int i = 0; i < TABLE_RANGES; i++) {
    tables_release_range(tables_ranges[i].base, tables_range_bytes(&tables_ranges[i], arenas));
  }
  return false;
}

bool tables_reserve(void)
{
  tables_shape_ranges();
  if (tables_choose()) {
    return true;
  }
  static const uint64_t nowhere[2];
  struct space_plan plan = space_start(SIZE_MAX, nowhere); /* as the kernel likes */
  uint32_t arenas = MAX_ARENAS;
  while (!tables_try(&plan, arenas)) {
    if (arenas == 2) {
      return false;
    }
    arenas = arenas < 4 ? 2 : arenas / 2;
  }
  return true;
}

static bool tables_is_usable(const struct tables_range *range, uint32_t chunk)
{
  return (range->usable[chunk / 8] >> chunk % 8 & 1) != 0;
}

/* Makes the entries of pages p .. end - 1 usable, those that are not. */
static bool tables_commit_range(struct tables_range *range, uint32_t p, uint32_t end)
{
  uint32_t last = (end - 1) / range->chunk;
  size_t bytes = range->chunk * range->bytes_per_page;
  for (uint32_t c = p / range->chunk; c <= last; c++) {
    if (tables_is_usable(range, c)) {
      continue;
    }
    uint32_t n = 1;
    while (c + n <= last && !tables_is_usable(range, c + n)) {
      n++;
    }
    if (!space_commit(range->base + c * bytes, n * bytes)) {
      return false;
    }
    if (n * bytes >= TABLES_LONG_BYTES) {
      os_keep_small(range->base + c * bytes, n * bytes);
    }
    for (; n > 0; n--, c++) {
      range->usable[c / 8] |= (uint8_t)(1u << c % 8);
    }
  }
  return true;
}

bool tables_commit(uint32_t p, uint32_t n)
{
  for (int i = 0; i < TABLE_RANGES; i++) {
    if (!tables_commit_range(&tables_ranges[i], p, p + n)) {
      return false;
    }
  }
  return true;
}

bool tables_commit_records(uint32_t p, uint32_t n)
{
  return tables_commit_range(&tables_ranges[0], p, p + n);
}

bool tables_commit_regions(void)
{
  uintptr_t at = (uintptr_t)ashlar_root_pages.root.region_tables;
  bool usable = at != 0 && space_commit(at, REGION_TABLES_BYTES);
  if (usable) {
    os_keep_small(at, REGION_TABLES_BYTES);
  }
  return usable;
}

void tables_discard(uint32_t p, uint32_t n)
{
  size_t page = os_page_bytes();
  for (int i = 0; i < TABLE_RANGES; i++) {
    const struct tables_range *range = &tables_ranges[i];
    /* The ends of a free span are in its first and its last record. */
    size_t first = (size_t)p + (i == 0);
    size_t end = (size_t)p + n - (i == 0);
    uintptr_t low = range->base + tables_round(first * range->bytes_per_page);
    uintptr_t high = range->base + end * range->bytes_per_page / page * page;
    if (low < high) {
      os_discard(low, high - low);
    }
  }
}

uint32_t tables_arena_limit(void)
{
  return ashlar_root_pages.root.arena_limit;
}

void tables_seal(void)
{
  uintptr_t root = (uintptr_t)&ashlar_root_pages;
  if (os_protect_read(root, ROOT_BYTES)) {
    os_seal(root, ROOT_BYTES);
  }
}
