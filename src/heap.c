#include "heap_internal.h"
#include "central_cache.h"
#include "large.h"
#include "options.h"
#include "page_heap.h"
#include "payload.h"
#include "pressure.h"
#include "radix_map.h"
#include "size_math.h"
#include "thread_registry.h"

#include <errno.h>

#ifdef ASHLAR_LIGHT
#define HEAP_PROFILE_LIGHT true
#else
#define HEAP_PROFILE_LIGHT false
#endif

/* ---- allocate ------------------------------------------------------------ */

static ASHLAR_COLD uintptr_t heap_no_memory(void)
{
  errno = ENOMEM;
  return 0;
}

/* Picks a block from a list that has aged ones.  The profile `light` takes the
 * youngest, which the processor's caches still hold. */
static ASHLAR_HOT uintptr_t heap_pick(struct thread_cache *cache, struct class_cache *of)
{
#ifdef ASHLAR_LIGHT
  (void)cache;
  return free_list_take(&of->list, of->list.count - 1);
#else
  return free_list_take(&of->list, random_below(&cache->random, of->list.count - of->list.young));
#endif
}

/* Makes a CACHED block that is in no list any more the caller's.
 * bytes: of the class's slots; 0 for class 0. */
static ASHLAR_HOT uintptr_t heap_claim(uintptr_t block, size_t bytes, uint8_t tag)
{
  uint64_t g = radix_granule(block);
  if (ASHLAR_UNLIKELY(!heap_is_ours(g) || !slot_claim(g, tag))) {
    heap_bad_list(block);
  }
#ifdef ASHLAR_LIGHT
  (void)bytes;
  return block;
#else
  return ASHLAR_LIKELY(bytes != 0) ? payload_hand_out(block, bytes) : block;
#endif
}

/* Hands out a block of a class whose list has one that is not young. */
static ASHLAR_HOT uintptr_t heap_hand_out(struct thread_cache *cache, struct class_cache *of,
                                          size_t bytes, uint8_t tag)
{
  return heap_claim(heap_pick(cache, of), bytes, tag);
}

/* Hands out a block past the thread's lists: it has none, or they may not hold
 * one of the class.  Fails if there is none after all was given back. */
static ASHLAR_COLD uintptr_t heap_allocate_direct(uint32_t c, size_t bytes, uint8_t tag)
{
  uintptr_t block;
  uint32_t seed = thread_registry_seed();
  if (central_take(c, 1, &block, seed) == 0) {
    pressure_relieve();
    if (central_take(c, 1, &block, seed) == 0) {
      return heap_no_memory();
    }
  }
  return heap_claim(block, bytes, tag);
}

/* No aged block, no random numbers at hand, or no cache yet. */
static ASHLAR_COLD uintptr_t heap_refill(uint32_t c, size_t bytes, uint8_t tag)
{
  int saved = errno;
  if (!heap_start()) {
    return heap_no_memory();
  }
  thread_registry_before_refill(c);
  struct thread_cache *cache = thread_cache_get();
  struct class_cache *of = cache == NULL ? NULL : thread_cache_of(cache, c);
  bool aged = of != NULL && (of->list.count > of->list.young || thread_cache_refill(cache, c));
  uintptr_t block =
      aged ? heap_hand_out(cache, of, bytes, tag) : heap_allocate_direct(c, bytes, tag);
  if (block != 0) {
    errno = saved;
  }
  return block;
}

/* Nothing, or more than a slot holds. */
static ASHLAR_COLD uintptr_t heap_allocate_rare(size_t asked, size_t align, uint32_t kind)
{
  if (asked > PTRDIFF_MAX) {
    return heap_no_memory();
  }
  uint8_t tag = slot_tag(kind, 0);
  if (asked == 0 && align <= GRANULE_BYTES) {
    struct thread_cache *cache = thread_cache_self;
    bool aged = thread_cache_of(cache, 0)->list.count > thread_cache_of(cache, 0)->list.young;
    return aged ? heap_hand_out(cache, thread_cache_of(cache, 0), 0, tag) : heap_refill(0, 0, tag);
  }
  int saved = errno;
  uintptr_t block = heap_start() ? pressure_allocate_large(asked == 0 ? 1 : asked, align, tag) : 0;
  if (block == 0) {
    return heap_no_memory();
  }
  errno = saved;
  return block;
}

static ASHLAR_HOT uintptr_t heap_allocate_class(uint32_t c, size_t bytes, uint8_t tag)
{
  struct thread_cache *cache = thread_cache_self;
  struct class_cache *of = thread_cache_plain(cache, c);
  bool ready = of->list.count > of->list.young && (HEAP_PROFILE_LIGHT || cache->random.left > 0);
  if (ASHLAR_UNLIKELY(!ready)) {
    return heap_refill(c, bytes, tag);
  }
  return heap_hand_out(cache, of, bytes, tag);
}

