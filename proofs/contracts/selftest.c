/* A call that does not keep a contract: who looks at contracts must stop here.
 *
 * selftest CASE: one of those below; without, their names. */
#include "heap.h"
#include "radix_map.h"
#include "size_class.h"
#include "slot.h"
#include "span.h"
#include "span_list.h"

#include <stdio.h>
#include <string.h>

static uint64_t granule_of(uintptr_t block)
{
  return radix_granule(block);
}

/* An argument out of its range. */
static void argument(void)
{
  (void)size_class_bytes(SIZE_CLASSES);
}

/* A state that the caller has not seen there. */
static void state(void)
{
  uintptr_t block = heap_allocate(100, KIND_MALLOC);
  (void)slot_release(granule_of(block), SLOT_LIVE | 31);
}

/* Of three conditions, one that only a table decides. */
static void table(void)
{
  uintptr_t block = heap_allocate(100, KIND_MALLOC);
  span_list_insert(page_span[granule_of(block) / GRANULES_PER_PAGE], 0);
}

/* An invariant over all of a table. */
static void invariant(void)
{
  uintptr_t block = heap_allocate(100, KIND_MALLOC);
  uint32_t s = page_span[granule_of(block) / GRANULES_PER_PAGE];
  span_kind[s] = SPAN_FREE;
  (void)slot_claim(granule_of(block), SLOT_LIVE);
}

/* An invariant over pairs of entries. */
static void pair(void)
{
  uintptr_t block = heap_allocate(100, KIND_MALLOC);
  slot_state[granule_of(block) + 1] = SLOT_LIVE;
  (void)slot_draw(granule_of(block));
}

/* A page of which the tables have no entries. */
static void unused(void)
{
  (void)heap_allocate(100, KIND_MALLOC);
  (void)span_release(PAGES - 1);
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
    {"argument", argument},   {"state", state}, {"table", table},
    {"invariant", invariant}, {"pair", pair},   {"unused", unused},
};

int main(int argc, char **argv)
{
  (void)heap_start();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (argc < 2) {
      puts(cases[i].name);
    } else if (strcmp(argv[1], cases[i].name) == 0) {
      cases[i].run();
      return 0;
    }
  }
  return argc < 2 ? 0 : 2;
}
