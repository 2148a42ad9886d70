/* What programs do wrong with blocks, one function a bug, and the table of the
 * sizes and heaps that each is tried with.  Every line of the table is a test. */
#include "run.h"

#include "../../src/ashlar.h"
#include "../../src/config.h"
#include "../support/harness.h"
#include "../support/heap/kernel.h"

#include <pthread.h>
#include <string.h>

/* operator new, new[], delete and delete[] in their forms, by their names of
 * the ABI. */
void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmSt11align_val_t(size_t size, size_t align);
void *_ZnamSt11align_val_t(size_t size, size_t align);
void _ZdlPv(void *block);
void _ZdaPv(void *block);
void _ZdlPvm(void *block, size_t size);
void _ZdaPvm(void *block, size_t size);
void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t align);
void _ZdlPvSt11align_val_t(void *block, size_t align);

enum {
  MANY = 400
};

/* The compiler must not know what these do. */
static void *(*volatile get)(size_t) = ashlar_malloc;
static void (*volatile put)(void *) = ashlar_free;
static void *(*volatile change)(void *, size_t) = ashlar_realloc;

static unsigned char *block_of(size_t size)
{
  unsigned char *block = get(size);
  memset(block, 0x55, size);
  return block;
}

static volatile unsigned char *at(void *block, size_t offset)
{
  return (volatile unsigned char *)block + offset;
}

/* ---- frees ------------------------------------------------------------------ */

static void double_free(size_t size)
{
  void *block = block_of(size);
  put(block);
  misuse_at(block);
  put(block);
}

/* After so many other frees that it is no longer in the thread's cache, while
 * neighbours keep the span. */
static void double_free_late(size_t size)
{
  static void *block[MANY];
  for (int i = 0; i < MANY; i++) {
    block[i] = block_of(size);
  }
  for (int i = 0; i < MANY; i += 2) {
    put(block[i]);
  }
  misuse_at(block[0]);
  put(block[0]);
}

/* Freed blocks that are pushed out of the list of waiting ones do not trap
 * any more, and are still known not to be blocks. */
static void double_free_given_back(size_t size)
{
  static void *block[MANY];
  for (int i = 0; i < MANY / 4; i++) {
    block[i] = get(size);
  }
  void *after = get(size);
  for (int i = 0; i < MANY / 4; i++) {
    put(block[i]);
  }
  put(after);
  misuse_at(block[0]);
  put(block[0]);
}

static void double_free_of_aligned(size_t size)
{
  void *block = ashlar_aligned_alloc(4096, size);
  put(block);
  misuse_at(block);
  put(block);
}

static void *put_in_thread(void *block)
{
  put(block);
  return NULL;
}

static void elsewhere(void *block)
{
  pthread_t thread;
  pthread_create(&thread, NULL, put_in_thread, block);
  pthread_join(thread, NULL);
}

static void double_free_elsewhere(size_t size)
{
  void *block = block_of(size);
  put(block);
  misuse_at(block);
  elsewhere(block);
}

/* Of a block of the other thread's, which ended. */
static void double_free_after_elsewhere(size_t size)
{
  static void *block[8];
  for (int i = 0; i < 8; i++) {
    block[i] = block_of(size); /* neighbours, so that the span stays */
  }
  elsewhere(block[3]);
  misuse_at(block[3]);
  put(block[3]);
}

static void free_interior(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block + 16);
  put(block + 16);
}

static void free_interior_last(size_t size)
{
  unsigned char *block = block_of(size);
  uintptr_t last = ((uintptr_t)block + size - 1) / 16 * 16;
  misuse_at((void *)last);
  put((void *)last);
}

static void free_interior_of_freed(size_t size)
{
  unsigned char *block = block_of(size);
  put(block);
  misuse_at(block + 16);
  put(block + 16);
}

static void free_stack(size_t size)
{
  _Alignas(16) unsigned char here[64];
  memset(here, (int)size, sizeof here);
  put(block_of(size));
  misuse_at(here);
  put(here);
}

static void free_static(size_t size)
{
  static _Alignas(16) unsigned char somewhere[64];
  put(block_of(size));
  misuse_at(somewhere);
  put(somewhere);
}

