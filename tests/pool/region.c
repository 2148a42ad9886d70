/* Regions as a program sees them. */
#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum {
  BLOCKS = 2000
};

static struct ashlar_region_statistics stats_of(ashlar_region *region)
{
  struct ashlar_region_statistics s;
  ashlar_region_stats(region, &s);
  CHECK(s.used <= s.taken, "%lu used of %lu", s.used, s.taken);
  CHECK(ashlar_region_check(region), "the checker says no");
  return s;
}

static ashlar_region *create(struct ashlar_region_options options)
{
  ashlar_region *region = ashlar_region_create(&options);
  CHECK(region != NULL, "no region");
  return region;
}

static bool is_zero(const unsigned char *block, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    if (block[i] != 0) {
      return false;
    }
  }
  return true;
}

struct block {
  unsigned char *at;
  size_t size;
  unsigned char fill;
};
static struct block blocks[BLOCKS];

static size_t some_size(void)
{
  return prng_once_in(60) ? 1 + prng_below(200000) : 1 + prng_below(prng_once_in(8) ? 5000 : 200);
}

static unsigned char *allocate(ashlar_region *region, size_t size, size_t *align)
{
  *align = 16;
  switch (prng_below(5)) {
  case 0:
    *align = 1;
    return ashlar_region_nalloc(region, size);
  case 1:
    return ashlar_region_calloc(region, 1, size);
  case 2:
    *align = (size_t)1 << prng_below(13);
    return ashlar_region_memalign(region, *align, size);
  default:
    return ashlar_region_alloc(region, size);
  }
}

/* Blocks are zero, aligned, apart, and keep what is written to them; over many
 * resets. */
static void fill(ashlar_region *region, int count)
{
  for (int i = 0; i < count; i++) {
    size_t align;
    struct block *b = &blocks[i];
    b->size = some_size();
    b->fill = (unsigned char)(1 + prng_below(255));
    b->at = allocate(region, b->size, &align);
    CHECK(b->at != NULL && (uintptr_t)b->at % align == 0, "%p for %zu at %zu", (void *)b->at,
          b->size, align);
    CHECK(is_zero(b->at, b->size), "%zu bytes at %p are not zero", b->size, (void *)b->at);
    memset(b->at, b->fill, b->size);
  }
  for (int i = 0; i < count; i++) {
    const struct block *b = &blocks[i];
    for (size_t k = 0; k < b->size; k++) {
      CHECK(b->at[k] == b->fill, "byte %zu of block %d", k, i);
    }
  }
}

Test(region, blocks)
{
  static const size_t sizes[] = {0, 4096, 100000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    ashlar_region *region = create((struct ashlar_region_options){.block_bytes = sizes[i]});
    uint64_t taken = 0;
    for (int n = 0; n < 12; n++) {
      fill(region, 100 + (int)prng_below(400));
      stats_of(region);
      ashlar_region_reset(region);
      struct ashlar_region_statistics s = stats_of(region);
      CHECK(s.used == 0 && s.large == 0, "%lu used after reset %d", s.used, n);
      CHECK(n == 0 || s.taken >= taken, "reset keeps the blocks");
      taken = s.taken;
    }
    ashlar_region_destroy(region);
  }
  CHECK(ashlar_check(NULL, NULL), "the heap is sound");
}

/* All pages come back. */
Test(region, returns_all)
{
  struct ashlar_statistics before;
  struct ashlar_statistics after;
  ashlar_malloc_trim(0);
  ashlar_statistics(&before);
  for (int n = 0; n < 20; n++) {
    ashlar_region *region = create((struct ashlar_region_options){0});
    ashlar_region *inner = create((struct ashlar_region_options){.parent = region});
    fill(region, 200);
    fill(inner, 200);
    ashlar_region_destroy(region);
  }
  ashlar_malloc_trim(0);
  ashlar_statistics(&after);
  CHECK(after.live == before.live && after.live_blocks == before.live_blocks, "%lu live",
        after.live);
  CHECK(after.free_pages - before.free_pages == after.reserved - before.reserved,
        "%lu pages' bytes are missing",
        after.reserved - before.reserved + before.free_pages - after.free_pages);
}

Test(region, strings)
{
  ashlar_region *region = create((struct ashlar_region_options){0});
  char *a = ashlar_region_strdup(region, "as it was");
  char *b = ashlar_region_printf(region, "%d %s", 42, "blocks");
  char *c = ashlar_region_printf(region, "%0100000d", 7);
  CHECK(strcmp(a, "as it was") == 0 && strcmp(b, "42 blocks") == 0 && strlen(c) == 100000, "%s", b);
  CHECK(ashlar_region_strdup(region, "")[0] == '\0', "an empty one");
  ashlar_region_destroy(region);
}

