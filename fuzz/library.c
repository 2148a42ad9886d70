#ifdef __clang__
#define FUZZ_UNSEEN __attribute__((no_sanitize("coverage", "address")))
#else
#define FUZZ_UNSEEN
#endif

#include <stdlib.h>
#include <string.h>

#include "../src/os.h"

/* Places that the kernel chose for arenas outside of the window that they must keep
 * to: given back at once, and refused, though no call failed. */
static uint64_t gate_outside;

FUZZ_UNSEEN static void fuzz_gives_back(const char *function)
{
  gate_outside += strcmp(function, "space_arenas") == 0;
}
#define os_release(a, bytes) (fuzz_gives_back(__func__), os_release(a, bytes))

/* The root is read-only once the allocator has started, and what is mapped stays
 * mapped: outside the sections that fuzz_reset restores. */
#include "../src/tables.c"
#include "../src/space.c"
#undef os_release

/* clang puts what the heap keeps into sections of its own; under other compilers
 * a process runs one program only.  Pools and regions are not put back: they keep
 * megabytes, and no program here uses them. */
#ifdef __clang__
#define FUZZ_RESTORED _Pragma("clang section bss = \"ashlar_bss\" data = \"ashlar_data\"")
#define FUZZ_LASTING _Pragma("clang section bss = \"\" data = \"\"")
#else
#define FUZZ_RESTORED
#define FUZZ_LASTING
#endif

FUZZ_RESTORED

#include "../src/lock.h"

/* ---- points: what threads can see of each other ----------------------------------- */

static void fuzz_at(const uint32_t *lock);
#define lock_acquire(l) (fuzz_at(&(l)->word), lock_acquire(l))
#define lock_release(l) (lock_release(l), fuzz_at(NULL))
#define slot_state_set(g, state) (fuzz_at(NULL), slot_state_set(g, state))
#define slot_state_swap(g, seen, state) (fuzz_at(NULL), slot_state_swap(g, seen, state))
#define radix_arena_set(key, entry) (fuzz_at(NULL), radix_arena_set(key, entry))

/* Its loops go over a page's granules: their edges say nothing and cost a tenth of
 * the time (fuzz/unseen). */
#include "../src/slot.h"
__attribute__((noinline)) bool slot_clear(uint32_t s);

#include "../src/arena.c"
#include "../src/cipher.c"
#include "../src/dump.c"
#include "../src/free_list.c"
#include "../src/lock.c"
#include "../src/options.c"
#include "../src/os.c"
#include "../src/os_dump.c"
#include "../src/os_filter.c"
#include "../src/os_guard.c"
#include "../src/os_huge.c"
#include "../src/os_move.c"
#include "../src/os_probe.c"
#include "../src/os_random.c"
#include "../src/pool_list.c"
#include "../src/pool_pieces.c"
#include "../src/processor.c"
#include "../src/radix_map.c"
#include "../src/random.c"
#include "../src/region_bump.c"
#include "../src/size_class.c"
#include "../src/size_math.c"
#include "../src/slot.c"
#include "../src/span.c"
#include "../src/span_list.c"
#include "../src/text.c"

#include "library.h"

/* ---- reports come back -------------------------------------------------------- */

static int fuzz_write(int fd, const struct text *t);
_Noreturn static void fuzz_abort(void);

#define text_write fuzz_write
#define abort fuzz_abort
#include "../src/standard_error.c"
#include "../src/report.c"
#include "../src/report_text.c"
#undef abort
#undef text_write

/* ---- the one file that may touch user memory ---------------------------------- */

#ifdef FUZZ_ASAN
/* The C library's, as AddressSanitizer has them, would look at the poison. */
static void *fuzz_set(void *at, int byte, size_t bytes);
static void *fuzz_copy(void *to, const void *from, size_t bytes);
#undef memset
#undef memcpy
#define memset fuzz_set
#define memcpy fuzz_copy
#pragma clang attribute push(__attribute__((no_sanitize("address"))), apply_to = function)
#include "../src/payload.c"
#pragma clang attribute pop
#undef memset
#undef memcpy
#else
#include "../src/payload.c"
#endif