static void free_number(size_t size)
{
  misuse_at((void *)size);
  put((void *)size);
}

static void free_beyond_addresses(size_t size)
{
  void *nowhere = (void *)(UINTPTR_MAX - size);
  misuse_at(nowhere);
  put(nowhere);
}

static void free_misaligned(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block + 8);
  put(block + 8);
}

static void free_misaligned_by_one(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block + 1);
  put(block + 1);
}

/* In an arena, where nothing was ever allocated. */
static void free_unallocated(size_t size)
{
  uintptr_t block = (uintptr_t)get(size);
  void *last_page = (void *)(block / ARENA_BYTES * ARENA_BYTES + ARENA_BYTES - PAGE_BYTES);
  misuse_at(last_page);
  put(last_page);
}

static void free_after_realloc(size_t size)
{
  void *block = block_of(size);
  void *kept = get(size);
  void *moved = change(block, size * 3);
  if (moved == block || kept == NULL) {
    return;
  }
  misuse_at(block);
  put(block);
}

static void free_after_realloc_to_nothing(size_t size)
{
  void *block = block_of(size);
  (void)!change(block, 0);
  misuse_at(block);
  put(block);
}

/* ---- other operations -------------------------------------------------------- */

static void realloc_freed(size_t size)
{
  void *block = block_of(size);
  put(block);
  misuse_at(block);
  (void)!change(block, size + 1);
}

static void realloc_freed_to_nothing(size_t size)
{
  void *block = block_of(size);
  put(block);
  misuse_at(block);
  (void)!change(block, 0);
}

static void realloc_interior(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block + 16);
  (void)!change(block + 16, size);
}

static void realloc_misaligned(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block + 4);
  (void)!change(block + 4, size);
}

static void realloc_stack(size_t size)
{
  _Alignas(16) unsigned char here[64] = {0};
  misuse_at(here);
  (void)!change(here, size);
}

static void usable_freed(size_t size)
{
  void *block = block_of(size);
  put(block);
  misuse_at(block);
  ashlar_malloc_usable_size(block);
}

static void usable_interior(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block + 16);
  ashlar_malloc_usable_size(block + 16);
}

static void usable_stack(size_t size)
{
  _Alignas(16) unsigned char here[64];
  memset(here, (int)size, sizeof here);
  misuse_at(here);
  ashlar_malloc_usable_size(here);
}

/* ---- writes past the end ------------------------------------------------------ */

static void overflow_free(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block);
  *misuse_end(block) = 1;
  put(block);
}

/* The last byte that the block could have, where the class has more than one
 * to spare. */
static void overflow_free_far(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block);
  misuse_end(block)[6] = 0x80;
  put(block);
}

static void overflow_free_elsewhere(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block);
  *misuse_end(block) = 1;
  elsewhere(block);
}

static void overflow_sized(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block);
  *misuse_end(block) = 1;
  ashlar_free_sized(block, size);
}

static void overflow_realloc(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block);
  *misuse_end(block) = 1;
  (void)!change(block, size * 2);
}

static void overflow_realloc_in_place(size_t size)
{
  unsigned char *block = block_of(size);
  misuse_at(block);
  *misuse_end(block) = 1;
  (void)!change(block, size);
}

/* What was the block's before it shrank is not any more. */
static void overflow_shrunk(size_t size)
{
  unsigned char *block = change(block_of(size), size - size / 40 - 1);
  misuse_at(block);
  *misuse_end(block) = 0x55;
  put(block);
}

static void overflow_calloc(size_t size)
{
  unsigned char *block = ashlar_calloc(size, 1);
  misuse_at(block);
  *misuse_end(block) = 1;
  put(block);
}

/* A string whose final zero found no room does no harm, and is not seen; all
 * else is. */
static void overflow_new(size_t size)
{
  unsigned char *block = _Znwm(size);
  misuse_at(block);
  *misuse_end(block) = 1;
  _ZdlPv(block);
}

static void overflow_guard(size_t size)
{
  size_t whole = (size + 15) / 16 * 16;
  unsigned char *block = block_of(whole);
  misuse_at(block);
  *at(block, whole) = 1;
}

