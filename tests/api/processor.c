/* Which instructions are chosen, by both ways to ask, and by the compiler's. */
#include "../../src/processor.h"
#include "../support/harness.h"

#include <stdlib.h>

static enum processor_vectors compilers_answer(void)
{
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("bmi2")) {
    return PROCESSOR_VECTORS_512;
  }
  if (__builtin_cpu_supports("avx2")) {
    return PROCESSOR_VECTORS_256;
  }
#endif
  return PROCESSOR_VECTORS_ANY;
}

Test(processor, asked_itself)
{
  enum processor_vectors answer = processor_ask();
  CHECK(answer == compilers_answer(), "%d, the compiler's %d", (int)answer,
        (int)compilers_answer());
}

/* The user may have told the C library to use less. */
Test(processor, c_library_asked)
{
  enum processor_vectors answer = processor_vectors();
  bool told = getenv("GLIBC_TUNABLES") != NULL;
  CHECK(told ? answer <= processor_ask() : answer == processor_ask(), "%d, the processor's %d",
        (int)answer, (int)processor_ask());
}