/* ---- gates ------------------------------------------------------------------ */

static uint32_t gate_take(uint32_t n);
static uint32_t gate_take_run(uint32_t arenas, uint32_t usable);
static uint32_t gate_central(uint32_t c, uint32_t n, uintptr_t *block, uint32_t seed);
static void fuzz_seed(struct random *r);

#include "../src/page_bins.c"
#include "../src/page_heap.c"
#define page_heap_take gate_take
#define page_heap_take_run gate_take_run
#include "../src/central_cache.c"
#include "../src/large.c"
#include "../src/large_resize.c"
FUZZ_LASTING
#include "../src/piece_set.c"
#include "../src/region.c"
#include "../src/region_life.c"
#include "../src/region_pieces.c"
#include "../src/region_report.c"
#include "../src/region_table.c"
FUZZ_RESTORED
#undef page_heap_take
#undef page_heap_take_run
#define central_take gate_central
#define random_seed fuzz_seed
#include "../src/thread_cache.c"
#include "../src/thread_registry.c"
#undef central_take
#undef random_seed

#include "../src/pressure.c"

#include "../src/api_c.c"
#include "../src/api_catch.c"
#include "../src/api_cxx.c"
#include "../src/heap.c"
#include "../src/heap_block.c"
#include "../src/heap_report.c"
#include "../src/heap_start.c"
#include "../src/heap_statistics.c"
#include "../src/heap_walk.c"

FUZZ_LASTING
#include "../src/pool.c"
#include "../src/pool_report.c"
#include "../src/pool_set.c"
#include "../src/pool_space.c"
#include "../src/pool_table.c"
#include "../src/pool_threads.c"
#include "../src/fork.c"

/* ---- all below is the harness's -------------------------------------------------- */

#ifdef FUZZ_ASAN
#include <sanitizer/asan_interface.h>
#endif

#if defined(__clang__)
#define FUZZ_LITERALLY __attribute__((no_sanitize("coverage", "address"), no_builtin))
#else
#define FUZZ_LITERALLY                                                                             \
  __attribute__((no_sanitize("address"), optimize("no-tree-loop-distribute-patterns")))
#endif

#ifdef FUZZ_ASAN
FUZZ_LITERALLY static void *fuzz_set(void *at, int byte, size_t bytes)
{
  unsigned char *to = at;
  for (size_t i = 0; i < bytes; i++) {
    to[i] = (unsigned char)byte;
  }
  return at;
}

FUZZ_LITERALLY static void *fuzz_copy(void *to, const void *from, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
  }
  return to;
}
#endif

FUZZ_UNSEEN _Noreturn void fuzz_failed(const char *file, int line, const char *condition)
{
  fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
  abort();
}

/* ---- verdicts ------------------------------------------------------------------ */

char fuzz_report[REPORT_LINE_BYTES];
jmp_buf fuzz_caught;
bool fuzz_expecting;

FUZZ_UNSEEN static int fuzz_write(int fd, const struct text *t)
{
  if (!fuzz_expecting) {
    return text_write(fd, t);
  }
  size_t length = strlen(fuzz_report);
  size_t more = text_length(t);
  MUST(length + more < sizeof fuzz_report);
  for (size_t i = 0; i < more; i++) {
    fuzz_report[length + i] = t->start[i];
  }
  fuzz_report[length + more] = '\0';
  return 0;
}

FUZZ_UNSEEN _Noreturn static void fuzz_abort(void)
{
  if (fuzz_expecting) {
    longjmp(fuzz_caught, 1);
  }
  abort();
}

/* ---- gates ---------------------------------------------------------------------- */

static struct {
  uint32_t after, calls;
} gate[GATES];
static uint64_t gate_refused;
static uint64_t gate_failures; /* of the kernel, before the program */

FUZZ_UNSEEN static bool gate_passes(enum fuzz_gate g)
{
  if (gate[g].calls == 0) {
    return true;
  }
  if (gate[g].after > 0) {
    gate[g].after--;
    return true;
  }
  gate[g].calls--;
  gate_refused++;
  return false;
}

