/* pool: object pools, which hand out objects of one size.
 *
 * Owns the table of pools.  Each pool has address space of its own, between
 * pages that trap, for as many objects as it may ever have; memory is committed
 * as it grows.  Its tables (state bytes and list, see pool_list.h) are a second
 * such range, so nothing of them is near the objects.
 *
 * A pool with one owner takes no lock.  In a shared one each thread has a list
 * of its own, which exchanges batches with the pool's under the pool's lock.
 * Locks, in the order in which they may be taken: threads (the list of threads'
 * tables), then a pool's.  The tables of a thread are touched by that thread;
 * under the lock of threads also by who destroys a pool, which takes its handle
 * out of them all.
 *
 * Handles are numbers, not addresses: a pool's place in the table, its mode,
 * and how often that place was used, so that no destroyed pool is mistaken for
 * a later one.  One comparison tells a good handle from any other.
 *
 * The entry points are in ashlar.h.
 */
#ifndef ASHLAR_POOL_H
#define ASHLAR_POOL_H

#include "ashlar.h"
#include "pool_list.h"

enum {
  /* pools at a time */
  POOLS = 128,
  /* objects that a thread's list of one pool can hold */
  POOL_MAGAZINE = 256,
  POOL_NAME_BYTES = 32
};

/* Around a fork. */
void pool_lock_all(void);
void pool_unlock_all(void);
void pool_in_child(void);

#endif
