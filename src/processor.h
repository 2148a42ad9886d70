/* processor: which vector instructions may be used.
 *
 * Owns nothing.  Under a hypervisor each CPUID instruction is an exit from the
 * virtual machine, and the compiler's own inquiry makes twelve, an eighth of the
 * time of a short program (docs/design.md has the figures).  So the C library is
 * asked, whose loader has found out already.
 */
#ifndef ASHLAR_PROCESSOR_H
#define ASHLAR_PROCESSOR_H

#include "platform.h"

enum processor_vectors {
  PROCESSOR_VECTORS_ANY, /* what the compiler may use without asking */
  PROCESSOR_VECTORS_256, /* AVX2 */
  PROCESSOR_VECTORS_512  /* AVX-512F and BMI2 */
};

/* The best that the processor has and the kernel saves; with a C library that
 * can tell, the best that the user lets it use (GLIBC_TUNABLES). */
enum processor_vectors processor_vectors(void);

/* The same by asking the processor itself: for C libraries that cannot tell, and
 * for static programs. */
enum processor_vectors processor_ask(void);

#endif
