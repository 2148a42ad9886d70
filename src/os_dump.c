/* What of a process's memory its core file holds: MADV_DONTDUMP and back. */
#include "os_internal.h"

#include <errno.h>
#include <sys/mman.h>

/* Set for good once the kernel, or a filter, refused: what is hidden stays so,
 * and nothing else will be. */
static bool os_dump_off;

static void os_dump_advise(uintptr_t a, size_t bytes, int advice)
{
  uintptr_t low = (a + os_page - 1) / os_page * os_page;
  uintptr_t high = (a + bytes) / os_page * os_page;
  if (low >= high || os_sandboxed() || __atomic_load_n(&os_dump_off, __ATOMIC_RELAXED)) {
    return;
  }
  int saved = errno;
  if (os_madvise(low, high - low, advice) != 0) {
    __atomic_store_n(&os_dump_off, true, __ATOMIC_RELAXED);
    os_count_failure(OS_DUMP);
  }
  errno = saved;
}

void os_hide(uintptr_t a, size_t bytes)
{
  os_dump_advise(a, bytes, MADV_DONTDUMP);
}

void os_show(uintptr_t a, size_t bytes)
{
  os_dump_advise(a, bytes, MADV_DODUMP);
}
