#include "program.h"
#include "library.h"

#include "../src/ashlar.h"
#include "../src/os.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/single_threaded.h>

/* operator new and delete, by their names of the ABI; new without exceptions. */
void *_ZnwmRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnamRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t align, const void *nothrow);
void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t align, const void *nothrow);
void _ZdlPv(void *block);
void _ZdaPv(void *block);
void _ZdlPvm(void *block, size_t size);
void _ZdaPvm(void *block, size_t size);
void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t align);
void _ZdaPvmSt11align_val_t(void *block, size_t size, size_t align);

enum {
  ERRNO = 77, /* what errno is before a call, and must be after one that succeeds */
  MOST_CHECKS = 1,
  /* with more arenas, looking at all tables takes too long */
  MOST_ARENAS = 8,
  MOST_PAD = 1 << 26,
  MOST_LARGE = 4, /* at once */
  MOST_BY_HAND = 1 << 21,
  MOST_OFFSET = 1 << 16,
  /* bytes; larger blocks are not copied or cleared, which takes its time */
  MOST_TOUCHED = 2 << 20
};

bool program_print;
static uint32_t program_checks;

void program_say(const char *format, ...)
{
  if (!program_print) {
    return;
  }
  va_list arguments;
  va_start(arguments, format);
  printf("  ");
  vprintf(format, arguments);
  putchar('\n');
  fflush(stdout);
  va_end(arguments);
}

/* ---- bytes --------------------------------------------------------------------- */

bool program_read(const uint8_t *input, size_t bytes, uint32_t n, struct step *step)
{
  if (bytes / STEP_BYTES <= n || n > MOST_STEPS) {
    return false;
  }
  const uint8_t *at = input + (size_t)n * STEP_BYTES;
  *step = (struct step){.what = at[0], .handle = at[1], .how = at[2], .family = at[3]};
  step->value =
      (uint32_t)at[4] | (uint32_t)at[5] << 8 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 24;
  return true;
}

enum operation program_operation(const struct step *step)
{
  static const uint8_t operations[32] = {
      OP_MALLOC,    OP_REALLOC, OP_ALIGNED, OP_FREE,      OP_FILL,       OP_VERIFY, OP_LOOK,
      OP_TRIM,      OP_SWITCH,  OP_SHUT,    OP_CHECK,     OP_END_THREAD, OP_FORK,   OP_MANY,
      OP_FREE_MANY, OP_MALLOC,  OP_REALLOC, OP_FREE,      OP_MALLOC,     OP_FREE,   OP_FILL,
      OP_MALLOC,    OP_FREE,    OP_SWITCH,  OP_REALLOC,   OP_MALLOC,     OP_FREE,   OP_ALIGNED,
      OP_FILL,      OP_MALLOC,  OP_FREE,    OP_FREE_MANY,
  };
  return (enum operation)operations[step->what % 32];
}

enum family program_family(const struct step *step)
{
  static const uint8_t families[16] = {
      FAMILY_TINY,  FAMILY_SMALL,  FAMILY_MIDDLE,   FAMILY_PLAIN, FAMILY_BOUNDARY, FAMILY_POWER,
      FAMILY_LARGE, FAMILY_END,    FAMILY_RAW,      FAMILY_WIDE,  FAMILY_TINY,     FAMILY_SMALL,
      FAMILY_TINY,  FAMILY_MIDDLE, FAMILY_BOUNDARY, FAMILY_SMALL,
  };
  return (enum family)families[step->family % 16];
}

/* A class: of all, or more often of the smaller half. */
static uint32_t program_class(size_t v)
{
  return (uint32_t)(v / 65536 % 4 == 0 ? v % SIZE_CLASSES : v % (SIZE_CLASSES / 2 + 1));
}

/* A power of two: all up to 16 GiB, and those above what there can be. */
static size_t program_power(size_t v)
{
  size_t exponent = v % 64;
  return (size_t)1 << (exponent > 34 && exponent < 47 ? exponent - 20 : exponent);
}

size_t program_size(const struct step *step)
{
  size_t v = step->value;
  switch (program_family(step)) {
  case FAMILY_TINY:
    return v % 129;
  case FAMILY_SMALL:
    return v % 1025;
  case FAMILY_MIDDLE:
    return v % 16384;
  case FAMILY_PLAIN:
    return (v % (SMALL_BYTES + SMALL_BYTES / 4)) >> v / 4194304 % 8;
  case FAMILY_BOUNDARY:
    return model_class_bytes(program_class(v)) + v / 256 % 5 - 2;
  case FAMILY_POWER:
    return program_power(v) + v / 256 % 33 - 16;
  case FAMILY_LARGE:
    return ((v % (ARENA_PAGES + ARENA_PAGES / 2)) >> (v >> 24) % 20) * PAGE_BYTES + v / 65536 % 5 -
           2;
  case FAMILY_END:
    return v % 2 != 0 ? SIZE_MAX - v / 2 % 65536 : (size_t)PTRDIFF_MAX + v / 2 % 4096 - 2048;
  case FAMILY_RAW:
    return v % (1 << 20);
  case FAMILY_WIDE:
  case FAMILIES:
    break;
  }
  return v * 0x100000001u;
}

