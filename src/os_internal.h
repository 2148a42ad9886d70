/* os_internal: what the files of os share, and nobody else sees. */
#ifndef ASHLAR_OS_INTERNAL_H
#define ASHLAR_OS_INTERNAL_H

#include "os.h"

/* Every request to the kernel asks here first.
 * Returns false (errno ENOMEM) if a test wants that request to fail. */
bool os_request(void);

/* Ends a call: counts a failure, or puts errno back.  Returns done. */
bool os_finish(enum os_call call, bool done, int saved);

/* A mapping of the allocator's kind.
 * Returns its address, or 0 (errno says why). */
uintptr_t os_map(uintptr_t hint, size_t bytes, int protection, int flags);

/* Bytes of address space held; a relaxed atomic. */
extern uint64_t os_count_reserved;

/* How many mappings the kernel lets a process have. */
uint64_t os_read_max_maps(void);

#endif
