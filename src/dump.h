/* dump: which pages of the arenas a core file holds.
 *
 * A core file, and a debugger that writes one, takes whole mappings, untouched
 * pages and all.  So arenas are left out when they are reserved, and of each the
 * pages below a mark are taken in, which rises as spans are taken for the first
 * time.
 *
 * Owns the marks.  Called under the page heap's lock.
 */
#ifndef ASHLAR_DUMP_H
#define ASHLAR_DUMP_H

#include <stdint.h>

/* Takes a span's pages in.
 * s: its first page; n: pages. */
void dump_take_in(uint32_t s, uint32_t n);

/* Pages of an arena are gone, from page p to its end: what is mapped there again
 * is left out again.  May leave a few pages below p to be taken in once more. */
void dump_lower(uint32_t p);

#endif