/* ---- calls --------------------------------------------------------------------- */

static uint64_t program_refused;

static void program_call(void)
{
  program_refused = fuzz_refused();
  errno = ERRNO;
}

/* Whether so large a request may fail for its size alone: where the tables are
 * half full it might, and above a quarter of what they hold. */
static bool program_may_lack(size_t size, size_t align)
{
  size_t most = (size_t)fuzz_most_arenas() / 4 * ARENA_BYTES;
  return size > most || align > most || fuzz_arenas() > fuzz_most_arenas() / 2 ||
         size > (size_t)1 << 36 || align > (size_t)1 << 36;
}

/* A block came, or there was no memory: either where it should. */
static bool program_got(const void *block, size_t size, size_t align)
{
  if (block != NULL) {
    MUST(errno == ERRNO);
    MUST(size <= PTRDIFF_MAX);
    return true;
  }
  MUST(errno == ENOMEM);
  MUST(fuzz_refused() > program_refused || program_may_lack(size, align));
  return false;
}

static void program_born(uint32_t h, void *block, size_t size, size_t align, uint32_t kind)
{
  if (program_got(block, size, align)) {
    model_born(h, block, size, ashlar_malloc_usable_size(block), align, kind);
  }
}

/* Frees what a handle stands for, so that it can stand for something else. */
static void program_empty(uint32_t h)
{
  if (model[h].live) {
    program_free(h, 0);
  }
}

static void program_malloc(const struct step *s)
{
  uint32_t h = s->handle;
  size_t size = program_size(s);
  program_empty(h);
  program_call();
  void *block;
  uint32_t kind = KIND_MALLOC;
  switch (s->how % 6) {
  case 1: {
    /* The product is what was meant, or more than there is. */
    size_t part = 1u + s->how / 6u;
    program_say("b[%u] = ashlar_calloc(%zu, %zu);", h, part, size);
    block = ashlar_calloc(part, size);
    size = __builtin_mul_overflow(part, size, &size) ? SIZE_MAX : size;
    break;
  }
  case 2: {
    size_t part = 1u + s->how / 6u;
    program_say("b[%u] = ashlar_reallocarray(NULL, %zu, %zu);", h, size, part);
    block = ashlar_reallocarray(NULL, size, part);
    size = __builtin_mul_overflow(part, size, &size) ? SIZE_MAX : size;
    break;
  }
  case 3:
    program_say("b[%u] = _ZnwmRKSt9nothrow_t(%zu, NULL);", h, size);
    block = _ZnwmRKSt9nothrow_t(size, NULL);
    kind = KIND_NEW;
    break;
  case 4:
    program_say("b[%u] = _ZnamRKSt9nothrow_t(%zu, NULL);", h, size);
    block = _ZnamRKSt9nothrow_t(size, NULL);
    kind = KIND_NEW_ARRAY;
    break;
  case 5:
    program_say("b[%u] = ashlar_realloc(NULL, %zu);", h, size);
    block = ashlar_realloc(NULL, size);
    break;
  default:
    program_say("b[%u] = ashlar_malloc(%zu);", h, size);
    block = ashlar_malloc(size);
    break;
  }
  program_born(h, block, size, 16, kind);
}

/* Alignments that none can have are refused, with EINVAL. */
static void program_misaligned(const struct step *s)
{
  size_t align = s->value % 4096 * 2 + 3;
  align += (align & (align + 1)) == 0 ? 2 : 0; /* no power of two, in any reading */
  size_t size = program_size(s);
  void *block = NULL;
  program_call();
  MUST(ashlar_aligned_alloc(align, size) == NULL && errno == EINVAL);
  errno = ERRNO;
  MUST(ashlar_posix_memalign(&block, align, size) == EINVAL && block == NULL && errno == ERRNO);
  /* memalign rounds up to a power of two, and there is none above. */
  MUST(ashlar_memalign(((size_t)1 << 63) + align, size) == NULL && errno == EINVAL);
}

