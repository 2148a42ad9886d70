/* radix_map: from an address to its arena, and from there to its granule.
 *
 * Owns radix_arena[] and arena_key[].  Invariant: the two are inverse to each
 * other (radix_wf_forward, radix_wf_back): an address key names at most one
 * arena, and no two keys name the same.  Entries are set and unset under the
 * page heap's lock, after the arena's tables are ready; they are read without
 * a lock.
 *
 * The high bits of an address (the key) index the root, which gives the arena's
 * number; that and the middle bits are the index of everything known of the
 * page, or, with the low bits, of the granule.
 *
 * Number 0 is no arena's.  An address where none stands is taken for one in
 * arena 0, where no page is in use and no slot starts: so a look-up needs no
 * test of its own before the tables are asked.
 */
#ifndef ASHLAR_RADIX_MAP_H
#define ASHLAR_RADIX_MAP_H

#include "platform.h"
#include "../spec/radix_map.acsl.h"

/* Looks up a key.
 * key: an address divided by ARENA_BYTES, any value.
 * Returns the arena's number, or 0 where no arena stands. */
/*@ terminates \true; exits \false;
    assigns \nothing;
    behavior in: assumes key < RADIX_KEYS;
      ensures T2_value: \result == radix_arena[key];
    behavior out: assumes key >= RADIX_KEYS;
      ensures T2_none: \result == 0;
    complete behaviors; disjoint behaviors; */
uint32_t radix_get(uint64_t key);

/* Publishes an arena.
 * key: where it stands; no arena may stand there yet.
 * arena: its number, not 0; it may not stand anywhere yet.
 * Other keys keep their entries. */
/*@ requires forward: radix_wf_forward; requires back: radix_wf_back;
    requires key: key < RADIX_KEYS && radix_arena[key] == 0;
    requires arena: 0 < arena < MAX_ARENAS && arena_key[arena] == 0;
    terminates \true; exits \false;
    assigns radix_arena[key], arena_key[arena];
    ensures forward: radix_wf_forward; ensures back: radix_wf_back;
    ensures T2_set: radix_arena[key] == arena;
    ensures T2_back: arena_key[arena] == key + 1; */
void radix_set(uint64_t key, uint32_t arena);

/* Withdraws an arena.
 * arena: its number; it must stand somewhere.
 * Its key has no entry afterwards; other keys keep theirs. */
/*@ requires forward: radix_wf_forward; requires back: radix_wf_back;
    requires arena: arena < MAX_ARENAS && arena_key[arena] != 0;
    terminates \true; exits \false;
    assigns radix_arena[arena_key[arena] - 1], arena_key[arena];
    ensures forward: radix_wf_forward; ensures back: radix_wf_back;
    ensures T2_unset: radix_arena[\old(arena_key[arena]) - 1] == 0;
    ensures T2_back: arena_key[arena] == 0; */
void radix_unset(uint32_t arena);

/* Finds the granule in which an address lies.
 * address: any value.
 * Returns the granule's number; one of arena 0, below ARENA_GRANULES, where no
 * arena stands. */
/*@ requires forward: radix_wf_forward;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result < GRANULES;
    behavior mapped: assumes radix_mapped(address);
      ensures T2_granule: \result == radix_granule_at(address);
      ensures T2_some: \result >= ARENA_GRANULES;
      ensures arena: \result / ARENA_GRANULES == radix_arena[address / ARENA_BYTES];
    behavior foreign: assumes !radix_mapped(address);
      ensures T2_none: \result < ARENA_GRANULES;
    complete behaviors; disjoint behaviors; */
uint64_t radix_granule(uintptr_t address);

/* The address at which a granule begins.
 * g: a granule of an arena that stands somewhere; nothing is asked of others,
 * which may come and go meanwhile.
 * Returns the address, a multiple of GRANULE_BYTES; radix_granule of it is g. */
/*@ requires granule: g < GRANULES && radix_stands(g / ARENA_GRANULES);
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == (arena_key[g / ARENA_GRANULES] - 1) * ARENA_BYTES
      + (g % ARENA_GRANULES) * GRANULE_BYTES;
    ensures aligned: \result % GRANULE_BYTES == 0;
    ensures T2_mapped: radix_mapped(\result);
    ensures T2_inverse: radix_granule_at(\result) == g; */
uintptr_t radix_address(uint64_t g);

/* The invariant as a function: true exactly where both clauses hold. */
/*@ terminates \true; exits \false;
    assigns \nothing;
    ensures equivalent: \result <==> radix_wf_forward && radix_wf_back; */
bool radix_check(void);

#endif
