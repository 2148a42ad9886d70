/* heap_usage: what the heap holds by its spans, without a look at each block.
 *
 * Owns nothing.  A walk over the span table under the locks of the tiers below
 * the thread caches: it costs a few loads a span, however many blocks there are.
 * What thread caches hold is in use here, but for the calling thread's.
 */
#ifndef ASHLAR_HEAP_USAGE_H
#define ASHLAR_HEAP_USAGE_H

#include "config.h"

/* Bytes, where nothing else is said. */
struct heap_usage {
  uint64_t used;                 /* slots that are not free */
  uint64_t blocks[SIZE_CLASSES]; /* their number in each class */
  uint64_t cached;               /* free slots in the calling thread's cache */
  uint64_t central;              /* free slots of the central caches */
  uint64_t large;                /* live blocks with spans of their own, guards and all */
  uint64_t large_blocks;         /* number */
  uint64_t free_pages;
  uint64_t free_resident; /* of those, at most so much is backed */
};
void heap_usage(struct heap_usage *usage);

#endif
