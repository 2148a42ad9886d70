#include "pressure.h"
#include "central_cache.h"
#include "large.h"
#include "page_heap.h"

void pressure_relieve(void)
{
  thread_cache_flush();
  large_trim();
  central_trim();
  page_heap_trim(0);
  page_heap_shrink();
}

ASHLAR_COLD static struct thread_cache *pressure_get_cache_again(void)
{
  pressure_relieve();
  return thread_cache_get();
}

struct thread_cache *pressure_get_cache(void)
{
  struct thread_cache *cache = thread_cache_get();
  return cache != NULL ? cache : pressure_get_cache_again();
}

bool pressure_refill(struct thread_cache *cache, uint32_t c)
{
  if (thread_cache_refill(cache, c)) {
    return true;
  }
  pressure_relieve();
  return thread_cache_refill(cache, c);
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