FUZZ_UNSEEN static uint32_t gate_take(uint32_t n)
{
  return gate_passes(GATE_PAGE_HEAP) ? page_heap_take(n) : PAGES;
}

FUZZ_UNSEEN static uint32_t gate_take_run(uint32_t arenas, uint32_t usable)
{
  return gate_passes(GATE_PAGE_HEAP) ? page_heap_take_run(arenas, usable) : PAGES;
}

FUZZ_UNSEEN static uint32_t gate_central(uint32_t c, uint32_t n, uintptr_t *block, uint32_t seed)
{
  return gate_passes(GATE_CENTRAL) ? central_take(c, n, block, seed) : 0;
}

FUZZ_UNSEEN void fuzz_shut(enum fuzz_gate g, uint32_t after, uint32_t calls)
{
  if (g == GATE_KERNEL) {
    os_test_fail_after = after;
    os_test_fail_next = calls;
    return;
  }
  gate[g].after = after;
  gate[g].calls = calls;
}

FUZZ_UNSEEN void fuzz_open(void)
{
  os_test_fail_after = 0;
  os_test_fail_next = 0;
  for (int g = 0; g < GATES; g++) {
    gate[g].calls = 0;
  }
}

FUZZ_UNSEEN bool fuzz_kernel_fails(void)
{
  return os_test_fail_next > 0;
}

FUZZ_UNSEEN static uint64_t fuzz_failures(void)
{
  uint64_t failed = 0;
  for (int i = 0; i < OS_CALLS; i++) {
    failed += os_count_failed[i];
  }
  return failed;
}

FUZZ_UNSEEN uint64_t fuzz_refused(void)
{
  return gate_refused + gate_outside + fuzz_failures() - gate_failures;
}

void (*fuzz_point)(const uint32_t *lock);

FUZZ_UNSEEN static void fuzz_at(const uint32_t *lock)
{
  if (__builtin_expect(fuzz_point != NULL, 0)) {
    fuzz_point(lock);
  }
}

/* ---- logical threads -------------------------------------------------------------- */

static struct thread_cache *fuzz_cache[FUZZ_THREADS];
static uint32_t fuzz_now;

FUZZ_UNSEEN void fuzz_switch(uint32_t thread)
{
  fuzz_cache[fuzz_now] = thread_cache_self;
  fuzz_now = thread % FUZZ_THREADS;
  thread_cache_self = fuzz_cache[fuzz_now];
}

FUZZ_UNSEEN uint32_t fuzz_thread(void)
{
  return fuzz_now;
}

FUZZ_UNSEEN void fuzz_become(uint32_t thread)
{
  thread_cache_self = fuzz_cache[thread];
}

FUZZ_UNSEEN bool fuzz_has_cache(void)
{
  return thread_cache_self != &thread_cache_none;
}

/* The same draws in each run. */
FUZZ_UNSEEN static void fuzz_draw_again(struct random *r)
{
  r->left = 0;
  r->refills = RANDOM_REFILLS_PER_SEED;
  for (int i = 0; i < CIPHER_KEY_WORDS; i++) {
    r->key[i] = fuzz_now + 1;
  }
}

FUZZ_UNSEEN static void fuzz_seed(struct random *r)
{
  random_seed(r);
  fuzz_draw_again(r);
}

FUZZ_UNSEEN void fuzz_end_thread(void)
{
  if (thread_cache_self != &thread_cache_none) {
    thread_registry_end(thread_cache_self);
    thread_cache_ended = false; /* another thread goes on */
  }
}

FUZZ_UNSEEN void fuzz_fork(void)
{
  fuzz_cache[fuzz_now] = thread_cache_self;
  heap_stop();
  heap_in_child();
  for (uint32_t t = 0; t < FUZZ_THREADS; t++) {
    if (t != fuzz_now) {
      fuzz_cache[t] = &thread_cache_none;
    }
  }
}

FUZZ_UNSEEN void fuzz_flush(void)
{
  uint32_t now = fuzz_now;
  for (uint32_t t = 0; t < FUZZ_THREADS; t++) {
    fuzz_switch(t);
    thread_cache_flush();
  }
  fuzz_switch(now);
  /* Not to the kernel: all of it would come back, page by page. */
  heap_trim(SIZE_MAX);
}

