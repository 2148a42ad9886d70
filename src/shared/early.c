/* early: what a shared library needs before its thread-local variables stand.
 *
 * A program's IFUNC resolvers run while it is relocated, and may allocate.  The
 * C library sets up thread-local variables after that; until then they are all
 * zero.  The resolver here runs when the library itself is relocated, which is
 * before the program is, and sets the one variable that must not be zero.  The
 * set-up comes later and makes the first thread forget its cache; the registry
 * knows whose it is.
 *
 * Only in the shared libraries: in a static program thread-local variables have
 * no place yet when resolvers run, and glibc's malloc fails there, too.
 */
#include "../thread_cache.h"

static void early_nothing(void)
{
}

static __attribute__((used)) void (*early_resolve(void))(void)
{
  if (thread_cache_self == NULL) {
    thread_cache_self = &thread_cache_none;
  }
  return early_nothing;
}

void early(void) __attribute__((ifunc("early_resolve"), visibility("hidden")));

/* For this relocation the resolver runs. */
static void (*const early_used)(void) __attribute__((used)) = early;
