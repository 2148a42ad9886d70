/* tier: what the harnesses of one tier have in common: page_heap, central_cache,
 * thread_cache, large.
 *
 * Owns the slots of small classes that such a program has, which nobody else may
 * have: each that is handed out is compared with all of them.  Says how a program
 * begins, goes through its steps, and ends with nothing lost.
 */
#ifndef ASHLAR_FUZZ_TIER_H
#define ASHLAR_FUZZ_TIER_H

#include "program.h"

enum {
  TIER_SLOTS = 512
};

struct tier_slot {
  uintptr_t at;
  uintptr_t end;
  uint32_t class_of;
};

/* The slots that the program has, in no order: the first tier_count. */
extern struct tier_slot tier_slot[TIER_SLOTS];
extern uint32_t tier_count;

/* The class that a number names: of a few, so that their lists are filled and
 * emptied; or of all. */
uint32_t tier_class(bool few, uint32_t number);

/* A slot of a class was handed out.  Requires room for it. */
void tier_hold(uintptr_t at, uint32_t c);

/* The program has the i-th no more.  Returns what it was; another one takes its
 * number. */
struct tier_slot tier_let_go(uint32_t i);

/* Before the first step: the allocator as at its start, in a process that never
 * had a second thread; no slot. */
void tier_start(void);

/* Runs the steps of an input, from number first on; then the tables must be
 * sound, and all gates open. */
void tier_steps(const uint8_t *input, size_t bytes, uint32_t first,
                void (*run)(const struct step *));

#endif
