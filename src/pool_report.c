/* What pools say of a program's mistakes, and of their own tables. */
#include "pool_internal.h"
#include "heap.h"
#include "payload.h"
#include "radix_map.h"

const char pool_alloc_name[] = "ashlar_pool_alloc";
const char pool_free_name[] = "ashlar_pool_free";
const char pool_destroy_name[] = "ashlar_pool_destroy";

ASHLAR_COLD _Noreturn void pool_report_handle(uint64_t handle, const char *operation)
{
  struct report report = {.kind = REPORT_BAD_POOL,
                          .address = (uintptr_t)handle,
                          .operation = operation,
                          .detail = "destroyed, or never created"};
  report_fatal(&report);
}

ASHLAR_COLD _Noreturn void pool_report_torn(const struct pool *p, const char *operation)
{
  struct report report = {.kind = REPORT_BAD_METADATA,
                          .address = p->list.base,
                          .operation = operation,
                          .detail = "a list of free objects of this pool"};
  report_fatal(&report);
}

ASHLAR_COLD _Noreturn void pool_report_written(const struct pool_list *list, uintptr_t object)
{
  struct report report = {.kind = REPORT_WRITE_AFTER_FREE,
                          .address = object,
                          .operation = pool_alloc_name,
                          .has_slot = true,
                          .slot = object,
                          .slot_bytes = list->clear,
                          .size_class = list->clear,
                          .state = "free"};
  report.has_damage = payload_find(object, 0, list->clear, &report.damage, &report.damage_byte);
  report_fatal(&report);
}

/* ---- a wrong free -------------------------------------------------------- */

/* The object around an address of a pool; POOL_REFUSED if there
 * is none. */
static uint32_t pool_object_around(const struct pool_list *list, uintptr_t address)
{
  uint32_t g = (uint32_t)((address - list->base) / GRANULE_BYTES);
  for (uint32_t back = 0; back < list->step && back <= g; back++) {
    if (byte_get(&list->state[g - back]) != POOL_NONE) {
      return g - back;
    }
  }
  return POOL_REFUSED;
}

void pool_describe(struct report *report, const struct pool *p)
{
  uint32_t g = pool_object_around(&p->list, report->address);
  if (g == POOL_REFUSED) {
    return;
  }
  uint8_t state = byte_get(&p->list.state[g]);
  report->has_slot = true;
  report->slot = p->list.base + (uintptr_t)g * GRANULE_BYTES;
  report->slot_bytes = (size_t)p->list.step * GRANULE_BYTES;
  report->size_class = (uint32_t)report->slot_bytes;
  report->state = state == POOL_LIVE ? "live" : state == POOL_HELD ? "cached" : "free";
  report->has_asked = state == POOL_LIVE;
  report->asked = p->object;
}

static void pool_name_text(struct text *text, const struct pool *p)
{
  text_str(text, "pool ");
  if (p->name[0] != '\0') {
    text_str(text, p->name);
  } else {
    text_dec(text, (uint64_t)(p - pools));
  }
}

/* Whose an address is that is not the pool's; for the report alone, so by a
 * walk over the pools. */
static enum report_kind pool_whose(struct text *text, uintptr_t address)
{
  for (uint32_t i = 0; i < POOLS; i++) {
    const struct pool *other = &pools[i];
    if (other->list.handle != 0 && address - other->list.base < other->objects.bytes) {
      text_str(text, ", but of ");
      pool_name_text(text, other);
      return REPORT_WRONG_POOL;
    }
  }
  if (heap_is_ours(radix_granule(address))) {
    text_str(text, ", but of the heap");
    return REPORT_WRONG_POOL;
  }
  return REPORT_INVALID_POINTER;
}

ASHLAR_COLD enum ashlar_pool_verdict pool_wrong(const struct pool *p, uintptr_t address,
                                                enum pool_refusal refusal)
{
  char buffer[POOL_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  struct report report = {.address = address, .operation = pool_free_name, .detail = buffer};
  enum ashlar_pool_verdict verdict = ASHLAR_POOL_WRONG_POOL;
  /* Behind what was ever handed out, the pool's memory has no objects. */
  bool within = address - p->list.base < p->objects.bytes;
  text_str(&detail, within ? "" : "not of ");
  pool_name_text(&detail, p);
  if (refusal == POOL_FOREIGN) {
    report.kind = within ? REPORT_UNALLOCATED : pool_whose(&detail, address);
  } else {
    bool twice = refusal == POOL_ALREADY_FREE;
    verdict = twice ? ASHLAR_POOL_ALREADY_FREE : ASHLAR_POOL_NOT_AN_OBJECT;
    report.kind = twice ? REPORT_DOUBLE_FREE : REPORT_INTERIOR;
    pool_describe(&report, p);
  }
  if (!p->report_only) {
    report_fatal(&report);
  }
  report_warning(&report);
  return verdict;
}

/* ---- a leak -------------------------------------------------------------- */

void pool_report_leak(const struct pool *p, uint64_t live)
{
  char buffer[POOL_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  text_dec(&detail, live);
  text_str(&detail, live == 1 ? " object of " : " objects of ");
  pool_name_text(&detail, p);
  uint32_t first = pool_list_find(&p->list, 0, POOL_LIVE);
  struct report report = {.kind = REPORT_LEAK,
                          .address = p->list.base + (uintptr_t)first * GRANULE_BYTES,
                          .operation = pool_destroy_name,
                          .detail = buffer};
  report_warning(&report);
}
