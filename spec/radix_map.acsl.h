/* radix_map: a partial one-to-one map between address keys and arenas. */

/*@ // Every entry but 0 names an arena that names the key back.
    predicate radix_wf_forward{L} = \forall integer k; 0 <= k < RADIX_KEYS && radix_arena[k] != 0
      ==> radix_arena[k] < MAX_ARENAS && arena_key[radix_arena[k]] == k + 1;

    // Every arena with a key is named by it.
    predicate radix_wf_back{L} = \forall integer a; 0 <= a < MAX_ARENAS && arena_key[a] != 0
      ==> a > 0 && arena_key[a] <= RADIX_KEYS && radix_arena[arena_key[a] - 1] == a;

    // An arena stands somewhere, and is named there: what holds of one arena while
    // another thread adds or removes others.
    predicate radix_stands{L}(integer a) =
      0 < a && 0 < arena_key[a] <= RADIX_KEYS && radix_arena[arena_key[a] - 1] == a;

    // An address lies in an arena.
    predicate radix_mapped{L}(integer address) =
      0 <= address / ARENA_BYTES < RADIX_KEYS && radix_arena[address / ARENA_BYTES] != 0;

    // The granule of an address in an arena.
    logic integer radix_granule_at{L}(integer address) =
      radix_arena[address / ARENA_BYTES] * ARENA_GRANULES
      + (address % ARENA_BYTES) / GRANULE_BYTES;
*/