ASHLAR_HOT uintptr_t heap_allocate(size_t asked, uint32_t kind)
{
  if (ASHLAR_UNLIKELY(asked - 1 >= SMALL_BYTES - 1)) {
    return heap_allocate_rare(asked, GRANULE_BYTES, kind);
  }
  struct size_request request = size_class_serve((uint32_t)asked);
  return heap_allocate_class(request.class_of, request.bytes, slot_tag(kind, request.code));
}

uintptr_t heap_allocate_aligned(size_t align, size_t asked, uint32_t kind)
{
  if (align <= GRANULE_BYTES) {
    return heap_allocate(asked, kind);
  }
  if (align > PAGE_BYTES || asked >= SMALL_BYTES - align) {
    return heap_allocate_rare(asked, align, kind);
  }
  /* Slots stand at multiples of their size from the start of a page on, so any
   * class whose size is a multiple of the alignment will do. */
  uint32_t c = size_class_of(asked == 0 ? 1 : (uint32_t)asked);
  while (c < SIZE_CLASSES && size_class_bytes(c) % align != 0) {
    c++;
  }
  if (c >= SIZE_CLASSES) {
    return heap_allocate_rare(asked, align, kind);
  }
  uint32_t least = size_class_least(c);
  uint32_t served = asked > least ? (uint32_t)asked : least;
  return heap_allocate_class(c, size_class_bytes(c), slot_tag(kind, size_class_slack(c, served)));
}

/* ---- free ---------------------------------------------------------------- */

/* The tag of a live block; reports where there is none.  It is read once: what
 * a thread that frees the block meanwhile makes of it, the caller does not see.
 * g: the granule of the block's address. */
static inline uint8_t heap_live(uintptr_t block, uint64_t g, enum heap_operation operation)
{
  uint8_t tag = ASHLAR_LIKELY(heap_is_ours(g)) ? slot_state_get(g) : SLOT_NONE;
  if (ASHLAR_UNLIKELY(block % GRANULE_BYTES != 0 || tag < SLOT_LIVE)) {
    heap_report_invalid(block, operation);
  }
  return tag;
}

/* Puts a clear block whose slot is released into the thread's list, or, if the
 * thread has none or there is no room, past it into the central cache. */
static void heap_keep(uintptr_t block, uint32_t c)
{
  struct thread_cache *cache = thread_cache_get();
  struct class_cache *of = cache == NULL ? NULL : thread_cache_of(cache, c);
  if (of == NULL || (of->list.count >= of->limit && !thread_cache_make_room(cache, c))) {
    central_give(c, &block, 1);
    return;
  }
  free_list_append(&of->list, block, of->min_age);
}

/* A block without bytes, or with a span of its own, whose slot is released. */
static ASHLAR_COLD void heap_free_rare(uintptr_t block, uint64_t g, enum heap_operation operation)
{
  int saved = errno;
  uint32_t c = heap_class(g);
  if (c == CLASS_LARGE) {
    if (radix_address(g) != block) {
      /* Its arenas went back to the kernel while this thread looked, and another
       * block has their numbers now: that one stays. */
      slot_claim(g, slot_tag(heap_kind(operation), 0));
      heap_report_invalid(block, operation);
    }
    size_t asked = large_size(g);
    size_t room = large_capacity(g);
    size_t seen = room - asked < PAGE_BYTES ? room : asked + PAGE_BYTES;
    if (room > asked && !payload_slack_is_zero(block + seen, seen - asked)) {
      slot_claim(g, slot_tag(heap_kind(operation), 0));
      heap_report_damage(REPORT_OVERFLOW, g, asked, seen, operation);
    }
    large_free(g);
  } else if (c == 0) {
    heap_keep(block, 0);
  } else {
    heap_report(REPORT_BAD_METADATA, block, g, operation);
  }
  errno = saved;
}

/* The list is full, or there is none yet. */
static ASHLAR_COLD void heap_free_full(uintptr_t block, uint32_t c)
{
  int saved = errno;
  payload_zero(block, size_class_bytes(c));
  heap_keep(block, c);
  errno = saved;
}

static ASHLAR_COLD _Noreturn void heap_overflow(uint64_t g, uint8_t tag,
                                                enum heap_operation operation)
{
  /* As it was before the release, so that the report can tell its size. */
  slot_claim(g, tag);
  heap_report_damage(REPORT_OVERFLOW, g, heap_asked(g, tag), heap_capacity(g), operation);
}

/* What a valid free does.  Every call is the last thing done, so that nothing is
 * kept across one. */
