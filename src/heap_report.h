/* heap_report: what the trusted shell calls where it finds damage.  Apart from
 * heap.h, so that payload.c sees nothing else of the layers above it. */
#ifndef ASHLAR_HEAP_REPORT_H
#define ASHLAR_HEAP_REPORT_H

#include <stdint.h>

/* Reports that a free block, which was about to be handed out, is not zero.
 * block: its address; it was claimed already. */
_Noreturn void heap_written(uintptr_t block);

#endif
