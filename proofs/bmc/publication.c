/* publication: an arena is added while another thread looks for it.
 *
 * Shows: a thread that finds an arena in the radix map finds its tables: the
 * one pair of docs/concurrency.md (radix_arena_set releases, radix_arena_get
 * acquires), on the real arena_add and radix_granule, in every interleaving of
 * their accesses.
 * Bounds: one arena, two threads, one call each; memory that is sequentially
 * consistent, that delays stores (TSO), and that reorders them too (PSO).
 * Why they suffice: the pair is between one store and one load, and what the
 * store publishes was written by the same call.
 *
 * bmc-quick: yes
 * bmc-knobs: -DASHLAR_MAX_ARENAS=2 -DASHLAR_ARENA_PAGES=4
 * bmc-variants: sc -DMM=sc | tso -DMM=tso | pso -DMM=pso
 * bmc-unwind: 3 arena_add.0:2
 * bmc-flags: --mm $MM
 * bmc-tests: radix_granule radix_set arena_add
 */
#define SHELL_BARE
#include "shell/shell.h"

#include "../../src/span.c"
#include "../../src/radix_map.c"
#include "../../src/arena.c"

uint64_t slot_granules(uint64_t g)
{
  (void)g;
  return 0;
}

static uint32_t found_arenas;

static void reader(void)
{
  uint64_t g = radix_granule((uintptr_t)1 * ARENA_BYTES);
  if (arena_holds(g)) {
    uint32_t len = span_len[ARENA_PAGES];
    uint8_t kind = span_kind[ARENA_PAGES];
    CHECK(kind == SPAN_FREE, "publication: a found arena has its span");
    CHECK(len == ARENA_PAGES, "publication: and its length");
    CHECK(shell_tables == 2, "publication: its tables were committed");
    REACH("found");
  }
  found_arenas = 1;
}

int main(void)
{
__CPROVER_ASYNC_1:
  reader();
  arena_add(1, ARENA_PAGES);
  return 0;
}