static void program_aligned(const struct step *s)
{
  uint32_t h = s->handle;
  if (s->how / 8 == 31) {
    program_misaligned(s);
    return;
  }
  size_t size = program_size(s);
  size_t align = (size_t)1 << s->how / 8 % 32;
  program_empty(h);
  program_call();
  void *block = NULL;
  uint32_t kind = KIND_MALLOC;
  switch (s->how % 8) {
  case 0:
    program_say("b[%u] = ashlar_aligned_alloc(%zu, %zu);", h, align, size);
    block = ashlar_aligned_alloc(align, size);
    break;
  case 1: {
    align = align < sizeof(void *) ? sizeof(void *) : align;
    program_say("ashlar_posix_memalign(&b[%u], %zu, %zu);", h, align, size);
    int status = ashlar_posix_memalign(&block, align, size);
    MUST((status == 0) == (block != NULL));
    MUST(errno == (status == 0 ? ERRNO : status));
    break;
  }
  case 2:
    program_say("b[%u] = ashlar_memalign(%zu, %zu);", h, align, size);
    block = ashlar_memalign(align, size);
    break;
  case 3:
    /* An alignment that is no power of two is raised to one. */
    program_say("b[%u] = ashlar_memalign(%zu, %zu);", h, align - align / 4, size);
    block = ashlar_memalign(align - align / 4, size);
    break;
  case 4:
    program_say("b[%u] = ashlar_valloc(%zu);", h, size);
    align = os_page_bytes();
    block = ashlar_valloc(size);
    break;
  case 5:
    program_say("b[%u] = ashlar_pvalloc(%zu);", h, size);
    align = os_page_bytes();
    block = ashlar_pvalloc(size);
    size = size > SIZE_MAX - align ? SIZE_MAX : (size + (size == 0) + align - 1) / align * align;
    break;
  case 6:
    program_say("b[%u] = _ZnwmSt11align_val_tRKSt9nothrow_t(%zu, %zu, NULL);", h, size, align);
    block = _ZnwmSt11align_val_tRKSt9nothrow_t(size, align, NULL);
    kind = KIND_NEW;
    break;
  default:
    program_say("b[%u] = _ZnamSt11align_val_tRKSt9nothrow_t(%zu, %zu, NULL);", h, size, align);
    block = _ZnamSt11align_val_tRKSt9nothrow_t(size, align, NULL);
    kind = KIND_NEW_ARRAY;
    break;
  }
  program_born(h, block, size, align < 16 ? 16 : align, kind);
}

static void program_free_malloced(const struct block *b, uint32_t h, uint8_t how)
{
  switch (how % 4) {
  case 1:
    program_say("ashlar_free_sized(b[%u], %zu);", h, b->asked);
    ashlar_free_sized(b->at, b->asked);
    break;
  case 2:
    program_say("ashlar_free_aligned_sized(b[%u], %zu, %zu);", h, b->align, b->asked);
    ashlar_free_aligned_sized(b->at, b->align, b->asked);
    break;
  case 3:
    program_say("ashlar_realloc(b[%u], 0);", h);
    MUST(ashlar_realloc(b->at, 0) == NULL);
    break;
  default:
    program_say("ashlar_free(b[%u]);", h);
    ashlar_free(b->at);
    break;
  }
}

static void program_delete(const struct block *b, uint32_t h, uint8_t how)
{
  bool array = b->kind == KIND_NEW_ARRAY;
  const char *name = array ? "a" : "l";
  switch (how % 3) {
  case 1:
    program_say("_Zd%sPvm(b[%u], %zu);", name, h, b->asked);
    (array ? _ZdaPvm : _ZdlPvm)(b->at, b->asked);
    break;
  case 2:
    program_say("_Zd%sPvmSt11align_val_t(b[%u], %zu, %zu);", name, h, b->asked, b->align);
    (array ? _ZdaPvmSt11align_val_t : _ZdlPvmSt11align_val_t)(b->at, b->asked, b->align);
    break;
  default:
    program_say("_Zd%sPv(b[%u]);", name, h);
    (array ? _ZdaPv : _ZdlPv)(b->at);
    break;
  }
}

void program_free(uint32_t h, uint8_t how)
{
  model_dies(h);
  struct block dead = model[h];
  if (dead.usable > MOST_TOUCHED) {
    fuzz_open(); /* where the kernel refuses to drop it, it is cleared */
  }
  program_call();
  if (dead.kind == KIND_MALLOC) {
    program_free_malloced(&dead, h, how);
  } else {
    program_delete(&dead, h, how);
  }
  MUST(errno == ERRNO);
  model_was_freed(&dead);
}

