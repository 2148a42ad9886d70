/* region: memory with one lifetime, handed out by moving an address.
 *
 * Owns the tables of regions and of cleanup handlers, and piece_used[].  A
 * region, with the regions inside it, belongs to one thread at a time; who
 * takes a place in a table, or gives it back, holds the lock of the tables,
 * which is the innermost but for those that large takes.
 *
 * A piece is a large block of the heap (large.h) of the kind KIND_REGION, which
 * no free of the heap's takes; its first 16 bytes are not handed out, so that
 * no block of the region looks like one of the heap's.  Requests of more than
 * half a piece are large blocks by themselves.  Pieces grow with their number,
 * and, from half a full table on, so does what counts as large, so that the
 * table of a region suffices for any amount of memory.
 *
 * What was given back by destroy, or by free, waits in the heap's list of freed
 * large blocks, where its pages trap.  What reset clears may be used at once.
 *
 * The entry points are in ashlar.h.
 */
#ifndef ASHLAR_REGION_H
#define ASHLAR_REGION_H

#include "ashlar.h"
#include "piece_set.h"

enum {
  REGION_HANDLERS = 65536,
  REGION_NAME_BYTES = 32,
  /* of a piece, where nothing else is asked for */
  REGION_BLOCK_BYTES = 65536,
  /* so many pieces make the next ones twice as large */
  REGION_DOUBLING = 16
};

/* Around a fork. */
void region_lock(void);
void region_unlock(void);
void region_in_child(void);

#endif
