#include "access.h"
#include "kernel.h"
#include "order.h"
#include "scheduler.h"
#include "world.h"

#include "../../../src/lock.h"

#include <string.h>

/* The compiler's names, which no header declares. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define HERE ((uintptr_t)__builtin_return_address(0))

struct access_mode access_mode;
void (*access_listener)(const char *what, uintptr_t a, uint64_t value, uintptr_t at);

/* Accesses after which a run is taken to be endless. */
enum {
  MOST_ACCESSES = 1000000
};

static uint32_t locks_held[SCHEDULER_THREADS];
static uint32_t accesses;

void access_begin(void)
{
  memset(locks_held, 0, sizeof locks_held);
  accesses = 0;
}

uint32_t access_locks_held(uint32_t thread)
{
  return locks_held[thread];
}

static void count(uintptr_t at)
{
  if (++accesses == MOST_ACCESSES) {
    access_endless(at);
  }
}

static void point(const uint32_t *lock, bool decides, const char *what, uintptr_t a, uint64_t value,
                  uintptr_t at)
{
  scheduler_point(lock, decides || access_mode.every_access);
  if (access_listener != NULL) {
    access_listener(what, a, value, at);
  }
}

/* ---- plain --------------------------------------------------------------------- */

static void check_page(uintptr_t a, bool write, uintptr_t at)
{
  if (world_holds(a) && !kernel_allows(a, write)) {
    access_trapped(a, write, at);
  }
}

static void plain(uintptr_t a, size_t bytes, bool write, uintptr_t at)
{
  if (write) {
    world_written(a, bytes);
  }
  if (!scheduler_active()) {
    return;
  }
  count(at);
  if (write && access_mode.every_write && world_holds(a)) {
    point(NULL, true, "write", a, 0, at);
  }
  check_page(a, write, at);
  check_page(a + bytes - 1, write, at);
  order_plain(scheduler_self(), a, bytes, write ? ORDER_WRITE : ORDER_READ, at);
}

void access_range(uintptr_t a, size_t bytes, bool write, uintptr_t at)
{
  if (bytes == 0) {
    return;
  }
  if (write) {
    world_written(a, bytes);
  }
  if (scheduler_active()) {
    order_plain(scheduler_self(), a, bytes, write ? ORDER_WRITE : ORDER_READ, at);
  }
}

#define PLAIN(n)                                                                                   \
  void __tsan_read##n(void *a);                                                                    \
  void __tsan_read##n(void *a)                                                                     \
  {                                                                                                \
    plain((uintptr_t)a, n, false, HERE);                                                           \
  }                                                                                                \
  void __tsan_write##n(void *a);                                                                   \
  void __tsan_write##n(void *a)                                                                    \
  {                                                                                                \
    plain((uintptr_t)a, n, true, HERE);                                                            \
  }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *a, size_t bytes);
void __tsan_read_range(void *a, size_t bytes)
{
  plain((uintptr_t)a, bytes, false, HERE);
}