Test(region, sizes_that_cannot_be)
{
  ashlar_region *region = create((struct ashlar_region_options){0});
  CHECK(ashlar_region_alloc(region, SIZE_MAX) == NULL && errno == ENOMEM, "all of it");
  errno = 0;
  CHECK(ashlar_region_nalloc(region, (size_t)PTRDIFF_MAX + 1) == NULL && errno == ENOMEM, "half");
  errno = 0;
  CHECK(ashlar_region_calloc(region, SIZE_MAX / 4, 8) == NULL && errno == ENOMEM, "wraps");
  errno = 0;
  CHECK(ashlar_region_memalign(region, 48, 8) == NULL && errno == EINVAL, "no power");
  CHECK(ashlar_region_memalign(region, 0, 8) == NULL && errno == EINVAL, "nothing");
  errno = 0;
  CHECK(ashlar_region_memalign(region, (size_t)1 << 63, 8) == NULL && errno == ENOMEM, "too far");
  char *a = ashlar_region_alloc(region, 0);
  char *b = ashlar_region_alloc(region, 0);
  char *c = ashlar_region_nalloc(region, 0);
  CHECK(a != NULL && b != NULL && c != NULL && a != b && b != c, "nothing has an address");
  char *far = ashlar_region_memalign(region, 1 << 20, 10);
  CHECK((uintptr_t)far % (1 << 20) == 0, "%p", (void *)far);
  ashlar_region_destroy(region);
  struct ashlar_region_options huge = {.block_bytes = (size_t)1 << 40};
  errno = 0;
  CHECK(ashlar_region_create(&huge) == NULL && errno == EINVAL, "a block of 1 TiB");
}

/* Large blocks are freed by themselves; others stay. */
Test(region, free)
{
  ashlar_region *region = create((struct ashlar_region_options){0});
  void *small = ashlar_region_alloc(region, 100);
  CHECK(!ashlar_region_free(region, small), "not large");
  CHECK(ashlar_region_free(region, NULL), "nothing");
  char *large[90];
  for (int i = 0; i < 90; i++) {
    large[i] = ashlar_region_alloc(region, 1000000);
    memset(large[i], 1, 1000000);
  }
  for (int i = 0; i < 90; i++) {
    CHECK(ashlar_region_free(region, large[i * 37 % 90]), "block %d", i);
    stats_of(region);
  }
  CHECK(stats_of(region).large == 0 && stats_of(region).pieces == 1, "one piece is left");
  memset(small, 1, 100);
  ashlar_region_destroy(region);
}

/* Any amount of memory fits a region's table. */
Test(region, much)
{
  ashlar_region *region = create((struct ashlar_region_options){.block_bytes = 4096});
  uint64_t n = 0;
  for (; n < 3000; n++) {
    CHECK(ashlar_region_alloc(region, 20000) != NULL, "block %lu", n);
  }
  struct ashlar_region_statistics s = stats_of(region);
  CHECK(s.pieces < 192 && s.used >= n * 20000, "%lu pieces, %lu bytes", s.pieces, s.used);
  ashlar_region_destroy(region);
}

Test(region, limit)
{
  ashlar_region *region = create((struct ashlar_region_options){.limit = 1000000});
  ashlar_region *inner = create((struct ashlar_region_options){.parent = region});
  uint64_t got = 0;
  while (ashlar_region_alloc(inner, 10000) != NULL) {
    got += 10000;
  }
  CHECK(errno == ENOMEM && got > 800000 && got <= 1000000, "%lu bytes", got);
  CHECK(stats_of(region).taken == stats_of(inner).taken, "the outer one pays");
  CHECK(ashlar_region_alloc(region, 200000) == NULL, "nothing is left");
  ashlar_region_destroy(inner);
  CHECK(stats_of(region).taken == 0 && stats_of(region).children == 0, "all came back");
  CHECK(ashlar_region_alloc(region, 200000) != NULL, "there is room again");
  CHECK(ashlar_region_alloc(region, 900000) == NULL && errno == ENOMEM, "but not for that");
  ashlar_region_destroy(region);
}

/* ---- handlers and children ----------------------------------------------------------- */

static int order[64];
static int calls;

static void handler(void *argument)
{
  order[calls++] = (int)(uintptr_t)argument;
}

static void add(ashlar_region *region, int n)
{
  CHECK(ashlar_region_cleanup(region, handler, (void *)(uintptr_t)n), "handler %d", n);
}

static ashlar_region *late_region;
static void adds_another(void *argument)
{
  handler(argument);
  add(late_region, 99);
}

