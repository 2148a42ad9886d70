/* order: what happened before what, by the rules of the C memory model, in one
 * run; and which accesses nothing orders.
 *
 * Owns a vector clock for each thread, one for each atomic variable (what its
 * last release carried), and for each address of the watched memory who touched
 * it when.  Two accesses of different threads to one address, one of them a
 * write and one of them plain, that no chain of release and acquire orders, are
 * a race: on a weaker processor, or from a bolder compiler, the second one may
 * see what the first one has not done.  Runs are sequentially consistent, so
 * this is what finds an order that is too weak.
 *
 * It also learns which atomic variables threads contend for.  A decision about
 * who runs is needed before accesses to those only: an access to a variable
 * that one thread alone touches, or that nobody writes, commutes with whatever
 * the others do.  When a run shows a new one, the search starts again.
 */
#ifndef ASHLAR_EXPLORE_ORDER_H
#define ASHLAR_EXPLORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum order_access {
  ORDER_READ = 0,
  ORDER_WRITE = 1
};

struct order_race {
  bool found;
  uintptr_t address;
  uint32_t first, second;        /* threads */
  uintptr_t first_at, second_at; /* where in the code */
  bool first_writes, second_writes;
};

/* Reserves what is needed; once. */
void order_start(void);

/* Begins a run: nothing has happened. */
void order_begin(void);

/* A plain access of the running thread.
 * at: where in the code. */
void order_plain(uint32_t t, uintptr_t a, size_t bytes, enum order_access access, uintptr_t at);

/* An atomic access, for the race check; then what its memory order does. */
void order_atomic(uint32_t t, uintptr_t a, enum order_access access, uintptr_t at);
void order_acquire(uint32_t t, uintptr_t a);
void order_release(uint32_t t, uintptr_t a);
/* A store that carries nothing, and ends what an earlier release carried. */
void order_forget(uintptr_t a);

/* The same for whole pages, by the kernel: cheaper where nobody touched them. */
void order_pages(uint32_t t, uintptr_t a, size_t bytes, uintptr_t at);

/* Pages that become accessible.  Who touches one without being ordered after
 * that would trap on a processor that is late: a race that no scenario allows. */
void order_commit(uint32_t t, uintptr_t a, size_t bytes, uintptr_t at);

/* Whether races between the program's own plain accesses count in this run. */
void order_strict(bool on);

/* The race of this run, if there was one. */
const struct order_race *order_race(void);

/* Notes who touches an atomic variable, and returns whether threads are known
 * to contend for it. */
bool order_contended(uint32_t t, uintptr_t a, enum order_access access);

/* Whether the run showed a variable that was not known to be contended for;
 * makes it known. */
bool order_learn(void);

/* Forgets all that was learnt. */
void order_unlearn(void);

/* The values that a relaxed load may give besides the last one: the one before
 * it, where nothing orders its overwriting before the load.
 * Returns whether there is one. */
bool order_stale(uint32_t t, uintptr_t a, uint64_t *value);
/* Notes what a store replaces, and what a load has seen. */
void order_stored(uint32_t t, uintptr_t a, uint64_t before);
void order_seen(uint32_t t, uintptr_t a);

#endif
