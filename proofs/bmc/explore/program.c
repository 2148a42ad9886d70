#define _GNU_SOURCE /* dl_iterate_phdr */
#include "program.h"
#include "access.h"
#include "explore.h"
#include "order.h"
#include "scheduler.h"
#include "world.h"

#include "../../../src/ashlar.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HERE ((uintptr_t)__builtin_return_address(0))

struct held {
  unsigned char *at;
  size_t size;
  unsigned char pattern;
};

static struct held held[PROGRAM_BLOCKS];
static unsigned char next_pattern;

static int verdict[SCHEDULER_THREADS + 1];
static uint32_t posted[PROGRAM_EVENTS];

static pthread_key_t keys;
static void (*exit_of_thread[PROGRAM_KEYS])(void *);
static void *specific[SCHEDULER_THREADS + 1][PROGRAM_KEYS];
static void (*before_fork)(void);
static void (*in_parent)(void);
static void (*in_child)(void);
static struct world_picture *picture_of_fork;

_Noreturn void program_wrong(const char *format, ...)
{
  char text[300];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  explore_violated(text);
}

/* Every thread-local variable of the program, the first of what is loaded. */
static int make_locals(struct dl_phdr_info *info, size_t bytes, void *unused)
{
  (void)bytes;
  (void)unused;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type == PT_TLS) {
      scheduler_local(info->dlpi_tls_data, info->dlpi_phdr[i].p_memsz);
    }
  }
  return 1;
}

void program_start(void)
{
  if (picture_of_fork == NULL) {
    picture_of_fork = world_picture_new();
  }
  dl_iterate_phdr(make_locals, NULL);
  scheduler_local(&errno, sizeof errno);
}

void program_begin(void)
{
  for (uint32_t t = 0; t <= SCHEDULER_THREADS; t++) {
    verdict[t] = PROGRAM_NO_VERDICT;
  }
}

/* ---- blocks ---------------------------------------------------------------------- */

static struct held *held_at(const void *block)
{
  for (int i = 0; i < PROGRAM_BLOCKS; i++) {
    if (held[i].at == block) {
      return &held[i];
    }
  }
  return NULL;
}

static void check_apart(const unsigned char *at, size_t size)
{
  for (int i = 0; i < PROGRAM_BLOCKS; i++) {
    const struct held *h = &held[i];
    bool apart = h->at == NULL || at + (size > 0 ? size : 1) <= h->at ||
                 h->at + (h->size > 0 ? h->size : 1) <= at;
    EXPECT(apart, "%p, %zu bytes, was handed out while %p, %zu bytes, is live", (const void *)at,
           size, (void *)h->at, h->size);
  }
}

static void fill(struct held *h)
{
  access_range((uintptr_t)h->at, h->size, true, HERE);
  memset(h->at, h->pattern, h->size);
}

static void look(const struct held *h, size_t bytes)
{
  access_range((uintptr_t)h->at, bytes, false, HERE);
  for (size_t i = 0; i < bytes; i++) {
    EXPECT(h->at[i] == h->pattern, "byte %zu of the live block %p is %#x instead of %#x", i,
           (void *)h->at, h->at[i], h->pattern);
  }
}

static void *keep(void *block, size_t size)
{
  if (block == NULL) {
    return NULL;
  }
  check_apart(block, size);
  const unsigned char *at = block;
  access_range((uintptr_t)block, size, false, HERE);
  for (size_t i = 0; i < size; i++) {
    EXPECT(at[i] == 0, "byte %zu of the new block %p is %#x", i, block, at[i]);
  }
  struct held *h = held_at(NULL);
  EXPECT(h != NULL, "too many blocks for the scenario's table");
  next_pattern = (unsigned char)(next_pattern % 255 + 1);
  *h = (struct held){block, size, next_pattern};
  fill(h);
  return block;
}

void *program_take(size_t size)
{
  return keep(ashlar_malloc(size), size);
}

void *program_take_aligned(size_t align, size_t size)
{
  return keep(ashlar_aligned_alloc(align, size), size);
}

void program_forget(void *block)
{
  struct held *h = held_at(block);
  EXPECT(h != NULL, "%p is no live block", block);
  look(h, h->size);
  h->at = NULL;
}

