/* dlopen under the library: RTLD_DEEPBIND is masked, and all else is as the C
 * library has it; above all that the caller's own RUNPATH is searched. */
#include "system.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "build/system/dl/"

static void *(*caller_opens)(const char *name, int mode);
static void *(*caller_opens_in)(Lmid_t list, const char *name, int mode);

static void find_caller(void)
{
  void *caller = dlopen(FOLDER "libcaller.so", RTLD_NOW);
  must(caller != NULL);
  *(void **)&caller_opens = dlsym(caller, "caller_opens");
  *(void **)&caller_opens_in = dlsym(caller, "caller_opens_in");
  must(caller_opens != NULL && caller_opens_in != NULL);
}

/* Whether a block is the library's. */
static bool is_ours(const void *block)
{
  size_t (*object_size)(const void *) = NULL;
  *(void **)&object_size = dlsym(RTLD_DEFAULT, "ashlar_object_size");
  return object_size != NULL && object_size(block) > 0;
}

SYSTEM_TEST(the_callers_path_is_searched, 20)
{
  find_caller();
  must(dlopen("libhidden.so", RTLD_NOW) == NULL); /* not in ours */
  const int modes[] = {RTLD_NOW, RTLD_LAZY | RTLD_GLOBAL, RTLD_NOW | RTLD_DEEPBIND};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    void *library = caller_opens("libhidden.so", modes[i]);
    must(library != NULL && dlsym(library, "hidden_malloc") != NULL);
    must(dlclose(library) == 0);
    library = caller_opens_in(LM_ID_BASE, "libhidden.so", modes[i]);
    must(library != NULL && dlclose(library) == 0);
  }
}

SYSTEM_TEST(origin_is_the_callers, 20)
{
  find_caller();
  must(dlopen("$ORIGIN/hidden/libhidden.so", RTLD_NOW) == NULL);
  must(caller_opens("$ORIGIN/hidden/libhidden.so", RTLD_NOW) != NULL);
  must(caller_opens("$ORIGIN/hidden/libhidden.so", RTLD_NOW | RTLD_DEEPBIND) != NULL);
}

SYSTEM_TEST(namespaces_are_as_they_were, 20)
{
  find_caller();
  void *library = caller_opens_in(LM_ID_NEWLM, "libhidden.so", RTLD_NOW);
  must(library != NULL);
  Lmid_t list = LM_ID_BASE;
  must(dlinfo(library, RTLD_DI_LMID, &list) == 0 && list != LM_ID_BASE);
  void *(*make)(size_t) = NULL;
  *(void **)&make = dlsym(library, "hidden_malloc");
  must(!is_ours(make(100))); /* it has a C library of its own */
}

SYSTEM_TEST(errors_are_the_c_librarys, 20)
{
  const char *none = "libnosuch.so: cannot open shared object file: No such file or directory";
  must(dlerror() == NULL);
  must(dlopen("libnosuch.so", RTLD_NOW) == NULL && strcmp(dlerror(), none) == 0);
  must(dlopen("libnosuch.so", RTLD_NOW | RTLD_DEEPBIND) == NULL && strcmp(dlerror(), none) == 0);
  must(dlmopen(LM_ID_BASE, "libnosuch.so", RTLD_NOW) == NULL && strcmp(dlerror(), none) == 0);
  must(dlopen("libm.so.6", 0) == NULL && strstr(dlerror(), "invalid mode") != NULL);
  must(dlopen("README.md", RTLD_NOW) == NULL && dlerror() != NULL);
  must(dlerror() == NULL);
  must(dlopen(NULL, RTLD_NOW) != NULL && dlerror() == NULL);
}

SYSTEM_TEST(blocks_of_a_deep_bound_library_are_ours, 20)
{
  void *library = dlopen(FOLDER "hidden/libhidden.so", RTLD_NOW | RTLD_DEEPBIND);
  must(library != NULL);
  void *(*make)(size_t) = NULL;
  void (*end)(void *) = NULL;
  *(void **)&make = dlsym(library, "hidden_malloc");
  *(void **)&end = dlsym(library, "hidden_free");
  for (size_t size = 1; size < 1000000; size *= 3) {
    void *block = make(size);
    must(is_ours(block));
    free(block);
    end(malloc(size));
  }
}

/* Run by the next one alone: the option keeps the flag. */
SYSTEM_TEST(deep_bound_if_asked, 20)
{
  const char *options = getenv("ASHLAR_OPTIONS");
  bool keep = options != NULL && strstr(options, "deepbind=keep") != NULL;
  void *library = dlopen(FOLDER "hidden/libhidden.so", RTLD_NOW | RTLD_DEEPBIND);
  void *(*make)(size_t) = NULL;
  must(library != NULL);
  *(void **)&make = dlsym(library, "hidden_malloc");
  must(is_ours(make(100)) == !keep);
}

SYSTEM_TEST(the_option_keeps_the_flag, 40)
{
  char *const argv[] = {
      "sh", "-c",
      "ASHLAR_OPTIONS=deepbind=keep build/system/dlopen deep_bound_if_asked 2>/dev/null", NULL};
  must(run_command(argv, false, 30) == 0);
}

/* However it is compiled: src/api_dl.c hands the call on by a jump. */
SYSTEM_TEST(so_it_is_at_every_level_of_optimisation, 200)
{
  const char *const levels[] = {"O0", "O1", "O3", "Os", "O2-nojump", "O0-checked"};
  const char *const chosen[] = {"the_callers_path_is_searched", "origin_is_the_callers",
                                "errors_are_the_c_librarys",
                                "blocks_of_a_deep_bound_library_are_ours"};
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    for (size_t k = 0; k < sizeof chosen / sizeof *chosen; k++) {
      char line[300];
      snprintf(line, sizeof line, "LD_PRELOAD=" FOLDER "libashlar-%s.so %s %s 2>/dev/null",
               levels[i], "build/system/dlopen", chosen[k]);
      char *const argv[] = {"sh", "-c", line, NULL};
      must(run_command(argv, true, 30) == 0);
    }
  }
}

SYSTEM_TEST(the_static_library_has_none, 20)
{
  char *const argv[] = {FOLDER "static", NULL};
  must(run_command(argv, true, 15) == 0);
  char *const names[] = {"sh", "-c", "! nm build/libashlar.a | grep -w dlopen", NULL};
  must(run_command(names, true, 15) == 0);
}
