/* What makes the allocator ready, and holds it still: for a fork, and for whoever
 * looks at all of it. */
#include "heap_internal.h"
#include "central_cache.h"
#include "large.h"
#include "lock.h"
#include "options.h"
#include "os.h"
#include "page_heap.h"
#include "payload.h"
#include "tables.h"
#include "thread_registry.h"

static struct {
  struct lock lock;
  bool ready;
} heap;

/* ---- around a fork ------------------------------------------------------- */

void heap_stop(void)
{
  thread_registry_lock();
  large_lock();
  central_lock_all();
  page_heap_lock();
}

void heap_go_on(void)
{
  page_heap_unlock();
  central_unlock_all();
  large_unlock();
  thread_registry_unlock();
}

void heap_in_child(void)
{
  os_random_part();
  page_heap_reset_lock();
  central_reset_locks();
  large_reset_lock();
  thread_registry_in_child();
}

/* ---- start --------------------------------------------------------------- */

/* What every free wants to know of a class, worked out once. */
static void heap_start_classes(void)
{
  struct ashlar_root *root = &ashlar_root_pages.root;
  for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
    root->class_bytes[c] = size_class_bytes(c);
    root->class_shift[c] = 0;
    while (c > 0 &&
           size_class_bytes(c) - 1 - size_class_recorded(c, 1) > 1u << root->class_shift[c]) {
      root->class_shift[c]++;
    }
  }
}

static bool heap_start_locked(void)
{
  options_start();
  os_choose_sandbox(options()->sandbox == OPTIONS_FIND ? OS_SANDBOX_FIND
                    : options()->sandbox == OPTIONS_NO ? OS_SANDBOX_NO
                                                       : OS_SANDBOX_YES);
  os_start();
  if (os_sandboxed()) {
    lock_do_not_ask();
  }
  if (!tables_reserve()) {
    return false;
  }
  payload_start(heap_written);
  heap_start_classes();
  return thread_registry_start();
}

bool heap_is_ready(void)
{
  return __atomic_load_n(&heap.ready, __ATOMIC_ACQUIRE);
}

ASHLAR_COLD bool heap_start(void)
{
  if (heap_is_ready()) {
    return true;
  }
  lock_acquire(&heap.lock);
  bool ready = heap.ready || heap_start_locked();
  __atomic_store_n(&heap.ready, ready, __ATOMIC_RELEASE);
  lock_release(&heap.lock);
  return ready;
}

/* Runs before main, and before constructors that name no place in the order;
 * may come after the first allocations. */
__attribute__((constructor(102))) static void heap_constructor(void)
{
  if (heap_start()) {
    /* Again: the first allocation may have come before there was an environment. */
    options_start();
  }
}