void __tsan_write_range(void *a, size_t bytes);
void __tsan_write_range(void *a, size_t bytes)
{
  plain((uintptr_t)a, bytes, true, HERE);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

/* What src/ is compiled to call in place of the C library's. */
void *access_memset(void *to, int byte, size_t bytes);
void *access_memset(void *to, int byte, size_t bytes)
{
  if (bytes > 0) {
    plain((uintptr_t)to, bytes, true, HERE);
  }
  return memset(to, byte, bytes);
}

void *access_memcpy(void *to, const void *from, size_t bytes);
void *access_memcpy(void *to, const void *from, size_t bytes)
{
  if (bytes > 0) {
    plain((uintptr_t)from, bytes, false, HERE);
    plain((uintptr_t)to, bytes, true, HERE);
  }
  return memcpy(to, from, bytes);
}

/* ---- atomic --------------------------------------------------------------------- */

static bool acquires(int mo)
{
  return mo == __ATOMIC_ACQUIRE || mo == __ATOMIC_CONSUME || mo == __ATOMIC_ACQ_REL ||
         mo == __ATOMIC_SEQ_CST;
}

static bool releases(int mo)
{
  return mo == __ATOMIC_RELEASE || mo == __ATOMIC_ACQ_REL || mo == __ATOMIC_SEQ_CST;
}

static uint64_t load(uintptr_t a, uint64_t now, int mo, uintptr_t at)
{
  uint32_t t = scheduler_self();
  order_atomic(t, a, ORDER_READ, at);
  uint64_t old;
  if (access_mode.stale && !acquires(mo) && order_stale(t, a, &old) && old != now &&
      scheduler_choose(CHOICE_STALE, 2) == 1) {
    return old;
  }
  if (acquires(mo)) {
    order_acquire(t, a);
  }
  order_seen(t, a);
  return now;
}

/* A compare-exchange that found another value: it never sees a stale one. */
static void differ(uintptr_t a, int mo, uintptr_t at)
{
  uint32_t t = scheduler_self();
  order_atomic(t, a, ORDER_READ, at);
  if (acquires(mo)) {
    order_acquire(t, a);
  }
  order_seen(t, a);
}

static void store(uintptr_t a, uint64_t before, int mo, bool exchange, uintptr_t at)
{
  uint32_t t = scheduler_self();
  order_atomic(t, a, ORDER_WRITE, at);
  order_stored(t, a, before);
  if (exchange && acquires(mo)) {
    order_acquire(t, a);
  }
  if (!exchange) {
    order_forget(a);
  }
  if (releases(mo)) {
    order_release(t, a);
  }
}

/* Before an atomic access: a point, if threads contend for the variable. */
static bool before(const volatile void *p, enum order_access access, const uint32_t *lock,
                   const char *what, uint64_t value, uintptr_t at)
{
  uintptr_t a = (uintptr_t)p;
  if (access == ORDER_WRITE) {
    world_written(a, 8);
  }
  if (!scheduler_active()) {
    return false;
  }
  count(at);
  point(lock, order_contended(scheduler_self(), a, access), what, a, value, at);
  check_page(a, access == ORDER_WRITE, at);
  return true;
}

#define ATOMIC(bits)                                                                               \
  uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *a, int mo);             \
  uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *a, int mo)              \
  {                                                                                                \
    if (!before(a, ORDER_READ, NULL, "load", 0, HERE)) {                                           \
      return *a;                                                                                   \
    }                                                                                              \
    return (uint##bits##_t)load((uintptr_t)a, *a, mo, HERE);                                       \
  }                                                                                                \
  void __tsan_atomic##bits##_store(volatile uint##bits##_t *a, uint##bits##_t value, int mo);      \
  void __tsan_atomic##bits##_store(volatile uint##bits##_t *a, uint##bits##_t value, int mo)       \
  {                                                                                                \
    if (before(a, ORDER_WRITE, NULL, "store", value, HERE)) {                                      \
      store((uintptr_t)a, *a, mo, false, HERE);                                                    \
    }                                                                                              \
    *a = value;                                                                                    \
  }

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

/* Counts: they commute, and statistics alone read them.  So they are no points,
 * and nobody contends for them. */
#define COUNT(name, operator)                                                                      \
  uint64_t __tsan_atomic64_##name(volatile uint64_t *a, uint64_t by, int mo);                      \
  uint64_t __tsan_atomic64_##name(volatile uint64_t *a, uint64_t by, int mo)                       \
  {                                                                                                \
    (void)mo;                                                                                      \
    world_written((uintptr_t)a, sizeof *a);                                                        \
    uint64_t was = *a;                                                                             \
    *a = was operator by;                                                                          \
    return was;                                                                                    \
  }
COUNT(fetch_add, +)
COUNT(fetch_sub, -)

uint32_t __tsan_atomic32_fetch_add(volatile uint32_t *a, uint32_t by, int mo);
uint32_t __tsan_atomic32_fetch_add(volatile uint32_t *a, uint32_t by, int mo)
{
  (void)mo;
  world_written((uintptr_t)a, sizeof *a);
  uint32_t was = *a;
  *a = was + by;
  return was;
}

/* The two accesses that make a lock of a word: see src/lock.h. */
static bool takes_lock(uint64_t seen, uint64_t value)
{
  return seen == LOCK_FREE && value == LOCK_HELD;
}

uint32_t __tsan_atomic32_exchange(volatile uint32_t *a, uint32_t value, int mo);
uint32_t __tsan_atomic32_exchange(volatile uint32_t *a, uint32_t value, int mo)
{
  bool counts = scheduler_active();
  world_written((uintptr_t)a, sizeof *a);
  if (counts) {
    uint32_t t = scheduler_self();
    /* To give a lock back needs no point: whoever else could go on before it
     * could do the same after it, and who wants the lock cannot go on before. */
    if (value != LOCK_FREE || access_mode.real_locks) {
      before(a, ORDER_WRITE, NULL, "exchange", value, HERE);
    } else {
      order_contended(t, (uintptr_t)a, ORDER_WRITE);
    }
    store((uintptr_t)a, *a, mo, true, HERE);
    if (value == LOCK_FREE && locks_held[t] > 0) {
      locks_held[t]--;
    } else if (value != LOCK_FREE && *a == LOCK_FREE) {
      locks_held[t]++;
    }
  }
  uint32_t was = *a;
  *a = value;
  return was;
}

#define COMPARE(bits, strength)                                                                    \
  int __tsan_atomic##bits##_compare_exchange_##strength(                                           \
      volatile uint##bits##_t *a, uint##bits##_t *seen, uint##bits##_t value, int mo, int fail);   \
  int __tsan_atomic##bits##_compare_exchange_##strength(                                           \
      volatile uint##bits##_t *a, uint##bits##_t *seen, uint##bits##_t value, int mo, int fail)    \
  {                                                                                                \
    bool lock = (bits) == 32 && takes_lock(*seen, value);                                          \
    const uint32_t *wanted =                                                                       \
        lock && !access_mode.real_locks ? (const uint32_t *)(uintptr_t)a : NULL;                   \
    bool counts = before(a, ORDER_WRITE, wanted, lock ? "lock" : "compare-exchange", value, HERE); \
    uint##bits##_t was = *a;                                                                       \
    if (was != *seen) {                                                                            \
      if (counts) {                                                                                \
        differ((uintptr_t)a, fail, HERE);                                                          \
      }                                                                                            \
      *seen = was;                                                                                 \
      return 0;                                                                                    \
    }                                                                                              \
    if (counts) {                                                                                  \
      store((uintptr_t)a, was, mo, true, HERE);                                                    \
      locks_held[scheduler_self()] += lock;                                                        \
    }                                                                                              \
    *a = value;                                                                                    \
    return 1;                                                                                      \
  }
COMPARE(8, strong)
COMPARE(32, strong)
COMPARE(64, strong)
COMPARE(64, weak)

/* ---- locks -------------------------------------------------------------------------- */

void __wrap_lock_wait(struct lock *l);
void __real_lock_wait(struct lock *l);

static bool lock_is_free(const void *word)
{
  return *(const uint32_t *)word == LOCK_FREE;
}

/* Where the search did not know yet that threads contend for this lock. */
void __wrap_lock_wait(struct lock *l)
{
  if (access_mode.real_locks) {
    __real_lock_wait(l);
    return;
  }
  while (!lock_is_free(&l->word)) {
    if (!scheduler_active()) {
      access_trapped((uintptr_t)l, true, HERE);
    }
    scheduler_wait(lock_is_free, &l->word);
  }
  uint32_t t = scheduler_self();
  order_acquire(t, (uintptr_t)&l->word);
  world_written((uintptr_t)l, sizeof *l);
  l->word = LOCK_HELD;
  locks_held[t]++;
}
