/* What programs do wrong with pools and regions: one function a bug, each tried
 * with a pool of one owner and with a shared one, in an empty process, in one
 * that holds much, and among threads. */
#include "run.h"

#include "../../src/ashlar.h"
#include "../support/harness.h"

#include <pthread.h>
#include <string.h>

enum {
  OBJECT = 40,
  MANY = 600
};

static ashlar_pool *make(size_t mode, bool zero, bool report_only, const char *name)
{
  struct ashlar_pool_options options = {.object_size = OBJECT,
                                        .growth = 100,
                                        .threads = (enum ashlar_pool_threads)mode,
                                        .zero_on_free = zero,
                                        .report_only = report_only,
                                        .name = name};
  return ashlar_pool_create(&options);
}

static ashlar_pool *plain(size_t mode)
{
  return make(mode, false, false, "one");
}

static void *in_thread(void *(*function)(void *), void *argument)
{
  pthread_t thread;
  void *result = NULL;
  if (pthread_create(&thread, NULL, function, argument) == 0) {
    pthread_join(thread, &result);
  }
  return result;
}

/* ---- pools: size is the thread mode ------------------------------------------------- */

static void pool_double_free(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  void *object = ashlar_pool_alloc(pool);
  ashlar_pool_free(pool, object);
  misuse_at(object);
  ashlar_pool_free(pool, object);
}

/* After so many others that it is no longer in the thread's list. */
static void pool_double_free_late(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  static void *object[MANY];
  for (int i = 0; i < MANY; i++) {
    object[i] = ashlar_pool_alloc(pool);
  }
  for (int i = 0; i < MANY; i++) {
    ashlar_pool_free(pool, object[i]);
  }
  misuse_at(object[7]);
  ashlar_pool_free(pool, object[7]);
}

static void pool_double_free_cleared(size_t mode)
{
  ashlar_pool *pool = make(mode, true, false, "one");
  void *object = ashlar_pool_alloc(pool);
  ashlar_pool_free(pool, object);
  misuse_at(object);
  ashlar_pool_free(pool, object);
}

static ashlar_pool *the_pool;
static void *frees(void *object)
{
  ashlar_pool_free(the_pool, object);
  return NULL;
}

static void pool_double_free_other_thread(size_t mode)
{
  the_pool = plain(mode);
  void *object = ashlar_pool_alloc(the_pool);
  in_thread(frees, object);
  misuse_at(object);
  ashlar_pool_free(the_pool, object);
}

static void pool_interior(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  char *object = ashlar_pool_alloc(pool);
  misuse_at(object + 16);
  ashlar_pool_free(pool, object + 16);
}

static void pool_misaligned(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  char *object = ashlar_pool_alloc(pool);
  misuse_at(object + 1);
  ashlar_pool_free(pool, object + 1);
}

/* In the pool's address space, where no object was made so far. */
static void pool_never_made(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  char *object = ashlar_pool_alloc(pool);
  misuse_at(object + (1 << 20));
  ashlar_pool_free(pool, object + (1 << 20));
}

static void pool_wrong(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  ashlar_pool *other = make(1 - mode, false, false, "other");
  void *object = ashlar_pool_alloc(other);
  misuse_at(object);
  ashlar_pool_free(pool, object);
}

static void pool_of_heap(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  void *block = ashlar_malloc(OBJECT);
  misuse_at(block);
  ashlar_pool_free(pool, block);
}

static void pool_of_stack(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  char block[64];
  misuse_at(block);
  ashlar_pool_free(pool, block);
}

static void pool_small_number(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  misuse_at((void *)8);
  ashlar_pool_free(pool, (void *)8);
}

static void pool_object_to_heap(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  void *object = ashlar_pool_alloc(pool);
  misuse_at(object);
  ashlar_free(object);
}

static void pool_alloc_destroyed(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  ashlar_pool_free(pool, ashlar_pool_alloc(pool));
  ashlar_pool_destroy(pool);
  misuse_at(pool);
  ashlar_pool_alloc(pool);
}

static void pool_free_destroyed(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  void *object = ashlar_pool_alloc(pool);
  ashlar_pool_free(pool, object);
  ashlar_pool_destroy(pool);
  misuse_at(pool);
  ashlar_pool_free(pool, object);
}

/* Its place in the table has another pool. */
static void pool_destroy_twice(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  ashlar_pool_destroy(pool);
  plain(mode);
  misuse_at(pool);
  ashlar_pool_destroy(pool);
}

