/* Another size for a large block.
 *
 * While its size changes, the block is CACHED and in no list: nobody else can
 * free it, and who looks at the whole heap looks past it. */
#include "large_internal.h"
#include "lock.h"
#include "os.h"
#include "page_heap.h"
#include "payload.h"
#include "size_math.h"

enum {
  GROWTH_PART = ASHLAR_GROWTH_PART,
  GROWTH_BYTES = ASHLAR_GROWTH_BYTES
};

/* Takes a block out of the program's hands.  Under the lock, so that nobody who
 * looks at the whole heap is reading it any more. */
static bool resize_begin(uintptr_t block, uint64_t g, uint8_t tag)
{
  large_lock();
  bool live = slot_release(g, tag) == SLOT_OK;
  if (live && radix_address(g) != block) {
    /* Another block has the numbers of its arenas by now. */
    slot_claim(g, tag);
    live = false;
  }
  large_unlock();
  return live;
}

/* Gives it back where it stands. */
static void resize_end(uint64_t g, uint8_t tag, size_t asked, uintptr_t last, bool guarded)
{
  uint8_t *flags = &large_guarded[g / GRANULES_PER_PAGE];
  large_lock();
  large_asked[large_head(g)] = asked;
  large_room[large_head(g)] = last - radix_address(g);
  *flags = (uint8_t)((*flags & LARGE_MOVED) | (guarded ? LARGE_GUARDED : 0));
  slot_claim(g, tag);
  large_unlock();
}

/* Where the pages of a block end that begins at an address; its guard, or a byte
 * of slack at least, comes behind those asked for.  0 where there is no such
 * address. */
static uintptr_t resize_end_of(uintptr_t block, size_t asked)
{
  size_t end;
  bool fits = size_add(block, asked + (large_guard_bytes() == 0), &end) &&
              size_round_up(end, large_page_bytes(), &end);
  return fits ? end : 0;
}

/* Where the last guard can end that the block may have.  What was moved stays one
 * mapping, so that it can be moved again: it gets no more usable pages. */
static uintptr_t resize_limit(uint64_t g)
{
  uint32_t s = large_head(g);
  bool moved = (large_guarded[g / GRANULES_PER_PAGE] & LARGE_MOVED) != 0;
  return large_span_address(s) + (moved ? large_usable_bytes(s) : large_span_bytes(s));
}

/* Makes the pages of a block's span usable that lie before an address. */
static bool resize_extend(uint64_t g, uintptr_t end)
{
  uint32_t s = large_head(g);
  uint32_t pages = (uint32_t)((end - large_span_address(s)) / PAGE_BYTES);
  return pages <= page_heap_usable(s) || page_heap_extend(s, pages);
}

/* Changes the size where the block stands, if its span has room for it and would
 * not be more than half unused.
 * Returns false, and nothing has changed, where it cannot. */
static bool resize_here(uint64_t g, uint8_t tag, size_t asked)
{
  uintptr_t block = radix_address(g);
  size_t guard = large_guard_bytes();
  bool guarded = (large_guarded[g / GRANULES_PER_PAGE] & LARGE_GUARDED) != 0;
  uintptr_t limit = resize_limit(g) - guard;
  uintptr_t last = block + large_capacity(g);
  uintptr_t now = last - (guarded ? 0 : guard);
  uintptr_t end = resize_end_of(block, asked);
  if (end == 0 || end > limit || asked < (limit - block) / 2 || !resize_extend(g, end + guard)) {
    return false;
  }
  if (end == now) {
    large_clear(block, asked, large_size(g));
  } else {
    if (guarded && !os_unguard(now, guard)) {
      return false;
    }
    large_clear(block, asked, last - block);
    guarded = guard != 0 && os_guard(end, guard);
    last = guarded ? end : end + guard;
  }
  resize_end(g, tag, asked, last, guarded);
  return true;
}

/* Makes a block smaller that can neither move nor leave its guard. */
static void resize_less(uint64_t g, uint8_t tag, size_t asked)
{
  bool guarded = (large_guarded[g / GRANULES_PER_PAGE] & LARGE_GUARDED) != 0;
  large_clear(radix_address(g), asked, large_size(g));
  resize_end(g, tag, asked, radix_address(g) + large_capacity(g), guarded);
}

