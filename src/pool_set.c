#include "pool_set.h"
#include "api.h"
#include "heap.h"
#include "lock.h"
#include "os.h"
#include "payload.h"
#include "report.h"
#include "size_math.h"
#include "text.h"

#include <errno.h>
#include <string.h>

enum {
  /* of a handle: the place in the table, in bytes, then the use of it */
  POOL_SET_BYTES = 1024,
  POOL_SET_USE_SHIFT = 15,
  POOL_SET_DETAIL_BYTES = 160,
  POOL_SET_LARGEST = 65536,
  /* the tables of a unit: state, len, back, next and previous of a free piece */
  POOL_SET_TABLES = 4
};

_Static_assert(POOL_SETS *POOL_SET_BYTES == 1 << POOL_SET_USE_SHIFT, "a place fits its bits");

struct pool_set {
  uint64_t handle; /* 0 in an unused place, and always in the first, that of NULL */
  struct lock lock;
  bool shared, report_only;
  uint64_t uses;
  struct pool_pieces pieces;
  /* of free pieces: the list's next and previous, plus one */
  uint32_t *next, *previous;
  uint32_t sizes;
  uint32_t size[POOL_SET_SIZES];  /* units, ascending */
  uint32_t first[POOL_SET_SIZES]; /* the list of each, plus one */
  uint32_t small;                 /* ... and of what is smaller than all */
  uint64_t exhausted;
  uintptr_t space, tables;
  size_t space_bytes, table_bytes;
  char name[POOL_SET_NAME_BYTES];
} __attribute__((aligned(POOL_SET_BYTES)));

_Static_assert(sizeof(struct pool_set) == POOL_SET_BYTES, "a handle has the offset of its set");

static ASHLAR_LONG struct pool_set pool_sets[POOL_SETS];

static struct {
  struct lock lock;
  bool started;
} pool_set_table;

/* ---- handles --------------------------------------------------------------- */

static _Noreturn void pool_set_report_handle(const ashlar_pool_set *handle, const char *operation)
{
  struct report report = {.kind = REPORT_BAD_POOL,
                          .address = (uintptr_t)handle,
                          .operation = operation,
                          .detail = "destroyed, or never created"};
  report_fatal(&report);
}

/* The set of a handle, locked where it is shared; reports where there is none. */
static struct pool_set *pool_set_enter(const ashlar_pool_set *handle, const char *operation)
{
  uintptr_t offset = (uintptr_t)handle & ((uintptr_t)(POOL_SETS - 1) * POOL_SET_BYTES);
  struct pool_set *s = (struct pool_set *)((uintptr_t)pool_sets + offset);
  uint64_t seen = __atomic_load_n(&s->handle, __ATOMIC_ACQUIRE);
  if (handle == NULL || seen != (uintptr_t)handle) {
    pool_set_report_handle(handle, operation);
  }
  if (s->shared) {
    lock_acquire(&s->lock);
  }
  return s;
}

static void pool_set_leave(struct pool_set *s)
{
  if (s->shared) {
    lock_release(&s->lock);
  }
}

static void pool_set_name_text(struct text *text, const struct pool_set *s)
{
  text_str(text, "pool set ");
  if (s->name[0] != '\0') {
    text_str(text, s->name);
  } else {
    text_dec(text, (uint64_t)(s - pool_sets));
  }
}

/* ---- free pieces ------------------------------------------------------------- */

/* The list of free pieces of so many units. */
static uint32_t *pool_set_list(struct pool_set *s, uint32_t units)
{
  uint32_t k = s->sizes;
  while (k > 0 && s->size[k - 1] > units) {
    k--;
  }
  return k == 0 ? &s->small : &s->first[k - 1];
}

static void pool_set_enlist(struct pool_set *s, uint32_t g)
{
  uint32_t *list = pool_set_list(s, s->pieces.len[g]);
  s->next[g] = *list;
  s->previous[g] = 0;
  if (*list != 0) {
    s->previous[*list - 1] = g + 1;
  }
  *list = g + 1;
}

static void pool_set_delist(struct pool_set *s, uint32_t g)
{
  uint32_t next = s->next[g];
  uint32_t previous = s->previous[g];
  if (next != 0) {
    s->previous[next - 1] = previous;
  }
  if (previous != 0) {
    s->next[previous - 1] = next;
  } else {
    *pool_set_list(s, s->pieces.len[g]) = next;
  }
}

/* ---- allocate ------------------------------------------------------------------ */

static uintptr_t pool_set_address(const struct pool_set *s, uint32_t g)
{
  return s->pieces.base + (uintptr_t)g * PIECES_UNIT;
}

