#include "processor.h"

#if defined(__x86_64__)

#include <cpuid.h>

/* Since 2.33; what the macro needs is there since 2.34. */
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif

enum {
  PROCESSOR_LEAF_BASE = 1,
  PROCESSOR_LEAF_MORE = 7,
  PROCESSOR_STATE_256 = 0x06, /* XCR0: registers xmm and ymm */
  PROCESSOR_STATE_512 = 0xe6  /* and masks and zmm */
};

static enum processor_vectors processor_best(bool has_avx2, bool has_avx512, bool has_bmi2)
{
  if (has_avx512 && has_bmi2) {
    return PROCESSOR_VECTORS_512;
  }
  return has_avx2 ? PROCESSOR_VECTORS_256 : PROCESSOR_VECTORS_ANY;
}

/* The registers that the kernel saves.  Only after OSXSAVE was seen. */
static uint32_t processor_saved_state(void)
{
  uint32_t low;
  uint32_t high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

enum processor_vectors processor_ask(void)
{
  unsigned a;
  unsigned b;
  unsigned c;
  unsigned d;
  if (__get_cpuid_max(0, NULL) < PROCESSOR_LEAF_MORE) {
    return PROCESSOR_VECTORS_ANY;
  }
  __cpuid(PROCESSOR_LEAF_BASE, a, b, c, d);
  if ((c & bit_OSXSAVE) == 0) {
    return PROCESSOR_VECTORS_ANY;
  }
  uint32_t saved = processor_saved_state();
  bool saves_256 = (saved & PROCESSOR_STATE_256) == PROCESSOR_STATE_256;
  bool saves_512 = (saved & PROCESSOR_STATE_512) == PROCESSOR_STATE_512;
  __cpuid_count(PROCESSOR_LEAF_MORE, 0, a, b, c, d);
  return processor_best(saves_256 && (b & bit_AVX2) != 0, saves_512 && (b & bit_AVX512F) != 0,
                        (b & bit_BMI2) != 0);
}

#ifdef CPU_FEATURE_ACTIVE
/* Not there in a static program that does not use it for itself, nor on an older
 * machine than this was compiled on. */
/* NOLINTNEXTLINE(readability-redundant-declaration): it is what makes it weak */
extern __typeof__(__x86_get_cpuid_feature_leaf) __x86_get_cpuid_feature_leaf __attribute__((weak));

enum processor_vectors processor_vectors(void)
{
  if (__x86_get_cpuid_feature_leaf == NULL) {
    return processor_ask();
  }
  return processor_best(CPU_FEATURE_ACTIVE(AVX2), CPU_FEATURE_ACTIVE(AVX512F),
                        CPU_FEATURE_ACTIVE(BMI2));
}
#else
enum processor_vectors processor_vectors(void)
{
  return processor_ask();
}
#endif

#else

enum processor_vectors processor_ask(void)
{
  return PROCESSOR_VECTORS_ANY;
}

enum processor_vectors processor_vectors(void)
{
  return PROCESSOR_VECTORS_ANY;
}

#endif