/* A span for so many bytes, and for more if it can be had.  The spans that a block
 * left as it grew wait among others: they are given back before there is none. */
static uint32_t resize_take(size_t bytes, size_t more)
{
  uint32_t s = PAGES;
  size_t all;
  if (more > 0 && size_add(bytes, more, &all) && size_round_up(all, large_page_bytes(), &all)) {
    s = large_take(all);
  }
  s = s != PAGES ? s : large_take(bytes);
  if (s == PAGES && large_waiting() > 0) {
    large_trim();
    s = large_take(bytes);
  }
  return s;
}

/* What is to be in the new span: the pages of a block, or some of them. */
struct resize_contents {
  uintptr_t from;       /* their first page */
  size_t offset, bytes; /* of the block in it; of the pages */
};

/* Copies what is wherever os_move left it, and lets go of that. */
static void resize_copy(uintptr_t block, const struct resize_contents *what, struct os_moved moved,
                        size_t kept)
{
  payload_copy(block, moved.at + what->offset, kept);
  if (moved.at != what->from) {
    os_release(moved.at, what->bytes);
  }
}

/* The block stays where it was. */
static void resize_put_back(const struct resize_contents *what, struct os_moved moved, size_t kept)
{
  if (moved.at != what->from) {
    resize_copy(what->from + what->offset, what, moved, kept);
  }
}

/* Puts a block into a span that was just taken: by moving its pages there, if
 * that can be done, or by copying. */
static void resize_fill(uint32_t s, const struct resize_contents *what, struct os_moved moved,
                        size_t asked, size_t kept, uint8_t tag)
{
  uintptr_t low = large_span_address(s);
  uintptr_t block = low + what->offset;
  bool there = moved.at == low;
  large_settle(s, block, resize_end_of(block, asked), asked, tag, there ? LARGE_MOVED : 0);
  if (!there) {
    resize_copy(block, what, moved, kept);
  }
}

/* Moves a block to another span.  Returns its address; 0, and nothing has
 * changed, where there is none. */
static uintptr_t resize_elsewhere(uint64_t g, uint8_t tag, size_t asked)
{
  size_t page = large_page_bytes();
  uintptr_t block = radix_address(g);
  size_t old = large_size(g);
  size_t kept = old < asked ? old : asked;
  size_t offset = block % page;
  struct resize_contents what = {block - offset, offset, (offset + kept + page - 1) / page * page};
  size_t end = resize_end_of(offset, asked);
  size_t bytes;
  if (end == 0 || !size_add(end, large_guard_bytes(), &bytes)) {
    return 0;
  }
  size_t more = asked > old ? asked / GROWTH_PART : 0;
  uint32_t s = resize_take(bytes, more < GROWTH_BYTES ? more : GROWTH_BYTES);
  if (s == PAGES) {
    return 0;
  }
  /* What stays behind goes with its span; but for the rest of the last page. */
  size_t rest = what.bytes - offset < old ? what.bytes - offset : old;
  payload_clear(block, kept, rest);
  struct os_moved moved =
      os_move(what.from, what.bytes, large_span_address(s), large_usable_bytes(s));
  if (!moved.usable) {
    /* The kernel has it; nobody gets it any more. */
    s = large_take(bytes);
  }
  if (s == PAGES) {
    resize_put_back(&what, moved, kept);
    return 0;
  }
  resize_fill(s, &what, moved, asked, kept, tag);
  large_free(g);
  return large_span_address(s) + offset;
}

enum large_resized large_resize(uint64_t g, uint8_t tag, size_t asked, uintptr_t *block)
{
  if (!resize_begin(*block, g, tag)) {
    return LARGE_INVALID;
  }
  if (resize_here(g, tag, asked)) {
    return LARGE_RESIZED;
  }
  uintptr_t moved = resize_elsewhere(g, tag, asked);
  if (moved != 0) {
    *block = moved;
    return LARGE_RESIZED;
  }
  if (asked <= large_size(g)) {
    resize_less(g, tag, asked);
    return LARGE_RESIZED;
  }
  slot_claim(g, tag);
  return LARGE_NO_MEMORY;
}
