#include "large.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_heap.h"
#include "payload.h"
#include "radix_map.h"
#include "size_math.h"

#include <errno.h>

enum {
  /* freed blocks that wait, and their bytes */
  WAITING_BLOCKS = ASHLAR_WAITING_BLOCKS,
  WAITING_BYTES = ASHLAR_WAITING_BYTES,
  GUARD_BYTES = PAGE_BYTES,
  /* from so many on, clearing means giving back: at least one whole page of any kernel's */
  DISCARD_BYTES = 256 << 10,

  /* large_guarded[]: a guard behind the block; of a stuck one, all of it */
  LARGE_GUARDED = 1,
  LARGE_TRAPPING = 2
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

static uint32_t large_head(uint64_t g)
{
  return page_span[g / GRANULES_PER_PAGE];
}

static uintptr_t large_span_address(uint32_t s)
{
  return radix_address((uint64_t)s * GRANULES_PER_PAGE);
}

static size_t large_span_bytes(uint32_t s)
{
  return (size_t)span_len[s] * PAGE_BYTES;
}

static size_t large_guard_bytes(void)
{
  size_t page = os_page_bytes();
  return options()->guards ? (page > GUARD_BYTES ? page : GUARD_BYTES) : 0;
}

/* A span for so many bytes: in an arena, or whole arenas from half of one on. */
static uint32_t large_take(size_t bytes)
{
  if (bytes > ARENA_BYTES / 2) {
    size_t arenas = bytes / ARENA_BYTES + (bytes % ARENA_BYTES != 0);
    return arenas > MAX_ARENAS
               ? PAGES
               : page_heap_take_run((uint32_t)arenas, (uint32_t)(bytes / PAGE_BYTES));
  }
  return page_heap_take((uint32_t)(bytes / PAGE_BYTES));
}

uintptr_t large_allocate(size_t asked, size_t align, uint8_t tag)
{
  size_t bytes;
  size_t page = os_page_bytes() > PAGE_BYTES ? os_page_bytes() : PAGE_BYTES;
  size_t guard = large_guard_bytes();
  /* One byte more than asked where no guard stands behind the last one. */
  size_t most = asked + (guard == 0);
  if (!size_add(most, guard + (align > GRANULE_BYTES ? align : 0), &bytes) ||
      !size_round_up(bytes, page, &bytes)) {
    return 0;
  }
  uint32_t s = large_take(bytes);
  if (s == PAGES) {
    return 0;
  }
  uintptr_t low = large_span_address(s);
  /* A run has more pages than asked for; what lies behind is never touched. */
  uintptr_t end = low + bytes - guard;
  uintptr_t block = (end - most) / align * align;
  bool guarded = guard != 0 && os_guard(end, guard);
  /* Where the kernel refuses the guard, its bytes are slack. */
  uintptr_t last = guarded ? end : end + guard;
  uint64_t g = (uint64_t)s * GRANULES_PER_PAGE + (block - low) / GRANULE_BYTES;
  /* Who looks at the whole heap holds this lock. */
  lock_acquire(&large.lock);
  large_asked[g / GRANULES_PER_PAGE] = asked;
  large_room[g / GRANULES_PER_PAGE] = last - block;
  large_guarded[g / GRANULES_PER_PAGE] = guarded;
  slot_place(s, g, tag);
  lock_release(&large.lock);
  return block;
}

size_t large_size(uint64_t g)
{
  return large_asked[g / GRANULES_PER_PAGE];
}

size_t large_capacity(uint64_t g)
{
  return large_room[g / GRANULES_PER_PAGE];
}

/* Clears bytes first .. last - 1 of a block; whole pages by giving them back to
 * the kernel, lest they become resident only to be cleared. */
static void large_clear(uintptr_t block, size_t first, size_t last)
{
  size_t page = os_page_bytes();
  uintptr_t low = (block + first + page - 1) / page * page;
  uintptr_t high = (block + last) / page * page;
  if (last < first + DISCARD_BYTES || !os_discard(low, high - low)) {
    payload_clear(block, first, last);
    return;
  }
  payload_clear(block, first, low - block);
  payload_clear(block, high - block, last);
}

bool large_fits(uint64_t g, size_t asked)
{
  size_t room = large_capacity(g);
  size_t most = large_guarded[g / GRANULES_PER_PAGE] != 0 ? room : room - 1;
  return asked >= room / 2 && asked <= most;
}

bool large_resize(uint64_t g, size_t asked)
{
  int saved = errno; /* where the kernel does not take pages back, that is no error */
  large_clear(radix_address(g), asked, large_size(g));
  errno = saved;
  lock_acquire(&large.lock);
  /* Once it waits, its entry may lead to the next block that is stuck. */
  bool live = slot_state_get(g) >= SLOT_LIVE && asked <= large_room[g / GRANULES_PER_PAGE];
  if (live) {
    large_asked[g / GRANULES_PER_PAGE] = asked;
  }
  lock_release(&large.lock);
  return live;
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
    *resident = span_len[s];
  }
  if (large_guarded[page] != 0 && !os_unguard(end, large_guard_bytes())) {
    return false;
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
  large_asked[page] = large.stuck;
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
    next = large_asked[page];
    struct large_block block = {g, (large_guarded[page] & LARGE_TRAPPING) != 0};
    large_guarded[page] &= LARGE_GUARDED;
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
