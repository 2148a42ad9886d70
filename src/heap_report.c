/* What the heap says of a program's mistakes, and of its own tables. */
#include "heap_internal.h"
#include "options.h"
#include "payload.h"
#include "radix_map.h"

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

static const char *heap_state_name(uint8_t state)
{
  return state >= SLOT_LIVE ? "live" : state == SLOT_CACHED ? "cached" : "free";
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

ASHLAR_COLD _Noreturn void heap_report(enum report_kind kind, uintptr_t block, uint64_t g,
                                       enum heap_operation operation)
{
  struct report report = {
      .kind = kind, .address = block, .operation = heap_operation_name[operation]};
  if (heap_is_ours(g)) {
    heap_describe(&report, g);
  }
  report_fatal(&report);
}

ASHLAR_COLD _Noreturn void heap_report_damage(enum report_kind kind, uint64_t g, size_t from,
                                              size_t to, enum heap_operation operation)
{
  uintptr_t block = radix_address(g);
  struct report report = {
      .kind = kind, .address = block, .operation = heap_operation_name[operation]};
  heap_describe(&report, g);
  report.has_damage = payload_find(block, from, to, &report.damage, &report.damage_byte);
  report_fatal(&report);
}

ASHLAR_COLD _Noreturn void heap_report_invalid(uintptr_t block, enum heap_operation operation)
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

ASHLAR_COLD void heap_wrong_kind(uintptr_t block, uint64_t g, uint8_t tag,
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

ASHLAR_COLD _Noreturn void heap_wrong_request(enum report_kind kind, uintptr_t block, uint64_t g,
                                              uint8_t tag, size_t given,
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

ASHLAR_COLD _Noreturn void heap_written(uintptr_t block)
{
  uint64_t g = radix_granule(block);
  slot_release(g, slot_state_get(g)); /* it was claimed already; say that it is free */
  heap_report_damage(REPORT_WRITE_AFTER_FREE, g, 0, heap_capacity(g), HEAP_ALLOCATE);
}

ASHLAR_COLD _Noreturn void heap_bad_list(uintptr_t block)
{
  heap_report(REPORT_BAD_METADATA, block, radix_granule(block), HEAP_ALLOCATE);
}
