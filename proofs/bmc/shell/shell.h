/* shell: what stands around the tiers while they are model-checked.
 *
 * A harness includes this first, then the files of src/ that it is about, as
 * they are.  Here are the tables, and stubs for the trusted shell (os, lock,
 * payload, random, report, options, tables): each does what its header in src/
 * promises and nothing more, may refuse wherever it may, and asserts what its
 * header asks of a caller.
 *
 * User memory has no bytes.  What is known of it, in masks: of each page of the
 * address space whether it is reserved, committed, guarded; of each granule
 * whether a byte of it may be other than zero.
 */
#ifndef BMC_SHELL_H
#define BMC_SHELL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef BMC_ENUMERATE
#include "enumerate.h"
#else

bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);

#define ASSUME(x) __CPROVER_assume(x)
/* What the harness promises: fails where it does not hold. */
#define CHECK(x, what) __CPROVER_assert((x), what)
/* The end of a harness must be reached: the runner wants this one to fail. */
#define REACH(name) __CPROVER_assert(false, "reach: " name)

/* Any of 0 .. n - 1. */
static inline uint32_t choose(uint32_t n)
{
  uint32_t chosen = nondet_u32();
  ASSUME(chosen < n);
  return chosen;
}

#endif

#ifdef BMC_ENUMERATE
/* A call is about to be made: a violation is told as these, a short sequence of C.
 * call: the format of what is printed, with the two numbers. */
static inline void say(const char *call, uint64_t a, uint64_t b)
{
  snprintf(enumeration->call[enumeration->calls++], sizeof enumeration->call[0], call, a, b);
}
#endif

/* ---- locks: never taken twice, and none is left held ---------------------- */

#define ASHLAR_LOCK_H
struct lock {
  uint32_t word;
};
static uint32_t shell_locks_held;
static inline void lock_acquire(struct lock *l)
{
  CHECK(l->word == 0, "lock: not taken twice");
  l->word = 1;
  shell_locks_held++;
}
static inline void lock_release(struct lock *l)
{
  CHECK(l->word == 1, "lock: released by who holds it");
  l->word = 0;
  shell_locks_held--;
}
#define LOCK_ALONE() (true)

static inline void lock_reset(struct lock *l)
{
  l->word = 0;
}
static inline void lock_do_not_ask(void)
{
}

/* ---- random numbers: any ------------------------------------------------------ */

#define ASHLAR_RANDOM_H
struct random {
  uint32_t left;
  uint32_t refills; /* 0: never seeded */
};
static inline uint32_t random_below(struct random *r, uint32_t n)
{
  CHECK(n >= 1 && n <= 65536, "random: range of random_below");
  r->left = r->left == 0 ? 3 : r->left - 1;
#ifdef BMC_ENUMERATE
  if (n > ASHLAR_LIST_CAPACITY) {
    return choose(2) * (n - 1); /* where a new span begins: the first slot, the last */
  }
#endif
  return choose(n);
}
static inline void random_seed(struct random *r)
{
  r->left = 2;
  r->refills = 1;
}

/* ---- tables ---------------------------------------------------------------- */

#include "../../../src/platform.h"
#include "../../../src/dump.h"
#include "../../../src/os.h"
#include "../../../src/options.h"
#include "../../../src/report.h"
#include "../../../src/space.h"
#include "../../../src/slot.h"
#include "../../../src/radix_map.h"

#define SHELL_DEFINE(type, name, per_arena, fixed) type name[ASHLAR_TABLE_LENGTH(per_arena, fixed)];
ASHLAR_TABLES(SHELL_DEFINE)

union ashlar_root_pages ashlar_root_pages;

/* ---- verdicts ---------------------------------------------------------------- */

enum {
  NO_REPORT = -1
};
/* What the operation under way must report; NO_REPORT where it must return. */
static int shell_expected = NO_REPORT;

/* Any state byte, and what it was: shows that none has changed. */
static uint64_t shell_watched;
static uint8_t shell_watched_state;
static bool shell_watches;
static inline void shell_watch(void)
{
  shell_watched = choose(GRANULES);
  shell_watched_state = slot_state[shell_watched];
  shell_watches = true;
}

void report_fatal(const struct report *r)
{
  CHECK(shell_expected != NO_REPORT, "verdict: nothing is wrong");
  CHECK((int)r->kind == shell_expected, "verdict: the right one");
  CHECK(shell_locks_held == 0, "verdict: no lock is held while it is reported");
  CHECK(!shell_watches || slot_state[shell_watched] == shell_watched_state,
        "T6: a refused call changes nothing");
#ifdef SHELL_REPORTS /* a harness in which all ends in one */
  REACH("report");
#endif
  ASSUME(false);
  __builtin_unreachable();
}