static ASHLAR_HOT void heap_take_back(uintptr_t block, uint64_t g, uint8_t tag,
                                      enum heap_operation operation)
{
  if (ASHLAR_UNLIKELY(slot_release(g, tag) != SLOT_OK)) {
    heap_report_invalid(block, operation);
  }
  /* Not before: where two threads free one block, it may have become one of
   * another class until this thread won. */
  uint32_t c = heap_class(g);
  if (ASHLAR_UNLIKELY(!heap_is_plain(c))) {
    heap_free_rare(block, g, operation);
    return;
  }
  size_t bytes = ashlar_root_pages.root.class_bytes[c];
  size_t slack = ((size_t)slot_tag_code(tag) << ashlar_root_pages.root.class_shift[c]) + 1;
  if (ASHLAR_UNLIKELY(!payload_slack_is_zero(block + bytes, slack))) {
    heap_overflow(g, tag, operation);
  }
  struct class_cache *of = thread_cache_plain(thread_cache_self, c);
  if (ASHLAR_UNLIKELY(of->list.count >= of->limit)) {
    heap_free_full(block, c);
    return;
  }
  free_list_append(&of->list, block, of->min_age);
  /* After the append: until it is done no other thread can get the block, the
   * youngest of this thread's list. */
  payload_zero(block, bytes);
}

static ASHLAR_COLD void heap_release_other(uintptr_t block, uint64_t g, uint8_t tag,
                                           enum heap_operation operation)
{
  heap_wrong_kind(block, g, tag, operation);
  heap_take_back(block, g, tag, operation);
}

static ASHLAR_HOT void heap_release(uintptr_t block, uint64_t g, uint8_t tag,
                                    enum heap_operation operation)
{
  if (ASHLAR_UNLIKELY(slot_tag_kind(tag) != heap_kind(operation))) {
    heap_release_other(block, g, tag, operation);
    return;
  }
  heap_take_back(block, g, tag, operation);
}

/* Frees what is no live block of the operation's own kind, or nothing. */
static ASHLAR_COLD void heap_free_odd(uintptr_t block, enum heap_operation operation)
{
  /* If there was no memory to start with, it is a block of somebody else's. */
  if (block == 0 || !heap_is_ready()) {
    return;
  }
  uint64_t g = radix_granule(block);
  heap_release(block, g, heap_live(block, g, operation), operation);
}

ASHLAR_HOT void heap_free(uintptr_t block, enum heap_operation operation)
{
  uint64_t g = radix_granule(block);
  if (ASHLAR_UNLIKELY(!heap_is_ours(g))) {
    heap_free_odd(block, operation);
    return;
  }
  uint32_t tag = slot_state_get(g);
  /* Live, and of that kind: one comparison. */
  uint32_t code = tag - slot_tag(heap_kind(operation), 0);
  if (ASHLAR_UNLIKELY(code >= SLACK_CODES || block % GRANULE_BYTES != 0)) {
    heap_free_odd(block, operation);
    return;
  }
  heap_take_back(block, g, (uint8_t)tag, operation);
}

/* Whether a size is one that could have given the block. */
static bool heap_size_fits(uint64_t g, uint8_t tag, size_t size)
{
  uint32_t c = heap_class(g);
  size_t asked = heap_asked(g, tag);
  if (!heap_is_plain(c)) {
    return size == asked || (c == CLASS_LARGE && size == 0 && asked == 1);
  }
  /* An aligned request may have got a larger class than its size says. */
  uint32_t least = size_class_least(c);
  uint32_t served = size > least ? (uint32_t)size : least;
  return size < size_class_bytes(c) && size_class_slack(c, served) == slot_tag_code(tag);
}

/* Whether a size that is not the block's is explained by its kind, which is not
 * the operation's.  Another copy of the C++ library's operator new asks malloc
 * for one byte in place of none, and for multiples of an alignment; and to a
 * plain delete a block of several elements has the size of one. */
static ASHLAR_COLD bool heap_size_explained(uint64_t g, uint8_t tag, size_t align, size_t size,
                                            enum heap_operation operation)
{
  uint32_t kind = slot_tag_kind(tag);
  size_t served;
  if (kind == heap_kind(operation) || heap_kind(operation) == KIND_MALLOC || kind == KIND_REGION) {
    return false;
  }
  size_t least = size == 0 ? 1 : size;
  if (kind == KIND_MALLOC &&
      (heap_size_fits(g, tag, least) ||
       (size_round_up(least, align, &served) && heap_size_fits(g, tag, served)))) {
    return true;
  }
  size_t asked = heap_asked(g, tag);
  bool several = operation == HEAP_DELETE && size != 0 && (asked == 0 || size <= asked);
  return several && heap_size_fits(g, tag, asked / size * size);
}

