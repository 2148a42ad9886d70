/* central_cache: the slots of each size class that no thread holds.
 *
 * Owns, for each class, the list of spans with FREE slots (list BINS + class of
 * span_list), slab_slots[], slab_free[] and slab_cursor[] of the class's spans,
 * and the FREE entries of slot_state[] in them, under the lock of the class.
 * Who holds it may take the page heap's lock and no other.
 *
 * slab_free[] and the list are hints; a slot is handed out only if its state
 * is FREE at that moment, and a span goes back only after a scan that found
 * all of its slots FREE.
 */
#ifndef ASHLAR_CENTRAL_CACHE_H
#define ASHLAR_CENTRAL_CACHE_H

#include "platform.h"

/* Hands out slots of a class; they become CACHED.
 * c: the class.  n: how many are wanted, 1 .. BATCH.  block: where their
 * addresses go.  seed: a random number; where a new span begins handing out.
 * Returns how many there are; 0 where there is no memory. */
uint32_t central_take(uint32_t c, uint32_t n, uintptr_t *block, uint32_t seed);

/* Takes slots of a class back; they become FREE.
 * Returns the number of the first block that was not CACHED (the caller
 * reports it; none behind it was taken), or n where all were. */
uint32_t central_give(uint32_t c, const uintptr_t *block, uint32_t n);

/* Whether no span of a class is known to have a FREE slot. */
bool central_is_empty(uint32_t c);

/* Gives spans without a slot in use back to the page heap. */
void central_trim(void);

/* Whether each list of spans has spans of its class, in use.  The caller holds
 * all classes' locks, and span_list_check said that the lists are whole. */
bool central_check_held(void);

/* Around a fork. */
void central_lock_all(void);
void central_unlock_all(void);
void central_reset_locks(void);

#endif
