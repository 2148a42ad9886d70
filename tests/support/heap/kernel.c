/* kernel: before the first allocation, from the environment. */
#include "kernel.h"

#include "../../../src/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Each is one that exists: before Linux 6.13 guards are made of mappings; some
 * emulators answer 0 to any advice and do nothing; and where the program itself
 * has as many mappings as it may have, no guard can be had; and sandboxes refuse
 * calls by filters.  Before Linux 5.7, and in some sandboxes, no pages can be
 * moved; and one that fails in the middle of a move there may be. */
static const struct kernel {
  const char *name;
  bool no_guard_advice;
  bool no_advice;
  int64_t guard_budget; /* in mappings; -1: as the kernel says */
  uint32_t refused;     /* what a filter of system calls refuses */
  bool sandbox;         /* ... or would kill for */
  bool no_moves;
  bool move_loses;
} kernels[] = {
    {"no-guard-advice", true, false, -1, 0, false, false, false},
    {"no-advice", false, true, -1, 0, false, false, false},
    {"few-guards", true, false, 40, 0, false, false, false},
    {"no-guards", true, false, 0, 0, false, false, false},
    {"filter", false, false, -1, OS_TEST_REFUSE_PROTECT | OS_TEST_REFUSE_ADVICE, false, false,
     false},
    {"sandbox", false, false, -1, OS_TEST_REFUSE_PROTECT | OS_TEST_REFUSE_ADVICE, true, false,
     false},
    {"no-moves", false, false, -1, 0, false, true, false},
    {"move-loses", false, false, -1, 0, false, false, true},
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
  os_test_no_moves = kernel->no_moves;
  os_test_move_loses = kernel->move_loses;
}

bool kernel_without_guards(void)
{
  return kernel != NULL && kernel->guard_budget == 0;
}

bool kernel_may_refuse_guards(void)
{
  return kernel != NULL &&
         (kernel->no_guard_advice || kernel->no_advice || kernel->refused != 0 || kernel->sandbox);
}

/* Whether the kernel there is moves pages and leaves the range: Valgrind's does not. */
static bool kernel_moves_really(void)
{
  enum {
    BYTES = 1 << 16,
    MAY_MOVE = 1,
    DONT_UNMAP = 4 /* Linux 5.7 */
  };
  int access = PROT_READ | PROT_WRITE;
  void *from = mmap(NULL, BYTES, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *to = (void *)syscall(SYS_mremap, from, BYTES, BYTES, MAY_MOVE | DONT_UNMAP, NULL);
  bool moved = to != MAP_FAILED && to != from;
  if (moved) {
    munmap(to, BYTES);
  }
  munmap(from, BYTES);
  return moved;
}

bool kernel_moves(void)
{
  if (kernel == NULL) {
    return kernel_moves_really();
  }
  bool asks = (kernel->refused & OS_TEST_REFUSE_ADVICE) == 0;
  return asks && !kernel->no_moves && !kernel->move_loses;
}
