/* api: what the entry points share.  They hold names, errno and the ABI, and
 * nothing else: the meaning is in heap. */
#ifndef ASHLAR_API_H
#define ASHLAR_API_H

#include "ashlar.h"
#include "heap.h"

#define ASHLAR_PUBLIC __attribute__((visibility("default")))

/* Whether blocks can be aligned to it. */
static inline bool api_is_alignment(size_t n)
{
  return n != 0 && (n & (n - 1)) == 0;
}

#endif