static void overflow_guard_read(size_t size)
{
  size_t whole = (size + 15) / 16 * 16;
  unsigned char *block = block_of(whole);
  misuse_at(block);
  (void)*at(block, whole);
}

/* ---- use after free ------------------------------------------------------------ */

/* The block is found when it is handed out again: at the latest when all of
 * its class are. */
static void write_after_free_at(size_t size, size_t offset)
{
  static void *others[MANY / 4];
  for (int i = 0; i < MANY / 4; i++) {
    others[i] = get(size);
  }
  unsigned char *block = block_of(size);
  put(block);
  misuse_at(block);
  *at(block, offset) = 0x41;
  for (int i = 0; i < MANY / 4; i++) {
    put(others[i]); /* until it has aged */
  }
  for (int i = 0; i < 40 * MANY; i++) {
    get(size);
  }
}

static void write_after_free(size_t size)
{
  write_after_free_at(size, 0);
}

static void write_after_free_last(size_t size)
{
  write_after_free_at(size, size - 1);
}

static void write_after_free_large(size_t size)
{
  unsigned char *block = block_of(size);
  put(block);
  misuse_at(block);
  *at(block, size / 2) = 1;
}

static void read_after_free_large(size_t size)
{
  unsigned char *block = block_of(size);
  put(block);
  misuse_at(block);
  (void)*at(block, 0);
}

static void read_after_realloc_large(size_t size)
{
  unsigned char *block = block_of(size);
  if (change(block, 3 * size) != block) {
    misuse_at(block);
    (void)*at(block, size - 1);
  }
}

static void touch_nothing(size_t size)
{
  (void)size;
  unsigned char *block = get(0);
  misuse_at(block);
  (void)*at(block, 0);
}

static void write_nothing(size_t size)
{
  (void)size;
  unsigned char *block = get(0);
  misuse_at(block);
  *at(block, 0) = 1;
}

static void double_free_nothing(size_t size)
{
  (void)size;
  void *block = get(0);
  put(block);
  misuse_at(block);
  put(block);
}

/* ---- sizes, alignments, families ------------------------------------------------- */

static void sized_too_small(size_t size)
{
  void *block = block_of(size);
  misuse_at(block);
  ashlar_free_sized(block, size / 2);
}

static void sized_too_large(size_t size)
{
  void *block = block_of(size);
  misuse_at(block);
  ashlar_free_sized(block, size * 2);
}

static void sized_nothing(size_t size)
{
  void *block = block_of(size);
  misuse_at(block);
  ashlar_free_sized(block, 0);
}

static void sized_huge(size_t size)
{
  void *block = block_of(size);
  misuse_at(block);
  ashlar_free_sized(block, ((size_t)1 << 32) + size);
}

static void sized_freed(size_t size)
{
  void *block = block_of(size);
  put(block);
  misuse_at(block);
  ashlar_free_sized(block, size);
}

static void aligned_sized_wrong_size(size_t size)
{
  void *block = ashlar_aligned_alloc(64, size);
  misuse_at(block);
  ashlar_free_aligned_sized(block, 64, size * 2);
}

/* A block that stands at no multiple of the alignment that it is said to have. */
static void aligned_sized_wrong_alignment(size_t size)
{
  void *block = block_of(size);
  for (int i = 0; i < MANY && (uintptr_t)block % 65536 == 0; i++) {
    block = block_of(size);
  }
  misuse_at(block);
  ashlar_free_aligned_sized(block, 65536, size);
}

static void aligned_sized_no_alignment(size_t size)
{
  void *block = ashlar_aligned_alloc(64, size);
  misuse_at(block);
  ashlar_free_aligned_sized(block, 48, size);
}

static void delete_sized_wrong(size_t size)
{
  void *block = _Znwm(size);
  misuse_at(block);
  _ZdlPvm(block, size * 2);
}

static void delete_array_sized_wrong(size_t size)
{
  void *block = _Znam(size);
  misuse_at(block);
  _ZdaPvm(block, size / 2);
}

static void delete_aligned_wrong(size_t size)
{
  void *block = _ZnwmSt11align_val_t(size, 64);
  misuse_at(block);
  _ZdlPvmSt11align_val_t(block, size * 2, 64);
}

