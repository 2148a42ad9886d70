/* What <malloc.h> has besides allocation, with the meaning that the C library
 * gives it: mallinfo, mallinfo2, mallopt. */
#include "api.h"
#include "heap_usage.h"

#include <malloc.h>

#ifndef ASHLAR_NO_OVERRIDE

/* The most blocks of each class that a call of mallinfo has seen in use. */
static uint64_t api_most_blocks[SIZE_CLASSES];

/* How many fewer blocks of a class are in use now: so many, at least, were used
 * before and are free. */
static uint64_t api_fewer_blocks(uint32_t c, uint64_t now)
{
  uint64_t most = __atomic_load_n(&api_most_blocks[c], __ATOMIC_RELAXED);
  while (now > most) {
    if (__atomic_compare_exchange_n(&api_most_blocks[c], &most, now, true, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
      return 0;
    }
  }
  return most - now;
}

/* Free blocks as glibc has them: what was never used is one, at the top. */
static uint64_t api_free_blocks(const struct heap_usage *usage)
{
  uint64_t sum = 1;
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    sum += api_fewer_blocks(c, usage->blocks[c]);
  }
  return sum;
}

/* Slots are what glibc has from brk, and blocks with spans of their own what it
 * has from mmap.  There are no fast bins. */
ASHLAR_PUBLIC struct mallinfo2 mallinfo2(void)
{
  struct heap_usage usage;
  heap_usage(&usage);
  uint64_t free = usage.cached + usage.central + usage.free_pages;
  return (struct mallinfo2){
      .arena = usage.used + free,
      .ordblks = api_free_blocks(&usage),
      .hblks = usage.large_blocks,
      .hblkhd = usage.large,
      .uordblks = usage.used,
      .fordblks = free,
      .keepcost = usage.free_resident,
  };
}

/* The old form has no room for more than 2 GiB. */
static int api_clamp(size_t n)
{
  return n > INT32_MAX ? INT32_MAX : (int)n;
}

ASHLAR_PUBLIC struct mallinfo mallinfo(void)
{
  struct mallinfo2 m = mallinfo2();
  return (struct mallinfo){
      .arena = api_clamp(m.arena),
      .ordblks = api_clamp(m.ordblks),
      .hblks = api_clamp(m.hblks),
      .hblkhd = api_clamp(m.hblkhd),
      .uordblks = api_clamp(m.uordblks),
      .fordblks = api_clamp(m.fordblks),
      .keepcost = api_clamp(m.keepcost),
  };
}

enum {
  /* the most that M_MXFAST may be */
  API_MOST_FAST = 80 * (int)sizeof(size_t) / 4,
  /* of M_CHECK_ACTION: to say what is wrong, and to abort */
  API_CHECK_SAY = 1,
  API_CHECK_ABORT = 2
};

/* Returns 1 for advice on how glibc is to be fast or small, which changes nothing
 * that a program can see and nothing here, and for what is so anyway; 0 for what
 * would not be done: memory filled with a pattern, corruption ignored, or a
 * parameter that is none. */
ASHLAR_PUBLIC int mallopt(int parameter, int value)
{
  switch (parameter) {
  case M_TRIM_THRESHOLD:
  case M_TOP_PAD:
  case M_MMAP_THRESHOLD:
  case M_MMAP_MAX:
  case M_ARENA_TEST:
  case M_ARENA_MAX:
  case M_NLBLKS:
  case M_GRAIN:
  case M_KEEP:
    return 1;
  case M_MXFAST:
    return value >= 0 && value <= API_MOST_FAST;
  case M_PERTURB:
    return value == 0;
  case M_CHECK_ACTION:
    return (value & API_CHECK_SAY) != 0 && (value & API_CHECK_ABORT) != 0;
  default:
    return 0;
  }
}

#endif
