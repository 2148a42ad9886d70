/* standard_error: lines for the user, and only for the user.
 *
 * Owns what is known of descriptor 2 as the process began: written once, before
 * main, by one thread; read by anyone without a lock.
 *
 * A program may close descriptor 2 and get its number again for something of
 * its own, and a line must not end up in that.  So a line is written where
 * descriptor 2 is
 *   what it was when the process began;
 *   a terminal, the null device, a pipe; or
 *   a file that is open for appending, as logs are.
 * Another file, a socket and any other device are taken for the program's data.
 */
#ifndef ASHLAR_STANDARD_ERROR_H
#define ASHLAR_STANDARD_ERROR_H

#include "text.h"

/* Remembers what descriptor 2 is; again, if called again.  Until then whatever
 * it is counts. */
void standard_error_start(void);

/* Writes a text to descriptor 2, if it is the user's.
 * Returns whether all of it was written.  Keeps errno; raises no SIGPIPE; is no
 * cancellation point. */
bool standard_error_write(const struct text *t);

#endif
