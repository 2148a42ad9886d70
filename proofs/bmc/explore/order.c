#include "order.h"
#include "scheduler.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  T = SCHEDULER_THREADS,
  LOCATIONS = 1 << 15
};

typedef uint16_t stamp;

struct clock {
  stamp of[T];
};

/* When each thread last touched an address, by kind of access. */
struct cell {
  uint32_t run;
  stamp plain[2][T];
  stamp atomic[2][T];
  uint32_t at[T]; /* where in the code, as an offset */
};

/* An atomic variable. */
struct location {
  uintptr_t address;
  uint32_t run;
  uint8_t touched[2]; /* by threads: a bit each */
  bool contended;     /* learnt; outlives runs */
  struct clock carried;
  /* the last store */
  bool stored;
  uint32_t storer;
  stamp when;
  uint64_t before;
  uint8_t seen; /* threads that have read it */
};

/* Something that happened to a whole page. */
struct event {
  uint32_t run;
  uint32_t thread;
  stamp when;
  uint32_t at;
};

struct page {
  uint32_t touched; /* the last run in which somebody did */
  struct event appeared;
  struct event swept; /* lost its contents */
};

struct order {
  uint32_t run;
  bool strict;
  struct page page[WORLD_PAGES];
  struct clock clock[T];
  struct order_race race;
  uint32_t touched;
  uint32_t index[LOCATIONS]; /* of locations touched in this run */
  struct location location[LOCATIONS];
  struct cell range[WORLD_BYTES];
  struct cell data[]; /* one for each byte of the program's variables */
};

static struct order *order;

void order_start(void)
{
  size_t data = world_data_high() - world_data_low();
  order = world_keep(sizeof *order + data * sizeof(struct cell));
}

void order_begin(void)
{
  order->run++;
  order->touched = 0;
  order->race.found = false;
  memset(order->clock, 0, sizeof order->clock);
  for (uint32_t t = 0; t < T; t++) {
    order->clock[t].of[t] = 1;
  }
}

/* ---- races --------------------------------------------------------------------- */

static struct cell *cell_of(uintptr_t a)
{
  struct cell *cell = NULL;
  if (world_holds(a)) {
    cell = &order->range[a - WORLD_LOW];
  } else if (a - world_data_low() < world_data_high() - world_data_low()) {
    cell = &order->data[a - world_data_low()];
  }
  if (cell != NULL && cell->run != order->run) {
    memset(cell, 0, sizeof *cell);
    cell->run = order->run;
  }
  return cell;
}

static uint32_t code_offset(uintptr_t at)
{
  return (uint32_t)(at - (uintptr_t)order_start);
}

static uintptr_t code_at(uint32_t offset)
{
  return (uintptr_t)order_start + (uintptr_t)(intptr_t)(int32_t)offset;
}

static void report_race(const struct cell *cell, uintptr_t a, uint32_t first, uint32_t second,
                        bool first_writes, bool second_writes, uintptr_t at)
{
  if (order->race.found || !order->strict) {
    return;
  }
  order->race = (struct order_race){.found = true,
                                    .address = a,
                                    .first = first,
                                    .second = second,
                                    .first_at = code_at(cell->at[first]),
                                    .second_at = at,
                                    .first_writes = first_writes,
                                    .second_writes = second_writes};
}

static void check(const struct cell *cell, const stamp when[T], uintptr_t a, uint32_t t,
                  bool first_writes, bool second_writes, uintptr_t at)
{
  for (uint32_t u = 0; u < T; u++) {
    if (u != t && when[u] > order->clock[t].of[u]) {
      report_race(cell, a, u, t, first_writes, second_writes, at);
    }
  }
}

static void check_event(const struct event *event, uintptr_t a, uint32_t t, bool writes,
                        uintptr_t at)
{
  if (event->run != order->run || event->thread == t || order->race.found ||
      event->when <= order->clock[t].of[event->thread]) {
    return;
  }
  order->race = (struct order_race){.found = true,
                                    .address = a,
                                    .first = event->thread,
                                    .second = t,
                                    .first_at = code_at(event->at),
                                    .second_at = at,
                                    .first_writes = true,
                                    .second_writes = writes};
}

static void touch_page(uint32_t t, uintptr_t a, bool writes, uintptr_t at)
{
  if (!world_holds(a)) {
    return;
  }
  struct page *page = &order->page[(a - WORLD_LOW) / WORLD_PAGE];
  page->touched = order->run;
  check_event(&page->appeared, a, t, writes, at);
  if (order->strict) {
    check_event(&page->swept, a, t, writes, at);
  }
}

void order_pages(uint32_t t, uintptr_t a, size_t bytes, uintptr_t at)
{
  for (uintptr_t p = a; p < a + bytes && world_holds(p); p += WORLD_PAGE) {
    struct page *page = &order->page[(p - WORLD_LOW) / WORLD_PAGE];
    if (page->touched == order->run) {
      order_plain(t, p, WORLD_PAGE, ORDER_WRITE, at);
    }
    page->swept = (struct event){order->run, t, order->clock[t].of[t], code_offset(at)};
  }
}

