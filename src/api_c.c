/* The C entry points: Ashlar's own names, and, unless ASHLAR_NO_OVERRIDE, the C
 * library's, so that no block of another heap ever reaches free. */
#include "api.h"
#include "config.h"
#include "options.h"
#include "os.h"
#include "report.h"
#include "size_math.h"
#include "standard_error.h"
#include "text.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define API_HIGHEST_POWER ((size_t)1 << 63)

static inline void *api_block(uintptr_t block)
{
  return (void *)block;
}

static void *api_no_memory(void)
{
  errno = ENOMEM;
  return NULL;
}

/* ---- allocation ------------------------------------------------------------ */

ASHLAR_PUBLIC void *ashlar_malloc(size_t size)
{
  return api_block(heap_allocate(size, KIND_MALLOC));
}

/* All that is handed out is zero. */
ASHLAR_PUBLIC void *ashlar_calloc(size_t count, size_t size)
{
  size_t bytes;
  if (!size_multiply(count, size, &bytes)) {
    return api_no_memory();
  }
  return api_block(heap_allocate(bytes, KIND_MALLOC));
}

ASHLAR_PUBLIC void *ashlar_realloc(void *block, size_t size)
{
  if (block == NULL) {
    return ashlar_malloc(size);
  }
  if (size == 0) {
    /* As glibc: frees, and returns NULL without an error. */
    heap_free((uintptr_t)block, HEAP_REALLOC);
    return NULL;
  }
  return api_block(heap_reallocate((uintptr_t)block, size));
}

ASHLAR_PUBLIC void *ashlar_reallocarray(void *block, size_t count, size_t size)
{
  size_t bytes;
  if (!size_multiply(count, size, &bytes)) {
    return api_no_memory();
  }
  return ashlar_realloc(block, bytes);
}

/* An alignment that is no power of two is raised to one, as glibc does; above the
 * highest there is none. */
ASHLAR_PUBLIC void *ashlar_memalign(size_t alignment, size_t size)
{
  if (alignment > API_HIGHEST_POWER) {
    errno = EINVAL;
    return NULL;
  }
  size_t power = 1;
  while (power < alignment) {
    power *= 2;
  }
  return api_block(heap_allocate_aligned(power, size, KIND_MALLOC));
}

