/* dlopen and dlmopen without RTLD_DEEPBIND, unless the options want it kept.
 *
 * A library that is loaded with that flag looks for names in itself and in what
 * it is linked with before it looks where the program does: it finds the C
 * library's free, and gives it blocks that are not the C library's.
 *
 * The C library tells by the return address who calls, and searches that
 * object's RPATH and RUNPATH.  So the call goes on by a jump, which leaves the
 * caller's return address where it is; compiled like this whatever the flags.
 *
 * Not part of the static library: linked statically there is no other dlopen
 * behind this one.
 */
#define _GNU_SOURCE
#include "options.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#ifndef ASHLAR_NO_OVERRIDE

typedef void *(*api_dlopen_function)(const char *file, int mode);
typedef void *(*api_dlmopen_function)(Lmid_t list, const char *file, int mode);

/* Calls in tail position become jumps. */
#if __has_attribute(musttail)
#define API_OPTIMIZED
#define API_JUMP __attribute__((musttail)) return
#else
#define API_OPTIMIZED                                                                              \
  __attribute__((optimize("O2", "optimize-sibling-calls"), no_profile_instrument_function))
#define API_JUMP return
#endif
#define API_JUMPS                                                                                  \
  API_OPTIMIZED __attribute__((visibility("default"), no_instrument_function,                      \
                               no_sanitize("address", "undefined", "thread")))

/* In a C library that keeps them in a library of its own they may not be there. */
/* NOLINTNEXTLINE(readability-redundant-declaration): it is what makes it weak */
extern __typeof__(dlsym) dlsym __attribute__((weak));

static api_dlopen_function api_next_dlopen;
static api_dlmopen_function api_next_dlmopen;

static void *api_no_dlopen(const char *file, int mode)
{
  (void)file;
  (void)mode;
  errno = ENOSYS;
  return NULL;
}

static void *api_no_dlmopen(Lmid_t list, const char *file, int mode)
{
  (void)list;
  return api_no_dlopen(file, mode);
}

/* The function of that name behind this library's, or what stands in for it. */
static void *api_dl_next(const char *name, void *otherwise)
{
  void *next = dlsym != NULL ? dlsym(RTLD_NEXT, name) : NULL;
  return next != NULL ? next : otherwise;
}

/* May run again in another thread: what it finds is the same. */
static __attribute__((noinline)) void api_dl_find(void)
{
  void *next = api_dl_next("dlopen", (void *)api_no_dlopen);
  __atomic_store_n(&api_next_dlopen, (api_dlopen_function)next, __ATOMIC_RELEASE);
  next = api_dl_next("dlmopen", (void *)api_no_dlmopen);
  __atomic_store_n(&api_next_dlmopen, (api_dlmopen_function)next, __ATOMIC_RELEASE);
}

static __attribute__((noinline)) int api_dl_mode(int mode)
{
  return options()->deepbind_keep ? mode : mode & ~RTLD_DEEPBIND;
}

API_JUMPS void *dlopen(const char *file, int mode)
{
  if (__atomic_load_n(&api_next_dlopen, __ATOMIC_ACQUIRE) == NULL) {
    api_dl_find();
  }
  mode = api_dl_mode(mode);
  API_JUMP __atomic_load_n(&api_next_dlopen, __ATOMIC_ACQUIRE)(file, mode);
}

/* A namespace of its own has a C library of its own, whatever the flag says. */
API_JUMPS void *dlmopen(Lmid_t list, const char *file, int mode)
{
  if (__atomic_load_n(&api_next_dlmopen, __ATOMIC_ACQUIRE) == NULL) {
    api_dl_find();
  }
  if (list == LM_ID_BASE) {
    mode = api_dl_mode(mode);
  }
  API_JUMP __atomic_load_n(&api_next_dlmopen, __ATOMIC_ACQUIRE)(list, file, mode);
}

#endif
