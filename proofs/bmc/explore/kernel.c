#include "kernel.h"
#include "access.h"
#include "order.h"
#include "scheduler.h"
#include "world.h"

#include "../../../src/config.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  ADVICE_COLD = 20,
  ADVICE_GUARD_INSTALL = 102,
  ADVICE_GUARD_REMOVE = 103,
  /* mremap */
  REMAP_FIXED = 2,
  REMAP_DONTUNMAP = 4
};

enum condition {
  PAGE_ABSENT = 0,
  PAGE_RESERVED,
  PAGE_READ,
  PAGE_WRITE,
  PAGE_GUARDED /* was PAGE_WRITE */
};

uint32_t kernel_processors = 1;

static uint8_t condition[WORLD_PAGES];
static uint64_t random_bytes_made;

bool kernel_allows(uintptr_t a, bool write)
{
  uint8_t now = condition[(a - WORLD_LOW) / WORLD_PAGE];
  return now == PAGE_WRITE || (now == PAGE_READ && !write);
}

static size_t page_of(const void *a)
{
  return ((uintptr_t)a - WORLD_LOW) / WORLD_PAGE;
}

/* Whether a request about a range is one of ours, and granted.
 * changes: what is in the range is lost. */
static bool granted(const void *a, size_t bytes, bool changes)
{
  scheduler_point(NULL, true);
  if (scheduler_choose(CHOICE_FAILURE, 2) == 1) {
    errno = ENOMEM;
    return false;
  }
  if (changes && scheduler_active()) {
    order_pages(scheduler_self(), (uintptr_t)a, bytes, (uintptr_t)__builtin_return_address(0));
  }
  return true;
}

static __attribute__((noinline)) void set(const void *a, size_t bytes, enum condition to)
{
  uintptr_t at = (uintptr_t)__builtin_return_address(0);
  size_t first = page_of(a);
  for (size_t i = 0; i < bytes / WORLD_PAGE && first + i < WORLD_PAGES; i++) {
    bool appears = to == PAGE_WRITE && condition[first + i] != PAGE_WRITE;
    if (appears && scheduler_active()) {
      order_commit(scheduler_self(), (uintptr_t)a + i * WORLD_PAGE, WORLD_PAGE, at);
    }
    condition[first + i] = (uint8_t)to;
  }
}

static void clear(void *a, size_t bytes)
{
  world_written((uintptr_t)a, bytes);
  memset(a, 0, bytes);
}

/* The last page of a range that somebody has, plus one; 0 if nobody has any. */
static size_t taken_until(size_t first, size_t pages)
{
  if (first >= WORLD_PAGES || pages > WORLD_PAGES - first) {
    return WORLD_PAGES;
  }
  for (size_t p = first + pages; p > first; p--) {
    if (condition[p - 1] != PAGE_ABSENT) {
      return p;
    }
  }
  return 0;
}

static bool absent(size_t first, size_t pages)
{
  return taken_until(first, pages) == 0;
}

/* The first page, from `first` on in steps of `align`, of a range that nobody
 * has; WORLD_PAGES if there is none. */
static size_t find_room(size_t first, size_t pages, size_t align)
{
  for (size_t p = taken_until(first, pages); p != 0; p = taken_until(first, pages)) {
    if (p >= WORLD_PAGES) {
      return WORLD_PAGES;
    }
    first = (p + align - 1) / align * align;
  }
  return first;
}

void *kernel_mmap(void *hint, size_t bytes, int protection, int flags, int file, off_t offset);
void *kernel_mmap(void *hint, size_t bytes, int protection, int flags, int file, off_t offset)
{
  (void)file;
  (void)offset;
  if (!granted(NULL, 0, false)) {
    return MAP_FAILED;
  }
  size_t pages = (bytes + WORLD_PAGE - 1) / WORLD_PAGE;
  /* Arenas side by side, in the upper half, where they need no second try. */
  const size_t arena = ARENA_BYTES / WORLD_PAGE;
  bool arenas = pages % arena == 0;
  size_t align = arenas ? arena : 1;
  size_t first = arenas ? WORLD_PAGES / 2 : 0;
  if ((flags & MAP_FIXED) != 0) {
    clear(hint, bytes);
    set(hint, bytes, (protection & PROT_WRITE) != 0 ? PAGE_WRITE : PAGE_RESERVED);
    return hint;
  }
  if ((flags & MAP_FIXED_NOREPLACE) != 0) {
    first = page_of(hint);
    if (!world_holds((uintptr_t)hint) || !absent(first, pages)) {
      errno = EEXIST;
      return MAP_FAILED;
    }
  } else {
    first = find_room(first, pages, align);
    if (first >= WORLD_PAGES) {
      errno = ENOMEM;
      return MAP_FAILED;
    }
  }
  void *a = (void *)(uintptr_t)(WORLD_LOW + first * WORLD_PAGE);
  /* Who had these addresses before gave them back before. */
  if (scheduler_active()) {
    order_acquire(scheduler_self(), (uintptr_t)condition);
  }
  set(a, bytes, (protection & PROT_WRITE) != 0 ? PAGE_WRITE : PAGE_RESERVED);
  return a;
}

int kernel_munmap(void *a, size_t bytes);
int kernel_munmap(void *a, size_t bytes)
{
  if (!granted(a, bytes, true)) {
    return -1;
  }
  clear(a, bytes);
  set(a, bytes, PAGE_ABSENT);
  if (scheduler_active()) {
    order_release(scheduler_self(), (uintptr_t)condition);
  }
  return 0;
}

