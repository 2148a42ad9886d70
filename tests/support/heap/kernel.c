/* kernel: before the first allocation, from the environment. */
#include "kernel.h"

#include "../../../src/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each is one that exists: before Linux 6.13 guards are made of mappings; some
 * emulators answer 0 to any advice and do nothing; and where the program itself
 * has as many mappings as it may have, no guard can be had; and sandboxes refuse
 * calls by filters. */
static const struct kernel {
  const char *name;
  bool no_guard_advice;
  bool no_advice;
  int64_t guard_budget; /* in mappings; -1: as the kernel says */
  uint32_t refused;     /* what a filter of system calls refuses */
  bool sandbox;         /* ... or would kill for */
} kernels[] = {
    {"no-guard-advice", true, false, -1, 0, false},
    {"no-advice", false, true, -1, 0, false},
    {"few-guards", true, false, 40, 0, false},
    {"no-guards", true, false, 0, 0, false},
    {"filter", false, false, -1, OS_TEST_REFUSE_PROTECT | OS_TEST_REFUSE_ADVICE, false},
    {"sandbox", false, false, -1, OS_TEST_REFUSE_PROTECT | OS_TEST_REFUSE_ADVICE, true},
};

static const struct kernel *kernel;

/* Before all that allocates. */
__attribute__((constructor(101))) static void kernel_start(void)
{
  const char *name = getenv("ASHLAR_TEST_KERNEL");
  if (name == NULL) {
    return;
  }
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    if (strcmp(kernels[i].name, name) == 0) {
      kernel = &kernels[i];
    }
  }
  if (kernel == NULL) {
    fprintf(stderr, "ASHLAR_TEST_KERNEL=%s: no such kernel\n", name);
    abort();
  }
  os_test_no_guard_advice = kernel->no_guard_advice;
  os_test_no_advice = kernel->no_advice;
  os_test_guard_budget = kernel->guard_budget;
  os_test_refused = kernel->refused;
  os_test_sandbox = kernel->sandbox;
}

bool kernel_without_guards(void)
{
  return kernel != NULL && kernel->guard_budget == 0;
}

bool kernel_may_refuse_guards(void)
{
  return kernel != NULL;
}
