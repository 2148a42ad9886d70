#include "heap.h"
#include "arena.h"
#include "central_cache.h"
#include "heap_report.h"
#include "large.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_heap.h"
#include "payload.h"
#include "pressure.h"
#include "radix_map.h"
#include "report.h"
#include "size_math.h"
#include "span_list.h"
#include "tables.h"
#include "thread_registry.h"

#include <errno.h>

#ifdef ASHLAR_LIGHT
#define HEAP_PROFILE_LIGHT true
#else
#define HEAP_PROFILE_LIGHT false
#endif

/* ---- start ---------------------------------------------------------------- */

static struct {
  struct lock lock;
  bool ready;
} heap;

void heap_stop(void)
{
  thread_registry_lock();
  large_lock();
  central_lock_all();
  page_heap_lock();
}

void heap_go_on(void)
{
  page_heap_unlock();
  central_unlock_all();
  large_unlock();
  thread_registry_unlock();
}

void heap_in_child(void)
{
  os_random_part();
  page_heap_reset_lock();
  central_reset_locks();
  large_reset_lock();
  thread_registry_in_child();
}

/* What every free wants to know of a class, worked out once. */
static void heap_start_classes(void)
{
  struct ashlar_root *root = &ashlar_root_pages.root;
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    root->class_bytes[c] = size_class_bytes(c);
    root->class_shift[c] = 0;
    while (c > 0 &&
           size_class_bytes(c) - 1 - size_class_recorded(c, 1) > 1u << root->class_shift[c]) {
      root->class_shift[c]++;
    }
  }
}

static bool heap_start_locked(void)
{
  options_start();
  os_choose_sandbox(options()->sandbox == OPTIONS_FIND ? OS_SANDBOX_FIND
                    : options()->sandbox == OPTIONS_NO ? OS_SANDBOX_NO
                                                       : OS_SANDBOX_YES);
  os_start();
  if (os_sandboxed()) {
    lock_do_not_ask();
  }
  if (!tables_reserve()) {
    return false;
  }
  payload_start();
  heap_start_classes();
  return thread_registry_start();
}

static bool heap_is_ready(void)
{
  return __atomic_load_n(&heap.ready, __ATOMIC_ACQUIRE);
}

ASHLAR_COLD bool heap_start(void)
{
  if (heap_is_ready()) {
    return true;
  }
  lock_acquire(&heap.lock);
  bool ready = heap.ready || heap_start_locked();
  __atomic_store_n(&heap.ready, ready, __ATOMIC_RELEASE);
  lock_release(&heap.lock);
  return ready;
}

/* Runs before main, and before constructors that name no place in the order;
 * may come after the first allocations. */
__attribute__((constructor(102))) static void heap_constructor(void)
{
  if (heap_start()) {
    /* Again: the first allocation may have come before there was an environment. */
    options_start();
  }
}

/* ---- what a block is ------------------------------------------------------ */

static const char *const heap_operation_name[HEAP_OPERATIONS] = {
    [HEAP_FREE] = "free",
    [HEAP_FREE_SIZED] = "free_sized",
    [HEAP_FREE_ALIGNED_SIZED] = "free_aligned_sized",
    [HEAP_REALLOC] = "realloc",
    [HEAP_USABLE_SIZE] = "malloc_usable_size",
    [HEAP_DELETE] = "operator delete",
    [HEAP_DELETE_ARRAY] = "operator delete[]",
    [HEAP_ALLOCATE] = "malloc",
};

static const char *const heap_kind_name[SLOT_KINDS] = {[KIND_MALLOC] = "malloc",
                                                       [KIND_NEW] = "operator new",
                                                       [KIND_NEW_ARRAY] = "operator new[]",
                                                       [KIND_REGION] = "ashlar_region_alloc"};

ASHLAR_HOT bool heap_is_ours(uint64_t g)
{
  return arena_holds(g);
}

static ASHLAR_HOT uint32_t heap_kind(enum heap_operation operation)
{
  return operation == HEAP_DELETE         ? KIND_NEW
         : operation == HEAP_DELETE_ARRAY ? KIND_NEW_ARRAY
                                          : KIND_MALLOC;
}

/* The class of the page of a granule. */
static ASHLAR_HOT uint32_t heap_class(uint64_t g)
{
  return page_class[g / GRANULES_PER_PAGE];
}

/* Whether a class is one of slots with bytes in them: neither class 0 nor a
 * block with a span of its own. */