static void pool_no_pool(size_t mode)
{
  (void)mode;
  misuse_at(NULL);
  ashlar_pool_alloc(NULL);
}

static void pool_garbage_handle(size_t mode)
{
  ashlar_pool *pool = (ashlar_pool *)(0x123456789ab0 + mode);
  misuse_at(pool);
  ashlar_pool_alloc(pool);
}

static void pool_owns_destroyed(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  ashlar_pool_destroy(pool);
  misuse_at(pool);
  ashlar_pool_owns(pool, &pool);
}

static void pool_overflow(size_t mode)
{
  ashlar_pool *pool = make(mode, true, false, "one");
  char *object = ashlar_pool_alloc(pool);
  object[OBJECT] = 1;
  misuse_at(object);
  ashlar_pool_free(pool, object);
}

static void pool_write_after_free(size_t mode)
{
  ashlar_pool *pool = make(mode, true, false, "one");
  char *object = ashlar_pool_alloc(pool);
  ashlar_pool_free(pool, object);
  *(volatile char *)(object + 20) = 1;
  misuse_at(object);
  ashlar_pool_alloc(pool);
}

static void pool_use_destroyed(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  volatile char *object = ashlar_pool_alloc(pool);
  ashlar_pool_free(pool, (void *)object);
  ashlar_pool_destroy(pool);
  misuse_at((void *)object);
  object[0] = 1;
}

/* Beyond the last object there is a page that traps. */
static void pool_run_off_the_end(size_t mode)
{
  struct ashlar_pool_options options = {
      .object_size = 4096, .initial = 2, .threads = (enum ashlar_pool_threads)mode};
  ashlar_pool *pool = ashlar_pool_create(&options);
  volatile char *a = ashlar_pool_alloc(pool);
  volatile char *b = ashlar_pool_alloc(pool);
  volatile char *last = a > b ? a : b;
  last[4095] = 1;
  misuse_at((char *)last + 4096);
  last[4096] = 1;
}

/* ---- where the pool only reports: the verdict comes back, and all goes on -------------- */

static void expect(bool as_it_must)
{
  if (!as_it_must) {
    __builtin_trap();
  }
}

static void verdict_double_free(size_t mode)
{
  ashlar_pool *pool = make(mode, false, true, "one");
  void *object = ashlar_pool_alloc(pool);
  expect(ashlar_pool_free(pool, object) == ASHLAR_POOL_OK);
  misuse_at(object);
  expect(ashlar_pool_free(pool, object) == ASHLAR_POOL_ALREADY_FREE);
  expect(ashlar_pool_check(pool) && ashlar_pool_destroy(pool) == 0);
}

static void verdict_interior(size_t mode)
{
  ashlar_pool *pool = make(mode, false, true, "one");
  char *object = ashlar_pool_alloc(pool);
  misuse_at(object + 32);
  expect(ashlar_pool_free(pool, object + 32) == ASHLAR_POOL_NOT_AN_OBJECT);
  expect(ashlar_pool_owns(pool, object) && ashlar_pool_free(pool, object) == ASHLAR_POOL_OK);
}

static void verdict_wrong_pool(size_t mode)
{
  ashlar_pool *pool = make(mode, false, true, "one");
  ashlar_pool *other = make(mode, false, true, "other");
  void *object = ashlar_pool_alloc(other);
  misuse_at(object);
  expect(ashlar_pool_free(pool, object) == ASHLAR_POOL_WRONG_POOL);
  expect(ashlar_pool_free(other, object) == ASHLAR_POOL_OK);
}

static void verdict_foreign(size_t mode)
{
  ashlar_pool *pool = make(mode, false, true, "one");
  misuse_at(&pool);
  expect(ashlar_pool_free(pool, &pool) == ASHLAR_POOL_WRONG_POOL);
}

static void verdict_overflow(size_t mode)
{
  ashlar_pool *pool = make(mode, true, true, "one");
  char *object = ashlar_pool_alloc(pool);
  object[OBJECT + 7] = 1;
  misuse_at(object);
  expect(ashlar_pool_free(pool, object) == ASHLAR_POOL_OVERFLOW);
  expect(ashlar_pool_alloc(pool) == object && object[OBJECT + 7] == 0);
}

