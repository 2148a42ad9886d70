#include "pressure.h"
#include "central_cache.h"
#include "large.h"
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

uintptr_t pressure_allocate_large(size_t asked, size_t align, uint8_t tag)
{
  uintptr_t block = large_allocate(asked, align, tag);
  /* What no heap can have is not worth it. */
  if (block != 0 || asked / ARENA_BYTES >= MAX_ARENAS || align / ARENA_BYTES >= MAX_ARENAS) {
    return block;
  }
  pressure_relieve();
  return large_allocate(asked, align, tag);
}
