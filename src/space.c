#include "space.h"
#include "os.h"
#include "radix_map.h"

enum {
  /* random places that are tried before the window is searched */
  SPACE_TRIES = 4,
  /* a run may take what single arenas leave: they keep to the first half */
  SPACE_SHARE = 2
};

/* Written once, at start. */
static struct space_plan space_now;

/* A random number below n. */
static uint64_t space_draw(uint64_t n)
{
  uint64_t draw;
  os_random(&draw, sizeof draw);
  return draw % n;
}

/* The window around an address at which the kernel puts mappings. */
static void space_window_around(uintptr_t a)
{
  uint64_t key = a / ARENA_BYTES;
  uint64_t half = (uint64_t)1 << (ASHLAR_WINDOW_SHIFT - 1);
  space_now.window_arenas = 2 * half < RADIX_KEYS ? 2 * half : RADIX_KEYS;
  uint64_t low = key > half ? key - half : 0;
  uint64_t most = RADIX_KEYS - space_now.window_arenas;
  /* cppcheck-suppress unsignedLessThanZero ; zero with small constants alone */
  space_now.window = (low < most ? low : most) * ARENA_BYTES;
}

struct space_plan space_start(size_t table_bytes, const uint64_t draw[2])
{
  uintptr_t low;
  uintptr_t high;
  size_t page = os_page_bytes();
  space_now = (struct space_plan){.chosen = os_room(&low, &high)};
  uint64_t room = high - low;
  uint64_t arenas = (uint64_t)1 << ASHLAR_WINDOW_SHIFT;
  while (arenas > room / 4 / ARENA_BYTES) {
    arenas /= 2;
  }
  uint64_t window = arenas * ARENA_BYTES;
  if (!space_now.chosen || arenas == 0 || table_bytes > room / 4 ||
      high / ARENA_BYTES > RADIX_KEYS) {
    space_now.chosen = false;
    uintptr_t probe = os_reserve(page, page);
    /* Without an answer: the first stack is not far from where mappings are. */
    space_window_around(probe != 0 ? probe : (uintptr_t)__builtin_frame_address(0));
    if (probe != 0) {
      os_release(probe, page);
    }
    return space_now;
  }
  /* Two pieces of a line, in either order, with the rest of it around them. */
  uint64_t rest = room - window - table_bytes - ARENA_BYTES;
  uintptr_t first = low + draw[0] % rest / page * page;
  uintptr_t second = low + draw[1] % rest / page * page;
  space_now.tables = first <= second ? first : first + window + ARENA_BYTES;
  uintptr_t at = first <= second ? second + table_bytes : second;
  space_now.window = (at + ARENA_BYTES - 1) / ARENA_BYTES * ARENA_BYTES;
  space_now.window_arenas = arenas;
  return space_now;
}

/* Whether no arena stands on n keys from one on. */
static bool space_is_free(uint64_t key, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    if (radix_get(key + i) != 0) {
      return false;
    }
  }
  return true;
}

static uintptr_t space_choose(uint32_t n)
{
  uint64_t keys = space_now.window_arenas;
  if (n > keys) {
    return 0;
  }
  uint64_t low = space_now.window / ARENA_BYTES;
  uint64_t places = keys - n + 1;
  uint64_t among = n == 1 ? (places + 1) / SPACE_SHARE : places;
  uint64_t k = 0;
  for (int i = 0; i < SPACE_TRIES; i++) {
    k = space_draw(among);
    if (space_is_free(low + k, n)) {
      return (low + k) * ARENA_BYTES;
    }
  }
  for (uint64_t i = 0; i < places; i++) {
    uint64_t key = low + (k + i) % places;
    if (space_is_free(key, n)) {
      return key * ARENA_BYTES;
    }
  }
  return 0;
}

uintptr_t space_arenas(uint32_t n)
{
  if (space_now.chosen) {
    return space_choose(n);
  }
  size_t bytes = (size_t)n * ARENA_BYTES;
  uintptr_t a = os_reserve(bytes, ARENA_BYTES);
  uintptr_t high = space_now.window + space_now.window_arenas * ARENA_BYTES;
  if (a != 0 && (a < space_now.window || a > high - bytes)) {
    os_release(a, bytes);
    a = 0;
  }
  return a;
}

void space_abandon(uintptr_t a, size_t usable, size_t bytes)
{
  /* What is not usable of a place that was chosen may be somebody else's. */
  size_t held = space_now.chosen ? usable : bytes;
  if (held > 0) {
    os_release(a, held);
  }
}

bool space_commit(uintptr_t a, size_t bytes)
{
  if (!space_now.chosen) {
    return os_commit(a, bytes);
  }
  if (!os_claim(a, bytes)) {
    return false;
  }
  os_hide(a, bytes); /* until a span takes it: dump */
  return true;
}

bool space_decommit(uintptr_t a, size_t bytes)
{
  return space_now.chosen && os_unclaim(a, bytes);
}