/* At no multiple of the page, and deleted as if it were. */
static void delete_aligned_wrong_alignment(size_t size)
{
  unsigned char *block = _ZnwmSt11align_val_t(size, 64);
  while ((uintptr_t)block % 65536 == 0) {
    block = _ZnwmSt11align_val_t(size, 64);
  }
  misuse_at(block);
  _ZdlPvSt11align_val_t(block, 65536);
}

static void delete_twice(size_t size)
{
  void *block = _Znwm(size);
  _ZdlPv(block);
  misuse_at(block);
  _ZdlPv(block);
}

static void delete_stack(size_t size)
{
  _Alignas(16) unsigned char here[64];
  memset(here, (int)size, sizeof here);
  misuse_at(here);
  _ZdaPv(here);
}

/* Allocated by one family, given back by another. */
#define FAMILIES(name, allocate, release)                                                          \
  static void name(size_t size)                                                                    \
  {                                                                                                \
    void *block = allocate;                                                                        \
    misuse_at(block);                                                                              \
    release;                                                                                       \
  }
FAMILIES(new_free, _Znwm(size), put(block))
FAMILIES(new_array_free, _Znam(size), put(block))
FAMILIES(malloc_delete, get(size), _ZdlPv(block))
FAMILIES(malloc_delete_array, get(size), _ZdaPv(block))
FAMILIES(malloc_delete_sized, get(size), _ZdlPvm(block, size))
FAMILIES(new_delete_array, _Znwm(size), _ZdaPv(block))
FAMILIES(new_array_delete, _Znam(size), _ZdlPv(block))
FAMILIES(new_array_delete_aligned, _ZnamSt11align_val_t(size, 64), _ZdlPvSt11align_val_t(block, 64))
FAMILIES(new_realloc, _Znwm(size), (void)!change(block, size * 2))
FAMILIES(new_realloc_in_place, _Znwm(size), (void)!change(block, size))
FAMILIES(new_free_sized, _Znwm(size), ashlar_free_sized(block, size))

/* ---- the table -------------------------------------------------------------------- */

