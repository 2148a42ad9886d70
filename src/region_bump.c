#include "region_bump.h"

ASHLAR_HOT uintptr_t region_place(uintptr_t at, uintptr_t end, size_t size)
{
  uintptr_t past = at % GRANULE_BYTES;
  uintptr_t pad = past == 0 ? 0 : GRANULE_BYTES - past;
  if (pad > end - at) {
    return 0;
  }
  uintptr_t block = at + pad;
  return size <= end - block ? block : 0;
}

uintptr_t region_place_aligned(uintptr_t at, uintptr_t end, size_t size, size_t align)
{
  uintptr_t past = at % align;
  //@ assert parts: at == (at / align) * align + past;
  uintptr_t pad = past == 0 ? 0 : align - past;
  //@ assert up: at + pad == bump_up(at, align);
  if (pad > end - at) {
    return 0;
  }
  uintptr_t block = at + pad;
  return size <= end - block ? block : 0;
}