void heap_free_sized(uintptr_t block, size_t align, size_t size, enum heap_operation operation)
{
  if (block == 0) {
    return;
  }
  uint64_t g = radix_granule(block);
  uint8_t tag = heap_live(block, g, operation);
  if (ASHLAR_UNLIKELY(!heap_size_fits(g, tag, size)) &&
      !heap_size_explained(g, tag, align, size, operation)) {
    heap_wrong_request(REPORT_SIZE_MISMATCH, block, g, tag, size, operation);
  }
  heap_release(block, g, tag, operation);
}

void heap_expect_aligned(uintptr_t block, size_t align, enum heap_operation operation)
{
  bool power = align != 0 && (align & (align - 1)) == 0;
  if (ASHLAR_LIKELY(power && (block & (align - 1)) == 0)) {
    return;
  }
  if (block == 0) {
    return;
  }
  uint64_t g = radix_granule(block);
  uint8_t tag = heap_live(block, g, operation);
  heap_wrong_request(REPORT_ALIGN_MISMATCH, block, g, tag, align, operation);
}

/* ---- realloc ------------------------------------------------------------- */

/* Changes the size of a block with a span of its own, to that of another one. */
static uintptr_t heap_resize_large(uintptr_t block, uint64_t g, uint8_t tag, size_t asked)
{
  int saved = errno; /* where the kernel refuses what can be done without, that is no error */
  uintptr_t now = block;
  enum large_resized how =
      asked > PTRDIFF_MAX ? LARGE_NO_MEMORY : pressure_resize_large(g, tag, asked, &now);
  if (how == LARGE_INVALID) {
    heap_report_invalid(block, HEAP_REALLOC);
  }
  errno = saved;
  return how == LARGE_RESIZED ? now : heap_no_memory();
}

/* Changes the size of a block where it stands, if it can. */
static bool heap_resize_in_place(uintptr_t block, uint64_t g, uint8_t tag, size_t asked)
{
  uint32_t c = heap_class(g);
  if (!heap_is_plain(c) || asked >= SMALL_BYTES || size_class_of((uint32_t)asked) != c) {
    return false;
  }
  uint8_t now = slot_tag(slot_tag_kind(tag), size_class_slack(c, (uint32_t)asked));
  payload_clear(block, asked, heap_asked(g, tag));
  if (slot_retag(g, tag, now) != SLOT_OK) {
    heap_report_invalid(block, HEAP_REALLOC);
  }
  return true;
}

uintptr_t heap_reallocate(uintptr_t block, size_t asked)
{
  uint64_t g = radix_granule(block);
  uint8_t tag = heap_live(block, g, HEAP_REALLOC);
  if (ASHLAR_UNLIKELY(slot_tag_kind(tag) != KIND_MALLOC)) {
    heap_wrong_kind(block, g, tag, HEAP_REALLOC);
  }
  if (ASHLAR_UNLIKELY(!heap_slack_is_zero(block, g, tag))) {
    heap_report_damage(REPORT_OVERFLOW, g, heap_asked(g, tag), heap_capacity(g), HEAP_REALLOC);
  }
  if (heap_class(g) == CLASS_LARGE && asked >= SMALL_BYTES) {
    return heap_resize_large(block, g, tag, asked);
  }
  if (heap_resize_in_place(block, g, tag, asked)) {
    return block;
  }
  uint32_t kind = slot_tag_kind(tag);
  uintptr_t moved = heap_allocate(asked, kind);
  if (moved == 0) {
    return 0;
  }
  size_t old = heap_asked(g, tag);
  payload_copy(moved, block, old < asked ? old : asked);
  if (ASHLAR_UNLIKELY(kind != KIND_MALLOC)) {
    /* Said above; once is enough. */
    uint8_t plain = slot_tag(KIND_MALLOC, slot_tag_code(tag));
    slot_retag(g, tag, plain);
    tag = plain;
  }
  heap_release(block, g, tag, HEAP_REALLOC);
  return moved;
}

/* ---- look, and give back ------------------------------------------------- */

size_t heap_usable_size(uintptr_t block, enum heap_operation operation)
{
  if (block == 0) {
    return 0;
  }
  uint64_t g = radix_granule(block);
  return heap_asked(g, heap_live(block, g, operation));
}

bool heap_trim(size_t pad)
{
  if (!heap_start()) {
    return false;
  }
  int saved = errno;
  uint64_t released = page_heap_counts().released;
  thread_registry_reclaim();
  large_trim();
  central_trim();
  page_heap_trim(pad / PAGE_BYTES);
  /* Some may have gone on the way, if there was too much of it. */
  bool any = page_heap_counts().released > released;
  errno = saved;
  return any;
}