static ASHLAR_HOT bool heap_is_plain(uint32_t c)
{
  return c - 1u < SIZE_CLASSES - 1u;
}

/* What was asked for a live block with a state byte. */
static size_t heap_asked(uint64_t g, uint8_t tag)
{
  uint32_t c = heap_class(g);
  if (c == 0) {
    return 0;
  }
  return c == CLASS_LARGE ? large_size(g) : size_class_recorded(c, slot_tag_code(tag));
}

/* What there is of a block, used or not. */
static size_t heap_capacity(uint64_t g)
{
  uint32_t c = heap_class(g);
  return c == CLASS_LARGE ? large_capacity(g) : size_class_bytes(c);
}

static const char *heap_state_name(uint8_t state)
{
  return state >= SLOT_LIVE ? "live" : state == SLOT_CACHED ? "cached" : "free";
}

/* The first page of the span in use that a granule lies in; PAGES where it
 * lies in none. */
static uint32_t heap_span_of(uint64_t g)
{
  uint32_t page = (uint32_t)(g / GRANULES_PER_PAGE);
  uint32_t s = page_span[page];
  if (s != 0 && s <= page && span_kind[s] == SPAN_USED && page - s < span_len[s]) {
    return s;
  }
  /* A page of a large block but its first, or of a free span: walk.  Under the
   * lock, lest a span that is split or merged leads the walk astray. */
  page_heap_lock();
  uint32_t arena = page / ARENA_PAGES * ARENA_PAGES;
  if (!arena_stands(arena / ARENA_PAGES)) {
    page_heap_unlock();
    return PAGES;
  }
  while (arena > 0 && span_kind[arena] == SPAN_NONE) {
    arena -= ARENA_PAGES;
  }
  s = span_owner(arena, page);
  bool used = span_kind[s] == SPAN_USED;
  page_heap_unlock();
  return used ? s : PAGES;
}

/* The first granule of the slot that a granule lies in, or GRANULES. */
static uint64_t heap_slot_of(uint64_t g)
{
  uint32_t s = heap_span_of(g);
  return s == PAGES ? GRANULES : slot_find(g, (uint64_t)s * GRANULES_PER_PAGE);
}

/* Fills in what is known of the slot around an address. */
static void heap_describe(struct report *report, uint64_t g)
{
  uint64_t start = heap_slot_of(g);
  if (start == GRANULES) {
    return;
  }
  uint8_t state = slot_state_get(start);
  report->has_slot = true;
  report->slot = radix_address(start);
  report->slot_bytes = heap_capacity(start);
  report->size_class = (uint32_t)report->slot_bytes;
  report->state = heap_state_name(state);
  report->has_asked = state >= SLOT_LIVE;
  report->asked = report->has_asked ? heap_asked(start, state) : 0;
}

static ASHLAR_COLD _Noreturn void heap_report(enum report_kind kind, uintptr_t block, uint64_t g,
                                              enum heap_operation operation)
{
  struct report report = {
      .kind = kind, .address = block, .operation = heap_operation_name[operation]};
  if (heap_is_ours(g)) {
    heap_describe(&report, g);
  }
  report_fatal(&report);
}

/* Bytes of a block that should be zero are not.
 * from, to: where they lie in it. */
static ASHLAR_COLD _Noreturn void heap_report_damage(enum report_kind kind, uint64_t g, size_t from,
                                                     size_t to, enum heap_operation operation)
{
  uintptr_t block = radix_address(g);
  struct report report = {
      .kind = kind, .address = block, .operation = heap_operation_name[operation]};
  heap_describe(&report, g);
  report.has_damage = payload_find(block, from, to, &report.damage, &report.damage_byte);
  report_fatal(&report);
}

/* Says what is wrong with a block that is not live. */
static ASHLAR_COLD _Noreturn void heap_report_invalid(uintptr_t block,
                                                      enum heap_operation operation)
{
  uint64_t g = radix_granule(block);
  if (g < ARENA_GRANULES) { /* number 0 is no arena's */
    heap_report(REPORT_INVALID_POINTER, block, g, operation);
  }
  if (block % GRANULE_BYTES != 0) {
    heap_report(REPORT_MISALIGNED, block, g, operation);
  }
  if (!heap_is_ours(g)) {
    heap_report(REPORT_UNALLOCATED, block, g, operation);
  }
  if (slot_state_get(g) != SLOT_NONE) {
    /* If it is live again, another thread freed it, or got it, in between. */
    bool frees = operation != HEAP_REALLOC && operation != HEAP_USABLE_SIZE;
    heap_report(frees ? REPORT_DOUBLE_FREE : REPORT_USE_AFTER_FREE, block, g, operation);
  }
  bool inside = heap_slot_of(g) != GRANULES;
  heap_report(inside ? REPORT_INTERIOR : REPORT_UNALLOCATED, block, g, operation);
}

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

