/* Guards: by advice, or by mappings on a budget. */
#include "os_internal.h"

#include <errno.h>
#include <sys/mman.h>

static struct {
  enum os_guard_means means;
  uint64_t budget;
  uint64_t budget_used;
  uint64_t installed;
  uint64_t removed;
  uint64_t refused;
  uint64_t turned; /* 1 once a filter refused the advice that guards were made by */
} os_guards;

void os_guard_start(enum os_guard_means means, uint64_t budget)
{
  os_guards.means = means;
  os_guards.budget = budget;
  os_guards.turned = 0;
}

void os_guard_counters(struct os_counters *counters)
{
  counters->guards_installed = os_counted(&os_guards.installed);
  counters->guards_removed = os_counted(&os_guards.removed);
  counters->guards_refused = os_counted(&os_guards.refused);
  counters->guard_budget = os_counted(&os_guards.budget);
  counters->guard_mappings = os_counted(&os_guards.budget_used);
  counters->guard_means = __atomic_load_n(&os_guards.means, __ATOMIC_RELAXED);
}

static bool os_guard_by_advice(void)
{
  return __atomic_load_n(&os_guards.means, __ATOMIC_ACQUIRE) == OS_GUARD_BY_ADVICE;
}

/* ---- the budget ---- */

static bool os_budget_take(void)
{
  uint64_t used = os_counted(&os_guards.budget_used);
  do {
    if (used + OS_MAPPINGS_PER_GUARD > os_counted(&os_guards.budget)) {
      errno = ENOMEM;
      return false;
    }
  } while (!__atomic_compare_exchange_n(&os_guards.budget_used, &used, used + OS_MAPPINGS_PER_GUARD,
                                        true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return true;
}

/* Not below nothing: a guard that was being made by advice while a filter came
 * may have taken none. */
static void os_budget_give(void)
{
  uint64_t used = os_counted(&os_guards.budget_used);
  uint64_t left = 0;
  do {
    left = used > OS_MAPPINGS_PER_GUARD ? used - OS_MAPPINGS_PER_GUARD : 0;
  } while (!__atomic_compare_exchange_n(&os_guards.budget_used, &used, left, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
}

/* A filter came that refuses the advice: from now on guards are mappings.  Those
 * that stand count as such, since that is how each of them will be given back. */
static void os_guard_turn_to_mappings(void)
{
  uint64_t standing = os_counted(&os_guards.installed) - os_counted(&os_guards.removed);
  enum os_guard_means by_advice = OS_GUARD_BY_ADVICE;
  __atomic_store_n(&os_guards.turned, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&os_guards.budget, os_read_max_maps() / 2, __ATOMIC_RELAXED);
  if (__atomic_compare_exchange_n(&os_guards.means, &by_advice, OS_GUARD_BY_PROTECT, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    os_count(&os_guards.budget_used, standing * OS_MAPPINGS_PER_GUARD);
  }
}

/* ---- guarding ---- */

static bool os_guard_advise(uintptr_t a, size_t bytes)
{
  if (os_advise(a, bytes, OS_ADVICE_GUARD_INSTALL)) {
    return true;
  }
  /* It may have got half of the way. */
  int why = errno;
  os_advise(a, bytes, OS_ADVICE_GUARD_REMOVE);
  errno = why;
  return false;
}

static bool os_guard_protect(uintptr_t a, size_t bytes)
{
  if (os_sandboxed()) {
    return os_map_over(a, bytes, PROT_NONE);
  }
  /* In this order: what is written between the two would survive the other. */
  if (!os_protect(a, bytes, PROT_NONE)) {
    return os_filter_refuses_protect() && os_map_over(a, bytes, PROT_NONE);
  }
  if (os_drop(a, bytes, PROT_NONE)) {
    return true;
  }
  int why = errno;
  if (!os_protect(a, bytes, PROT_READ | PROT_WRITE) &&
      mprotect(os_pointer(a), bytes, PROT_READ | PROT_WRITE) != 0 &&
      !os_map_over(a, bytes, PROT_READ | PROT_WRITE)) {
    /* It traps, and its contents may not be gone; the caller takes it to be
     * accessible.  Undoing what was just done costs no new mapping, so the
     * kernel does not refuse it; should it, no answer would be true. */
    __builtin_trap();
  }
  errno = why;
  return false;
}

static bool os_guard_on_budget(uintptr_t a, size_t bytes)
{
  if (!os_budget_take()) {
    return false;
  }
  if (os_guard_protect(a, bytes)) {
    return true;
  }
  os_budget_give();
  return false;
}

static bool os_guard_by_any(uintptr_t a, size_t bytes)
{
  if (os_guard_by_advice()) {
    if (os_guard_advise(a, bytes)) {
      return true;
    }
    if (!os_filter_refuses_advice(OS_ADVICE_GUARD_INSTALL)) {
      return false;
    }
    os_guard_turn_to_mappings();
  }
  return os_guard_on_budget(a, bytes);
}

bool os_guard(uintptr_t a, size_t bytes)
{
  int saved = errno;
  bool done = os_guard_by_any(a, bytes);
  os_count(done ? &os_guards.installed : &os_guards.refused, 1);
  return os_finish(OS_GUARD, done, saved);
}

/* ---- and back ---- */

/* Whatever it was made of, a new mapping takes it away. */
static bool os_unguard_mapping(uintptr_t a, size_t bytes)
{
  bool over = os_sandboxed() || os_counted(&os_guards.turned) != 0;
  if (!over) {
    if (os_protect(a, bytes, PROT_READ | PROT_WRITE)) {
      return true;
    }
    over = os_filter_refuses_protect();
  }
  return over && os_map_over(a, bytes, PROT_READ | PROT_WRITE);
}

static bool os_unguard_on_budget(uintptr_t a, size_t bytes)
{
  if (!os_unguard_mapping(a, bytes)) {
    return false;
  }
  os_budget_give();
  return true;
}

static bool os_unguard_by_any(uintptr_t a, size_t bytes)
{
  if (os_guard_by_advice()) {
    if (os_advise(a, bytes, OS_ADVICE_GUARD_REMOVE)) {
      return true;
    }
    if (!os_filter_refuses_advice(OS_ADVICE_GUARD_REMOVE)) {
      return false;
    }
    os_guard_turn_to_mappings();
  }
  return os_unguard_on_budget(a, bytes);
}

bool os_unguard(uintptr_t a, size_t bytes)
{
  int saved = errno;
  bool done = os_unguard_by_any(a, bytes);
  if (done) {
    os_count(&os_guards.removed, 1);
  }
  return os_finish(OS_UNGUARD, done, saved);
}
