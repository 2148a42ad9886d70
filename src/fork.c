#include "fork.h"
#include "api.h"
#include "lock.h"
#include "pool.h"
#include "pool_set.h"
#include "region.h"

#include <errno.h>
#include <pthread.h>

/* The C library's lock on its list of streams.  It takes it after our handler,
 * and whoever holds it may ask for memory (a stream in memory that is flushed
 * grows); so it is taken before our locks.  Its holder may take it again. */
extern void _IO_list_lock(void) __attribute__((weak));
extern void _IO_list_unlock(void) __attribute__((weak));

/* Forks under way in this thread: a signal handler may fork while one is.
 * 0 if the process has one thread; then no lock is taken, as the handler may
 * have interrupted who holds it. */
static __thread uint32_t fork_depth __attribute__((tls_model("initial-exec")));

static void fork_prepare(void)
{
  if (LOCK_ALONE() || fork_depth++ > 0) {
    return;
  }
  if (_IO_list_lock != NULL && _IO_list_unlock != NULL) {
    _IO_list_lock();
  }
  pool_lock_all();
  pool_set_lock_all();
  region_lock();
  heap_stop();
}

static void fork_in_parent(void)
{
  if (fork_depth == 0 || --fork_depth > 0) {
    return;
  }
  heap_go_on();
  region_unlock();
  pool_set_unlock_all();
  pool_unlock_all();
  if (_IO_list_lock != NULL && _IO_list_unlock != NULL) {
    _IO_list_unlock();
  }
}

/* The C library has freed its own lock already. */
static void fork_in_child(void)
{
  if (fork_depth > 0) {
    fork_depth--;
  }
  heap_in_child();
  region_in_child();
  pool_set_in_child();
  pool_in_child();
}

/* Whether the handlers are registered, or are just being so. */
static uint32_t fork_started;

void fork_start(void)
{
  if (__atomic_exchange_n(&fork_started, 1, __ATOMIC_ACQ_REL) != 0) {
    return;
  }
  if (pthread_atfork(fork_prepare, fork_in_parent, fork_in_child) != 0) {
    __atomic_store_n(&fork_started, 0, __ATOMIC_RELEASE);
  }
}

/* Before constructors that name no place in the order. */
__attribute__((constructor(101))) static void fork_constructor(void)
{
  fork_start();
}

#ifndef ASHLAR_NO_OVERRIDE

typedef int (*fork_register)(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                             void *object);

/* Of <dlfcn.h>, which has RTLD_NEXT only for who asked the first header of all
 * for it; weak, lest a static program gets a loader for this. */
#define FORK_NEXT_OBJECT ((void *)-1L)
extern void *dlsym(void *handle, const char *name) __attribute__((weak));

/* What every pthread_atfork of a dynamic program comes through: libraries that
 * the program names are initialised, and register, before one that is preloaded.
 * Weak, since a static program that forks has the C library's own; in it the
 * constructor above comes first. */
ASHLAR_PUBLIC __attribute__((weak)) int
__register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *object);
ASHLAR_PUBLIC __attribute__((weak)) int
__register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *object)
{
  fork_start();
  if (dlsym == NULL) {
    return 0; /* nobody in this program forks */
  }
  fork_register next = (fork_register)(uintptr_t)dlsym(FORK_NEXT_OBJECT, "__register_atfork");
  return next == NULL ? ENOMEM : next(prepare, parent, child, object);
}

#endif