static void verdict_leak(size_t mode)
{
  ashlar_pool *pool = plain(mode);
  void *object = ashlar_pool_alloc(pool);
  misuse_at(object);
  expect(ashlar_pool_destroy(pool) == 1);
}

/* ---- pool sets: size is the thread mode ------------------------------------------------ */

static ashlar_pool_set *set_of(size_t mode)
{
  struct ashlar_pool_set_options options = {
      .budget = 1 << 20, .threads = (enum ashlar_pool_threads)mode, .name = "cuts"};
  return ashlar_pool_set_create(&options);
}

static void set_double_free(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  void *piece = ashlar_pool_set_alloc(set, 300);
  void *keeps_it_apart = ashlar_pool_set_alloc(set, 300);
  ashlar_pool_set_free(set, piece);
  misuse_at(piece);
  ashlar_pool_set_free(set, piece);
  ashlar_pool_set_free(set, keeps_it_apart);
}

/* It has joined its neighbour: no piece starts there any more. */
static void set_double_free_joined(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  void *before = ashlar_pool_set_alloc(set, 300);
  void *piece = ashlar_pool_set_alloc(set, 300);
  ashlar_pool_set_free(set, piece);
  ashlar_pool_set_free(set, before);
  misuse_at(piece);
  ashlar_pool_set_free(set, piece);
}

static void set_interior(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  char *piece = ashlar_pool_set_alloc(set, 300);
  misuse_at(piece + 64);
  ashlar_pool_set_free(set, piece + 64);
}

static void set_of_heap(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  void *block = ashlar_malloc(300);
  misuse_at(block);
  ashlar_pool_set_free(set, block);
}

static void set_to_heap(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  void *piece = ashlar_pool_set_alloc(set, 300);
  misuse_at(piece);
  ashlar_free(piece);
}

static void set_destroyed(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  ashlar_pool_set_destroy(set);
  set_of(mode);
  misuse_at(set);
  ashlar_pool_set_alloc(set, 300);
}

static void set_use_destroyed(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  volatile char *piece = ashlar_pool_set_alloc(set, 300);
  ashlar_pool_set_free(set, (void *)piece);
  ashlar_pool_set_destroy(set);
  misuse_at((void *)piece);
  piece[0] = 1;
}

static void set_leak(size_t mode)
{
  ashlar_pool_set *set = set_of(mode);
  void *piece = ashlar_pool_set_alloc(set, 300);
  misuse_at(piece);
  expect(ashlar_pool_set_destroy(set) == 1);
}

/* ---- regions: size is of the block --------------------------------------------------- */

static void region_free_twice(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  void *block = ashlar_region_alloc(region, size);
  ashlar_region_free(region, block);
  misuse_at(block);
  ashlar_region_free(region, block);
}

static void region_free_interior(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  char *block = ashlar_region_alloc(region, size);
  misuse_at(block + 5000);
  ashlar_region_free(region, block + 5000);
}

static void region_free_wrong(size_t size)
{
  struct ashlar_region_options options = {.name = "other"};
  ashlar_region *region = ashlar_region_create(NULL);
  ashlar_region *other = ashlar_region_create(&options);
  void *block = ashlar_region_alloc(other, size);
  misuse_at(block);
  ashlar_region_free(region, block);
}

static void region_free_of_heap(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  void *block = ashlar_malloc(size);
  misuse_at(block);
  ashlar_region_free(region, block);
}

static void region_free_of_stack(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  misuse_at(&size);
  ashlar_region_free(region, &size);
}

static void region_block_to_heap(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  void *block = ashlar_region_alloc(region, size);
  misuse_at(block);
  ashlar_free(block);
}

static void region_block_to_realloc(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  void *block = ashlar_region_alloc(region, size);
  misuse_at(block);
  expect(ashlar_realloc(block, size + 1) == NULL);
}

/* The 16 bytes before the first block are the heap's, and not to be freed. */
static void region_piece_to_heap(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  char *block = ashlar_region_alloc(region, size);
  misuse_at(block - 16);
  ashlar_free(block - 16);
}

static void region_alloc_destroyed(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  ashlar_region_alloc(region, size);
  ashlar_region_destroy(region);
  misuse_at(region);
  ashlar_region_alloc(region, size);
}

static void region_destroy_twice(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  ashlar_region_alloc(region, size);
  ashlar_region_destroy(region);
  ashlar_region_create(NULL);
  misuse_at(region);
  ashlar_region_destroy(region);
}

