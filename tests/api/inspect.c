/* Looking at the heap: object_size, check, statistics, JSON, walk, trim. */
#include "../../src/ashlar.h"
#include "../support/harness.h"
#include "../support/heap/kernel.h"
#include "../support/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  BLOCKS = 600
};

static unsigned char *held[BLOCKS];
static size_t held_size[BLOCKS];

static size_t any_size(void)
{
  return prng_once_in(20)  ? (size_t)prng_between(262144, 2000000)
         : prng_once_in(3) ? (size_t)prng_below(200000)
                           : (size_t)prng_below(1000);
}

static void hold(void)
{
  for (int i = 0; i < BLOCKS; i++) {
    held_size[i] = any_size();
    held[i] = prng_once_in(5) ? ashlar_aligned_alloc((size_t)16 << prng_below(12), held_size[i])
                              : ashlar_malloc(held_size[i]);
    CHECK(held[i] != NULL, "%zu bytes", held_size[i]);
  }
}

static void let_go(void)
{
  for (int i = 0; i < BLOCKS; i++) {
    ashlar_free(held[i]);
    held[i] = NULL;
  }
}

static struct ashlar_statistics figures(void)
{
  struct ashlar_statistics s;
  ashlar_statistics(&s);
  return s;
}

Test(inspect, object_size)
{
  hold();
  for (int i = 0; i < BLOCKS; i++) {
    size_t usable = ashlar_malloc_usable_size(held[i]);
    CHECK(ashlar_object_size(held[i]) == usable, "at the start of %zu bytes", held_size[i]);
    for (int k = 0; k < 10 && usable > 0; k++) {
      size_t at = prng_below(usable);
      CHECK(ashlar_object_size(held[i] + at) == usable - at, "%zu into %zu bytes", at, usable);
    }
    CHECK(ashlar_object_size(held[i] + usable) == 0, "at the end of %zu bytes", usable);
  }
  let_go();
  for (int i = 0; i < BLOCKS; i++) {
    CHECK(ashlar_object_size(held[i]) == 0, "freed");
  }
}

Test(inspect, object_size_of_what_is_not_ours)
{
  static int somewhere;
  int here = 0;
  unsigned char *freed = ashlar_malloc(400000);
  ashlar_free(freed);
  unsigned char *small = ashlar_malloc(100);
  ashlar_free(small);
  CHECK(ashlar_object_size(NULL) == 0, "NULL");
  CHECK(ashlar_object_size(&here) == 0, "on the stack");
  CHECK(ashlar_object_size(&somewhere) == 0, "static");
  CHECK(ashlar_object_size((void *)(uintptr_t)1) == 0, "1");
  CHECK(ashlar_object_size((void *)UINTPTR_MAX) == 0, "the last address");
  CHECK(ashlar_object_size((void *)((uintptr_t)1 << 47)) == 0, "no user address");
  CHECK(ashlar_object_size(freed) == 0 && ashlar_object_size(freed + 5000) == 0, "freed, large");
  CHECK(ashlar_object_size(small) == 0 && ashlar_object_size(small + 50) == 0, "freed, small");
}

/* A check names what is wrong and where, and is content again when it is gone. */
Test(inspect, check_finds_damage)
{
  const char *what = "?";
  const void *where = "?";
  CHECK(ashlar_check(&what, &where) && what == NULL && where == NULL, "an empty heap: %s", what);
  hold();
  CHECK(ashlar_check(&what, &where) && what == NULL && where == NULL, "a sound heap: %s", what);
  for (int i = 0; i < 50; i++) {
    unsigned char *block = held[prng_below(BLOCKS)];
    size_t usable = ashlar_malloc_usable_size(block);
    if (usable == 0 || usable >= 262144) {
      continue;
    }
    block[usable] = 1;
    CHECK(!ashlar_check(&what, &where) && what != NULL && where == block, "overflow at %p: %s, %p",
          (void *)block, what, where);
    CHECK(!ashlar_check(NULL, NULL), "and without pointers");
    block[usable] = 0;
    CHECK(ashlar_check(&what, &where), "mended: %s", what);
  }
  unsigned char *freed = ashlar_malloc(333);
  ashlar_free(freed);
  freed[200] = 1;
  CHECK(!ashlar_check(&what, &where) && where == freed, "write after free: %s, %p", what, where);
  freed[200] = 0;
  CHECK(ashlar_check(&what, &where), "mended: %s", what);
}

static struct ashlar_statistics expected_of_held(void)
{
  struct ashlar_statistics sum = {0};
  for (int i = 0; i < BLOCKS; i++) {
    size_t usable = ashlar_malloc_usable_size(held[i]);
    sum.live += usable;
    sum.live_blocks++;
    /* An aligned block is large where its size is not. */
    if (usable >= 262144) {
      sum.large_live += usable;
      sum.large_blocks++;
    }
  }
  return sum;
}

