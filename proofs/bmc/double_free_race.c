/* double_free_race: two threads free one block at once.
 *
 * Shows: of two slot_release of one live block exactly one is accepted, in
 * every interleaving of their accesses, and the block is CACHED afterwards; a
 * realloc in place (slot_retag) that races a free either comes first, or is
 * told that the block is free; never does it make a freed block live again.
 * Bounds: two threads, one call each, one block, any tag; sequential memory
 * (all of it is one entry, whose order every memory keeps).
 * Why they suffice: the race is between the test of one byte and its change.
 *
 * bmc-quick: yes
 * bmc-knobs: -DASHLAR_MAX_ARENAS=2 -DASHLAR_ARENA_PAGES=4
 * bmc-variants: free_free -DMM=sc | free_retag -DRETAG -DMM=sc
 * bmc-unwind: 6
 * bmc-flags: --mm $MM
 * bmc-tests: slot_release slot_retag from_live
 */
#define SHELL_BARE
#include "shell/shell.h"

#include "../../src/size_class.c"
#include "../../src/radix_map.c"
#include "../../src/slot.c"

enum {
  G = 4
};

/* There is a second thread. */
char __libc_single_threaded = 0;

static uint8_t first, second;
static uint8_t first_done, second_done;

static void other_thread(void)
{
#ifdef RETAG
  second = (uint8_t)slot_retag(G, slot_state_get(G), SLOT_LIVE + 1);
#else
  second = (uint8_t)slot_release(G, slot_state_get(G));
#endif
  second_done = 1;
}

int main(void)
{
  uint8_t tag = nondet_u8();
  ASSUME(tag >= SLOT_LIVE);
  slot_state[G] = tag;
__CPROVER_ASYNC_1:
  other_thread();
  first = (uint8_t)slot_release(G, slot_state_get(G));
  first_done = 1;
  ASSUME(second_done == 1);
  uint8_t state = slot_state[G];
  CHECK(first == SLOT_OK || second == SLOT_OK, "race: one of two is accepted");
  if (first == SLOT_OK) {
    CHECK(state == SLOT_CACHED, "race: a freed block stays free");
  }
#if !defined(RETAG)
  CHECK(first != SLOT_OK || second != SLOT_OK, "race: not both");
  CHECK(first == SLOT_ALREADY_FREE || second == SLOT_ALREADY_FREE,
        "race: the other is told that it is free");
#endif
  REACH("end");
  return 0;
}
