#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The linker's: all variables; and the explorer's own, which explore.mk puts into
 * sections of their own, because nothing tells when they are written. */
extern char __data_start[], _end[];
extern char __start_explore_bss[], __stop_explore_bss[];
extern char __start_explore_data[], __stop_explore_data[];

struct world_picture {
  unsigned char *range;
  unsigned char *data;
  /* of world_push: how many pages were written by then */
  uint32_t range_count, data_count;
};

enum {
  DATA_PAGES = 1 << 14
};

/* The pages that were written, of one kind of memory. */
struct world_marks {
  uintptr_t low;
  size_t bytes;
  bool written[DATA_PAGES];
  uint32_t count;
  uint32_t page[DATA_PAGES];
};

/* What they point to outlives every run. */
static struct world_marks *range_marks;
static struct world_marks *data_marks;

/* The picture that world_take took last. */
static const struct world_picture *taken;

uintptr_t world_data_low(void)
{
  return (uintptr_t)__data_start;
}

uintptr_t world_data_high(void)
{
  return (uintptr_t)_end;
}

static size_t data_bytes(void)
{
  return world_data_high() - world_data_low();
}

void *world_keep(size_t bytes)
{
  void *p =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    perror("explore: mmap");
    abort();
  }
  return p;
}

static void *range(void)
{
  return (void *)(uintptr_t)WORLD_LOW;
}

/* The linker may leave a hole before variables of a large alignment. */
static void fill_holes(void)
{
  uintptr_t page = world_data_low() / WORLD_PAGE * WORLD_PAGE;
  for (; page < world_data_high(); page += WORLD_PAGE) {
    (void)mmap((void *)page, WORLD_PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  }
}

void world_start(void)
{
  fill_holes();
  void *p = mmap(range(), WORLD_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (p != range()) {
    perror("explore: the range of the simulated kernel");
    abort();
  }
  range_marks = world_keep(sizeof *range_marks);
  range_marks->low = WORLD_LOW;
  range_marks->bytes = WORLD_BYTES;
  data_marks = world_keep(sizeof *data_marks);
  data_marks->low = world_data_low();
  data_marks->bytes = data_bytes();
  if (data_bytes() > (size_t)DATA_PAGES * WORLD_PAGE) {
    fputs("explore: too many variables\n", stderr);
    abort();
  }
}

static void mark(struct world_marks *marks, uintptr_t a, size_t bytes)
{
  size_t first = (a - marks->low) / WORLD_PAGE;
  size_t last = (a - marks->low + bytes - 1) / WORLD_PAGE;
  for (size_t p = first; p <= last && p * WORLD_PAGE < marks->bytes; p++) {
    if (!marks->written[p]) {
      marks->written[p] = true;
      marks->page[marks->count++] = (uint32_t)p;
    }
  }
}

void world_written(uintptr_t a, size_t bytes)
{
  if (bytes == 0) {
    return;
  }
  if (world_holds(a)) {
    mark(range_marks, a, bytes);
  } else if (a - data_marks->low < data_marks->bytes) {
    mark(data_marks, a, bytes);
  }
}

struct world_picture *world_picture_new(void)
{
  struct world_picture *picture = world_keep(sizeof *picture);
  picture->range = world_keep(WORLD_BYTES);
  picture->data = world_keep(data_bytes());
  return picture;
}

static void unmark(struct world_marks *marks)
{
  for (uint32_t i = 0; i < marks->count; i++) {
    marks->written[marks->page[i]] = false;
  }
  marks->count = 0;
}

void world_look(struct world_picture *picture)
{
  memcpy(picture->range, range(), WORLD_BYTES);
  memcpy(picture->data, __data_start, data_bytes());
}

void world_take(struct world_picture *picture)
{
  taken = picture;
  world_look(picture);
  unmark(range_marks);
  unmark(data_marks);
}

static size_t page_bytes(const struct world_marks *marks, size_t at)
{
  size_t left = marks->bytes - at;
  return left < WORLD_PAGE ? left : WORLD_PAGE;
}

/* Copies the written pages back. */
static void pages_back(struct world_marks *marks, const unsigned char *from)
{
  for (uint32_t i = 0; i < marks->count; i++) {
    size_t at = (size_t)marks->page[i] * WORLD_PAGE;
    memcpy((unsigned char *)marks->low + at, from + at, page_bytes(marks, at));
  }
  unmark(marks);
}

static void section_back(const struct world_picture *picture, char *start, const char *stop)
{
  memcpy(start, picture->data + (start - __data_start), (size_t)(stop - start));
}

void world_back(const struct world_picture *picture)
{
  pages_back(range_marks, picture->range);
  pages_back(data_marks, picture->data);
  section_back(picture, __start_explore_bss, __stop_explore_bss);
  section_back(picture, __start_explore_data, __stop_explore_data);
}

void world_back_far(const struct world_picture *picture)
{
  memcpy(range(), picture->range, WORLD_BYTES);
  memcpy(__data_start, picture->data, data_bytes());
}

static uint32_t pages_push(const struct world_marks *marks, unsigned char *to)
{
  for (uint32_t i = 0; i < marks->count; i++) {
    size_t at = (size_t)marks->page[i] * WORLD_PAGE;
    memcpy(to + at, (unsigned char *)marks->low + at, page_bytes(marks, at));
  }
  return marks->count;
}

/* Pages that were written after the push are in it as they were at the start. */
static void pages_pop(const struct world_marks *marks, uint32_t count, const unsigned char *pushed,
                      const unsigned char *start)
{
  for (uint32_t i = 0; i < marks->count; i++) {
    size_t at = (size_t)marks->page[i] * WORLD_PAGE;
    memcpy((unsigned char *)marks->low + at, (i < count ? pushed : start) + at,
           page_bytes(marks, at));
  }
}

static void section_push(struct world_picture *picture, const char *start, const char *stop)
{
  memcpy(picture->data + (start - __data_start), start, (size_t)(stop - start));
}

void world_push(struct world_picture *picture)
{
  picture->range_count = pages_push(range_marks, picture->range);
  picture->data_count = pages_push(data_marks, picture->data);
  section_push(picture, __start_explore_bss, __stop_explore_bss);
  section_push(picture, __start_explore_data, __stop_explore_data);
}

void world_pop(const struct world_picture *picture)
{
  pages_pop(range_marks, picture->range_count, picture->range, taken->range);
  pages_pop(data_marks, picture->data_count, picture->data, taken->data);
  section_back(picture, __start_explore_bss, __stop_explore_bss);
  section_back(picture, __start_explore_data, __stop_explore_data);
}

bool world_same(const struct world_picture *picture)
{
  return memcmp(range(), picture->range, WORLD_BYTES) == 0 &&
         memcmp(__data_start, picture->data, data_bytes()) == 0;
}