static void region_child_after_parent(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  struct ashlar_region_options options = {.parent = region};
  ashlar_region *inner = ashlar_region_create(&options);
  ashlar_region_alloc(inner, size);
  ashlar_region_destroy(region);
  misuse_at(inner);
  ashlar_region_reset(inner);
}

static void resets_itself(void *region)
{
  ashlar_region_reset(region);
}

static void region_reset_in_handler(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  ashlar_region_alloc(region, size);
  ashlar_region_cleanup(region, resets_itself, region);
  misuse_at(region);
  ashlar_region_reset(region);
}

static void region_no_region(size_t size)
{
  misuse_at(NULL);
  ashlar_region_alloc(NULL, size);
}

static void region_use_destroyed(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  volatile char *block = ashlar_region_alloc(region, size);
  block[0] = 1;
  ashlar_region_destroy(region);
  misuse_at((void *)block);
  block[0] = 1;
}

static void region_use_large_freed(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  volatile char *block = ashlar_region_alloc(region, size);
  ashlar_region_free(region, (void *)block);
  misuse_at((void *)block);
  expect(block[0] == 0); /* where no guard can be had */
}

static void region_use_large_reset(size_t size)
{
  ashlar_region *region = ashlar_region_create(NULL);
  volatile char *block = ashlar_region_alloc(region, size);
  ashlar_region_reset(region);
  misuse_at((void *)block);
  expect(block[0] == 0); /* where no guard can be had */
}

/* ---- the table ------------------------------------------------------------------------ */

enum {
  OWNER = ASHLAR_POOL_ONE_OWNER,
  SHARED = ASHLAR_POOL_SHARED
};

