/* pressure: what is done before a request is refused for lack of memory.
 *
 * Owns nothing.  The caller holds no lock of the allocator: those of the tiers
 * are taken one after another.
 */
#ifndef ASHLAR_PRESSURE_H
#define ASHLAR_PRESSURE_H

#include "large.h"

/* Gives back all that waits or is cached: what threads hold, as far as it can be
 * had (thread_registry_reclaim), freed large blocks, spans without a slot in use,
 * resident free pages, and address space at the end of arenas. */
void pressure_relieve(void);

/* large_allocate and large_resize, tried once more after that if there was no
 * memory. */
uintptr_t pressure_allocate_large(size_t asked, size_t align, uint8_t tag);
enum large_resized pressure_resize_large(uint64_t g, uint8_t tag, size_t asked, uintptr_t *block);

#endif