FUZZ_UNSEEN void fuzz_options(const char *text)
{
  char buffer[256];
  struct text complaints;
  text_start(&complaints, buffer, sizeof buffer);
  options_parse(&options_now, text, &complaints);
  MUST(text_length(&complaints) == 0);
}

/* From the first page of a span, or of an arena that was removed, to the next. */
FUZZ_UNSEEN static uint32_t fuzz_span_len(uint32_t s)
{
  bool removed = s % ARENA_PAGES == 0 && !arena_stands(s / ARENA_PAGES);
  uint32_t len = removed ? ARENA_PAGES : span_len[s];
  MUST(len > 0);
  return len;
}

/* The first arena's first page: number 0 is no arena's. */
enum {
  FUZZ_FIRST = ARENA_PAGES
};

/* ---- checks ------------------------------------------------------------------------ */

FUZZ_UNSEEN size_t fuzz_capacity(uintptr_t block)
{
  return heap_capacity(radix_granule(block));
}

FUZZ_UNSEEN bool fuzz_is_cached(uintptr_t block)
{
  return slot_state_get(radix_granule(block)) == SLOT_CACHED;
}

FUZZ_UNSEEN uint32_t fuzz_young_handed_over(uint32_t c)
{
  return thread_cache_test_young[c];
}

FUZZ_UNSEEN uint32_t fuzz_class(uintptr_t block)
{
  uint64_t g = radix_granule(block);
  return heap_is_ours(g) ? heap_class(g) : CLASS_LARGE;
}

FUZZ_UNSEEN bool fuzz_is_slot(uintptr_t block)
{
  uint64_t g = radix_granule(block);
  return heap_is_ours(g) && slot_state_get(g) != SLOT_NONE;
}

FUZZ_UNSEEN bool fuzz_traps(uintptr_t at)
{
  return os_traps(at);
}

FUZZ_UNSEEN bool fuzz_guards(void)
{
  return options()->guards;
}

FUZZ_UNSEEN uint32_t fuzz_arenas(void)
{
  return arena_used;
}

FUZZ_UNSEEN uint32_t fuzz_standing(void)
{
  return arena_count();
}

FUZZ_UNSEEN uint32_t fuzz_most_arenas(void)
{
  return tables_arena_limit() - 1;
}

FUZZ_UNSEEN void fuzz_expect_nothing(void)
{
  uint32_t end = arena_end();
  MUST(page_heap.free == (uint64_t)arena_count() * ARENA_PAGES);
  MUST(large.count == 0 && large.stuck == 0 && large.bytes == 0 && large.stuck_bytes == 0);
  for (uint32_t s = FUZZ_FIRST; s < end; s += fuzz_span_len(s)) {
    MUST(!arena_stands(s / ARENA_PAGES) ||
         (span_kind[s] == SPAN_FREE && span_len[s] == ARENA_PAGES));
  }
}

enum {
  /* pages; no span of small slots has more */
  MOST_CARVED = SMALL_BYTES * SLAB_SLOTS / PAGE_BYTES + SLAB_PAGES
};

FUZZ_UNSEEN void fuzz_check(void)
{
  uint32_t pages = arena_end();
  uint32_t last = 0; /* no span starts behind it: the checkers need not look there */
  for (uint32_t s = FUZZ_FIRST; s < pages; s += fuzz_span_len(s)) {
    last = span_kind[s] != SPAN_NONE ? s : last;
  }
  MUST(page_heap_open_tables());
  MUST(span_check(last + 1) && page_bins_check(last + 1));
  MUST(page_heap_check_counts(last + 1) && span_list_check(last + 1));
  for (uint32_t s = FUZZ_FIRST; s < pages; s += fuzz_span_len(s)) {
    if (span_kind[s] != SPAN_USED) {
      continue;
    }
    bool plain = page_span[s] == s && page_class[s] < SIZE_CLASSES && span_len[s] <= MOST_CARVED;
    MUST(!plain || slot_check(central_low(s), central_high(s)));
    /* The block of another begins on the one page that names its span. */
    for (uint32_t p = s; !plain && p < arena_usable(s, s + span_len[s]); p++) {
      MUST(page_span[p] != s || slot_check(central_low(p), (central_low(p) + GRANULES_PER_PAGE)));
    }
  }
  for (struct thread_cache *c = registry.all; c != NULL; c = c->next) {
    for (uint32_t i = 0; i < SIZE_CLASSES; i++) {
      MUST(free_list_check(&thread_cache_of(c, i)->list));
    }
  }
}

