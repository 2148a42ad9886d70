/* What regions say of a program's mistakes. */
#include "region_internal.h"
#include "heap.h"
#include "radix_map.h"
#include "report.h"
#include "text.h"

const char region_free_name[] = "ashlar_region_free";

ASHLAR_COLD _Noreturn void region_report_handle(const ashlar_region *handle, const char *operation)
{
  struct report report = {.kind = REPORT_BAD_POOL,
                          .address = (uintptr_t)handle,
                          .operation = operation,
                          .detail = "no region, or a destroyed one"};
  report_fatal(&report);
}

static void region_name_text(struct text *text, const struct region *r)
{
  text_str(text, "region ");
  if (r->name[0] != '\0') {
    text_str(text, r->name);
  } else {
    text_dec(text, region_number(r));
  }
}

/* Whose a block is that is not the region's; for the report alone, so by a walk
 * over the regions. */
static enum report_kind region_whose(struct text *detail, uintptr_t block)
{
  for (uint32_t i = 1; i < region_tables.fresh_region; i++) {
    if (region_places[i].handle != 0 && region_piece_around(&region_places[i], block) != PAGES) {
      text_str(detail, ", but of ");
      region_name_text(detail, &region_places[i]);
      return REPORT_WRONG_POOL;
    }
  }
  uint64_t g = radix_granule(block);
  if (!heap_is_ours(g)) {
    return REPORT_INVALID_POINTER;
  }
  uint8_t state = slot_state_get(g);
  if (state >= SLOT_LIVE && slot_tag_kind(state) != KIND_REGION) {
    text_str(detail, ", but of the heap");
    return REPORT_WRONG_POOL;
  }
  return state != SLOT_NONE ? REPORT_DOUBLE_FREE : REPORT_UNALLOCATED;
}

ASHLAR_COLD _Noreturn void region_report_block(const struct region *r, uintptr_t block,
                                               bool interior)
{
  char buffer[REGION_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  text_str(&detail, interior ? "in a large block of " : "not of ");
  region_name_text(&detail, r);
  enum report_kind kind = interior ? REPORT_INTERIOR : region_whose(&detail, block);
  struct report report = {
      .kind = kind, .address = block, .operation = region_free_name, .detail = buffer};
  report_fatal(&report);
}
