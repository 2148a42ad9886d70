/* A library that finds another one by its own RUNPATH. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

void *caller_opens(const char *name, int mode);
void *caller_opens(const char *name, int mode)
{
  void *library = dlopen(name, mode);
  return library; /* not in tail position */
}

void *caller_opens_in(Lmid_t list, const char *name, int mode);
void *caller_opens_in(Lmid_t list, const char *name, int mode)
{
  void *library = dlmopen(list, name, mode);
  return library;
}
