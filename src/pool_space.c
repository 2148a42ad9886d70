/* The memory of one pool: address space, committed as the pool grows. */
#include "pool_internal.h"
#include "os.h"

size_t pool_round(size_t bytes)
{
  size_t page = os_page_bytes();
  return (bytes + page - 1) / page * page;
}

/* Makes the first bytes of a range usable. */
static bool pool_commit(struct pool_range *range, size_t bytes)
{
  if (bytes <= range->committed) {
    return true;
  }
  size_t wanted = pool_round(bytes);
  size_t usual = range->committed + pool_round(POOL_COMMIT_BYTES);
  wanted = wanted < usual ? usual : wanted;
  wanted = wanted < range->bytes ? wanted : range->bytes;
  if (!os_commit(range->at + range->committed, wanted - range->committed)) {
    return false;
  }
  range->committed = wanted;
  return true;
}

bool pool_grow(struct pool *p, uint64_t objects)
{
  uint64_t left = p->maximum - p->made;
  uint64_t n = objects < left ? objects : left;
  uint64_t to = p->list.granules + n * p->list.step;
  size_t before = p->objects.committed;
  if (n == 0 || !pool_commit(&p->state, to) ||
      !pool_commit(&p->entries, (p->made + n) * sizeof *p->list.entry) ||
      !pool_commit(&p->objects, to * GRANULE_BYTES)) {
    return false;
  }
  if (p->objects.committed > before) { /* objects belong into a core file */
    os_show(p->objects.at + before, p->objects.committed - before);
  }
  p->made += n;
  p->list.limit = (uint32_t)p->made;
  pool_list_carve(&p->list, (uint32_t)to);
  return true;
}

void pool_release_space(struct pool *p)
{
  if (p->object_space != 0) {
    os_release(p->object_space, p->object_space_bytes);
  }
  if (p->table_space != 0) {
    os_release(p->table_space, p->table_space_bytes);
  }
  p->object_space = 0;
  p->table_space = 0;
}

bool pool_reserve(struct pool *p, uint64_t objects)
{
  size_t guard = os_page_bytes();
  uint64_t granules = objects * p->list.step;
  size_t state = pool_round(granules);
  size_t entries = pool_round(objects * sizeof *p->list.entry);
  size_t bytes = pool_round(granules * GRANULE_BYTES);
  p->object_space_bytes = bytes + 2 * guard;
  p->table_space_bytes = state + entries + 3 * guard;
  p->object_space = os_reserve(p->object_space_bytes, guard);
  p->table_space = p->object_space == 0 ? 0 : os_reserve(p->table_space_bytes, guard);
  if (p->table_space == 0) {
    pool_release_space(p);
    return false;
  }
  p->objects = (struct pool_range){p->object_space + guard, bytes, 0};
  p->state = (struct pool_range){p->table_space + guard, state, 0};
  p->entries = (struct pool_range){p->state.at + state + guard, entries, 0};
  p->list.base = p->objects.at;
  p->list.state = (uint8_t *)p->state.at;
  p->list.entry = (uint32_t *)p->entries.at;
  return true;
}

size_t pool_discard(const struct pool *p, uint32_t from, uint32_t to)
{
  size_t page = os_page_bytes();
  uintptr_t low = pool_round(p->list.base + (uintptr_t)from * GRANULE_BYTES);
  uintptr_t high = (p->list.base + (uintptr_t)to * GRANULE_BYTES) / page * page;
  return low < high && os_discard(low, high - low) ? high - low : 0;
}