/* A block of another kind than the operation is for, and nothing else is wrong:
 * the first of a process is told, more are counted, unless the options say
 * otherwise.  A region's block is never the heap's to free.
 * tag: of the block, as the caller read it. */
static ASHLAR_COLD void heap_wrong_kind(uintptr_t block, uint64_t g, uint8_t tag,
                                        enum heap_operation operation)
{
  uint32_t kind = slot_tag_kind(tag);
  bool fatal = kind == KIND_REGION || options()->kind_mismatch == OPTIONS_MISMATCH_ABORT;
  if (!report_counts_mismatch() && !fatal) {
    return;
  }
  struct report report = {.kind = REPORT_KIND_MISMATCH,
                          .address = block,
                          .operation = heap_operation_name[operation],
                          .allocated_by = heap_kind_name[kind]};
  heap_describe(&report, g);
  if (fatal) {
    report_fatal(&report);
  }
  report.detail = "more of these are only counted (ASHLAR_OPTIONS=kind_mismatch=allow|warn|abort)";
  report_warning(&report);
}

/* A size or an alignment that the block cannot have been asked for with.
 * kind: what is wrong if the block is of the operation's own kind; else it is
 * that, since a size of another kind's says little. */
static ASHLAR_COLD _Noreturn void heap_wrong_request(enum report_kind kind, uintptr_t block,
                                                     uint64_t g, uint8_t tag, size_t given,
                                                     enum heap_operation operation)
{
  uint32_t from = slot_tag_kind(tag);
  bool other = from != heap_kind(operation);
  struct report report = {.kind = other ? REPORT_KIND_MISMATCH : kind,
                          .address = block,
                          .operation = heap_operation_name[operation],
                          .has_given = true,
                          .given = given,
                          .given_alignment = kind == REPORT_ALIGN_MISMATCH,
                          .allocated_by = heap_kind_name[from]};
  heap_describe(&report, g);
  report_fatal(&report);
}

/* ---- allocate ------------------------------------------------------------- */

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

/* A free block that is not zero any more. */
ASHLAR_COLD void heap_written(uintptr_t block)
{
  uint64_t g = radix_granule(block);
  slot_release(g, slot_state_get(g)); /* it was claimed already; say that it is free */
  heap_report_damage(REPORT_WRITE_AFTER_FREE, g, 0, heap_capacity(g), HEAP_ALLOCATE);
}

