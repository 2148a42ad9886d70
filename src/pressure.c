#include "pressure.h"
#include "central_cache.h"
#include "page_heap.h"
#include "thread_registry.h"

void pressure_relieve(void)
{
  thread_registry_reclaim();
  large_trim();
  central_trim();
  page_heap_trim(0);
  page_heap_shrink();
}

/* Whether a heap can have so many bytes: what none can is not worth it. */
static bool pressure_is_possible(size_t bytes)
{
  return bytes / ARENA_BYTES < MAX_ARENAS;
}

uintptr_t pressure_allocate_large(size_t asked, size_t align, uint8_t tag)
{
  uintptr_t block = large_allocate(asked, align, tag);
  if (block != 0 || !pressure_is_possible(asked) || !pressure_is_possible(align)) {
    return block;
  }
  pressure_relieve();
  return large_allocate(asked, align, tag);
}

enum large_resized pressure_resize_large(uint64_t g, uint8_t tag, size_t asked, uintptr_t *block)
{
  enum large_resized how = large_resize(g, tag, asked, block);
  if (how != LARGE_NO_MEMORY || !pressure_is_possible(asked)) {
    return how;
  }
  pressure_relieve();
  return large_resize(g, tag, asked, block);
}
