/* api_catch: calls of what may throw, from functions that must not.
 *
 * Owns nothing.  The library is C and needs no C++ run time of its own; what
 * catching needs of one is there if anything is thrown. */
#ifndef ASHLAR_API_CATCH_H
#define ASHLAR_API_CATCH_H

#include <stdbool.h>

/* Calls a function.  Returns whether it threw; what it threw is gone.  On a
 * processor for which this is not written, and without the C++ library, what it
 * throws comes through. */
bool api_catch(void (*call)(void));

#endif
