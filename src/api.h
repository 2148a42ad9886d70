/* api: what the entry points share.  They hold names, errno and the ABI, and
 * nothing else: the meaning is in heap. */
#ifndef ASHLAR_API_H
#define ASHLAR_API_H

#include "ashlar.h"
#include "heap.h"

#define ASHLAR_PUBLIC __attribute__((visibility("default")))

#endif
