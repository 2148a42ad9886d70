/* Moving pages from one range to another: two calls of mremap.
 *
 * The first takes the pages to an address of the kernel's choice and leaves the
 * range that they came from mapped, and empty (MREMAP_DONTUNMAP); so an arena
 * never has a hole into which another thread's mapping could fall.  The second
 * takes them on to where they belong, together with as much room behind as is
 * wanted, so that all of that is one mapping, which a later call can move again. */
#include "os_internal.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the C library's headers name only for those who ask for all of GNU's. */
#define OS_MREMAP_MAYMOVE 1
#define OS_MREMAP_FIXED 2
#define OS_MREMAP_DONTUNMAP 4 /* Linux 5.7 */
#define OS_ADVICE_COLD 20     /* Linux 5.4 */

enum {
  /* A moved range in the middle of a mapping makes three of one. */
  OS_MAPPINGS_PER_MOVE = 2,
  /* Of the mappings of a process, so much for moved ranges. */
  OS_MOVE_SHARE = 4
};

/* Moved ranges that there may be; 0 until it is asked for.  And those there are. */
static uint64_t os_move_most;
static uint64_t os_move_now;
/* Set for good if the kernel did something to a range that cannot be told. */
static bool os_move_off;

#ifdef ASHLAR_TEST_HOOKS
bool os_test_no_moves;
bool os_test_move_loses;
#endif

/* Returns whether the pages are at another address, which it stores. */
static bool os_remap(uintptr_t from, size_t bytes, size_t room, long flags, uintptr_t *to)
{
  long at = syscall(SYS_mremap, from, bytes, room, OS_MREMAP_MAYMOVE | flags, *to);
  if (at == -1) {
    return false;
  }
  *to = (uintptr_t)at;
  return true;
}

static bool os_move_take_budget(void)
{
  uint64_t most = __atomic_load_n(&os_move_most, __ATOMIC_RELAXED);
  if (most == 0) {
    most = os_read_max_maps() / OS_MOVE_SHARE / OS_MAPPINGS_PER_MOVE + 1;
    __atomic_store_n(&os_move_most, most, __ATOMIC_RELAXED);
  }
  if (__atomic_add_fetch(&os_move_now, 1, __ATOMIC_RELAXED) <= most) {
    return true;
  }
  __atomic_fetch_sub(&os_move_now, 1, __ATOMIC_RELAXED);
  errno = ENOMEM;
  return false;
}

/* Whether a page may be taken elsewhere: moving would undo the program's lock of
 * the whole mapping that it is in (mlock, mlockall).  This advice does nothing
 * that can be seen, and the kernel refuses it for what is locked.  In a sandbox
 * neither call is made: a filter may kill for it. */
static bool os_move_allowed(uintptr_t a)
{
  if (os_sandboxed() || __atomic_load_n(&os_move_off, __ATOMIC_RELAXED)) {
    errno = ENOTSUP;
    return false;
  }
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_no_moves) {
    errno = ENOSYS;
    return false;
  }
#endif
  return os_advise(a, os_page_bytes(), OS_ADVICE_COLD);
}

/* After a refusal: whether the range is the allocator's still.  The kernel may
 * have taken it away before it failed; then it is mapped anew.  Something that is
 * mapped there may be another thread's by now, and is not looked at. */
static bool os_move_restore(uintptr_t to, size_t room)
{
  if (os_map(to, room, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE) == to) {
    return true;
  }
  __atomic_store_n(&os_move_off, true, __ATOMIC_RELAXED);
  return false;
}

/* The second step.  Returns false if it failed; usable says what of `to` is left. */
static bool os_move_on(uintptr_t at, size_t bytes, uintptr_t to, size_t room, bool *usable)
{
  *usable = true;
  if (!os_request()) {
    return false;
  }
#ifdef ASHLAR_TEST_HOOKS
  if (os_test_move_loses) {
    *usable = os_move_restore(to, room);
    return false;
  }
#endif
  if (os_remap(at, bytes, room, OS_MREMAP_FIXED, &to)) {
    return true;
  }
  *usable = os_move_restore(to, room);
  return false;
}

struct os_moved os_move(uintptr_t from, size_t bytes, uintptr_t to, size_t room)
{
  int saved = errno;
  struct os_moved moved = {from, true};
  bool done = false;
  if (os_move_allowed(from) && os_move_take_budget()) {
    uintptr_t at = 0;
    if (os_request() && os_remap(from, bytes, bytes, OS_MREMAP_DONTUNMAP, &at)) {
      done = os_move_on(at, bytes, to, room, &moved.usable);
      moved.at = done ? to : at;
      /* The caller releases what stands apart. */
      __atomic_fetch_add(&os_count_reserved, done ? 0 : bytes, __ATOMIC_RELAXED);
    }
    if (!done) {
      __atomic_fetch_sub(&os_move_now, 1, __ATOMIC_RELAXED);
    }
  }
  os_finish(OS_MOVE, done, saved);
  return moved;
}

bool os_renew(uintptr_t a, size_t bytes)
{
  int saved = errno;
  bool done = os_map(a, bytes, PROT_READ | PROT_WRITE, MAP_FIXED) == a;
  if (done) {
    __atomic_fetch_sub(&os_move_now, 1, __ATOMIC_RELAXED);
  }
  return os_finish(OS_MOVE, done, saved);
}
