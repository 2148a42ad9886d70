/* supported: refuses, in one sentence, what Ashlar cannot be built for.
 *
 * The makefile compiles this file by itself before all others.  Whoever
 * compiles the library as one file includes it first, and nothing else if it
 * has defined ASHLAR_UNSUPPORTED.  The prover does not read it.
 */
#ifndef ASHLAR_SUPPORTED_H
#define ASHLAR_SUPPORTED_H

#if !defined(__linux__)
#define ASHLAR_UNSUPPORTED
#error "Ashlar runs on Linux only."
#elif !defined(__LP64__)
#define ASHLAR_UNSUPPORTED
#error "Ashlar runs on 64-bit targets only: its tables take more address space than 32 bits have."
#elif !__has_include(<stdlib.h>) || !__has_include(<features.h>)
#define ASHLAR_UNSUPPORTED
#error "The C library's headers are not installed (on Debian: apt-get install libc6-dev)."
#else
#include <features.h>
#if !defined(__GLIBC__) || defined(__UCLIBC__)
#define ASHLAR_UNSUPPORTED
#error "Ashlar needs the GNU C library (glibc) 2.33 or later; this target has another C library."
#elif !__GLIBC_PREREQ(2, 33)
#define ASHLAR_UNSUPPORTED
#error "Ashlar needs glibc 2.33 or later; this target has an older one."
#endif
#endif

#endif