static ASHLAR_COLD _Noreturn void heap_bad_list(uintptr_t block)
{
  heap_report(REPORT_BAD_METADATA, block, radix_granule(block), HEAP_ALLOCATE);
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

/* ---- free ----------------------------------------------------------------- */

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

/* ---- realloc -------------------------------------------------------------- */

/* Whether the unused part of a live block is as it should be. */
static bool heap_slack_is_zero(uintptr_t block, uint64_t g, uint8_t tag)
{
  uint32_t c = heap_class(g);
  if (c == 0) {
    return true;
  }
  size_t asked = heap_asked(g, tag);
  size_t room = heap_capacity(g);
  if (c == CLASS_LARGE && room - asked > PAGE_BYTES) {
    room = asked + PAGE_BYTES;
  }
  return room == asked || payload_slack_is_zero(block + room, room - asked);
}

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

/* ---- look at blocks ------------------------------------------------------- */

size_t heap_usable_size(uintptr_t block, enum heap_operation operation)
{
  if (block == 0) {
    return 0;
  }
  uint64_t g = radix_granule(block);
  return heap_asked(g, heap_live(block, g, operation));
}

size_t heap_object_size(uintptr_t address)
{
  uint64_t g = radix_granule(address);
  if (!heap_is_ours(g)) {
    return 0;
  }
  uint64_t start = heap_slot_of(g);
  if (start == GRANULES || slot_state_get(start) < SLOT_LIVE) {
    return 0;
  }
  size_t asked = heap_asked(start, slot_state_get(start));
  size_t offset = address - radix_address(start);
  return offset < asked ? asked - offset : 0;
}

/* ---- the whole heap -------------------------------------------------------- */

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

/* Calls visit for each slot that starts in an arena in use. */
static bool heap_each_slot(bool (*visit)(uint64_t g, uint8_t state, void *context), void *context)
{
  uint32_t pages = heap_start() ? arena_end() : 0;
  uint32_t s = ARENA_PAGES;
  while (s < pages) {
    if (!arena_holds((uint64_t)s * GRANULES_PER_PAGE)) {
      s = (s / ARENA_PAGES + 1) * ARENA_PAGES;
      continue;
    }
    uint32_t len = span_len[s];
    if (span_kind[s] != SPAN_USED || len == 0) {
      s += span_kind[s] == SPAN_FREE && len != 0 ? len : 1;
      continue;
    }
    uint64_t high = (uint64_t)arena_usable(s, s + len) * GRANULES_PER_PAGE;
    for (uint64_t g = (uint64_t)s * GRANULES_PER_PAGE; g < high; g++) {
      uint8_t state = slot_state_get(g);
      if (state == SLOT_NONE) {
        continue;
      }
      if (!visit(g, state, context)) {
        return false;
      }
      if (heap_class(g) == CLASS_LARGE) {
        break;
      }
    }
    s += len;
  }
  return true;
}

struct heap_walker {
  bool (*visit)(uintptr_t block, size_t size, void *context);
  void *context;
};

static bool heap_walk_slot(uint64_t g, uint8_t state, void *context)
{
  const struct heap_walker *walker = context;
  if (state < SLOT_LIVE) {
    return true;
  }
  return walker->visit(radix_address(g), heap_asked(g, state), walker->context);
}

bool heap_walk(bool (*visit)(uintptr_t block, size_t size, void *context), void *context)
{
  struct heap_walker walker = {visit, context};
  return heap_each_slot(heap_walk_slot, &walker);
}

/* What is wrong, and where. */
struct heap_finding {
  const char *what;
  uintptr_t where;
};

static bool heap_check_slot(uint64_t g, uint8_t state, void *context)
{
  struct heap_finding *finding = context;
  uintptr_t block = radix_address(g);
  uint32_t c = heap_class(g);
  /* Another thread may change the block while it is looked at. */
  if (state >= SLOT_LIVE && !heap_slack_is_zero(block, g, state) && slot_state_get(g) == state &&
      !heap_slack_is_zero(block, g, state)) {
    finding->what = "bytes past the end of a block were written";
    finding->where = block;
    return false;
  }
  /* What is FREE stays so, under the class's lock.  What another thread holds,
   * it may just be clearing; and what is in no list was caught in a fork on its
   * way there, and is never handed out again. */
  if (state < SLOT_LIVE && heap_is_plain(c) && !payload_is_zero(block, size_class_bytes(c)) &&
      (state == SLOT_FREE || thread_cache_holds(c, block))) {
    finding->what = "a free block was written";
    finding->where = block;
    return false;
  }
  return true;
}

/* The slot table, as far as there is one. */
static bool heap_check_slots(void)
{
  uint32_t end = arena_end();
  uint32_t p = ARENA_PAGES;
  while (p < end) {
    uint32_t stop = arena_usable(p, end);
    if (!slot_check((uint64_t)p * GRANULES_PER_PAGE, (uint64_t)stop * GRANULES_PER_PAGE)) {
      return false;
    }
    p = stop == end ? end : (stop / ARENA_PAGES + 1) * ARENA_PAGES;
  }
  return true;
}

/* The tables, exactly: what they are changed under is held (heap_stop).
 * Returns what is damaged, or NULL. */
static const char *heap_check_tables(void)
{
  uint32_t pages = arena_end();
  if (!page_heap_open_tables_held()) {
    return NULL; /* too little memory to look */
  }
  if (!radix_check()) {
    return "the radix map is damaged";
  }
  if (!page_heap_check_held()) {
    return "the span table is damaged";
  }
  if (!span_list_check(pages)) {
    return "a list of spans is damaged";
  }
  if (!heap_check_slots()) {
    return "the slot table is damaged";
  }
  if (!central_check_held()) {
    return "a span is not of the class that its list is for";
  }
  return thread_cache_check() ? NULL : "the free lists of this thread are damaged";
}

bool heap_check(const char **what, uintptr_t *where)
{
  struct heap_finding finding = {NULL, 0};
  if (heap_start()) {
    heap_stop();
    finding.what = heap_check_tables();
    if (finding.what == NULL) {
      heap_each_slot(heap_check_slot, &finding);
    }
    heap_go_on();
  }
  *what = finding.what;
  *where = finding.where;
  return finding.what == NULL;
}
