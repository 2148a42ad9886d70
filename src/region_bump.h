/* region_bump: where in a piece of memory the next block goes.
 *
 * Owns nothing; pure functions, callable from anywhere without a lock.  A
 * region keeps the address behind its last block; the next one lies behind it,
 * so that no two overlap (theorem T13, proofs/laws/region_bump_laws.c).
 */
#ifndef ASHLAR_REGION_BUMP_H
#define ASHLAR_REGION_BUMP_H

#include "platform.h"
#include "../spec/region_bump.acsl.h"

/* Finds the place of a block.
 * at, end: the unused part of a piece.  size: bytes, at least 1.
 * Returns the first multiple of 16 from which on size bytes fit; 0 where they
 * do not. */
/*@ requires piece: 0 < at <= end;
    requires size: size >= 1;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T13_inside: \result != 0 ==> at <= \result && \result + size <= end;
    ensures T13_aligned: \result != 0 ==> \result % GRANULE_BYTES == 0;
    ensures tight: \result != 0 ==> \result - at < GRANULE_BYTES;
    ensures T13_exhausted: \result == 0
      ==> \forall integer b; at <= b && b % GRANULE_BYTES == 0 ==> b + size > end; */
uintptr_t region_place(uintptr_t at, uintptr_t end, size_t size);

/* The same with another alignment.
 * align: bytes, not 0. */
/*@ requires piece: 0 < at <= end;
    requires size: size >= 1;
    requires align: align > 0;
    terminates \true; exits \false;
    assigns \nothing;
    behavior fits: assumes bump_up(at, align) + size <= end;
      ensures T13_place: \result == bump_up(at, align);
      ensures T13_inside: at <= \result && \result + size <= end;
    behavior full: assumes bump_up(at, align) + size > end;
      ensures T13_exhausted: \result == 0;
    complete behaviors; disjoint behaviors; */
uintptr_t region_place_aligned(uintptr_t at, uintptr_t end, size_t size, size_t align);

#endif