Test(region, handlers_in_reverse)
{
  ashlar_region *region = create((struct ashlar_region_options){0});
  for (int round = 0; round < 3; round++) {
    calls = 0;
    for (int i = 0; i < 10; i++) {
      add(region, i);
    }
    CHECK(stats_of(region).handlers == 10, "ten wait");
    if (round < 2) {
      ashlar_region_reset(region);
    } else {
      ashlar_region_destroy(region);
    }
    CHECK(calls == 10, "%d calls", calls);
    for (int i = 0; i < 10; i++) {
      CHECK(order[i] == 9 - i, "call %d was %d", i, order[i]);
    }
  }
}

Test(region, handlers_of_handlers)
{
  late_region = create((struct ashlar_region_options){0});
  calls = 0;
  add(late_region, 1);
  CHECK(ashlar_region_cleanup(late_region, adds_another, (void *)2), "a handler");
  ashlar_region_reset(late_region);
  CHECK(calls == 3 && order[0] == 2 && order[1] == 99 && order[2] == 1, "%d calls", calls);
  ashlar_region_destroy(late_region);
}

static void uses_its_block(void *argument)
{
  CHECK(strcmp(argument, "still there") == 0, "'%s'", (char *)argument);
  calls++;
}

Test(region, handlers_see_the_memory)
{
  ashlar_region *region = create((struct ashlar_region_options){0});
  calls = 0;
  ashlar_region_cleanup(region, uses_its_block, ashlar_region_strdup(region, "still there"));
  ashlar_region_reset(region);
  ashlar_region_cleanup(region, uses_its_block, ashlar_region_strdup(region, "still there"));
  ashlar_region_destroy(region);
  CHECK(calls == 2, "%d calls", calls);
}

Test(region, children_go_first)
{
  ashlar_region *top = create((struct ashlar_region_options){0});
  calls = 0;
  add(top, 1);
  ashlar_region *a = create((struct ashlar_region_options){.parent = top});
  ashlar_region *b = create((struct ashlar_region_options){.parent = top});
  ashlar_region *c = create((struct ashlar_region_options){.parent = a});
  add(a, 2);
  add(b, 3);
  add(c, 4);
  CHECK(stats_of(top).children == 2 && stats_of(a).children == 1, "three inside");
  ashlar_region_reset(top);
  CHECK(calls == 4 && order[0] == 3 && order[1] == 4 && order[2] == 2 && order[3] == 1,
        "%d %d %d %d", order[0], order[1], order[2], order[3]);
  CHECK(stats_of(top).children == 0, "none inside");
  /* A chain as long as there are places. */
  ashlar_region *last = top;
  int depth = 0;
  for (ashlar_region *next = last; next != NULL; depth++) {
    last = next;
    struct ashlar_region_options inside = {.parent = last};
    next = ashlar_region_create(&inside);
  }
  CHECK(errno == ENOMEM && depth > 8000, "%d deep", depth);
  CHECK(ashlar_region_alloc(last, 10) != NULL, "the innermost is one too");
  ashlar_region_destroy(top);
  top = create((struct ashlar_region_options){.name = "again"});
  CHECK(strcmp(stats_of(top).name, "again") == 0, "a name");
  ashlar_region_destroy(top);
}

/* Handlers have a table for all regions; its places are used again. */
static void counts(void *argument)
{
  calls++;
  (void)argument;
}

Test(region, many_handlers)
{
  ashlar_region *region = create((struct ashlar_region_options){0});
  for (int round = 0; round < 2; round++) {
    calls = 0;
    int n = 0;
    errno = 0;
    while (ashlar_region_cleanup(region, counts, NULL)) {
      n++;
    }
    CHECK(errno == ENOMEM && n == 65536, "%d handlers", n);
    ashlar_region_reset(region);
    CHECK(calls == n, "%d calls", calls);
  }
  ashlar_region_destroy(region);
}

/* Each thread has its own. */
static void *lives(void *argument)
{
  for (int n = 0; n < EFFORT(300); n++) {
    ashlar_region *region = ashlar_region_create(NULL);
    for (int i = 0; i < 200; i++) {
      char *block = ashlar_region_alloc(region, (size_t)(i * 37 % 3000 + 1));
      if (block == NULL || block[0] != 0) {
        return argument;
      }
      memset(block, i, (size_t)(i * 37 % 3000 + 1));
    }
    if (n % 3 == 0) {
      ashlar_region_reset(region);
    }
    ashlar_region_destroy(region);
  }
  return NULL;
}

Test(region, threads)
{
  pthread_t thread[4];
  for (int i = 0; i < 4; i++) {
    CHECK(pthread_create(&thread[i], NULL, lives, &calls) == 0, "no thread");
  }
  for (int i = 0; i < 4; i++) {
    void *failed;
    pthread_join(thread[i], &failed);
    CHECK(failed == NULL, "thread %d", i);
  }
}