void program_look_at_all(const void *but)
{
  for (int i = 0; i < PROGRAM_BLOCKS; i++) {
    if (held[i].at != NULL && held[i].at != but) {
      look(&held[i], held[i].size);
    }
  }
}

void program_give(void *block)
{
  if (block != NULL) {
    program_forget(block);
    ashlar_free(block);
  }
}

void program_set_up(uint32_t thread, void **block, int n)
{
  if (thread != 0) {
    program_give(program_take(100));
    return;
  }
  for (int i = 0; i < n; i++) {
    block[i] = program_take(500);
  }
}

void *program_resize(void *block, size_t size)
{
  struct held was = *held_at(block);
  program_forget(block);
  unsigned char *now = ashlar_realloc(block, size);
  if (now == NULL) {
    *held_at(NULL) = was;
    return NULL;
  }
  check_apart(now, size);
  struct held *h = held_at(NULL);
  *h = (struct held){now, size, was.pattern};
  look(h, was.size < size ? was.size : size);
  fill(h);
  return now;
}

void program_free(void *block)
{
  ashlar_free(block);
}

void *program_realloc(void *block, size_t size)
{
  return ashlar_realloc(block, size);
}

/* ---- verdicts ------------------------------------------------------------------------ */

int program_verdict(uint32_t thread)
{
  return verdict[thread];
}

_Noreturn void __wrap_report_fatal(const struct report *r);
_Noreturn void __wrap_report_fatal(const struct report *r)
{
  uint32_t t = scheduler_self();
  if (!scheduler_active()) {
    program_wrong("outside the threads: %s of %#lx", report_name(r->kind),
                  (unsigned long)r->address);
  }
  EXPECT(access_locks_held(t) == 0, "a report is written with a lock held");
  verdict[t] = (int)r->kind;
  scheduler_end_thread();
}

_Noreturn void program_abort(void);
_Noreturn void program_abort(void)
{
  program_wrong("abort");
}

/* ---- threads ------------------------------------------------------------------------- */

static bool is_posted(const void *event)
{
  return *(const uint32_t *)event != 0;
}

void program_post(uint32_t event)
{
  scheduler_point(NULL, true);
  order_release(scheduler_self(), (uintptr_t)&posted[event]);
  posted[event] = 1;
}

void program_await(uint32_t event)
{
  scheduler_wait(is_posted, &posted[event]);
  order_acquire(scheduler_self(), (uintptr_t)&posted[event]);
}

int program_key_create(pthread_key_t *key, void (*destructor)(void *));
int program_key_create(pthread_key_t *key, void (*destructor)(void *))
{
  EXPECT(keys < PROGRAM_KEYS, "too many keys of thread-specific data");
  *key = keys;
  exit_of_thread[keys++] = destructor;
  return 0;
}

int program_setspecific(pthread_key_t key, const void *value);
int program_setspecific(pthread_key_t key, const void *value)
{
  specific[scheduler_self()][key] = (void *)(uintptr_t)value;
  return 0;
}

/* Runs the destructors whose values are set.  Returns whether there was one. */
static bool destroy_specific(void)
{
  bool any = false;
  for (pthread_key_t key = 0; key < keys; key++) {
    void *value = specific[scheduler_self()][key];
    specific[scheduler_self()][key] = NULL;
    if (value != NULL) {
      exit_of_thread[key](value);
      any = true;
    }
  }
  return any;
}

void program_exit_thread(void)
{
  while (destroy_specific()) {
  }
}

int program_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int program_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
  before_fork = prepare;
  in_parent = parent;
  in_child = child;
  return 0;
}

void program_fork(void (*child)(void))
{
  before_fork();
  world_push(picture_of_fork);
  scheduler_locals_push();
  scheduler_mute(true);
  in_child();
  child();
  scheduler_mute(false);
  scheduler_locals_pop();
  world_pop(picture_of_fork);
  in_parent();
}

void program_check_heap(void)
{
  const char *what;
  const void *where;
  EXPECT(ashlar_check(&what, &where), "the heap's own check: %s, at %p", what, where);
}

void program_nothing_cached(void)
{
  struct ashlar_statistics statistics;
  ashlar_statistics(&statistics);
  EXPECT(statistics.cached == 0, "%lu bytes are in no list and not free",
         (unsigned long)statistics.cached);
}
