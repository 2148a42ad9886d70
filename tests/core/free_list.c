/* free_list against a plain queue of blocks with birth stamps. */
#include "../../src/free_list.h"
#include "../support/harness.h"

#include <string.h>

enum {
  STEPS = EFFORT(200000),
  CORRUPTIONS = EFFORT(200000)
};

/* ---- the model: entries by age rank, 0 the oldest ------------------------- */

struct entry {
  uintptr_t block;
  uint64_t birth; /* appends before its own */
  bool freed;     /* appended, not put in as the oldest: T9 speaks of it */
};

static struct entry queue[LIST_CAPACITY];
static uint32_t queued;
static uint32_t young; /* how many of the youngest may not leave by a take */
static uint64_t appends;

static void queue_insert(uint32_t rank, struct entry e)
{
  memmove(&queue[rank + 1], &queue[rank], (queued - rank) * sizeof *queue);
  queue[rank] = e;
  queued++;
}

static void queue_erase(uint32_t rank)
{
  queued--;
  memmove(&queue[rank], &queue[rank + 1], (queued - rank) * sizeof *queue);
}

/* ---- comparing -------------------------------------------------------------- */

static struct free_list list;

static void compare(void)
{
  CHECK(free_list_check(&list), "tail %u, count %u, young %u", list.tail, list.count, list.young);
  CHECK(list.young == young, "young %u, not %u", list.young, young);
  CHECK(list.count == queued, "count %u, not %u", list.count, queued);
  for (uint32_t k = 0; k < queued; k++) {
    uintptr_t block = list.block[(list.tail + k) % LIST_CAPACITY];
    CHECK(block == queue[k].block, "rank %u holds %#lx, not %#lx", k, block, queue[k].block);
  }
}

/* While the Q youngest never leave by a take, they stand in the order in which
 * they came. */
static void compare_order(void)
{
  for (uint32_t k = queued < MIN_AGE ? 1 : queued - MIN_AGE + 1; k < queued; k++) {
    CHECK(!queue[k].freed || !queue[k - 1].freed || queue[k - 1].birth < queue[k].birth,
          "rank %u is younger than rank %u", k - 1, k);
  }
}

static void append(void)
{
  uintptr_t block = prng();
  free_list_append(&list, block, MIN_AGE);
  queue_insert(queued, (struct entry){block, appends, true});
  appends++;
  young += young < MIN_AGE;
}

static void prepend(void)
{
  uintptr_t block = prng();
  free_list_prepend(&list, block);
  queue_insert(0, (struct entry){block, 0, false});
}

/* The block of rank r leaves, and the oldest comes in its place. */
static struct entry take(uint32_t r)
{
  uintptr_t block = free_list_take(&list, r);
  struct entry taken = queue[r];
  CHECK(block == taken.block, "rank %u gives %#lx, not %#lx", r, block, taken.block);
  queue[r] = queue[0];
  queue_erase(0);
  return taken;
}

/* T9, by the stamps alone: at least Q others were freed after a block that
 * leaves from among the aged. */
static void take_aged(void)
{
  uint32_t r = prng_below32(queued - young);
  struct entry taken = take(r);
  if (taken.freed) {
    uint64_t later = appends - taken.birth - 1;
    CHECK(later >= MIN_AGE, "rank %u of %u leaves after %lu frees", r, queued + 1, later);
  }
}

static void hand_over(uint32_t n)
{
  uintptr_t out[LIST_CAPACITY + 2];
  memset(out, 0x5a, sizeof out);
  uintptr_t untouched = out[0];
  free_list_hand_over(&list, n, out + 1);
  CHECK(out[0] == untouched && out[n + 1] == untouched, "wrote beside the %u blocks", n);
  for (uint32_t k = 0; k < n; k++) {
    CHECK(out[k + 1] == queue[0].block, "block %u is not the oldest left", k);
    queue_erase(0);
  }
  young = young < queued ? young : queued;
}

static void begin(void)
{
  list.tail = prng_below32(LIST_CAPACITY);
  list.count = 0;
  list.young = 0;
  queued = 0;
  young = 0;
}

/* Anything but a take.  Half the time the list drifts to full, half to empty. */
static bool put_or_hand_over(uint32_t i)
{
  bool filling = i / (16 * LIST_CAPACITY) % 2 == 0;
  uint32_t choice = prng_below32(16);
  if (choice < (filling ? 9u : 4u)) {
    if (queued < LIST_CAPACITY) {
      (void)(prng_once_in(4) ? prepend() : append());
    }
    return true;
  }
  if (choice == 15 && prng_once_in(LIST_CAPACITY / 4)) {
    hand_over(prng_below32(queued + 1));
    return true;
  }
  return false;
}

Test(free_list, T9_random_operations)
{
  begin();
  uint32_t full = 0;
  uint32_t aged = 0;
  for (uint32_t i = 0; i < STEPS; i++) {
    if (!put_or_hand_over(i) && queued > young) {
      take_aged();
      aged++;
    }
    compare();
    compare_order();
    full += queued == LIST_CAPACITY;
  }
  CHECK(full > 0 && aged > 0, "full %u, aged %u", full, aged);
}

/* A refill is there to be taken at once, however many of the others are young. */
Test(free_list, a_refill_is_not_young)
{
  begin();
  append();
  prepend();
  uintptr_t refilled = queue[0].block;
  CHECK(free_list_take(&list, 0) == refilled, "something else was the oldest");
}

/* The shortest wait that T9 allows does happen: Q frees later, not Q + 1. */
Test(free_list, T9_the_bound_is_met)
{
  begin();
  append();
  uintptr_t first = queue[0].block;
  for (uint32_t i = 0; i < MIN_AGE; i++) {
    CHECK(queued <= MIN_AGE, "too early");
    append();
  }
  CHECK(list.count - list.young == 1, "%u of %u are young", list.young, list.count);
  CHECK(free_list_take(&list, 0) == first, "the first is not ready after Q");
}

/* From every place on, the ring fills and empties in order. */
Test(free_list, every_tail)
{
  for (uint32_t tail = 0; tail < LIST_CAPACITY; tail++) {
    begin();
    list.tail = tail;
    while (queued < LIST_CAPACITY) {
      append();
      compare();
    }
    hand_over(LIST_CAPACITY);
    compare();
    while (queued < LIST_CAPACITY) {
      prepend();
      compare();
    }
    while (queued > young) {
      (void)take(queued - young - 1);
      compare();
    }
  }
}

Test(free_list, checker_against_the_predicate)
{
  static const uint32_t values[] = {
      0, 1, LIST_CAPACITY - 1, LIST_CAPACITY, LIST_CAPACITY + 1, 2 * LIST_CAPACITY, UINT32_MAX};
  enum {
    VALUES = sizeof values / sizeof *values
  };
  uint32_t valid = 0;
  for (uint32_t i = 0; i < CORRUPTIONS; i++) {
    begin();
    uint32_t *const fields[] = {&list.tail, &list.count, &list.young};
    for (uint32_t k = prng_below32(3); k < 3; k++) {
      *fields[k] = prng_once_in(2) ? values[prng_below(VALUES)] : (uint32_t)prng_any_length();
    }
    bool wf =
        list.tail <= LIST_CAPACITY - 1 && list.count <= LIST_CAPACITY && list.young <= list.count;
    CHECK(free_list_check(&list) == wf, "tail %u, count %u, young %u", list.tail, list.count,
          list.young);
    valid += wf;
  }
  CHECK(valid > 0 && valid < CORRUPTIONS, "one-sided: %u of %u", valid, CORRUPTIONS);
}