int kernel_mprotect(void *a, size_t bytes, int protection);
int kernel_mprotect(void *a, size_t bytes, int protection)
{
  if (bytes == 0) { /* no filter refuses the call */
    return 0;
  }
  if (!granted(a, bytes, false)) {
    return -1;
  }
  if (world_holds((uintptr_t)a)) { /* the root, which is a variable, stays writable */
    set(a, bytes,
        (protection & PROT_WRITE) != 0  ? PAGE_WRITE
        : (protection & PROT_READ) != 0 ? PAGE_READ
                                        : PAGE_RESERVED);
  }
  return 0;
}

int kernel_madvise(void *a, size_t bytes, int advice);
int kernel_madvise(void *a, size_t bytes, int advice)
{
  if (bytes == 0 || advice == MADV_DONTDUMP || advice == MADV_DODUMP) {
    return 0; /* no filter refuses the call; nothing dumps a core */
  }
  if (!granted(a, bytes, true)) {
    return -1;
  }
  if (advice == ADVICE_GUARD_INSTALL) {
    clear(a, bytes);
    set(a, bytes, PAGE_GUARDED);
  } else if (advice == ADVICE_GUARD_REMOVE) {
    set(a, bytes, PAGE_WRITE);
  } else if (advice == MADV_DONTNEED) {
    clear(a, bytes);
  } else if (advice != ADVICE_COLD) {
    errno = EINVAL;
    return -1;
  }
  return 0;
}

/* Pages of a range to another one, which may be longer. */
static long move_pages(uintptr_t from, size_t bytes, size_t room, unsigned long flags, uintptr_t to)
{
  if (!granted((void *)from, bytes, true)) {
    return -1;
  }
  if ((flags & REMAP_FIXED) == 0) {
    size_t first = find_room(0, room / WORLD_PAGE, 1);
    if (first >= WORLD_PAGES) {
      errno = ENOMEM;
      return -1;
    }
    to = WORLD_LOW + first * WORLD_PAGE;
  }
  clear((void *)to, room);
  memcpy((void *)to, (void *)from, bytes);
  set((void *)to, room, PAGE_WRITE);
  clear((void *)from, bytes);
  if ((flags & REMAP_DONTUNMAP) == 0) {
    set((void *)from, bytes, PAGE_ABSENT);
  }
  return (long)to;
}

/* ---- syscall ------------------------------------------------------------------- */

static long give_random(unsigned char *out, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    uint64_t x = (++random_bytes_made + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    out[i] = (unsigned char)((x ^ (x >> 29)) >> 11);
  }
  world_written((uintptr_t)out, bytes);
  return (long)bytes;
}

static long give_processors(unsigned char *mask)
{
  mask[0] = (unsigned char)((1u << kernel_processors) - 1);
  return 8;
}

/* Threads that sleep for a word, and how many of them were woken. */
static struct {
  const uint32_t *word;
  bool woken;
} sleeper[SCHEDULER_THREADS];

static bool was_woken(const void *thread)
{
  return sleeper[(uintptr_t)thread].woken;
}

static long futex(const uint32_t *word, int operation, uint32_t value)
{
  uint32_t self = scheduler_self();
  scheduler_point(NULL, true);
  if (operation == FUTEX_WAIT_PRIVATE) {
    if (*word != value) {
      errno = EAGAIN;
      return -1;
    }
    sleeper[self].word = word;
    sleeper[self].woken = false;
    scheduler_wait(was_woken, (const void *)(uintptr_t)self);
    return 0;
  }
  uint32_t asleep[SCHEDULER_THREADS];
  uint32_t n = 0;
  for (uint32_t t = 0; t < SCHEDULER_THREADS; t++) {
    if (sleeper[t].word == word) {
      asleep[n++] = t;
    }
  }
  if (n > 0) {
    uint32_t t = asleep[n > 1 ? scheduler_choose(CHOICE_THREAD, n) : 0];
    sleeper[t].word = NULL;
    sleeper[t].woken = true;
  }
  return n > 0;
}

/* A wait for no time at all: whether the word can be read; or a nap. */
static long futex_timed(uintptr_t a)
{
  scheduler_point(NULL, true);
  errno = world_holds(a) && !kernel_allows(a, false) ? EFAULT : EAGAIN;
  return -1;
}

long kernel_syscall(long number, ...);
long kernel_syscall(long number, ...)
{
  va_list list;
  va_start(list, number);
  unsigned long a[6];
  for (int i = 0; i < 6; i++) {
    a[i] = va_arg(list, unsigned long);
  }
  va_end(list);
  switch (number) {
  case SYS_getrandom:
    return give_random((unsigned char *)a[0], a[1]);
  case SYS_sched_getaffinity:
    return give_processors((unsigned char *)a[2]);
  case SYS_futex:
    return a[3] != 0 ? futex_timed(a[0]) : futex((const uint32_t *)a[0], (int)a[1], (uint32_t)a[2]);
  case SYS_gettid:
    return 1 + (long)scheduler_self();
  case SYS_mremap:
    return move_pages(a[0], a[1], a[2], a[3], a[4]);
  default:
    errno = ENOSYS;
    return -1;
  }
}
