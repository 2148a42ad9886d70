#include "tier.h"
#include "library.h"

#include <sys/single_threaded.h>

struct tier_slot tier_slot[TIER_SLOTS];
uint32_t tier_count;

uint32_t tier_class(bool few, uint32_t number)
{
  static const uint32_t chosen[] = {0, 1, 3, 16, 30, SIZE_CLASSES - 1};
  return few ? chosen[number % (sizeof chosen / sizeof *chosen)] : number % SIZE_CLASSES;
}

void tier_hold(uintptr_t at, uint32_t c)
{
  MUST(tier_count < TIER_SLOTS && fuzz_class(at) == c);
  uintptr_t end = at + model_class_bytes(c);
  for (uint32_t i = 0; i < tier_count; i++) {
    MUST(end <= tier_slot[i].at || tier_slot[i].end <= at);
  }
  tier_slot[tier_count++] = (struct tier_slot){at, end, c};
}

struct tier_slot tier_let_go(uint32_t i)
{
  struct tier_slot was = tier_slot[i];
  tier_slot[i] = tier_slot[--tier_count];
  return was;
}

void tier_start(void)
{
  fuzz_start();
  __libc_single_threaded = 1;
  tier_count = 0;
}

void tier_steps(const uint8_t *input, size_t bytes, uint32_t first,
                void (*run)(const struct step *))
{
  struct step step;
  for (uint32_t n = first; program_read(input, bytes, n, &step); n++) {
    run(&step);
    fuzz_check_step();
  }
  fuzz_check();
  fuzz_open();
}
