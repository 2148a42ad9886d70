/* blocks: sizes as programs have them, mostly small; large ones are filled at
 * both ends only. */
#include "blocks.h"

#include "../../src/ashlar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct head {
  size_t size;
  uint64_t seed;
};

enum {
  FILLED = 4096 /* bytes at either end */
};

void blocks_failed(const char *file, int line, const char *condition)
{
  fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
  abort();
}

uint32_t blocks_random(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}

static size_t any_size(uint64_t *state)
{
  uint32_t r = blocks_random(state);
  size_t least = sizeof(struct head);
  if (r % 500 == 0) {
    return least + 262144 + blocks_random(state) % 400000;
  }
  return least + (r % 20 == 0 ? blocks_random(state) % 60000 : blocks_random(state) % 500);
}

static unsigned char byte_of(uint64_t seed, size_t at)
{
  return (unsigned char)(seed + at * 11);
}

static bool filled(size_t at, size_t size)
{
  return at < FILLED || at + FILLED >= size;
}

static void fill(unsigned char *bytes, size_t from, size_t size, uint64_t seed)
{
  for (size_t i = from; i < size; i++) {
    if (!filled(i, size)) {
      i = size - FILLED;
    }
    bytes[i] = byte_of(seed, i);
  }
}

void *blocks_make(uint64_t *state)
{
  size_t size = any_size(state);
  uint32_t way = blocks_random(state) % 8;
  struct head *head = way == 0   ? ashlar_aligned_alloc(256, size)
                      : way == 1 ? ashlar_calloc(1, size)
                                 : ashlar_malloc(size);
  if (head == NULL) {
    return NULL;
  }
  MUST(head->size == 0 && head->seed == 0);
  head->size = size;
  head->seed = blocks_random(state);
  fill((unsigned char *)head, sizeof *head, size, head->seed);
  return head;
}

void *blocks_change(void *block, uint64_t *state)
{
  blocks_verify(block);
  struct head *head = block;
  size_t old = head->size;
  size_t size = any_size(state);
  head = ashlar_realloc(head, size);
  if (head == NULL) {
    blocks_verify(block);
    return block;
  }
  MUST(head->size == old);
  const unsigned char *bytes = (const unsigned char *)head;
  size_t kept = old < size ? old : size;
  for (size_t i = sizeof *head; i < kept && i < FILLED; i++) {
    MUST(bytes[i] == byte_of(head->seed, i));
  }
  head->size = size;
  fill((unsigned char *)head, sizeof *head, size, head->seed);
  return head;
}

void blocks_verify(const void *block)
{
  const struct head *head = block;
  const unsigned char *bytes = block;
  size_t size = head->size;
  for (size_t i = sizeof *head; i < size; i++) {
    if (!filled(i, size)) {
      i = size - FILLED;
    }
    MUST(bytes[i] == byte_of(head->seed, i));
  }
}

void blocks_end(void *block)
{
  if (block != NULL) {
    blocks_verify(block);
    const struct head *head = block;
    if (head->seed % 2 == 0) {
      ashlar_free_sized(block, head->size);
    } else {
      ashlar_free(block);
    }
  }
}

void blocks_expect_empty_heap(void)
{
  ashlar_malloc_trim(0);
  struct ashlar_statistics s;
  ashlar_statistics(&s);
  MUST(s.live == 0 && s.live_blocks == 0 && s.large_blocks == 0);
  MUST(s.cached == 0 && s.central == 0 && s.waiting == 0);
  MUST(s.free_pages == s.reserved && s.free_resident == 0);
  const char *what = NULL;
  if (!ashlar_check(&what, NULL)) {
    blocks_failed(__FILE__, __LINE__, what);
  }
}
