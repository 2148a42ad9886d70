/* The table of regions: places, and what a handle stands for. */
#include "region_internal.h"

static struct region region_nowhere;

/* Beside what else is written, rather than beside the root, which has its page. */
__attribute__((section(".data"))) struct region_map region_map = {.places = &region_nowhere};

struct region_tables region_tables = {.fresh_region = 1};

struct region *region_of(const ashlar_region *handle, const char *operation)
{
  struct region *r = region_at(handle);
  if (handle == NULL || r->handle != (uintptr_t)handle) {
    region_report_handle(handle, operation);
  }
  return r;
}

/* Makes the tables of regions usable, if they are not; under the lock. */
static bool region_open(void)
{
  if (region_map.mask != 0) {
    return true;
  }
  if (!tables_commit_regions()) {
    return false;
  }
  __atomic_store_n(&region_map.places, region_places, __ATOMIC_RELAXED);
  __atomic_store_n(&region_map.mask, (uintptr_t)(REGIONS - 1) * REGION_BYTES, __ATOMIC_RELEASE);
  return true;
}

struct region *region_place_new(void)
{
  lock_acquire(&region_tables.lock);
  uint32_t i = region_tables.free_region;
  if (i != 0) {
    region_tables.free_region = region_places[i].next;
  } else if (region_open() && region_tables.fresh_region < REGIONS) {
    i = region_tables.fresh_region++;
  }
  lock_release(&region_tables.lock);
  return i == 0 ? NULL : &region_places[i];
}

/* ---- around a fork ------------------------------------------------------- */

void region_lock(void)
{
  lock_acquire(&region_tables.lock);
}

void region_unlock(void)
{
  lock_release(&region_tables.lock);
}

void region_in_child(void)
{
  lock_reset(&region_tables.lock);
}
