/* tables: defines the tables that src/platform.h declares.
 *
 * With ASHLAR_STATIC_TABLES they are arrays; else each is a mapping of its
 * full size between two pages that trap, so that an index out of bounds does
 * not land in the neighbour unseen.  Tables that are fields of records have
 * records of their own here.
 */
#ifndef ASHLAR_STATIC_TABLES
#define ASHLAR_TABLE_SHAPES
#endif
#include "tables.h"

#include "../../src/platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef ASHLAR_STATIC_TABLES

#define DEFINE(type, name, per_arena, fixed) type name[ASHLAR_TABLE_LENGTH(per_arena, fixed)];
ASHLAR_TABLES(DEFINE)

#define CLEAR(type, name, per_arena, fixed) memset(name, 0, sizeof name);

void tables_reset(void)
{
  ASHLAR_TABLES(CLEAR)
}

#else

enum {
  FIXED = sizeof fixed_shapes / sizeof fixed_shapes[0],
  RECORDS = sizeof record_shapes / sizeof record_shapes[0],
  OTHERS = sizeof arena_shapes / sizeof arena_shapes[0],
  SHAPES = FIXED + RECORDS + OTHERS
};

static const struct table_shape *shape_of(int i)
{
  return i < FIXED             ? &fixed_shapes[i]
         : i < FIXED + RECORDS ? &record_shapes[i - FIXED]
                               : &arena_shapes[i - FIXED - RECORDS];
}

static size_t bytes_of(const struct table_shape *shape)
{
  return ASHLAR_TABLE_LENGTH(shape->per_arena, shape->fixed) * shape->stride;
}

static void **field_of(const struct table_shape *shape)
{
  return (void **)(void *)((char *)&ashlar_root_pages.root + shape->field);
}

static void *reserve(size_t bytes)
{
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t inner = (bytes + page - 1) / page * page;
  char *all =
      mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED || mprotect(all + page, inner, PROT_READ | PROT_WRITE) != 0) {
    perror("tables: mmap");
    abort();
  }
  return all + page;
}

__attribute__((constructor)) static void reserve_all(void)
{
  ashlar_root_pages.root.radix_count = RADIX_KEYS;
  ashlar_root_pages.root.region_tables = reserve(REGION_TABLES_BYTES);
  for (int i = 0; i < SHAPES; i++) {
    *field_of(shape_of(i)) = reserve(bytes_of(shape_of(i)));
  }
}

/* Drops the pages of every mapping: they read as zero again. */
void tables_reset(void)
{
  for (int i = 0; i < SHAPES; i++) {
    if (madvise(*field_of(shape_of(i)), bytes_of(shape_of(i)), MADV_DONTNEED) != 0) {
      perror("tables: madvise");
      abort();
    }
  }
}

#endif