static uint32_t shell_mismatches;
bool report_counts_mismatch(void)
{
  shell_mismatches++;
  return true;
}

static uint32_t shell_warnings;
void report_warning(const struct report *r)
{
  CHECK(r->kind == REPORT_KIND_MISMATCH, "warning: only of kinds");
  shell_warnings++;
}

/* ---- the kernel ------------------------------------------------------------ */

enum {
  SHELL_BYTES = (1ull << ASHLAR_ADDRESS_BITS) & INT32_MAX,
  SHELL_PAGES = SHELL_BYTES / PAGE_BYTES,
  SHELL_GRANULES = SHELL_BYTES / GRANULE_BYTES
};
#ifndef SHELL_BARE /* a harness that touches no memory may have larger ones */
_Static_assert(SHELL_PAGES <= 64, "a mask of 64 bits has all pages");
_Static_assert(SHELL_GRANULES <= 128, "a mask of 128 bits has all granules");
#endif
typedef unsigned __int128 shell_granules;

static uint64_t shell_reserved, shell_committed, shell_guarded; /* by page */
static shell_granules shell_dirty;                              /* by granule */
/* Whether the kernel may refuse at all; where choices are enumerated, how often. */
static uint32_t shell_may_refuse = 1;

static bool shell_refuses(void)
{
  bool refused = shell_may_refuse > 0 && nondet_bool();
#ifdef BMC_ENUMERATE
  shell_may_refuse -= refused;
#endif
  return refused;
}

static uint64_t shell_page_mask(uintptr_t a, size_t bytes)
{
  CHECK(a % PAGE_BYTES == 0 && bytes % PAGE_BYTES == 0 && bytes > 0, "os: whole pages");
  CHECK(a < SHELL_BYTES && bytes <= SHELL_BYTES - a, "os: an address that can be ours");
  ASSUME(a < SHELL_BYTES && bytes <= SHELL_BYTES - a && bytes > 0);
  uint32_t pages = (uint32_t)(bytes / PAGE_BYTES);
  uint64_t ones = pages == 64 ? ~(uint64_t)0 : ((uint64_t)1 << pages) - 1;
  return ones << (a / PAGE_BYTES);
}

/* Granules that a range of bytes touches. */
static shell_granules shell_granule_mask(uintptr_t a, size_t bytes)
{
  uint32_t first = (uint32_t)(a / GRANULE_BYTES);
  uint32_t n = (uint32_t)((a + bytes + GRANULE_BYTES - 1) / GRANULE_BYTES) - first;
  shell_granules ones = n >= 128 ? ~(shell_granules)0 : ((shell_granules)1 << n) - 1;
  return ones << first;
}

/* What a core file holds is nobody's business here. */
void dump_take_in(uint32_t s, uint32_t n)
{
  (void)s;
  (void)n;
}

void dump_lower(uint32_t p)
{
  (void)p;
}

void os_hide(uintptr_t a, size_t bytes)
{
  (void)a;
  (void)bytes;
}

#ifdef BMC_ENUMERATE
/* Where a thread's cache is made: it has pointers in it, so it is real memory. */
static _Alignas(PAGE_BYTES) char shell_metadata[8192];
#endif

size_t os_page_bytes(void)
{
  return PAGE_BYTES;
}

#ifdef BMC_ENUMERATE
uintptr_t os_reserve(size_t bytes, size_t align)
{
  CHECK(align == PAGE_BYTES && bytes <= sizeof shell_metadata, "os: what a thread's cache takes");
  return shell_refuses() ? 0 : (uintptr_t)shell_metadata;
}

bool os_commit(uintptr_t a, size_t bytes)
{
  CHECK(a >= SHELL_BYTES && bytes > 0, "os_commit: of a thread's cache");
  return !shell_refuses();
}

void os_release(uintptr_t a, size_t bytes)
{
  CHECK(a >= SHELL_BYTES && bytes > 0, "os_release: of a thread's cache");
}
#endif

/* ---- address space: places of arenas ----------------------------------------- */

uintptr_t space_arenas(uint32_t n)
{
  if (shell_refuses()) {
    return 0;
  }
  CHECK(n >= 1 && n <= MAX_ARENAS, "space: arenas that there can be");
  uint32_t key = 1 + choose(RADIX_KEYS - 1);
  size_t bytes = (size_t)n * ARENA_BYTES;
  if (bytes > SHELL_BYTES - (size_t)key * ARENA_BYTES) {
    return 0;
  }
  uint64_t mask = shell_page_mask((uintptr_t)key * ARENA_BYTES, bytes);
  ASSUME((shell_reserved & mask) == 0);
  shell_reserved |= mask;
  return (uintptr_t)key * ARENA_BYTES;
}