static void program_realloc(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS || model[h].kind != KIND_MALLOC) {
    return;
  }
  size_t size = program_size(s);
  if (size == 0) {
    program_free(h, 3);
    return;
  }
  size_t old = model[h].usable;
  if (old > MOST_TOUCHED) {
    if (size < old / 2 + PAGE_BYTES || (size > old && size <= PTRDIFF_MAX)) {
      return;
    }
    fuzz_open();
  }
  program_call();
  program_say("{ void *p = ashlar_realloc(b[%u], %zu); b[%u] = p != NULL ? p : b[%u]; }", h, size,
              h, h);
  /* It may move what the program may not have touched: all that is usable. */
  void *block = ashlar_realloc(model[h].at, size);
  if (program_got(block, size, 16)) {
    model_changed(h, block, size, ashlar_malloc_usable_size(block));
  } else {
    MUST(ashlar_malloc_usable_size(model[h].at) == model[h].usable);
    model_verify(h);
  }
}

/* ---- looking ------------------------------------------------------------------- */

static uint32_t program_seen;
static size_t program_seen_bytes;

static bool program_visit(void *block, size_t size, void *context)
{
  (void)context;
  uint32_t h = model_find((uintptr_t)block);
  MUST(h != MODEL_BLOCKS && model[h].at == block && model[h].usable == size);
  program_seen++;
  program_seen_bytes += size;
  return true;
}

static void program_look_at(uint32_t h, uint32_t value)
{
  const struct block *b = &model[h];
  program_say("ashlar_malloc_usable_size(b[%u]);", h);
  MUST(ashlar_malloc_usable_size(b->at) == b->usable);
  if (b->usable > 0) {
    /* Near its start: the allocator walks back from there. */
    size_t offset = value % (b->usable < MOST_OFFSET ? b->usable : MOST_OFFSET);
    MUST(ashlar_object_size(b->at + offset) == b->usable - offset);
  }
  MUST(b->usable >= MOST_OFFSET || ashlar_object_size(b->at + b->usable) == 0 ||
       model_find((uintptr_t)b->at + b->usable) != MODEL_BLOCKS);
}

static void program_look_at_all(void)
{
  size_t usable;
  model_bytes(&usable);
  program_seen = 0;
  program_seen_bytes = 0;
  MUST(ashlar_walk(program_visit, NULL));
  MUST(program_seen == model_count() && program_seen_bytes == usable);
}

static void program_count_all(void)
{
  size_t usable;
  model_bytes(&usable);
  struct ashlar_statistics statistics;
  ashlar_statistics(&statistics);
  MUST(statistics.live_blocks == model_count() && statistics.live == usable);
  MUST(statistics.reserved == (uint64_t)fuzz_arenas() * ARENA_BYTES);
  MUST(statistics.free_resident <= statistics.free_pages);
  MUST(statistics.live + statistics.slack + statistics.cached + statistics.central +
           statistics.waiting + statistics.free_pages <=
       statistics.reserved + 16 * (uint64_t)model_count() + statistics.slack);
}

/* Whether there may be one more walk over all tables. */
static bool program_may_walk(void)
{
  return fuzz_arenas() <= MOST_ARENAS && program_checks++ < MOST_CHECKS;
}

static void program_look(const struct step *s)
{
  if (s->how % 64 >= 62 && program_may_walk()) {
    if (s->how % 2 == 0) {
      program_look_at_all();
    } else {
      program_count_all();
    }
    return;
  }
  uint32_t h = model_next(s->handle);
  if (h != MODEL_BLOCKS) {
    program_look_at(h, s->value);
    return;
  }
  program_call();
  ashlar_free(NULL);
  ashlar_free_sized(NULL, s->value);
  ashlar_free_aligned_sized(NULL, s->value, s->value);
  MUST(ashlar_malloc_usable_size(NULL) == 0 && ashlar_object_size(s) == 0);
  MUST(errno == ERRNO);
}

/* ---- steps --------------------------------------------------------------------- */

static void program_fill(const struct step *s)
{
  uint32_t h = model_next(s->handle);
  if (h == MODEL_BLOCKS) {
    return;
  }
  size_t usable = model[h].usable;
  size_t n = s->how % 4 == 0 ? usable : s->how % 4 == 1 ? model[h].asked : s->value % (usable + 1);
  program_say("memset(b[%u], %u, %zu);", h, s->how / 4u + 1, n);
  model_fill(h, n, (uint8_t)(s->how / 4u + 1));
}