/* Takes a piece of the k-th size; returns its first unit, or units where there
 * is none. */
static uint32_t pool_set_take(struct pool_set *s, uint32_t k)
{
  uint32_t n = s->size[k];
  while (k < s->sizes && s->first[k] == 0) {
    k++;
  }
  if (k == s->sizes) {
    return s->pieces.units;
  }
  uint32_t g = s->first[k] - 1;
  pool_set_delist(s, g);
  if (pieces_split(&s->pieces, g, n)) {
    pool_set_enlist(s, g + n);
  }
  return pieces_claim(&s->pieces, g) ? g : s->pieces.units;
}

ASHLAR_PUBLIC void *ashlar_pool_set_alloc(ashlar_pool_set *set, size_t size)
{
  struct pool_set *s = pool_set_enter(set, "ashlar_pool_set_alloc");
  uint32_t k = 0;
  while (k < s->sizes && (size_t)s->size[k] * PIECES_UNIT < size) {
    k++;
  }
  bool fits = k < s->sizes;
  uint32_t g = fits ? pool_set_take(s, k) : s->pieces.units;
  bool got = g < s->pieces.units;
  s->exhausted += fits && !got ? 1 : 0;
  uintptr_t piece = got ? pool_set_address(s, g) : 0;
  pool_set_leave(s);
  if (!got) {
    errno = fits ? ENOMEM : EINVAL;
  }
  return (void *)piece;
}

/* ---- free ------------------------------------------------------------------------ */

static const char pool_set_free_name[] = "ashlar_pool_set_free";