/* One case: bug, size, heap, kind of report, operation it names, hint. */
#define CASE(bug, size, heap, kind, operation, hint)                                               \
  Test(misuse, bug##_##size##_##heap)                                                              \
  {                                                                                                \
    misuse_run(&(struct misuse){bug, size, heap, kind, operation, hint, NULL, 0, false});          \
  }
#define HEAPS(bug, size, ...)                                                                      \
  CASE(bug, size, EMPTY, __VA_ARGS__)                                                              \
  CASE(bug, size, POPULATED, __VA_ARGS__)                                                          \
  CASE(bug, size, THREADS, __VA_ARGS__)
#define SLOTS(bug, ...)                                                                            \
  HEAPS(bug, SMALL, __VA_ARGS__)                                                                   \
  HEAPS(bug, MEDIUM, __VA_ARGS__)
#define ALL(bug, ...)                                                                              \
  SLOTS(bug, __VA_ARGS__)                                                                          \
  HEAPS(bug, LARGE, __VA_ARGS__)
/* Where more would tell nothing new. */
#define SOME(bug, ...)                                                                             \
  CASE(bug, SMALL, EMPTY, __VA_ARGS__)                                                             \
  CASE(bug, MEDIUM, POPULATED, __VA_ARGS__)                                                        \
  CASE(bug, LARGE, THREADS, __VA_ARGS__)

ALL(double_free, "double free", NULL, "freed before")
CASE(double_free_late, SMALL, EMPTY, "double free", NULL, "freed before, back in the central cache")
CASE(double_free_late, SMALL, POPULATED, "double free", NULL,
     "freed before, back in the central cache")
CASE(double_free_late, MEDIUM, EMPTY, "double free", NULL,
     "freed before, back in the central cache")
CASE(double_free_late, MEDIUM, POPULATED, "double free", NULL,
     "freed before, back in the central cache")
/* Another thread may have drawn the block for its list meanwhile. */
CASE(double_free_late, SMALL, THREADS, "double free", NULL, "freed before")
CASE(double_free_late, MEDIUM, THREADS, "double free", NULL, "freed before")
CASE(double_free_given_back, LARGE, EMPTY, "unallocated memory", NULL, NULL)
SOME(double_free_of_aligned, "double free", NULL, NULL)
ALL(double_free_elsewhere, "double free", NULL, NULL)
ALL(double_free_after_elsewhere, "double free", NULL, NULL)
ALL(free_interior, "interior pointer", NULL, "16 bytes into a ")
ALL(free_interior_last, "interior pointer", NULL, NULL)
SOME(free_interior_of_freed, "interior pointer", NULL, "16 bytes into a freed ")
SOME(free_stack, "invalid pointer", NULL, "probably on the stack")
SOME(free_static, "invalid pointer", NULL, NULL)
CASE(free_number, SMALL, EMPTY, "invalid pointer", NULL, "a small number")
CASE(free_number, MEDIUM, POPULATED, "invalid pointer", NULL, NULL)
SOME(free_beyond_addresses, "invalid pointer", NULL, NULL)
ALL(free_misaligned, "misaligned pointer", NULL, "8 bytes into a ")
SOME(free_misaligned_by_one, "misaligned pointer", NULL, NULL)
CASE(free_unallocated, SMALL, EMPTY, "unallocated memory", NULL, NULL)
CASE(free_unallocated, MEDIUM, THREADS, "unallocated memory", NULL, NULL)
ALL(free_after_realloc, "double free", NULL, NULL)
SOME(free_after_realloc_to_nothing, "double free", NULL, NULL)

ALL(realloc_freed, "use after free", "realloc", NULL)
SOME(realloc_freed_to_nothing, "use after free", "realloc", NULL)
SOME(realloc_interior, "interior pointer", "realloc", NULL)
SOME(realloc_misaligned, "misaligned pointer", "realloc", NULL)
SOME(realloc_stack, "invalid pointer", "realloc", NULL)
ALL(usable_freed, "use after free", "malloc_usable_size", NULL)
SOME(usable_interior, "interior pointer", "malloc_usable_size", NULL)
SOME(usable_stack, "invalid pointer", "malloc_usable_size", NULL)

ALL(overflow_free, "overflow", NULL, "0x1 instead of 0, the first byte after the end of a ")
ALL(overflow_free_far, "overflow", NULL, "0x80 instead of 0, 6 bytes past the end of a ")
SOME(overflow_free_elsewhere, "overflow", NULL, NULL)
SOME(overflow_sized, "overflow", "free_sized", NULL)
ALL(overflow_realloc, "overflow", "realloc", NULL)
SOME(overflow_realloc_in_place, "overflow", "realloc", NULL)
ALL(overflow_shrunk, "overflow", NULL, NULL)
SOME(overflow_calloc, "overflow", NULL, NULL)
SOME(overflow_new, "overflow", "operator delete", NULL)
HEAPS(overflow_guard, LARGE, NULL, NULL, NULL)
HEAPS(overflow_guard_read, LARGE, NULL, NULL, NULL)

#ifndef ASHLAR_LIGHT
SLOTS(write_after_free, "write after free", "malloc", "0x41 instead of 0, 0 bytes into a freed ")
SLOTS(write_after_free_last, "write after free", "malloc", NULL)
#else
/* The one row of this table that `light` leaves out. */
#define DROPPED(bug, size, heap)                                                                   \
  Test(misuse, bug##_##size##_##heap)                                                              \
  {                                                                                                \
    misuse_run(&(struct misuse){bug, size, heap, NULL, NULL, NULL, NULL, UNNOTICED, false});       \
  }
#define DROPPED_SLOTS(bug)                                                                         \
  DROPPED(bug, SMALL, EMPTY)                                                                       \
  DROPPED(bug, SMALL, POPULATED)                                                                   \
  DROPPED(bug, SMALL, THREADS)                                                                     \
  DROPPED(bug, MEDIUM, EMPTY)                                                                      \
  DROPPED(bug, MEDIUM, POPULATED)                                                                  \
  DROPPED(bug, MEDIUM, THREADS)
DROPPED_SLOTS(write_after_free)
DROPPED_SLOTS(write_after_free_last)
#endif
HEAPS(write_after_free_large, LARGE, NULL, NULL, NULL)
HEAPS(read_after_free_large, LARGE, NULL, NULL, NULL)
HEAPS(read_after_realloc_large, LARGE, NULL, NULL, NULL)
HEAPS(touch_nothing, SMALL, NULL, NULL, NULL)
HEAPS(write_nothing, SMALL, NULL, NULL, NULL)
HEAPS(double_free_nothing, SMALL, "double free", NULL, NULL)

ALL(sized_too_small, "size mismatch", "free_sized", NULL)
ALL(sized_too_large, "size mismatch", "free_sized", NULL)
SOME(sized_nothing, "size mismatch", "free_sized", "size 0 given for a block of ")
SOME(sized_huge, "size mismatch", "free_sized", NULL)
SOME(sized_freed, "double free", "free_sized", NULL)
SOME(aligned_sized_wrong_size, "size mismatch", "free_aligned_sized", NULL)
SOME(aligned_sized_wrong_alignment, "alignment mismatch", "free_aligned_sized",
     "alignment 65536 given for a block of ")
SOME(aligned_sized_no_alignment, "alignment mismatch", "free_aligned_sized", NULL)
ALL(delete_sized_wrong, "size mismatch", "operator delete", NULL)
SOME(delete_array_sized_wrong, "size mismatch", "operator delete[]", NULL)
SOME(delete_aligned_wrong, "size mismatch", "operator delete", NULL)
SOME(delete_aligned_wrong_alignment, "alignment mismatch", "operator delete", NULL)
SOME(delete_twice, "double free", "operator delete", NULL)
SOME(delete_stack, "invalid pointer", "operator delete[]", NULL)

/* ---- families: what the options make of them ----------------------------------------- */

/* Sizes that the other family explains. */
FAMILIES(new_array_delete_of_one, _Znam(size), _ZdlPvm(block, 1))
FAMILIES(malloc_delete_of_one, get(size), _ZdlPvm(block, 1))
FAMILIES(new_array_delete_of_half, _Znam(2 * size), _ZdlPvm(block, size))
FAMILIES(no_elements_delete, _Znam(0), _ZdlPvm(block, size))
FAMILIES(malloc_one_delete_of_none, get(1 + 0 * size), _ZdlPvm(block, 0))
FAMILIES(aligned_alloc_delete, ashlar_aligned_alloc(64, (size + 63) / 64 * 64),
         _ZdlPvmSt11align_val_t(block, size, 64))
/* Sizes that none explains, and alignments. */
FAMILIES(malloc_delete_wrong_size, get(size), _ZdlPvm(block, size * 2))
FAMILIES(malloc_delete_array_wrong_size, get(size), _ZdaPvm(block, size / 2))
FAMILIES(new_array_delete_wrong_size, _Znam(size), _ZdlPvm(block, size * 2 / 3 + 1))
FAMILIES(aligned_alloc_delete_wrong_size, ashlar_aligned_alloc(64, (size + 63) / 64 * 64),
         _ZdlPvmSt11align_val_t(block, size + 128, 64))
FAMILIES(new_delete_array_wrong_size, _Znwm(size), _ZdaPvm(block, size * 2))
FAMILIES(new_free_wrong_size, _Znwm(size), ashlar_free_sized(block, size + 48))
FAMILIES(new_free_aligned_wrong_size, _ZnwmSt11align_val_t(size, 64),
         ashlar_free_aligned_sized(block, 64, size * 2))
FAMILIES(malloc_delete_no_alignment, get(size), _ZdlPvSt11align_val_t(block, 48))
/* The block was freed, or is none. */
FAMILIES(malloc_delete_twice, get(size), (_ZdlPv(block), _ZdlPv(block)))
FAMILIES(malloc_delete_then_free, get(size), (_ZdlPv(block), put(block)))

/* delete of an array with a cookie. */
static void cookie_delete(size_t size)
{
  unsigned char *block = _Znam(size);
  misuse_at(block + 8);
  _ZdlPvm(block + 8, 8);
}

/* delete[] that takes the block for one with a cookie. */
static void cookie_delete_array(size_t size)
{
  unsigned char *block = _Znwm(size);
  misuse_at(block - 8);
  _ZdaPv(block - 8);
}

/* All of a program's: the first is said, the others are counted. */
static void many_families(size_t size)
{
  struct ashlar_statistics before;
  struct ashlar_statistics after;
  ashlar_statistics(&before);
  for (int i = 0; i < MANY; i++) {
    void *block = i % 2 == 0 ? _Znwm(size) : get(size);
    if (i == 0) {
      misuse_at(block);
    }
    if (i % 2 == 0) {
      put(block);
    } else {
      _ZdaPv(block);
    }
  }
  ashlar_statistics(&after);
  bool kept = misuse_alone() && after.live != before.live;
  if (after.kind_mismatches - before.kind_mismatches != MANY || kept) {
    misuse_at(NULL);
  }
}

#define FAMILY(suite, bug, size, heap, kind, operation, hint, options, warnings)                   \
  Test(suite, bug##_##size##_##heap)                                                               \
  {                                                                                                \
    misuse_run(                                                                                    \
        &(struct misuse){bug, size, heap, kind, operation, hint, options, warnings, false});       \
  }
#define FAMILY_SIZES(suite, bug, ...)                                                              \
  FAMILY(suite, bug, SMALL, EMPTY, __VA_ARGS__)                                                    \
  FAMILY(suite, bug, MEDIUM, THREADS, __VA_ARGS__)                                                 \
  FAMILY(suite, bug, LARGE, POPULATED, __VA_ARGS__)

/* By default the program goes on, after a line; or without one; or it ends. */
#define ANY_FAMILY(bug, operation, hint)                                                           \
  FAMILY_SIZES(family, bug, "kind mismatch", operation, hint, NULL, 1)                             \
  FAMILY_SIZES(family_allow, bug, NULL, NULL, NULL, "kind_mismatch=allow", UNNOTICED)              \
  FAMILY_SIZES(family_abort, bug, "kind mismatch", operation, hint, "kind_mismatch=abort", 0)      \
  FAMILY(family_warn, bug, SMALL, EMPTY, "kind mismatch", operation, hint, "kind_mismatch=warn",   \
         1)                                                                                        \
  FAMILY(family_old_warn, bug, SMALL, EMPTY, "kind mismatch", operation, hint,                     \
         "kind_mismatch_abort=0", 1)                                                               \
  FAMILY(family_old_abort, bug, SMALL, EMPTY, "kind mismatch", operation, hint,                    \
         "kind_mismatch_abort=1", 0)
ANY_FAMILY(new_free, NULL, "allocated by operator new, freed by free")
ANY_FAMILY(new_array_free, NULL, "allocated by operator new[], freed by free")
ANY_FAMILY(malloc_delete, "operator delete", "allocated by malloc, freed by operator delete")
ANY_FAMILY(malloc_delete_array, "operator delete[]", NULL)
ANY_FAMILY(malloc_delete_sized, "operator delete", NULL)
ANY_FAMILY(new_delete_array, "operator delete[]", "allocated by operator new, freed by")
ANY_FAMILY(new_array_delete, "operator delete", "allocated by operator new[], freed by")
ANY_FAMILY(new_array_delete_aligned, "operator delete", NULL)
ANY_FAMILY(new_realloc, "realloc", NULL)
ANY_FAMILY(new_realloc_in_place, "realloc", NULL)
ANY_FAMILY(new_free_sized, "free_sized", NULL)
ANY_FAMILY(new_array_delete_of_one, "operator delete", "allocated by operator new[]")
ANY_FAMILY(new_array_delete_of_half, "operator delete", "allocated by operator new[]")
ANY_FAMILY(malloc_delete_of_one, "operator delete", "allocated by malloc")
ANY_FAMILY(no_elements_delete, "operator delete", "allocated by operator new[]")
ANY_FAMILY(malloc_one_delete_of_none, "operator delete", "allocated by malloc")
ANY_FAMILY(aligned_alloc_delete, "operator delete", "allocated by malloc")
FAMILY_SIZES(family, many_families, "kind mismatch", NULL,
             "only counted (ASHLAR_OPTIONS=kind_mismatch=allow|warn|abort)", NULL, 1)
FAMILY_SIZES(family_allow, many_families, NULL, NULL, NULL, "kind_mismatch=allow", UNNOTICED)
FAMILY_SIZES(family_abort, many_families, "kind mismatch", NULL, "allocated by operator new",
             "kind_mismatch=abort", 0)

/* Whatever the option says; the kind is named before the size. */
#define NO_FAMILY(bug, kind, operation, hint)                                                      \
  FAMILY_SIZES(no_family, bug, kind, operation, hint, NULL, 0)                                     \
  FAMILY(no_family_allow, bug, SMALL, EMPTY, kind, operation, hint, "kind_mismatch=allow", 0)      \
  FAMILY(no_family_abort, bug, SMALL, EMPTY, kind, operation, hint, "kind_mismatch=abort", 0)
NO_FAMILY(malloc_delete_wrong_size, "kind mismatch", "operator delete",
          "allocated by malloc, freed by operator delete, size ")
NO_FAMILY(malloc_delete_array_wrong_size, "kind mismatch", "operator delete[]",
          " given for a block")
NO_FAMILY(new_array_delete_wrong_size, "kind mismatch", "operator delete", ", size ")
NO_FAMILY(new_delete_array_wrong_size, "kind mismatch", "operator delete[]", ", size ")
NO_FAMILY(new_free_wrong_size, "kind mismatch", "free_sized", ", size ")
NO_FAMILY(aligned_alloc_delete_wrong_size, "kind mismatch", "operator delete", ", size ")
NO_FAMILY(new_free_aligned_wrong_size, "kind mismatch", "free_aligned_sized", ", size ")
NO_FAMILY(malloc_delete_no_alignment, "kind mismatch", "operator delete",
          "freed by operator delete, alignment 48 given for a block")
NO_FAMILY(delete_sized_wrong, "size mismatch", "operator delete", "size ")
NO_FAMILY(cookie_delete, "misaligned pointer", "operator delete", NULL)
NO_FAMILY(cookie_delete_array, "misaligned pointer", "operator delete[]", NULL)

/* The second free is what ends it. */
FAMILY_SIZES(family_allow, malloc_delete_twice, "double free", "operator delete", "freed before",
             "kind_mismatch=allow", 0)
FAMILY_SIZES(family_allow, malloc_delete_then_free, "double free", NULL, "freed before",
             "kind_mismatch=allow", 0)

/* ---- large blocks up to the last byte --------------------------------------------------- */

/* Writes behind a block that was made larger by so much. */
static void overflow_grown(size_t size, size_t more)
{
  unsigned char *block = change(block_of(size), size + more);
  misuse_at(block);
  *misuse_end(block) = 1;
  put(block);
}

static void overflow_grown_by_granule(size_t size)
{
  overflow_grown(size, GRANULE_BYTES);
}

static void overflow_grown_by_page(size_t size)
{
  overflow_grown(size, PAGE_BYTES);
}

enum {
  WHOLE = 1000000 / 16 * 16
};

/* Behind such a block the guard begins at once; where it cannot be had, one
 * byte or more of slack finds what it would have.  A block that grew by less than
 * a page keeps its place in its first page, so that its pages need not be copied,
 * and has slack before the guard. */
#define WHOLE_LARGE(bug, guarded)                                                                  \
  Test(misuse, bug##_WHOLE)                                                                        \
  {                                                                                                \
    misuse_run(&(struct misuse){bug, WHOLE, EMPTY,                                                 \
                                kernel_without_guards() || !(guarded) ? "overflow" : NULL, NULL,   \
                                NULL, NULL, 0, false});                                            \
  }                                                                                                \
  Test(option, no_guards_##bug)                                                                    \
  {                                                                                                \
    misuse_run(&(struct misuse){bug, WHOLE, EMPTY, "overflow", NULL, NULL, "guards=0", 0, false}); \
  }
WHOLE_LARGE(overflow_free, true)
WHOLE_LARGE(overflow_grown_by_granule, false)
WHOLE_LARGE(overflow_grown_by_page, true)