FUZZ_UNSEEN void fuzz_check_step(void)
{
#ifdef FUZZ_CHECK_ALWAYS
  fuzz_check();
#endif
}

/* ---- reset ------------------------------------------------------------------------- */

#ifdef __clang__
extern char __start_ashlar_bss[], __stop_ashlar_bss[];
extern char __start_ashlar_data[], __stop_ashlar_data[];
#endif

static struct {
  bool taken;
  char *bss, *data;
  uint32_t first[SPAN_LISTS]; /* list_first[] */
  uint32_t resident;          /* of the first arena's span */
  struct thread_cache *cache[FUZZ_CACHES];
  uint32_t poisoned; /* arenas */
} fuzz;

#ifdef __clang__
typedef uint64_t fuzz_word __attribute__((may_alias, aligned(1)));

FUZZ_LITERALLY static void fuzz_restore(char *to, const char *from, size_t bytes)
{
  size_t whole = bytes - bytes % sizeof(fuzz_word);
  for (size_t i = 0; i < whole; i += sizeof(fuzz_word)) {
    *(fuzz_word *)(to + i) = *(const fuzz_word *)(from + i);
  }
  for (size_t i = whole; i < bytes; i++) {
    to[i] = from[i];
  }
}
#endif

FUZZ_UNSEEN static void fuzz_snapshot(void)
{
#ifdef __clang__
  size_t bss = (size_t)(__stop_ashlar_bss - __start_ashlar_bss);
  size_t data = (size_t)(__stop_ashlar_data - __start_ashlar_data);
  fuzz.bss = malloc(bss);
  fuzz.data = malloc(data);
  MUST(fuzz.bss != NULL && fuzz.data != NULL);
  fuzz_restore(fuzz.bss, __start_ashlar_bss, bss);
  fuzz_restore(fuzz.data, __start_ashlar_data, data);
#endif
  for (uint32_t l = 0; l < SPAN_LISTS; l++) {
    fuzz.first[l] = list_first[l];
  }
  fuzz.resident = span_resident[FUZZ_FIRST];
  fuzz.taken = true;
}

FUZZ_UNSEEN static void fuzz_reset_caches(void)
{
  for (uint32_t t = 0; t < FUZZ_THREADS; t++) {
    if (t >= FUZZ_CACHES) {
      fuzz_cache[t] = &thread_cache_none;
      continue;
    }
    struct thread_cache *cache = fuzz.cache[t];
    fuzz_cache[t] = cache;
    cache->owned = true;
    fuzz_now = t;
    fuzz_draw_again(&cache->random);
    cache->generation = registry.generation;
    cache->asked = registry.asked;
    cache->next_hash = t > 0 ? fuzz.cache[t - 1] : NULL;
    cache->spent = 0;
    cache->scavenged = 0;
    for (uint32_t i = 0; i < CLASS_WORDS; i++) {
      cache->used[i] = 0;
    }
    for (uint32_t c = 0; c < SIZE_CLASSES; c++) {
      struct class_cache *of = thread_cache_of(cache, c);
      of->limit = 0;
      of->list.tail = 0;
      of->list.count = 0;
      of->list.young = 0;
    }
  }
  fuzz_now = 0;
  thread_cache_self = fuzz_cache[0];
}

/* Before main, and before the allocator's own constructor. */
__attribute__((constructor(101))) static void fuzz_plain_addresses(void)
{
  os_test_no_hints = true;
}