/* Says what is wrong with a free; returns the verdict where the set wants that. */
static enum ashlar_pool_verdict pool_set_wrong(const struct pool_set *s, uintptr_t address,
                                               uint32_t refusal)
{
  static const enum report_kind kinds[] = {[PIECES_FOREIGN] = REPORT_WRONG_POOL,
                                           [PIECES_INTERIOR] = REPORT_INTERIOR,
                                           [PIECES_ALREADY_FREE] = REPORT_DOUBLE_FREE};
  static const enum ashlar_pool_verdict verdicts[] = {[PIECES_FOREIGN] = ASHLAR_POOL_WRONG_POOL,
                                                      [PIECES_INTERIOR] = ASHLAR_POOL_NOT_AN_OBJECT,
                                                      [PIECES_ALREADY_FREE] =
                                                          ASHLAR_POOL_ALREADY_FREE};
  char buffer[POOL_SET_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  text_str(&detail, refusal == PIECES_FOREIGN ? "not of " : "");
  pool_set_name_text(&detail, s);
  struct report report = {.kind = kinds[refusal],
                          .address = address,
                          .operation = pool_set_free_name,
                          .detail = buffer};
  if (!s->report_only) {
    report_fatal(&report);
  }
  report_warning(&report);
  return verdicts[refusal];
}

/* Joins a piece that was just released with its free neighbours. */
static void pool_set_put_in(struct pool_set *s, uint32_t g)
{
  uint32_t behind = g + s->pieces.len[g];
  if (behind < s->pieces.units && s->pieces.state[behind] == PIECE_FREE) {
    pool_set_delist(s, behind);
    pieces_join(&s->pieces, g);
  }
  uint32_t before = pieces_before(&s->pieces, g);
  if (before < g) {
    pool_set_delist(s, before);
    pieces_join(&s->pieces, before);
  }
  pool_set_enlist(s, before);
}

ASHLAR_PUBLIC enum ashlar_pool_verdict ashlar_pool_set_free(ashlar_pool_set *set, void *piece)
{
  struct pool_set *s = pool_set_enter(set, pool_set_free_name);
  if (piece == NULL) {
    pool_set_leave(s);
    return ASHLAR_POOL_OK;
  }
  uint32_t g = pieces_release(&s->pieces, (uintptr_t)piece);
  if (g >= PIECES_REFUSED) {
    pool_set_leave(s);
    return pool_set_wrong(s, (uintptr_t)piece, g - PIECES_REFUSED);
  }
  payload_zero((uintptr_t)piece, (size_t)s->pieces.len[g] * PIECES_UNIT);
  pool_set_put_in(s, g);
  pool_set_leave(s);
  return ASHLAR_POOL_OK;
}

/* ---- create and destroy -------------------------------------------------------------- */

/* Before the first set was created there are no others. */
void pool_set_lock_all(void)
{
  lock_acquire(&pool_set_table.lock);
  for (uint32_t i = 0; i < POOL_SETS && pool_set_table.started; i++) {
    lock_acquire(&pool_sets[i].lock);
  }
}

void pool_set_unlock_all(void)
{
  for (uint32_t i = POOL_SETS; i-- > 0 && pool_set_table.started;) {
    lock_release(&pool_sets[i].lock);
  }
  lock_release(&pool_set_table.lock);
}

void pool_set_in_child(void)
{
  for (uint32_t i = 0; i < POOL_SETS && pool_set_table.started; i++) {
    lock_reset(&pool_sets[i].lock);
  }
  lock_reset(&pool_set_table.lock);
}

/* Puts a size into the ascending list; returns whether there is room, and the
 * size can be. */
static bool pool_set_add_size(struct pool_set *s, size_t bytes)
{
  size_t units = (bytes + PIECES_UNIT - 1) / PIECES_UNIT;
  if (bytes == 0 || bytes > (size_t)PIECES_UNITS * PIECES_UNIT || s->sizes == POOL_SET_SIZES) {
    return false;
  }
  uint32_t k = s->sizes;
  while (k > 0 && s->size[k - 1] >= units) {
    k--;
  }
  if (k < s->sizes && s->size[k] == units) {
    return true;
  }
  memmove(&s->size[k + 1], &s->size[k], (s->sizes - k) * sizeof s->size[0]);
  s->size[k] = (uint32_t)units;
  s->sizes++;
  return true;
}

static bool pool_set_add_sizes(struct pool_set *s, const struct ashlar_pool_set_options *o)
{
  bool good = true;
  for (size_t i = 0; good && o->sizes != NULL && i < o->size_count; i++) {
    good = pool_set_add_size(s, o->sizes[i]);
  }
  size_t largest = o->largest == 0 ? POOL_SET_LARGEST : o->largest;
  size_t size = PIECES_UNIT;
  while (size < o->smallest && size < (size_t)1 << 40) {
    size *= 2;
  }
  for (; good && o->sizes == NULL && size <= largest; size *= 2) {
    good = pool_set_add_size(s, size);
  }
  return good && s->sizes > 0;
}

/* Reserves and commits the set's memory and tables; on failure none of it. */
static bool pool_set_reserve(struct pool_set *s, size_t budget)
{
  size_t guard = os_page_bytes();
  size_t units = s->pieces.units;
  size_t words = (units * sizeof(uint32_t) + guard - 1) / guard * guard;
  size_t states = (units + guard - 1) / guard * guard;
  size_t bytes = (budget + guard - 1) / guard * guard;
  s->space_bytes = bytes + 2 * guard;
  s->table_bytes = states + POOL_SET_TABLES * words + 2 * guard;
  s->space = os_reserve(s->space_bytes, guard);
  s->tables = s->space == 0 ? 0 : os_reserve(s->table_bytes, guard);
  if (s->tables != 0 && os_commit(s->space + guard, bytes) &&
      os_commit(s->tables + guard, s->table_bytes - 2 * guard)) {
    os_show(s->space + guard, bytes);
    os_keep_small(s->tables + guard, s->table_bytes - 2 * guard);
    uintptr_t at = s->tables + guard;
    s->pieces.base = s->space + guard;
    s->pieces.state = (uint8_t *)at;
    s->pieces.len = (uint32_t *)(at + states);
    s->pieces.back = (uint32_t *)(at + states + words);
    s->next = (uint32_t *)(at + states + 2 * words);
    s->previous = (uint32_t *)(at + states + 3 * words);
    return true;
  }
  if (s->space != 0) {
    os_release(s->space, s->space_bytes);
  }
  if (s->tables != 0) {
    os_release(s->tables, s->table_bytes);
  }
  return false;
}

static uint64_t pool_set_make(struct pool_set *s, const struct ashlar_pool_set_options *o)
{
  uint64_t uses = s->uses + 1;
  struct lock lock = s->lock;
  *s = (struct pool_set){.uses = uses,
                         .lock = lock,
                         .shared = o->threads == ASHLAR_POOL_SHARED,
                         .report_only = o->report_only,
                         .pieces.units = (uint32_t)(o->budget / PIECES_UNIT)};
  if (o->name != NULL) {
    strncpy(s->name, o->name, sizeof s->name - 1);
  }
  if (!pool_set_add_sizes(s, o)) {
    errno = EINVAL;
    return 0;
  }
  if (!pool_set_reserve(s, o->budget)) {
    errno = ENOMEM;
    return 0;
  }
  s->pieces.len[0] = s->pieces.units;
  s->pieces.back[s->pieces.units - 1] = 0;
  s->pieces.state[0] = PIECE_FREE;
  pool_set_enlist(s, 0);
  return uses << POOL_SET_USE_SHIFT | (uint64_t)(s - pool_sets) * POOL_SET_BYTES;
}

ASHLAR_PUBLIC ashlar_pool_set *ashlar_pool_set_create(const struct ashlar_pool_set_options *options)
{
  if (options->budget < PIECES_UNIT || options->budget / PIECES_UNIT > PIECES_UNITS) {
    errno = EINVAL;
    return NULL;
  }
  errno = ENOMEM;
  if (!heap_start()) {
    return NULL;
  }
  lock_acquire(&pool_set_table.lock);
  pool_set_table.started = true;
  uint32_t i = 1;
  while (i < POOL_SETS && pool_sets[i].handle != 0) {
    i++;
  }
  uint64_t handle = i < POOL_SETS ? pool_set_make(&pool_sets[i], options) : 0;
  if (handle != 0) {
    __atomic_store_n(&pool_sets[i].handle, handle, __ATOMIC_RELEASE);
  }
  lock_release(&pool_set_table.lock);
  return (ashlar_pool_set *)(uintptr_t)handle;
}

/* ---- looking at a set ------------------------------------------------------------------- */

static void pool_set_count(const struct pool_set *s, struct ashlar_pool_set_statistics *statistics)
{
  uint32_t g = 0;
  while (g < s->pieces.units) {
    uint64_t bytes = (uint64_t)s->pieces.len[g] * PIECES_UNIT;
    if (s->pieces.state[g] == PIECE_LIVE) {
      statistics->live += bytes;
      statistics->live_pieces++;
    } else {
      statistics->free_pieces++;
      statistics->largest_free =
          bytes > statistics->largest_free ? bytes : statistics->largest_free;
    }
    g += s->pieces.len[g];
  }
}

ASHLAR_PUBLIC void ashlar_pool_set_stats(ashlar_pool_set *set,
                                         struct ashlar_pool_set_statistics *statistics)
{
  struct pool_set *s = pool_set_enter(set, "ashlar_pool_set_stats");
  *statistics = (struct ashlar_pool_set_statistics){
      .budget = (uint64_t)s->pieces.units * PIECES_UNIT, .exhausted = s->exhausted};
  memcpy(statistics->name, s->name, sizeof statistics->name);
  pool_set_count(s, statistics);
  pool_set_leave(s);
}

ASHLAR_PUBLIC size_t ashlar_pool_set_size(ashlar_pool_set *set, const void *piece)
{
  struct pool_set *s = pool_set_enter(set, "ashlar_pool_set_size");
  uintptr_t offset = (uintptr_t)piece - s->pieces.base;
  size_t g = offset / PIECES_UNIT;
  bool live = (uintptr_t)piece >= s->pieces.base && offset % PIECES_UNIT == 0 &&
              g < s->pieces.units && s->pieces.state[g] == PIECE_LIVE;
  size_t bytes = live ? (size_t)s->pieces.len[g] * PIECES_UNIT : 0;
  pool_set_leave(s);
  return bytes;
}

ASHLAR_PUBLIC bool ashlar_pool_set_check(ashlar_pool_set *set)
{
  struct pool_set *s = pool_set_enter(set, "ashlar_pool_set_check");
  bool sound = pieces_check(&s->pieces);
  pool_set_leave(s);
  return sound;
}

static void pool_set_report_leak(const struct pool_set *s, uint64_t pieces)
{
  char buffer[POOL_SET_DETAIL_BYTES] = {0};
  struct text detail;
  text_start(&detail, buffer, sizeof buffer - 1);
  text_dec(&detail, pieces);
  text_str(&detail, pieces == 1 ? " piece of " : " pieces of ");
  pool_set_name_text(&detail, s);
  struct report report = {.kind = REPORT_LEAK,
                          .address = s->pieces.base,
                          .operation = "ashlar_pool_set_destroy",
                          .detail = buffer};
  report_warning(&report);
}

ASHLAR_PUBLIC size_t ashlar_pool_set_destroy(ashlar_pool_set *set)
{
  if (set == NULL) {
    return 0;
  }
  int saved = errno;
  struct pool_set *s = pool_set_enter(set, "ashlar_pool_set_destroy");
  struct ashlar_pool_set_statistics statistics = {0};
  pool_set_count(s, &statistics);
  pool_set_leave(s);
  if (statistics.live_pieces > 0) {
    pool_set_report_leak(s, statistics.live_pieces);
  }
  os_release(s->space, s->space_bytes);
  os_release(s->tables, s->table_bytes);
  __atomic_store_n(&s->handle, 0, __ATOMIC_RELEASE);
  errno = saved;
  return statistics.live_pieces;
}
