/* More large blocks at once than the kernel has mappings for, by default. */
#include "blocks.h"

#include "../../src/ashlar.h"
#include "../support/harness.h"
#include "../support/heap/kernel.h"

enum {
  BLOCKS = EFFORT(100000),
  BYTES = 300 << 10
};

static unsigned char *block[BLOCKS];

Test(many, large_blocks)
{
  for (int i = 0; i < BLOCKS; i++) {
    block[i] = ashlar_malloc(BYTES);
    CHECK(block[i] != NULL, "after %d blocks", i);
  }
  struct ashlar_statistics s;
  ashlar_statistics(&s);
  CHECK(s.large_blocks == BLOCKS && s.large_live == (uint64_t)BLOCKS * BYTES, "%llu blocks",
        (unsigned long long)s.large_blocks);
  /* A guard each, or counted as refused; never none in silence. */
  CHECK(s.guards + s.guards_refused >= BLOCKS, "%llu guards", (unsigned long long)s.guards);
  CHECK(s.guards_refused == 0 || kernel_may_refuse_guards(), "refused guards");
  CHECK(s.guards == 0 || !kernel_without_guards(), "guards where none can be had");
  for (int i = 0; i < BLOCKS; i += 1000) {
    block[i][0] = 1;
    block[i][BYTES - 1] = 1;
  }
  for (int i = 0; i < BLOCKS; i++) {
    CHECK(ashlar_malloc_usable_size(block[i]) == BYTES, "block %d", i);
    ashlar_free(block[i]);
  }
  blocks_expect_empty_heap();
}

Test(many, small_blocks)
{
  static void *small[EFFORT(500000)];
  uint64_t state = 5;
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < EFFORT(500000); i++) {
      small[i] = ashlar_malloc(blocks_random(&state) % 200);
      CHECK(small[i] != NULL, "after %d blocks", i);
    }
    for (int i = 0; i < EFFORT(500000); i++) {
      ashlar_free(small[i]);
    }
  }
  blocks_expect_empty_heap();
}