static void program_trim(const struct step *s)
{
  size_t pad = s->how % 4 == 0 ? 0 : s->value % MOST_PAD;
  program_say("ashlar_malloc_trim(%zu);", pad);
  errno = ERRNO;
  ashlar_malloc_trim(pad);
  MUST(errno == ERRNO);
  model_ages_end(fuzz_thread());
}

static void program_shut(const struct step *s)
{
  uint32_t after = s->value % 32;
  uint32_t calls = 1 + s->value / 32 % 16;
  enum fuzz_gate gate = (enum fuzz_gate)(s->how % GATES);
  program_say("/* after %u more calls of %s, %u fail */", after,
              gate == GATE_KERNEL      ? "the kernel"
              : gate == GATE_PAGE_HEAP ? "the page heap"
                                       : "the central cache",
              calls);
  fuzz_shut(gate, after, calls);
}

/* What the kernel does not take back is cleared by hand, and thereby made
 * resident: not much of it. */
static void program_spare_memory(void)
{
  if (fuzz_kernel_fails() && model_largest() > MOST_BY_HAND) {
    program_say("/* the kernel no longer fails */");
    fuzz_open();
  }
}

/* Not ashlar_check, which looks at all that could be in use and takes 10 ms. */
static void program_check(const struct step *s)
{
  if (s->how % 4 == 0 && program_may_walk()) {
    program_say("ashlar_check(NULL, NULL);");
    fuzz_check();
  }
}

static void program_many(const struct step *s)
{
  struct step one = *s;
  uint32_t n = 1 + s->how / 6u % 43;
  for (uint32_t i = 0; i < n; i++) {
    one.handle = (uint8_t)(s->handle + i);
    one.how = s->how % 6;
    if (program_size(&one) >= SMALL_BYTES && i >= MOST_LARGE) {
      return; /* large ones take time */
    }
    program_malloc(&one);
  }
}

static void program_free_many(const struct step *s)
{
  uint32_t n = 1 + s->value % MODEL_BLOCKS;
  uint32_t stride = 1 + s->value / MODEL_BLOCKS % 8;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t h = (s->handle + i * stride) % MODEL_BLOCKS;
    if (model[h].live) {
      program_free(h, s->how);
    }
  }
}

void program_step(const struct step *s)
{
  switch (program_operation(s)) {
  case OP_MALLOC:
    program_malloc(s);
    break;
  case OP_REALLOC:
    program_realloc(s);
    break;
  case OP_ALIGNED:
    program_aligned(s);
    break;
  case OP_FREE: {
    uint32_t h = model_next(s->handle);
    if (h == MODEL_BLOCKS) {
      ashlar_free(NULL);
      break;
    }
    program_free(h, s->how);
    break;
  }
  case OP_FILL:
    program_fill(s);
    break;
  case OP_VERIFY: {
    uint32_t h = model_next(s->handle);
    if (h != MODEL_BLOCKS) {
      model_verify(h);
    }
    break;
  }
  case OP_LOOK:
    program_look(s);
    break;
  case OP_TRIM:
    program_trim(s);
    break;
  case OP_SWITCH:
    program_say("/* thread %u */", s->handle % FUZZ_THREADS);
    fuzz_switch(s->handle);
    break;
  case OP_SHUT:
    program_shut(s);
    break;
  case OP_CHECK:
    program_check(s);
    break;
  case OP_END_THREAD:
    program_say("/* thread %u ends */", fuzz_thread());
    fuzz_end_thread();
    model_ages_end(fuzz_thread());
    break;
  case OP_FORK:
    program_say("/* as the child of a fork */");
    fuzz_fork();
    model_ages_end(FUZZ_THREADS);
    break;
  case OP_MANY:
    program_many(s);
    break;
  case OP_FREE_MANY:
    program_free_many(s);
    break;
  case OPERATIONS:
    break;
  }
  program_spare_memory();
  fuzz_check_step();
}

void program_start(const struct step *header)
{
  fuzz_start();
  model_reset();
  program_checks = 0;
  /* Whether the process ever had a second thread: then it uses atomics. */
  __libc_single_threaded = header->what % 2 == 0;
  if (header->what & 2) {
    fuzz_options("guards=no");
  }
  /* What goes back to the kernel has to come again, which takes time. */
  static const char *const rates[] = {"release_rate=0", "release_rate=0", "release_rate=5",
                                      "release_rate=10"};
  fuzz_options(rates[header->what / 4 % 4]);
  if (header->what & 16) {
    fuzz_options("thread_cache_bytes=64K");
  }
}

void program_end(void)
{
  fuzz_open();
  for (uint32_t h = 0; h < MODEL_BLOCKS; h++) {
    program_empty(h);
  }
  fuzz_finish();
}
