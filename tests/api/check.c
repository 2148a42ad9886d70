/* ashlar_check looks at every table: each is damaged in turn, found, and mended. */
#include "../../src/arena.h"
#include "../../src/ashlar.h"
#include "../../src/central_cache.h"
#include "../../src/radix_map.h"
#include "../../src/slot.h"
#include "../../src/thread_cache.h"
#include "../support/harness.h"

#include <string.h>

enum {
  BLOCKS = 200,
  BYTES = 48
};

static unsigned char *held[BLOCKS];
/* of held[0] */
static uint64_t granule;
static uint32_t page;
static uint32_t span;

static void begin(void)
{
  for (int i = 0; i < BLOCKS; i++) {
    held[i] = ashlar_malloc(BYTES);
    CHECK(held[i] != NULL, "memory");
  }
  granule = radix_granule((uintptr_t)held[0]);
  page = (uint32_t)(granule / GRANULES_PER_PAGE);
  span = page_span[page];
  CHECK(ashlar_check(NULL, NULL), "a sound heap");
}

/* Writes a byte into a table, expects to be told of it, and puts it back. */
static void damage(void *entry, unsigned char byte, const char *expected)
{
  unsigned char *at = entry;
  unsigned char kept = *at;
  CHECK(kept != byte, "%s: no damage", expected);
  *at = byte;
  const char *what = NULL;
  bool sound = ashlar_check(&what, NULL);
  *at = kept;
  CHECK(!sound, "%s: not found", expected);
  CHECK(strcmp(what, expected) == 0, "'%s' is found, '%s' is said", expected, what);
  CHECK(ashlar_check(&what, NULL), "mended: %s", what);
}

Test(check, each_table_of_spans)
{
  begin();
  const char *tables = "the span table is damaged";
  damage(&span_kind[span], SPAN_FREE, tables);
  damage(&span_len[span], (unsigned char)(span_len[span] + 1), tables);
  damage(&span_back[span + span_len[span] - 1],
         (unsigned char)(span_back[span + span_len[span] - 1] + 1), tables);
  damage(&span_kind[3], SPAN_USED, tables);
}

Test(check, the_radix_map)
{
  begin();
  uintptr_t key = (uintptr_t)held[0] / ARENA_BYTES;
  const char *map = "the radix map is damaged";
  damage(&arena_key[1], (unsigned char)(arena_key[1] + 1), map);
  damage(&radix_arena[key + 1], 1, map);
}

Test(check, the_lists_of_spans)
{
  begin();
  const char *list = "a list of spans is damaged";
  uint32_t c = page_class[page];
  uint32_t p = list_first[BINS + c];
  CHECK(p != 0, "a span with free slots");
  damage(&list_prev[p - 1], (unsigned char)(list_prev[p - 1] + 1), list);
  damage(&list_of[p - 1], (unsigned char)(list_of[p - 1] + 1), list);
  damage(&list_first[BINS + c + 1], (unsigned char)p, list);
}

Test(check, the_class_of_a_list)
{
  begin();
  uint32_t c = page_class[page];
  /* The whole span becomes one of another class, and every slot of it with it. */
  uint32_t p = list_first[BINS + c] - 1;
  for (uint32_t i = 0; i < span_len[p]; i++) {
    page_class[p + i] = (unsigned char)(c - 1);
  }
  const char *what = NULL;
  CHECK(!ashlar_check(&what, NULL), "the class of a span");
  CHECK(strcmp(what, "a span is not of the class that its list is for") == 0, "%s", what);
  for (uint32_t i = 0; i < span_len[p]; i++) {
    page_class[p + i] = (unsigned char)c;
  }
  CHECK(ashlar_check(&what, NULL), "mended: %s", what);
}

Test(check, the_slots)
{
  begin();
  damage(&slot_state[granule + 1], SLOT_FREE, "the slot table is damaged");
}

Test(check, the_free_lists_of_this_thread)
{
  begin();
  struct free_list *list = &thread_cache_of(thread_cache_self, page_class[page])->list;
  const char *lists = "the free lists of this thread are damaged";
  damage(&list->young, (unsigned char)(list->count + 1), lists);
  damage(&list->tail, LIST_CAPACITY, lists);
}
