/* The library stands in for malloc where it is preloaded, and nowhere else:
 * without this, the other programs here would compare glibc with itself. */
#include "system.h"

#include <dlfcn.h>
#include <string.h>

MEASUREMENT(is_ashlar)
{
  return dlsym(RTLD_DEFAULT, "ashlar_check") != NULL;
}

SYSTEM_TEST(stands_in_for_malloc, 20)
{
  must(strcmp(profile(), "glibc") != 0);
  must(measured("is_ashlar", false, 10) == 1);
  must(measured("is_ashlar", true, 10) == 0);
}
