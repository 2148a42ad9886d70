/* sizes: the arithmetic of sizes, with the constants that ship, for every size.
 *
 * Shows: bits_width keeps the contract that the proofs assume; every request
 * gets a class that holds it with a byte to spare, and the size that is
 * recorded is at least what was asked, exact up to 512 bytes, else to 1/256
 * (T1, T7); what heap_start.c works out once for each class says the same as
 * size_class.h; a bin that first_bin names has no span that is too short,
 * and runs of arenas have a bin of their own.
 * Bounds: none; all numbers of their domains.
 * Why they suffice: there are no others.
 *
 * bmc-quick: yes
 * bmc-knobs: -DSHIPPED
 * bmc-variants: width -DWIDTH | serve -DSERVE | aligned -DALIGNED | bins -DBIN
 * bmc-unwind: 60
 * bmc-tests: size_class_serve size_class_of size_class_slack size_class_recorded size_class_bytes
 *            size_class_granules size_class_least doubling_of unit_shift page_bins_bin first_bin
 */
#undef ASHLAR_SMALL
#undef ASHLAR_PAGE_SHIFT
#undef ASHLAR_ARENA_PAGES
#undef ASHLAR_MAX_ARENAS
#undef ASHLAR_ADDRESS_BITS
#undef ASHLAR_DOUBLINGS
#undef ASHLAR_EXACT_SHIFT
#undef ASHLAR_BIN_DOUBLINGS
#define ASHLAR_MAX_ARENAS 4
#define ASHLAR_ADDRESS_BITS 32 /* tables of a size that CBMC can hold; nothing here reads them */
#undef ASHLAR_LIST_CAPACITY
#undef ASHLAR_MIN_AGE
#undef ASHLAR_BATCH
#undef ASHLAR_KEEP_BYTES
#define SHELL_BARE
#include "shell/shell.h"

#include "../../src/size_class.c"
#include "../../src/arena.h"
#include "../../src/page_bins.c"

int main(void)
{
#if defined(WIDTH)
  uint32_t x = nondet_u32();
  ASSUME(x >= 1 && x < 262144);
  uint32_t w = bits_width(x);
  CHECK(w >= 1 && w <= 18, "bits_width: range");
  CHECK((uint64_t)1 << (w - 1) <= x && x < (uint64_t)1 << w, "bits_width: width");
  CHECK(size_class_of(0) == 0, "T1: class 0 is of nothing");
  CHECK(size_class_bytes(0) == GRANULE_BYTES && size_class_granules(0) == 1, "T1: and has a slot");
#elif defined(SERVE)
  uint32_t asked = nondet_u32();
  ASSUME(asked >= 1 && asked < SMALL_BYTES);
  struct size_request r = size_class_serve(asked);
  CHECK(r.class_of >= 1 && r.class_of < SIZE_CLASSES, "T1: a class");
  CHECK(r.class_of == size_class_of(asked), "T1: the same by both ways");
  CHECK(r.bytes == size_class_bytes(r.class_of), "T1: its size");
  CHECK(r.bytes == size_class_granules(r.class_of) * GRANULE_BYTES, "T1: in granules too");
  CHECK(asked < r.bytes, "T1: a byte to spare");
  CHECK(asked >= size_class_least(r.class_of), "T1: no smaller class would do");
  CHECK(asked < 128 || (r.bytes - 1 - asked) * 8 < r.bytes, "T1: waste below an eighth");
  CHECK(r.code < SLACK_CODES && r.code == size_class_slack(r.class_of, asked), "T7: a code");
  uint32_t recorded = size_class_recorded(r.class_of, r.code);
  CHECK(recorded >= asked, "T7: at least what was asked");
  CHECK(asked >= 512 || recorded == asked, "T7: exact up to 512");
  CHECK((recorded - asked) * 256 < asked + 256, "T7: exact to 1/256");
#elif defined(ALIGNED)
  uint32_t c = nondet_u32();
  uint32_t code = nondet_u32();
  ASSUME(c >= 1 && c < SIZE_CLASSES && code < SLACK_CODES);
  uint32_t least = size_class_least(c);
  uint32_t bytes = size_class_bytes(c);
  CHECK(least < bytes && bytes <= SMALL_BYTES, "T1: a class has sizes");
  uint32_t served = nondet_u32();
  ASSUME(served >= least && served < bytes);
  CHECK(size_class_slack(c, served) < SLACK_CODES, "T7: a code for every size of a class");
  uint32_t unit = size_class_bytes(c) - 1 - size_class_recorded(c, 1);
  CHECK(bytes - 1 - size_class_recorded(c, code) == code * unit, "T7: codes count units");
  CHECK((unit & (unit - 1)) == 0, "T7: a unit is a power of two, as heap_start.c has it");
#else
  uint32_t n = nondet_u32();
  uint32_t len = nondet_u32();
  ASSUME(n >= 1 && n <= ARENA_PAGES && len >= 1 && len <= PAGES);
  uint32_t bin = page_bins_bin(len);
  CHECK(bin < BINS, "bins: there is one for every length");
  CHECK((bin == BIN_RUNS) == (len > ARENA_PAGES), "bins: runs have one of their own");
  CHECK(first_bin(n) <= BIN_RUNS, "bins: there is one to begin with");
  CHECK(bin == BIN_RUNS || bin < first_bin(n) || len >= n,
        "bins: whatever is in one that fits is long enough");
  CHECK(len > ARENA_PAGES || len < n || bin >= first_bin(n) || page_bins_bin(n) == bin,
        "bins: what is long enough is found, but for the bin that n itself is in");
#endif
  REACH("end");
  return 0;
}
