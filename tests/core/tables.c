/* tables: defines the tables that src/platform.h declares.
 *
 * With ASHLAR_STATIC_TABLES they are arrays; else each is a mapping of its
 * full size between two pages that trap, so that an index out of bounds does
 * not land in the neighbour unseen.
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

union ashlar_root_pages ashlar_root_pages;

enum {
  SHAPES = sizeof table_shapes / sizeof table_shapes[0]
};

static size_t bytes_of(const struct table_shape *shape)
{
  return ASHLAR_TABLE_LENGTH(shape->per_arena, shape->fixed) * shape->entry;
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
  for (int i = 0; i < SHAPES; i++) {
    *field_of(&table_shapes[i]) = reserve(bytes_of(&table_shapes[i]));
  }
}

/* Drops the pages of every mapping: they read as zero again. */
void tables_reset(void)
{
  for (int i = 0; i < SHAPES; i++) {
    if (madvise(*field_of(&table_shapes[i]), bytes_of(&table_shapes[i]), MADV_DONTNEED) != 0) {
      perror("tables: madvise");
      abort();
    }
  }
}

#endif