ASHLAR_PUBLIC void *ashlar_aligned_alloc(size_t alignment, size_t size)
{
  if (!api_is_alignment(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return api_block(heap_allocate_aligned(alignment, size, KIND_MALLOC));
}

/* Where there is no memory errno says so too, as glibc leaves it. */
ASHLAR_PUBLIC int ashlar_posix_memalign(void **block, size_t alignment, size_t size)
{
  if (alignment % sizeof(void *) != 0 || !api_is_alignment(alignment)) {
    return EINVAL;
  }
  uintptr_t got = heap_allocate_aligned(alignment, size, KIND_MALLOC);
  if (got == 0) {
    return ENOMEM;
  }
  *block = api_block(got);
  return 0;
}

ASHLAR_PUBLIC void *ashlar_valloc(size_t size)
{
  return ashlar_memalign((size_t)sysconf(_SC_PAGESIZE), size);
}

ASHLAR_PUBLIC void *ashlar_pvalloc(size_t size)
{
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t bytes;
  if (!size_round_up(size == 0 ? 1 : size, page, &bytes)) {
    return api_no_memory();
  }
  return ashlar_memalign(page, bytes);
}

ASHLAR_PUBLIC void ashlar_free(void *block)
{
  heap_free((uintptr_t)block, HEAP_FREE);
}

ASHLAR_PUBLIC void ashlar_free_sized(void *block, size_t size)
{
  heap_free_sized((uintptr_t)block, 1, size, HEAP_FREE_SIZED);
}

ASHLAR_PUBLIC void ashlar_free_aligned_sized(void *block, size_t alignment, size_t size)
{
  heap_expect_aligned((uintptr_t)block, alignment, HEAP_FREE_ALIGNED_SIZED);
  heap_free_sized((uintptr_t)block, alignment, size, HEAP_FREE_ALIGNED_SIZED);
}

ASHLAR_PUBLIC size_t ashlar_malloc_usable_size(const void *block)
{
  return heap_usable_size((uintptr_t)block, HEAP_USABLE_SIZE);
}

ASHLAR_PUBLIC int ashlar_malloc_trim(size_t pad)
{
  return heap_trim(pad);
}

/* ---- looking at the heap ---------------------------------------------------- */

ASHLAR_PUBLIC size_t ashlar_object_size(const void *address)
{
  return heap_object_size((uintptr_t)address);
}

ASHLAR_PUBLIC bool ashlar_check(const char **what, const void **where)
{
  const char *wrong;
  uintptr_t address;
  bool sound = heap_check(&wrong, &address);
  if (what != NULL) {
    *what = wrong;
  }
  if (where != NULL) {
    *where = api_block(address);
  }
  return sound;
}

ASHLAR_PUBLIC void ashlar_statistics(struct ashlar_statistics *statistics)
{
  struct heap_statistics heap;
  heap_statistics(&heap);
  struct os_counters system = os_counters();
  uint64_t failures = 0;
  for (int i = 0; i < OS_CALLS; i++) {
    failures += system.failed[i];
  }
  *statistics = (struct ashlar_statistics){
      .live = heap.live,
      .live_blocks = heap.live_blocks,
      .slack = heap.slack,
      .large_live = heap.large_live,
      .large_blocks = heap.large_blocks,
      .cached = heap.cached,
      .central = heap.central,
      .waiting = heap.waiting,
      .free_pages = heap.free_pages,
      .free_resident = heap.free_resident,
      .released = heap.released,
      .reserved = heap.reserved,
      .arenas = heap.arenas,
      .guards = system.guards_installed,
      .guards_refused = system.guards_refused,
      .system_failures = failures,
      .kind_mismatches = report_mismatches(),
  };
}

/* Every figure with its name. */
#define API_FIGURES(FIGURE)                                                                        \
  FIGURE(live)                                                                                     \
  FIGURE(live_blocks)                                                                              \
  FIGURE(slack)                                                                                    \
  FIGURE(large_live)                                                                               \
  FIGURE(large_blocks)                                                                             \
  FIGURE(cached)                                                                                   \
  FIGURE(central)                                                                                  \
  FIGURE(waiting)                                                                                  \
  FIGURE(free_pages)                                                                               \
  FIGURE(free_resident)                                                                            \
  FIGURE(released)                                                                                 \
  FIGURE(reserved)                                                                                 \
  FIGURE(arenas)                                                                                   \
  FIGURE(guards)                                                                                   \
  FIGURE(guards_refused)                                                                           \
  FIGURE(system_failures)                                                                          \
  FIGURE(kind_mismatches)

#define API_JSON(name)                                                                             \
  text_str(text, "\"" #name "\": ");                                                               \
  text_dec(text, s->name);                                                                         \
  text_str(text, ", ");
static void api_json(struct text *text, const struct ashlar_statistics *s)
{
  text_char(text, '{');
  API_FIGURES(API_JSON)
  text_str(text, "\"version\": \"" ASHLAR_VERSION "\"}\n");
}

#define API_LINE(name)                                                                             \
  text_str(text, "ashlar: " #name " ");                                                            \
  text_dec(text, s->name);                                                                         \
  text_char(text, '\n');
static void api_lines(struct text *text, const struct ashlar_statistics *s)
{
  API_FIGURES(API_LINE)
}

enum {
  API_TEXT_BYTES = 2048
};

ASHLAR_PUBLIC size_t ashlar_statistics_json(char *buffer, size_t size)
{
  struct ashlar_statistics statistics;
  ashlar_statistics(&statistics);
  char all[API_TEXT_BYTES];
  struct text text;
  text_start(&text, all, sizeof all);
  api_json(&text, &statistics);
  size_t length = text_length(&text);
  if (size > 0) {
    size_t kept = length < size ? length : size - 1;
    memcpy(buffer, all, kept);
    buffer[kept] = '\0';
  }
  return length;
}

struct api_walker {
  bool (*visit)(void *block, size_t size, void *context);
  void *context;
};

static bool api_visit(uintptr_t block, size_t size, void *context)
{
  const struct api_walker *walker = context;
  return walker->visit(api_block(block), size, walker->context);
}

ASHLAR_PUBLIC bool ashlar_walk(bool (*visit)(void *block, size_t size, void *context),
                               void *context)
{
  struct api_walker walker = {visit, context};
  return heap_walk(api_visit, &walker);
}

/* The figures as lines; no lock is held any more when they are written. */
static void api_statistics_text(struct text *text, char all[API_TEXT_BYTES])
{
  struct ashlar_statistics statistics;
  ashlar_statistics(&statistics);
  text_start(text, all, API_TEXT_BYTES);
  api_lines(text, &statistics);
}

__attribute__((destructor)) static void api_at_exit(void)
{
  if (options()->stats_at_exit) {
    char all[API_TEXT_BYTES];
    struct text text;
    api_statistics_text(&text, all);
    standard_error_write(&text);
  }
}

/* ---- the C library's names --------------------------------------------------- */

#ifndef ASHLAR_NO_OVERRIDE

/* Constructors get the environment, even those that run before the C library's own. */
__attribute__((constructor(101))) static void api_start(int count, char **arguments,
                                                        char **environment)
{
  (void)count;
  (void)arguments;
  options_start_with(environment);
}

/* gcc wants the attributes of the two names to be the same; clang does not ask. */
#if __has_attribute(copy)
#define API_ALIAS(name) __attribute__((alias(#name), visibility("default"), copy(name)))
#else
#define API_ALIAS(name) __attribute__((alias(#name), visibility("default")))
#endif

void *malloc(size_t size) API_ALIAS(ashlar_malloc);
void *calloc(size_t count, size_t size) API_ALIAS(ashlar_calloc);
void *realloc(void *block, size_t size) API_ALIAS(ashlar_realloc);
void *reallocarray(void *block, size_t count, size_t size) API_ALIAS(ashlar_reallocarray);
void *memalign(size_t alignment, size_t size) API_ALIAS(ashlar_memalign);
void *aligned_alloc(size_t alignment, size_t size) API_ALIAS(ashlar_aligned_alloc);
int posix_memalign(void **block, size_t alignment, size_t size) API_ALIAS(ashlar_posix_memalign);
void *valloc(size_t size) API_ALIAS(ashlar_valloc);
void *pvalloc(size_t size) API_ALIAS(ashlar_pvalloc);
void free(void *block) API_ALIAS(ashlar_free);
void cfree(void *block) API_ALIAS(ashlar_free);
void free_sized(void *block, size_t size) API_ALIAS(ashlar_free_sized);
void free_aligned_sized(void *block, size_t alignment, size_t size)
    API_ALIAS(ashlar_free_aligned_sized);
size_t malloc_usable_size(void *block) API_ALIAS(ashlar_malloc_usable_size);
int malloc_trim(size_t pad) API_ALIAS(ashlar_malloc_trim);

void *__libc_malloc(size_t size) API_ALIAS(ashlar_malloc);
void *__libc_calloc(size_t count, size_t size) API_ALIAS(ashlar_calloc);
void *__libc_realloc(void *block, size_t size) API_ALIAS(ashlar_realloc);
void *__libc_memalign(size_t alignment, size_t size) API_ALIAS(ashlar_memalign);
void *__libc_valloc(size_t size) API_ALIAS(ashlar_valloc);
void *__libc_pvalloc(size_t size) API_ALIAS(ashlar_pvalloc);
void __libc_free(void *block) API_ALIAS(ashlar_free);
int __posix_memalign(void **block, size_t alignment, size_t size) API_ALIAS(ashlar_posix_memalign);

/* To the stream, as the C library's, whose place a program may have changed; and
 * whole, whether or not the thread is about to be cancelled. */
ASHLAR_PUBLIC void malloc_stats(void)
{
  char all[API_TEXT_BYTES];
  struct text text;
  int saved = errno;
  int cancelled;
  api_statistics_text(&text, all);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelled);
  fwrite(all, 1, text_length(&text), stderr);
  pthread_setcancelstate(cancelled, &cancelled);
  errno = saved;
}

#define API_XML(name)                                                                              \
  text_str(text, "  <" #name ">");                                                                 \
  text_dec(text, s->name);                                                                         \
  text_str(text, "</" #name ">\n");
static void api_xml(struct text *text, const struct ashlar_statistics *s)
{
  text_str(text, "<malloc version=\"ashlar-1\">\n");
  API_FIGURES(API_XML)
  text_str(text, "</malloc>\n");
}

ASHLAR_PUBLIC int malloc_info(int options_wanted, FILE *stream)
{
  if (options_wanted != 0) {
    errno = EINVAL;
    return -1;
  }
  struct ashlar_statistics statistics;
  ashlar_statistics(&statistics);
  char all[API_TEXT_BYTES];
  struct text text;
  text_start(&text, all, sizeof all);
  api_xml(&text, &statistics);
  return fwrite(all, 1, text_length(&text), stream) == text_length(&text) ? 0 : -1;
}

#endif
