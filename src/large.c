#include "large_internal.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_heap.h"
#include "payload.h"
#include "size_math.h"

enum {
  /* freed blocks that wait, and their bytes */
  WAITING_BLOCKS = ASHLAR_WAITING_BLOCKS,
  WAITING_BYTES = ASHLAR_WAITING_BYTES,
  GUARD_BYTES = PAGE_BYTES
};

/* A freed block that waits. */
struct large_block {
  uint64_t g;    /* its first granule */
  bool trapping; /* its pages are guarded */
};

static struct {
  struct lock lock;
  uint32_t first, count; /* a ring, oldest first */
  uint64_t bytes;
  struct large_block block[WAITING_BLOCKS];
  /* freed blocks whose guards the kernel would not take away: the first one's
   * granule plus one, or 0; large_asked[] leads from one to the next */
  uint64_t stuck;
  uint64_t stuck_bytes;
} large;

size_t large_page_bytes(void)
{
  size_t page = os_page_bytes();
  return page > PAGE_BYTES ? page : PAGE_BYTES;
}

size_t large_guard_bytes(void)
{
  size_t page = os_page_bytes();
  return options()->guards ? (page > GUARD_BYTES ? page : GUARD_BYTES) : 0;
}

/* Makes a span zero that should be so: smaller blocks may have been in it, and a
 * program may have written to them after it freed them. */
static void large_cleanse(uint32_t s)
{
  uintptr_t low = large_span_address(s);
  size_t bytes = large_usable_bytes(s);
  if (os_discard(low, bytes)) {
    return;
  }
  /* Only what is not zero is written to, so that nothing becomes resident. */
  for (size_t at = 0; at < bytes; at += PAGE_BYTES) {
    if (!payload_is_zero(low + at, PAGE_BYTES)) {
      payload_clear(low, at, at + PAGE_BYTES);
    }
  }
}

uint32_t large_take(size_t bytes)
{
  size_t arenas = bytes / ARENA_BYTES + (bytes % ARENA_BYTES != 0);
  uint32_t pages = (uint32_t)(bytes / PAGE_BYTES);
  /* A run of arenas comes from the kernel, and goes back to it. */
  if (arenas > 1) {
    return arenas > MAX_ARENAS ? PAGES : page_heap_take_run((uint32_t)arenas, pages);
  }
  uint32_t s = bytes > ARENA_BYTES / 2 ? page_heap_take_run(1, pages) : page_heap_take(pages);
  if (s != PAGES) {
    large_cleanse(s);
  }
  return s;
}

void large_settle(uint32_t s, uintptr_t block, uintptr_t end, size_t asked, uint8_t tag,
                  uint8_t flags)
{
  size_t guard = large_guard_bytes();
  bool guarded = guard != 0 && os_guard(end, guard);
  /* Where the kernel refuses the guard, its bytes are slack. */
  uintptr_t last = guarded ? end : end + guard;
  uint64_t g = (uint64_t)s * GRANULES_PER_PAGE + (block - large_span_address(s)) / GRANULE_BYTES;
  /* Who looks at the whole heap holds this lock. */
  lock_acquire(&large.lock);
  large_asked[s] = asked;
  large_room[s] = last - block;
  large_guarded[g / GRANULES_PER_PAGE] = (uint8_t)((guarded ? LARGE_GUARDED : 0) | flags);
  slot_place(s, g, tag);
  lock_release(&large.lock);
}

uintptr_t large_allocate(size_t asked, size_t align, uint8_t tag)
{
  size_t bytes;
  size_t guard = large_guard_bytes();
  /* One byte more than asked where no guard stands behind the last one. */
  size_t most = asked + (guard == 0);
  if (!size_add(most, guard + (align > GRANULE_BYTES ? align : 0), &bytes) ||
      !size_round_up(bytes, large_page_bytes(), &bytes)) {
    return 0;
  }
  uint32_t s = large_take(bytes);
  if (s == PAGES) {
    return 0;
  }
  /* The span may have more pages than asked for; what lies behind is never touched. */
  uintptr_t end = large_span_address(s) + bytes - guard;
  uintptr_t block = (end - most) / align * align;
  large_settle(s, block, end, asked, tag, 0);
  return block;
}

size_t large_size(uint64_t g)
{
  return large_asked[large_head(g)];
}

size_t large_capacity(uint64_t g)
{
  return large_room[large_head(g)];
}

void large_clear(uintptr_t block, size_t first, size_t last)
{
  if (first >= last) {
    return;
  }
  size_t page = os_page_bytes();
  uintptr_t low = (block + first + page - 1) / page * page;
  uintptr_t high = (block + last) / page * page;
  if (low >= high || !os_discard(low, high - low)) {
    payload_clear(block, first, last);
    return;
  }
  payload_clear(block, first, low - block);
  payload_clear(block, high - block, last);
}

