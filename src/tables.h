/* tables: the mappings behind the tables of platform.h.
 *
 * Owns the root (the tables' addresses), which is read-only once tables_seal
 * has been called.  Each table is a mapping of its own between inaccessible
 * pages; nothing of it is usable until the arena whose entries it holds was
 * committed.  Called under the page heap's lock, or at start.
 */
#ifndef ASHLAR_TABLES_H
#define ASHLAR_TABLES_H

#include "platform.h"

/* Reserves the tables, sized from the limit of the process's address space, and
 * commits what they say of arena 0, which is nobody's.
 * Returns false where not even the smallest tables can be had. */
bool tables_reserve(void);

/* Makes the entries of arenas usable; they read zero.
 * first, n: arena numbers first .. first + n - 1, below tables_arena_limit().
 * Returns false, with nothing usable that was not before, where the kernel
 * refuses. */
bool tables_commit(uint32_t first, uint32_t n);

/* Arena numbers that the tables have room for are below this. */
uint32_t tables_arena_limit(void);

/* Makes the root read-only for good. */
void tables_seal(void);

#endif
