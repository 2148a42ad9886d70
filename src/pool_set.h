/* pool_set: pieces of several sizes out of one budget.
 *
 * Owns the table of sets.  A set has address space of its own, between pages
 * that trap, and tables out of line (pool_pieces.h).  A request gets a piece of
 * the smallest declared size that holds it, cut from the smallest free piece
 * there is; a piece that is freed joins its free neighbours, and is cleared.
 *
 * Free pieces are listed by the largest declared size that they hold, in doubly
 * linked lists by unit number.  The lists are hints: what they name is handed
 * out only if the tables of pool_pieces say that it is free.
 *
 * A set with one owner takes no lock; a shared one has a lock, under which
 * nothing else is taken.
 *
 * The entry points are in ashlar.h.
 */
#ifndef ASHLAR_POOL_SET_H
#define ASHLAR_POOL_SET_H

#include "ashlar.h"
#include "pool_pieces.h"

enum {
  /* sets at a time, and sizes of one */
  POOL_SETS = 32,
  POOL_SET_SIZES = 32,
  POOL_SET_NAME_BYTES = 32
};

/* Around a fork. */
void pool_set_lock_all(void);
void pool_set_unlock_all(void);
void pool_set_in_child(void);

#endif