void order_commit(uint32_t t, uintptr_t a, size_t bytes, uintptr_t at)
{
  for (uintptr_t p = a; p < a + bytes && world_holds(p); p += WORLD_PAGE) {
    struct page *page = &order->page[(p - WORLD_LOW) / WORLD_PAGE];
    page->appeared = (struct event){order->run, t, order->clock[t].of[t], code_offset(at)};
  }
}

void order_strict(bool on)
{
  order->strict = on;
}

static void touch_plain(uint32_t t, uintptr_t a, enum order_access access, uintptr_t at)
{
  struct cell *cell = cell_of(a);
  if (cell == NULL) {
    return;
  }
  bool writes = access == ORDER_WRITE;
  touch_page(t, a, writes, at);
  check(cell, cell->plain[ORDER_WRITE], a, t, true, writes, at);
  check(cell, cell->atomic[ORDER_WRITE], a, t, true, writes, at);
  if (writes) {
    check(cell, cell->plain[ORDER_READ], a, t, false, true, at);
    check(cell, cell->atomic[ORDER_READ], a, t, false, true, at);
  }
  cell->plain[access][t] = order->clock[t].of[t];
  cell->at[t] = code_offset(at);
}

void order_plain(uint32_t t, uintptr_t a, size_t bytes, enum order_access access, uintptr_t at)
{
  touch_plain(t, a, access, at);
  /* A thing is always accessed by its first byte, or as one of a range. */
  for (uintptr_t next = (a | 7) + 1; next < a + bytes; next += 8) {
    touch_plain(t, next, access, at);
  }
}

void order_atomic(uint32_t t, uintptr_t a, enum order_access access, uintptr_t at)
{
  struct cell *cell = cell_of(a);
  if (cell == NULL) {
    return;
  }
  bool writes = access == ORDER_WRITE;
  touch_page(t, a, writes, at);
  check(cell, cell->plain[ORDER_WRITE], a, t, true, writes, at);
  if (writes) {
    check(cell, cell->plain[ORDER_READ], a, t, false, true, at);
  }
  cell->atomic[access][t] = order->clock[t].of[t];
  cell->at[t] = code_offset(at);
}

const struct order_race *order_race(void)
{
  return &order->race;
}

/* ---- atomic variables ------------------------------------------------------------ */

static struct location *location_of(uintptr_t a)
{
  uint32_t i = (uint32_t)((a * 0x9e3779b97f4a7c15u) >> 49) % LOCATIONS;
  for (uint32_t tried = 0; order->location[i].address != a; tried++) {
    if (order->location[i].address == 0) {
      order->location[i].address = a;
      break;
    }
    if (tried == LOCATIONS) {
      fputs("explore: too many atomic variables\n", stderr);
      abort();
    }
    i = (i + 1) % LOCATIONS;
  }
  struct location *l = &order->location[i];
  if (l->run != order->run) {
    l->run = order->run;
    l->touched[0] = l->touched[1] = 0;
    l->stored = false;
    memset(&l->carried, 0, sizeof l->carried);
    order->index[order->touched++] = i;
  }
  return l;
}

static void join(struct clock *to, const struct clock *from)
{
  for (uint32_t t = 0; t < T; t++) {
    if (from->of[t] > to->of[t]) {
      to->of[t] = from->of[t];
    }
  }
}

void order_acquire(uint32_t t, uintptr_t a)
{
  join(&order->clock[t], &location_of(a)->carried);
}

void order_release(uint32_t t, uintptr_t a)
{
  join(&location_of(a)->carried, &order->clock[t]);
  order->clock[t].of[t]++;
}

void order_forget(uintptr_t a)
{
  memset(&location_of(a)->carried, 0, sizeof(struct clock));
}

bool order_contended(uint32_t t, uintptr_t a, enum order_access access)
{
  struct location *l = location_of(a);
  l->touched[access] |= (uint8_t)(1u << t);
  return l->contended;
}

bool order_learn(void)
{
  bool learnt = false;
  for (uint32_t i = 0; i < order->touched; i++) {
    struct location *l = &order->location[order->index[i]];
    uint8_t all = l->touched[ORDER_READ] | l->touched[ORDER_WRITE];
    if (l->touched[ORDER_WRITE] != 0 && (all & (all - 1)) != 0 && !l->contended) {
      l->contended = true;
      learnt = true;
    }
  }
  return learnt;
}

void order_unlearn(void)
{
  memset(order->location, 0, sizeof order->location);
}

/* ---- stale values ------------------------------------------------------------------ */

void order_stored(uint32_t t, uintptr_t a, uint64_t before)
{
  struct location *l = location_of(a);
  l->stored = true;
  l->storer = t;
  l->when = order->clock[t].of[t];
  l->before = before;
  l->seen = (uint8_t)(1u << t);
}

void order_seen(uint32_t t, uintptr_t a)
{
  location_of(a)->seen |= (uint8_t)(1u << t);
}

bool order_stale(uint32_t t, uintptr_t a, uint64_t *value)
{
  struct location *l = location_of(a);
  if (!l->stored || (l->seen >> t & 1) != 0 || l->when <= order->clock[t].of[l->storer]) {
    return false;
  }
  *value = l->before;
  return true;
}
