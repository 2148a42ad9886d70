/* Huge pages: where the kernel backs memory by them unasked, a byte touched in a
 * table that is used here and there would make 2 MiB resident. */
#include "os_internal.h"

#include <errno.h>
#include <sys/mman.h>

void os_keep_small(uintptr_t a, size_t bytes)
{
  if (os_sandboxed()) {
    return;
  }
  int saved = errno;
  /* A kernel that knows no huge pages knows no such advice either. */
  if (os_madvise(a, bytes, MADV_NOHUGEPAGE) != 0 && errno != EINVAL) {
    os_count_failure(OS_HUGE);
  }
  errno = saved;
}
