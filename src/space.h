/* space: address space for arenas and tables, which becomes usable by and by.
 *
 * Owns the choice between two ways.  If the process may choose addresses
 * (os_room), a place is a range of addresses that nobody has: nothing is mapped
 * but what is in use, so that limits on address space and on locked memory count
 * no more than that; somebody else may get in between, and then the place ends
 * there.  If not, places are reserved from the kernel.
 *
 * Called under the page heap's lock, or at start.
 */
#ifndef ASHLAR_SPACE_H
#define ASHLAR_SPACE_H

#include "platform.h"

/* What a process does with its address space. */
struct space_plan {
  bool chosen;            /* addresses are chosen: nothing is reserved */
  uintptr_t tables;       /* where tables may be, if chosen */
  uintptr_t window;       /* where arenas may be, a multiple of ARENA_BYTES */
  uint64_t window_arenas; /* how many of them */
};

/* Makes a plan.
 * table_bytes: address space that tables want.  draw: two random numbers. */
struct space_plan space_start(size_t table_bytes, const uint64_t draw[2]);

/* A place for so many arenas in a row, in the window, where none stands.
 * Returns its address, a multiple of ARENA_BYTES; 0 where there is none. */
uintptr_t space_arenas(uint32_t n);

/* Gives a place back.
 * a, bytes: the place.  usable: how many of its bytes, from the first one on. */
void space_abandon(uintptr_t a, size_t usable, size_t bytes);

/* Makes a part of a place usable: readable, writable, and zero.
 * Returns false, and nothing of it is used, if somebody has the addresses or the
 * kernel refuses. */
bool space_commit(uintptr_t a, size_t bytes);

/* Makes a part of a place unusable again, so that it costs no address space.
 * Returns false, and nothing has changed, if that cannot be. */
bool space_decommit(uintptr_t a, size_t bytes);

#endif