/* Takes the guards of a freed block away, and what was written late to one that
 * did not trap.  Returns false where the kernel refuses; what it did is noted.
 * resident: set to how many pages of the span the kernel may have backed. */
static bool large_open(struct large_block *waiting, uint32_t *resident)
{
  uint64_t page = waiting->g / GRANULES_PER_PAGE;
  uint32_t s = large_head(waiting->g);
  uintptr_t low = large_span_address(s);
  uintptr_t end = radix_address(waiting->g) + large_capacity(waiting->g);
  *resident = 0;
  if (waiting->trapping) {
    if (!os_unguard(low, end - low)) {
      return false;
    }
    waiting->trapping = false;
  } else if (!os_discard(low, end - low)) {
    payload_clear(low, 0, end - low);
    *resident = page_heap_usable(s);
  }
  if ((large_guarded[page] & LARGE_GUARDED) != 0 && !os_unguard(end, large_guard_bytes())) {
    return false;
  }
  if ((large_guarded[page] & LARGE_MOVED) != 0 && os_renew(low, large_usable_bytes(s))) {
    *resident = 0;
  }
  large_guarded[page] = 0;
  return true;
}

/* Gives the span of a block that waited back to the page heap; where the kernel
 * does not make it usable again, it is stuck until it is tried again. */
static void large_give_back(struct large_block waiting)
{
  uint32_t s = large_head(waiting.g);
  uint32_t resident;
  if (large_open(&waiting, &resident)) {
    /* Not slot_clear, which would make a sixteenth of the block's size resident.
     * A span whose block is not as it was left is lost. */
    if (slot_unplace(waiting.g)) {
      page_heap_give(s, resident);
    }
    return;
  }
  uint64_t page = waiting.g / GRANULES_PER_PAGE;
  large_guarded[page] |= waiting.trapping ? LARGE_TRAPPING : 0;
  large_asked[s] = large.stuck;
  large.stuck = waiting.g + 1;
  large.stuck_bytes += large_span_bytes(s);
}

/* Tries again with what is stuck. */
static void large_retry(void)
{
  uint64_t next = large.stuck;
  large.stuck = 0;
  large.stuck_bytes = 0;
  while (next != 0) {
    uint64_t g = next - 1;
    uint64_t page = g / GRANULES_PER_PAGE;
    next = large_asked[large_head(g)];
    struct large_block block = {g, (large_guarded[page] & LARGE_TRAPPING) != 0};
    large_guarded[page] &= LARGE_GUARDED | LARGE_MOVED;
    large_give_back(block);
  }
}

/* Takes the oldest block out of the ring. */
static struct large_block large_oldest(void)
{
  struct large_block oldest = large.block[large.first];
  large.first = (large.first + 1) % WAITING_BLOCKS;
  large.count--;
  large.bytes -= large_span_bytes(large_head(oldest.g));
  return oldest;
}

void large_free(uint64_t g)
{
  uint32_t s = large_head(g);
  uintptr_t low = large_span_address(s);
  uintptr_t block = radix_address(g);
  size_t bytes = large_span_bytes(s);
  size_t usable = block + large_capacity(g) - low;
  /* First: who looks at the whole heap holds it, and may be reading the block. */
  lock_acquire(&large.lock);
  /* What does not wait need not trap: a guard costs time and page tables by size. */
  bool waits = bytes <= WAITING_BYTES;
  struct large_block freed = {g, waits && options()->guards && os_guard(low, usable)};
  /* No trap, but nothing to read either, and zero for the next owner. */
  if (!freed.trapping && !os_discard(low, usable)) {
    payload_clear(block, 0, large_size(g));
  }
  while (large.count == WAITING_BLOCKS ||
         (large.count > 0 && large.bytes + bytes > WAITING_BYTES)) {
    large_give_back(large_oldest());
  }
  if (!waits) {
    large_give_back(freed);
  } else {
    large.block[(large.first + large.count) % WAITING_BLOCKS] = freed;
    large.count++;
    large.bytes += bytes;
  }
  lock_release(&large.lock);
}

void large_trim(void)
{
  lock_acquire(&large.lock);
  while (large.count > 0) {
    large_give_back(large_oldest());
  }
  large_retry();
  lock_release(&large.lock);
}

uint64_t large_waiting(void)
{
  lock_acquire(&large.lock);
  uint64_t bytes = large.bytes + large.stuck_bytes;
  lock_release(&large.lock);
  return bytes;
}

void large_lock(void)
{
  lock_acquire(&large.lock);
}

void large_unlock(void)
{
  lock_release(&large.lock);
}

void large_reset_lock(void)
{
  lock_reset(&large.lock);
}