void space_abandon(uintptr_t a, size_t usable, size_t bytes)
{
  uint64_t mask = shell_page_mask(a, bytes);
  uint64_t used = usable > 0 ? shell_page_mask(a, usable) : 0;
  CHECK((shell_reserved & mask) == mask, "space_abandon: a place");
  CHECK((shell_committed & mask) == used, "space_abandon: so much of it is usable");
  CHECK((shell_guarded & mask) == 0, "space_abandon: its guards are gone");
  shell_reserved &= ~mask;
  shell_committed &= ~mask;
  shell_dirty &= ~shell_granule_mask(a, bytes);
}

/* A refusal for want of memory: not because somebody else has the addresses, for
 * which others are tried. */
static bool shell_no_memory(void)
{
  errno = ENOMEM;
  return false;
}

bool space_commit(uintptr_t a, size_t bytes)
{
  uint64_t mask = shell_page_mask(a, bytes);
  CHECK((shell_reserved & mask) == mask, "space_commit: a part of a place");
  CHECK((shell_committed & mask) == 0, "space_commit: that is not usable");
  if (shell_refuses()) {
    return shell_no_memory();
  }
  shell_committed |= mask;
  return true;
}

bool space_decommit(uintptr_t a, size_t bytes)
{
  uint64_t mask = shell_page_mask(a, bytes);
  CHECK((shell_committed & mask) == mask, "space_decommit: a usable part");
  CHECK((shell_guarded & mask) == 0, "space_decommit: its guards are gone");
  if (shell_refuses()) {
    return false;
  }
  shell_committed &= ~mask;
  shell_dirty &= ~shell_granule_mask(a, bytes);
  return true;
}

/* A refused request may have dropped any part of what the range held. */
static void shell_drop(uintptr_t a, size_t bytes, bool all)
{
#ifdef BMC_ENUMERATE
  shell_granules kept = all || nondet_bool() ? 0 : ~(shell_granules)0;
#else
  shell_granules kept = all ? 0 : ((shell_granules)nondet_u64() << 64 | nondet_u64());
#endif
  shell_dirty &= kept | ~shell_granule_mask(a, bytes);
}

bool os_discard(uintptr_t a, size_t bytes)
{
  uint64_t mask = shell_page_mask(a, bytes);
  CHECK((shell_committed & ~shell_guarded & mask) == mask, "os_discard: a committed range");
  bool done = !shell_refuses();
  shell_drop(a, bytes, done);
  return done;
}

bool os_guard(uintptr_t a, size_t bytes)
{
  uint64_t mask = shell_page_mask(a, bytes);
  CHECK((shell_committed & ~shell_guarded & mask) == mask, "os_guard: a committed range");
  bool done = !shell_refuses();
  shell_drop(a, bytes, done);
  if (done) {
    shell_guarded |= mask;
  }
  return done;
}

bool os_unguard(uintptr_t a, size_t bytes)
{
  uint64_t mask = shell_page_mask(a, bytes);
  CHECK((shell_guarded & mask) == mask, "os_unguard: a guarded range");
  if (shell_refuses()) {
    return false;
  }
  shell_guarded &= ~mask;
  return true;
}

/* What may be other than zero goes where the pages go.  Of the calls that it is
 * made of the first may be refused, or the second. */
struct os_moved os_move(uintptr_t from, size_t bytes, uintptr_t to, size_t room)
{
  uint64_t pages = shell_page_mask(from, bytes) | shell_page_mask(to, room);
  CHECK((shell_committed & ~shell_guarded & pages) == pages, "os_move: committed ranges");
  CHECK((shell_page_mask(from, bytes) & shell_page_mask(to, room)) == 0, "os_move: apart");
  CHECK(bytes <= room, "os_move: there is room");
  CHECK((shell_dirty & shell_granule_mask(to, room)) == 0, "os_move: where nothing is");
  if (shell_refuses()) {
    return (struct os_moved){from, true};
  }
  shell_granules mask = shell_granule_mask(from, bytes);
  shell_granules held = shell_dirty & mask;
  shell_dirty &= ~mask;
  shell_dirty |=
      to > from ? held << (to - from) / GRANULE_BYTES : held >> (from - to) / GRANULE_BYTES;
  return (struct os_moved){to, true};
}

bool os_renew(uintptr_t a, size_t bytes)
{
  uint64_t mask = shell_page_mask(a, bytes);
  CHECK((shell_committed & ~shell_guarded & mask) == mask, "os_renew: a committed range");
  bool done = !shell_refuses();
  if (done) {
    shell_drop(a, bytes, true);
  }
  return done;
}

static uint32_t shell_tables; /* arenas whose tables are usable */

void tables_seal(void)
{
}

