#define ASHLAR_TABLE_SHAPES
#include "tables.h"
#include "os.h"

#include <string.h>

union ashlar_root_pages ashlar_root_pages __attribute__((aligned(ROOT_BYTES)));

enum {
  TABLE_COUNT = sizeof table_shapes / sizeof table_shapes[0]
};

/* What one more arena adds to all tables. */
static size_t tables_bytes_per_arena(void)
{
  size_t sum = 0;
  for (int i = 0; i < TABLE_COUNT; i++) {
    sum += table_shapes[i].per_arena * table_shapes[i].entry;
  }
  return sum;
}

static size_t tables_round(size_t bytes)
{
  size_t page = os_page_bytes();
  return (bytes + page - 1) / page * page;
}

/* Arena numbers for the arenas that fit an address space of so many bytes, with
 * their tables and some room for the program itself; and for number 0. */
static uint32_t tables_limit_for(uint64_t space)
{
  if (space == UINT64_MAX) {
    return MAX_ARENAS;
  }
  uint64_t n = space / (ARENA_BYTES + tables_bytes_per_arena());
  return n < 1 ? 2 : n >= MAX_ARENAS ? MAX_ARENAS : (uint32_t)n + 1;
}

static uintptr_t *tables_field(int i)
{
  return (uintptr_t *)((char *)&ashlar_root_pages.root + table_shapes[i].field);
}

/* Reserves every table for so many arenas; on failure none stays reserved. */
static bool tables_try(uint32_t arenas)
{
  size_t guard = os_page_bytes();
  size_t bytes[TABLE_COUNT];
  for (int i = 0; i < TABLE_COUNT; i++) {
    const struct table_shape *shape = &table_shapes[i];
    bytes[i] = tables_round((shape->per_arena * arenas + shape->fixed) * shape->entry);
    uintptr_t base = os_reserve(bytes[i] + 2 * guard, guard);
    bool usable = base != 0 && (shape->fixed == 0 || os_commit(base + guard, bytes[i]));
    if (usable) {
      *tables_field(i) = base + guard;
      continue;
    }
    if (base != 0) {
      os_release(base, bytes[i] + 2 * guard);
    }
    while (i-- > 0) {
      os_release(*tables_field(i) - guard, bytes[i] + 2 * guard);
    }
    return false;
  }
  ashlar_root_pages.root.arena_limit = arenas;
  return true;
}

bool tables_reserve(void)
{
  uint32_t arenas = tables_limit_for(os_address_space());
  while (!tables_try(arenas)) {
    if (arenas == 2) {
      return false;
    }
    arenas = arenas < 4 ? 2 : arenas / 2;
  }
  /* Look-ups of what is in no arena read what the tables say of arena 0. */
  return tables_commit(0, 1);
}

/* Commits the pages of table i that arenas first .. first + n - 1 touch. */
static bool tables_commit_one(int i, uint32_t first, uint32_t n)
{
  const struct table_shape *shape = &table_shapes[i];
  if (shape->per_arena == 0) {
    return true;
  }
  size_t page = os_page_bytes();
  size_t low = first * shape->per_arena * shape->entry / page * page;
  size_t high = tables_round((first + n) * shape->per_arena * shape->entry);
  return os_commit(*tables_field(i) + low, high - low);
}

bool tables_commit(uint32_t first, uint32_t n)
{
  for (int i = 0; i < TABLE_COUNT; i++) {
    if (!tables_commit_one(i, first, n)) {
      return false;
    }
  }
  return true;
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