#define CASE(bug, size, heap, kind, operation, hint, always)                                       \
  Test(misuse_pool, bug##_##size##_##heap)                                                         \
  {                                                                                                \
    misuse_run(&(struct misuse){bug, size, heap, kind, operation, hint, NULL, 0, always});         \
  }
#define BOTH(bug, kind, operation, hint)                                                           \
  CASE(bug, OWNER, EMPTY, kind, operation, hint, true)                                             \
  CASE(bug, OWNER, THREADS, kind, operation, hint, true)                                           \
  CASE(bug, SHARED, POPULATED, kind, operation, hint, true)                                        \
  CASE(bug, SHARED, THREADS, kind, operation, hint, true)
#define FREE "ashlar_pool_free"
#define ALLOC "ashlar_pool_alloc"

BOTH(pool_double_free, "double free", FREE, "pool one")
BOTH(pool_double_free_late, "double free", FREE, "pool one")
BOTH(pool_double_free_cleared, "double free", FREE, "pool one")
BOTH(pool_double_free_other_thread, "double free", FREE, "pool one")
BOTH(pool_interior, "interior pointer", FREE, "16 bytes into a 40-byte block, pool one")
BOTH(pool_misaligned, "interior pointer", FREE, "1 byte into a 40-byte block, pool one")
BOTH(pool_never_made, "unallocated memory", FREE, "no block is there, pool one")
BOTH(pool_wrong, "wrong pool", FREE, "not of pool one, but of pool other")
BOTH(pool_of_heap, "wrong pool", FREE, "not of pool one, but of the heap")
BOTH(pool_of_stack, "invalid pointer", FREE, "probably on the stack")
BOTH(pool_small_number, "invalid pointer", FREE, "a small number")
BOTH(pool_object_to_heap, "invalid pointer", NULL, NULL)
BOTH(pool_alloc_destroyed, "bad pool", ALLOC, "destroyed, or never created")
BOTH(pool_free_destroyed, "bad pool", FREE, "destroyed, or never created")
BOTH(pool_destroy_twice, "bad pool", "ashlar_pool_destroy", NULL)
BOTH(pool_no_pool, "bad pool", ALLOC, NULL)
BOTH(pool_garbage_handle, "bad pool", ALLOC, NULL)
BOTH(pool_owns_destroyed, "bad pool", "ashlar_pool_owns", NULL)
BOTH(pool_overflow, "overflow", FREE, "the first byte after the end of a 40-byte block")
BOTH(pool_write_after_free, "write after free", ALLOC, "20 bytes into a freed 48-byte slot")
BOTH(pool_use_destroyed, NULL, NULL, NULL)
BOTH(pool_run_off_the_end, NULL, NULL, NULL)

#define SET_FREE "ashlar_pool_set_free"
BOTH(set_double_free, "double free", SET_FREE, "pool set cuts")
BOTH(set_double_free_joined, "interior pointer", SET_FREE, "pool set cuts")
BOTH(set_interior, "interior pointer", SET_FREE, "pool set cuts")
BOTH(set_of_heap, "wrong pool", SET_FREE, "not of pool set cuts")
BOTH(set_to_heap, "invalid pointer", NULL, NULL)
BOTH(set_destroyed, "bad pool", "ashlar_pool_set_alloc", "destroyed, or never created")
BOTH(set_use_destroyed, NULL, NULL, NULL)

#define VERDICT(bug, kind, operation)                                                              \
  Test(verdict_pool, bug##_owner)                                                                  \
  {                                                                                                \
    misuse_run(&(struct misuse){bug, OWNER, EMPTY, kind, operation, NULL, NULL, 1, false});        \
  }                                                                                                \
  Test(verdict_pool, bug##_shared)                                                                 \
  {                                                                                                \
    misuse_run(&(struct misuse){bug, SHARED, THREADS, kind, operation, NULL, NULL, 1, false});     \
  }
VERDICT(verdict_double_free, "double free", FREE)
VERDICT(verdict_interior, "interior pointer", FREE)
VERDICT(verdict_wrong_pool, "wrong pool", FREE)
VERDICT(verdict_foreign, "invalid pointer", FREE)
VERDICT(verdict_overflow, "overflow", FREE)
VERDICT(verdict_leak, "leak", "ashlar_pool_destroy")
VERDICT(set_leak, "leak", "ashlar_pool_set_destroy")

#define REGION_ONE(bug, size, kind, operation, hint)                                               \
  CASE(bug, size, EMPTY, kind, operation, hint, false)                                             \
  CASE(bug, size, POPULATED, kind, operation, hint, false)                                         \
  CASE(bug, size, THREADS, kind, operation, hint, false)
#define REGION_ANY(bug, kind, operation, hint)                                                     \
  REGION_ONE(bug, SMALL, kind, operation, hint)                                                    \
  REGION_ONE(bug, LARGE, kind, operation, hint)
#define REGION_FREE "ashlar_region_free"

REGION_ONE(region_free_twice, LARGE, "double free", REGION_FREE, NULL)
REGION_ONE(region_free_interior, LARGE, "interior pointer", REGION_FREE, "in a large block of")
REGION_ANY(region_free_wrong, "wrong pool", REGION_FREE, "but of region other")
REGION_ANY(region_free_of_heap, "wrong pool", REGION_FREE, "but of the heap")
REGION_ONE(region_free_of_stack, SMALL, "invalid pointer", REGION_FREE, "probably on the stack")
REGION_ONE(region_block_to_heap, SMALL, "interior pointer", NULL, NULL)
REGION_ONE(region_block_to_heap, LARGE, "kind mismatch", NULL,
           "allocated by ashlar_region_alloc, freed by free")
REGION_ONE(region_block_to_realloc, SMALL, "interior pointer", "realloc", NULL)
REGION_ONE(region_block_to_realloc, LARGE, "kind mismatch", "realloc", NULL)
REGION_ONE(region_piece_to_heap, SMALL, "kind mismatch", NULL, NULL)
REGION_ANY(region_alloc_destroyed, "bad pool", "ashlar_region_alloc", "no region")
REGION_ANY(region_destroy_twice, "bad pool", "ashlar_region_destroy", "no region")
REGION_ANY(region_child_after_parent, "bad pool", "ashlar_region_reset", "no region")
REGION_ANY(region_reset_in_handler, "bad pool", "ashlar_region_reset", "from a handler")
REGION_ONE(region_no_region, SMALL, "bad pool", "ashlar_region_alloc", NULL)
REGION_ANY(region_use_destroyed, NULL, NULL, NULL)
REGION_ONE(region_use_large_freed, LARGE, NULL, NULL, NULL)
REGION_ONE(region_use_large_reset, LARGE, NULL, NULL, NULL)

/* The option that lets a wrong kind pass does not let a region's block pass. */
Test(misuse_pool, kind_option_does_not_free_regions)
{
  misuse_run(&(struct misuse){region_block_to_heap, LARGE, EMPTY, "kind mismatch", NULL, NULL,
                              "kind_mismatch=allow", 0, false});
}