uint32_t tables_arena_limit(void)
{
  return MAX_ARENAS;
}

bool tables_commit(uint32_t p, uint32_t n)
{
  CHECK(n <= PAGES && p <= PAGES - n, "tables: pages that there can be");
  if (shell_refuses()) {
    return shell_no_memory();
  }
  shell_tables = 1 + (p + n - 1) / ARENA_PAGES;
  return true;
}

bool tables_commit_records(uint32_t p, uint32_t n)
{
  CHECK(n <= PAGES && p <= PAGES - n, "tables: pages that there can be");
  return !shell_refuses();
}

/* Of entries that nobody reads before they are written. */
void tables_discard(uint32_t p, uint32_t n)
{
  CHECK(span_kind[p] == SPAN_FREE || n <= span_len[p], "tables_discard: of a free span");
}

/* ---- options: any --------------------------------------------------------------- */

static struct options shell_options = {.thread_cache_bytes = 64, .release_rate = 5, .guards = true};

const struct options *options(void)
{
  return &shell_options;
}

/* ---- user memory ----------------------------------------------------------------- */

#define ASHLAR_PAYLOAD_H

/* A range may be touched: its pages are there, and do not trap. */
static void shell_touch(uintptr_t a, size_t bytes)
{
  CHECK(a < SHELL_BYTES && bytes <= SHELL_BYTES - a, "payload: an address that can be ours");
  ASSUME(a < SHELL_BYTES && bytes <= SHELL_BYTES - a);
  if (bytes == 0) {
    return;
  }
  uintptr_t low = a / PAGE_BYTES * PAGE_BYTES;
  uintptr_t high = (a + bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  uint64_t mask = shell_page_mask(low, high - low);
  CHECK((shell_committed & ~shell_guarded & mask) == mask, "payload: memory that does not trap");
}

/* A range lies in the slot of somebody: of a live block, or of one that the
 * caller is taking in or handing out.  (What is FREE is the central cache's,
 * which touches no memory.) */
static void shell_held(uintptr_t block, size_t bytes)
{
  uint64_t g = radix_granule(block);
  CHECK(g < GRANULES && block % GRANULE_BYTES == 0, "payload: a block of ours");
  ASSUME(g < GRANULES);
  CHECK(slot_state[g] >= SLOT_CACHED, "payload: of a slot that somebody holds");
  ASSUME(slot_state[g] >= SLOT_CACHED);
  CHECK(bytes <= slot_granules(g) * GRANULE_BYTES, "payload: inside the slot");
}

static inline void payload_zero(uintptr_t block, size_t bytes)
{
  shell_held(block, bytes);
  shell_touch(block, bytes);
  shell_dirty &= ~shell_granule_mask(block, bytes);
}

static inline bool payload_is_zero(uintptr_t block, size_t bytes)
{
  shell_touch(block, bytes);
  return (shell_dirty & shell_granule_mask(block, bytes)) == 0;
}

/* The program keeps to its blocks, so what is handed out is as it was left. */
static inline uintptr_t payload_hand_out(uintptr_t block, size_t bytes)
{
  shell_held(block, bytes);
  shell_touch(block, bytes);
  CHECK((shell_dirty & shell_granule_mask(block, bytes)) == 0, "T10: what is handed out is zero");
  return block;
}

void payload_start(void (*written)(uintptr_t block));

/* Whether the program wrote past the end of the block that it gives back. */
static bool shell_overflowed;

static bool payload_slack_is_zero(uintptr_t end, size_t slack)
{
  CHECK(slack >= 1 && slack <= end, "payload: there is slack");
  shell_touch(end - slack, slack);
  return !shell_overflowed;
}

static bool payload_find(uintptr_t block, size_t from, size_t to, uintptr_t *where, uint8_t *byte)
{
  shell_touch(block + from, to - from);
  *where = block + from;
  *byte = 1;
  return true;
}

static void payload_clear(uintptr_t block, size_t first, size_t last)
{
  if (first >= last) {
    return;
  }
  /* Not only of slots: large.c clears all of a span that it holds. */
  shell_touch(block + first, last - first);
  /* A granule whose first bytes stay may still hold something. */
  uintptr_t whole = (block + first + GRANULE_BYTES - 1) / GRANULE_BYTES * GRANULE_BYTES;
  if (whole < block + last) {
    shell_dirty &= ~shell_granule_mask(whole, block + last - whole);
  }
}

static void payload_copy(uintptr_t to, uintptr_t from, size_t bytes)
{
  shell_held(to, bytes);
  shell_held(from, bytes);
  shell_touch(to, bytes);
  shell_touch(from, bytes);
  if (bytes > 0) {
    shell_dirty |= shell_granule_mask(to, bytes);
  }
}

#endif