FUZZ_UNSEEN void fuzz_start(void)
{
  if (fuzz.taken) {
    return;
  }
  MUST(heap_start());
  thread_registry_test_logical = true;
  for (uint32_t t = 0; t < FUZZ_CACHES; t++) {
    thread_cache_self = &thread_cache_none;
    fuzz.cache[t] = thread_cache_get();
    MUST(fuzz.cache[t] != NULL);
  }
  fuzz_reset_caches();
  /* The first arena. */
  ashlar_free(ashlar_malloc(1));
  fuzz_flush();
  fuzz_expect_nothing();
  fuzz_reset_caches();
  /* All of it, and of arena 0 what checkers look at. */
  MUST(arena_commit(FUZZ_FIRST, ARENA_PAGES) && tables_commit_records(0, ARENA_PAGES));
  fuzz_snapshot();
  fuzz_poison_new();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What AFL++ calls once, before it starts to look. */
FUZZ_UNSEEN int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  (void)argc;
  (void)argv;
  fuzz_start();
  return 0;
}

/* Forgets the arenas behind the first, all of which are free. */
FUZZ_UNSEEN static void fuzz_forget_arenas(void)
{
  uint32_t end = arena_end();
  uint32_t a = 2;
  while (a * ARENA_PAGES < end) {
    uint32_t s = a * ARENA_PAGES;
    uint32_t n = fuzz_span_len(s) / ARENA_PAGES;
    MUST(n > 0 && n <= end / ARENA_PAGES - a);
    if (!arena_stands(a)) {
      a += n;
      continue;
    }
    uintptr_t base = page_heap_address(s);
    span_back[s + span_len[s] - 1] = 0;
    span_kind[s] = SPAN_NONE;
    span_len[s] = 0;
    span_resident[s] = 0;
    list_next[s] = 0;
    list_prev[s] = 0;
    list_of[s] = 0;
    for (uint32_t i = 0; i < n; i++) {
      radix_arena[arena_key[a + i] - 1] = 0;
      arena_key[a + i] = 0;
      arena_top[a + i] = 0;
    }
    fuzz_unpoison(base, (size_t)n * ARENA_BYTES);
    os_release(base, (size_t)n * ARENA_BYTES);
    a += n;
  }
}

FUZZ_UNSEEN static void fuzz_forget_caches(struct thread_cache *cache)
{
  size_t page = os_page_bytes();
  size_t bytes = (sizeof *cache + page - 1) / page * page;
  while (cache != fuzz.cache[FUZZ_CACHES - 1]) {
    struct thread_cache *next = cache->next;
    os_release((uintptr_t)cache - page, bytes + 2 * page);
    cache = next;
  }
}

FUZZ_UNSEEN static void fuzz_reset_tables(void)
{
  uint32_t s = FUZZ_FIRST;
  span_kind[s] = SPAN_FREE;
  span_len[s] = ARENA_PAGES;
  span_back[s + ARENA_PAGES - 1] = s;
  span_resident[s] = fuzz.resident;
  list_next[s] = 0;
  list_prev[s] = 0;
  for (uint32_t l = 0; l < SPAN_LISTS; l++) {
    list_first[l] = fuzz.first[l];
    if (list_first[l] != 0) {
      list_of[s] = (uint16_t)(l + 1);
    }
  }
}

FUZZ_UNSEEN void fuzz_reset(void)
{
  fuzz_open();
  struct thread_cache *caches = registry.all;
  fuzz_forget_arenas();
#ifdef __clang__
  fuzz_restore(__start_ashlar_bss, fuzz.bss, (size_t)(__stop_ashlar_bss - __start_ashlar_bss));
  fuzz_restore(__start_ashlar_data, fuzz.data, (size_t)(__stop_ashlar_data - __start_ashlar_data));
#endif
  fuzz_forget_caches(caches);
  fuzz_reset_tables();
  fuzz_reset_caches();
  gate_refused = 0;
  gate_outside = 0;
  gate_failures = fuzz_failures();
  report_mismatched = 0; /* the first of a program is told */
  fuzz.poisoned = 1;     /* arena, the first */
  fuzz_expecting = false;
  fuzz_report[0] = '\0';
}

FUZZ_UNSEEN void fuzz_finish(void)
{
  fuzz_flush();
  fuzz_expect_nothing();
  fuzz_reset();
}