Test(inspect, statistics_are_true)
{
  ashlar_free(ashlar_malloc(1)); /* what is refused with the first arena comes once */
  struct ashlar_statistics none = figures();
  CHECK(none.live == 0 && none.live_blocks == 0, "%llu", (unsigned long long)none.live);
  for (int round = 0; round < 5; round++) {
    hold();
    struct ashlar_statistics sum = expected_of_held();
    struct ashlar_statistics s = figures();
    CHECK(s.live == sum.live && s.live_blocks == sum.live_blocks, "%llu bytes in %llu",
          (unsigned long long)s.live, (unsigned long long)s.live_blocks);
    CHECK(s.large_live >= sum.large_live && s.large_blocks >= sum.large_blocks, "large");
    CHECK(s.large_blocks <= s.live_blocks && s.large_live <= s.live, "a part is more than all");
    CHECK(s.reserved >= s.live + s.slack + s.cached + s.central + s.free_pages, "reserved");
    CHECK(s.free_resident <= s.free_pages, "resident");
    CHECK(s.arenas > 0 && s.reserved % s.arenas == 0, "arenas");
    CHECK(s.guards + s.guards_refused >= s.large_blocks, "guards");
    CHECK(s.guards_refused == 0 || kernel_may_refuse_guards(), "refused guards");
    CHECK(s.guards == 0 || !kernel_without_guards(), "guards where none can be had");
    CHECK(s.system_failures - none.system_failures == s.guards_refused - none.guards_refused,
          "%llu requests failed", (unsigned long long)s.system_failures);
    let_go();
    s = figures();
    CHECK(s.live == 0 && s.live_blocks == 0 && s.slack == 0 && s.large_live == 0 &&
              s.large_blocks == 0,
          "all was freed");
    CHECK(s.cached + s.central > 0 && s.waiting > 0, "nothing is kept");
  }
}

/* One block at a time: its exact size up to 512 bytes, within 1/256 above. */
Test(inspect, statistics_of_one)
{
  for (size_t size = 0; size < 1000000; size += 1 + size / 16) {
    void *block = ashlar_malloc(size);
    struct ashlar_statistics s = figures();
    CHECK(s.live >= size && s.live <= size + (size >= 512 ? size / 256 : 0), "%zu: %llu", size,
          (unsigned long long)s.live);
    CHECK(s.live_blocks == 1 && s.large_blocks == (size >= 262144), "%zu", size);
    ashlar_free(block);
    size_t rare = prng_below(16);
    if (rare == 0) {
      ashlar_malloc_trim(0);
    }
  }
}

/* After a trim all is free pages, and those are the kernel's. */
Test(inspect, trim)
{
  hold();
  for (int i = 0; i < BLOCKS; i++) {
    memset(held[i], 1, held_size[i]);
  }
  let_go();
  struct ashlar_statistics before = figures();
  CHECK(ashlar_malloc_trim(0) == 1, "nothing went back");
  struct ashlar_statistics s = figures();
  CHECK(s.cached == 0 && s.central == 0 && s.waiting == 0,
        "cached %llu, central %llu, waiting %llu", (unsigned long long)s.cached,
        (unsigned long long)s.central, (unsigned long long)s.waiting);
  CHECK(s.free_resident == 0 && s.free_pages == s.reserved, "resident");
  CHECK(s.released > before.released, "released");
  CHECK(ashlar_malloc_trim(0) == 0, "twice");
  CHECK(ashlar_check(NULL, NULL), "the heap is damaged");
  hold();
  let_go();
  uint64_t pad = (uint64_t)1 << 20;
  ashlar_malloc_trim(pad);
  CHECK(figures().live == 0, "live");
}

Test(inspect, json)
{
  hold();
  char all[4096];
  size_t length = ashlar_statistics_json(all, sizeof all);
  CHECK(length > 0 && length < sizeof all && strlen(all) == length, "%zu", length);
  CHECK(json_valid(all, length), "%s", all);
  struct ashlar_statistics s = figures();
  const struct {
    const char *name;
    uint64_t value;
  } some[] = {{"live", s.live},
              {"live_blocks", s.live_blocks},
              {"slack", s.slack},
              {"large_live", s.large_live},
              {"large_blocks", s.large_blocks},
              {"cached", s.cached},
              {"central", s.central},
              {"waiting", s.waiting},
              {"free_pages", s.free_pages},
              {"free_resident", s.free_resident},
              {"released", s.released},
              {"reserved", s.reserved},
              {"arenas", s.arenas},
              {"guards", s.guards},
              {"guards_refused", s.guards_refused},
              {"system_failures", s.system_failures}};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
    const char *found = json_value(all, some[i].name);
    CHECK(found != NULL && strtoull(found, NULL, 10) == some[i].value, "%s: %.20s", some[i].name,
          found);
  }
  /* Cut, at every length: never beyond, always terminated. */
  for (size_t size = 0; size <= length + 2; size++) {
    char part[4096];
    memset(part, '#', sizeof part);
    CHECK(ashlar_statistics_json(part, size) == length, "%zu", size);
    size_t kept = size == 0 ? 0 : size - 1 < length ? size - 1 : length;
    CHECK(memcmp(part, all, kept) == 0, "%zu", size);
    CHECK(size == 0 || part[kept] == '\0', "%zu", size);
    CHECK(part[size == 0 ? 0 : kept + 1] == '#', "%zu: one too many", size);
  }
}

struct seen {
  size_t blocks;
  size_t most;
  bool found[BLOCKS];
};

static bool see(void *block, size_t size, void *context)
{
  struct seen *seen = context;
  for (int i = 0; i < BLOCKS; i++) {
    if (held[i] == block) {
      CHECK(!seen->found[i], "seen twice");
      CHECK(size >= held_size[i], "%zu of %zu bytes", size, held_size[i]);
      seen->found[i] = true;
    }
  }
  seen->blocks++;
  return seen->blocks < seen->most;
}

Test(inspect, walk)
{
  hold();
  struct seen seen = {.most = SIZE_MAX};
  CHECK(ashlar_walk(see, &seen), "stopped");
  CHECK(seen.blocks == BLOCKS, "%zu blocks seen", seen.blocks);
  for (int i = 0; i < BLOCKS; i++) {
    CHECK(seen.found[i], "block %d was not seen", i);
  }
  seen = (struct seen){.most = 7};
  CHECK(!ashlar_walk(see, &seen) && seen.blocks == 7, "%zu blocks seen", seen.blocks);
  let_go();
  seen = (struct seen){.most = SIZE_MAX};
  CHECK(ashlar_walk(see, &seen) && seen.blocks == 0, "freed blocks were seen");
}
