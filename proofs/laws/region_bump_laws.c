/* Laws of region_bump, proved from its contracts alone. */
#include "region_bump.h"

/* Two blocks, one after the other, share no byte; a region goes on behind the
 * first. */
/*@ requires piece: 0 < at <= end; requires sizes: a >= 1 && b >= 1;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T13_disjoint: \result != 0
      ==> \exists integer first; at <= first && first + a <= \result && \result + b <= end; */
uintptr_t law_T13_two_blocks_are_disjoint(uintptr_t at, uintptr_t end, size_t a, size_t b)
{
  uintptr_t first = region_place(at, end, a);
  if (first == 0) {
    return 0;
  }
  //@ assert begins: at <= first && first + a <= end;
  uintptr_t second = region_place(first + a, end, b);
  //@ assert T13_apart: second != 0 ==> first + a <= second && second + b <= end;
  return second;
}

/*@ requires piece: 0 < at <= end; requires sizes: a >= 1 && b >= 1; requires align: align > 0;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T13_disjoint: \result != 0
      ==> \exists integer first; at <= first && first + a <= \result && \result + b <= end; */
uintptr_t law_T13_an_aligned_block_too(uintptr_t at, uintptr_t end, size_t a, size_t b,
                                       size_t align)
{
  uintptr_t first = region_place_aligned(at, end, a, align);
  if (first == 0) {
    return 0;
  }
  //@ assert begins: at <= first && first + a <= end;
  uintptr_t second = region_place(first + a, end, b);
  //@ assert T13_apart: second != 0 ==> first + a <= second && second + b <= end;
  return second;
}

/* What begins at a multiple of 16 and fits is put there. */
/*@ requires piece: 0 < at <= end; requires aligned: at % GRANULE_BYTES == 0;
    requires fits: 1 <= size <= end - at;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T13_tight: \result == at; */
uintptr_t law_T13_room_is_used(uintptr_t at, uintptr_t end, size_t size)
{
  return region_place(at, end, size);
}