/* Forgets all slots and spans of an arena, as if it were new. */
FUZZ_UNSEEN static void fuzz_wipe_arena(uint32_t a, uint32_t n)
{
  uint32_t low = a * ARENA_PAGES;
  uint32_t high = low + n * ARENA_PAGES;
  uintptr_t base = page_heap_address(low);
  uint32_t s = low;
  while (s < high) {
    uint32_t len = span_len[s];
    MUST(span_kind[s] != SPAN_NONE && len > 0 && len <= high - s);
    bool used = span_kind[s] == SPAN_USED;
    bool plain = used && page_span[s] == s && page_class[s] < SIZE_CLASSES;
    for (uint64_t g = central_low(s); plain && g < central_high(s); g++) {
      slot_state_set(g, SLOT_NONE);
    }
    /* A large block is somewhere in its span, one start in all. */
    for (uint32_t p = s; used && !plain && p < arena_usable(s, s + len); p++) {
      for (uint64_t g = central_low(p);
           page_span[p] == s && g < (central_low(p) + GRANULES_PER_PAGE); g++) {
        slot_state_set(g, SLOT_NONE);
      }
    }
    span_kind[s] = SPAN_NONE;
    span_len[s] = 0;
    span_back[s + len - 1] = 0;
    span_resident[s] = 0;
    list_next[s] = 0;
    list_prev[s] = 0;
    list_of[s] = 0;
    if (used) {
      fuzz_poison(base + (uintptr_t)(s - low) * PAGE_BYTES, (size_t)len * PAGE_BYTES);
    }
    s += len;
  }
  span_kind[low] = SPAN_FREE;
  span_len[low] = high - low;
  span_back[high - 1] = low;
  /* A free span may have been written to as well. */
  size_t bytes = (size_t)n * ARENA_BYTES;
  MUST(arena_commit(low, n * ARENA_PAGES));
  MUST(os_protect(base, bytes, PROT_READ | PROT_WRITE));
  madvise((void *)base, bytes, OS_ADVICE_GUARD_REMOVE);
  MUST(os_discard(base, bytes));
}

FUZZ_UNSEEN void fuzz_reset_hard(void)
{
  fuzz_open();
  uint32_t a = 1;
  while (a <= arena_used) {
    /* A run of arenas has one span. */
    uint32_t n = arena_stands(a) ? span_len[a * ARENA_PAGES] / ARENA_PAGES : 1;
    n = n > 1 ? n : 1;
    if (arena_stands(a)) {
      fuzz_wipe_arena(a, n);
    }
    a += n;
  }
  fuzz_reset();
}

/* ---- AddressSanitizer ------------------------------------------------------------------ */

/* Poison takes an eighth of the memory: what may lie in a run of arenas has none. */
FUZZ_UNSEEN void fuzz_poison(uintptr_t at, size_t bytes)
{
#ifdef FUZZ_ASAN
  if (bytes <= ARENA_BYTES / 4) {
    __asan_poison_memory_region((void *)at, bytes);
  }
#else
  (void)at;
  (void)bytes;
#endif
}

FUZZ_UNSEEN void fuzz_unpoison(uintptr_t at, size_t bytes)
{
#ifdef FUZZ_ASAN
  if (bytes <= ARENA_BYTES) {
    __asan_unpoison_memory_region((void *)at, bytes);
  }
#else
  (void)at;
  (void)bytes;
#endif
}

FUZZ_UNSEEN void fuzz_poison_new(void)
{
#ifdef FUZZ_ASAN
  fuzz.poisoned = fuzz.poisoned < arena_used ? fuzz.poisoned : arena_used;
  while (fuzz.poisoned < arena_used) {
    uint32_t s = (1 + fuzz.poisoned) * ARENA_PAGES;
    if (!arena_stands(1 + fuzz.poisoned)) {
      fuzz.poisoned++;
      continue;
    }
    uint32_t n = span_len[s] > ARENA_PAGES ? span_len[s] / ARENA_PAGES : 1;
    if (n == 1) {
      __asan_poison_memory_region((void *)page_heap_address(s), ARENA_BYTES);
    }
    fuzz.poisoned += n;
  }
#endif
}
