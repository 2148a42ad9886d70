/* world: the memory that a run changes, and how it is put back.
 *
 * Owns a range of low addresses from which the simulated kernel hands out
 * mappings.  A picture holds that range and all variables of the program; to go
 * back to one, the pages that src/ or the simulated kernel wrote since, and the
 * explorer's own variables, are copied.  What must outlive a run is got by world_keep before the first
 * picture is taken.
 */
#ifndef ASHLAR_EXPLORE_WORLD_H
#define ASHLAR_EXPLORE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  WORLD_LOW = 8 << 20,
  WORLD_BYTES = 4 << 20,
  WORLD_PAGE = 4096,
  WORLD_PAGES = WORLD_BYTES / WORLD_PAGE
};

struct world_picture;

/* Makes the range; once, before anything of the allocator runs. */
void world_start(void);

/* Memory, zero, that no going back changes. */
void *world_keep(size_t bytes);

/* Where the program's variables lie. */
uintptr_t world_data_low(void);
uintptr_t world_data_high(void);

static inline bool world_holds(uintptr_t a)
{
  return a - WORLD_LOW < WORLD_BYTES;
}

/* Notes that bytes of the range, or of src/'s variables, are written. */
void world_written(uintptr_t a, size_t bytes);

struct world_picture *world_picture_new(void);

/* Takes a picture; from then on what is written counts from here. */
void world_take(struct world_picture *picture);

/* Goes back to the picture that world_take took last. */
void world_back(const struct world_picture *picture);

/* Takes a picture, and goes back to any: all of it, for a world before the runs. */
void world_look(struct world_picture *picture);
void world_back_far(const struct world_picture *picture);

/* Takes a picture inside a run, and goes back to it: for the child of a fork. */
void world_push(struct world_picture *picture);
void world_pop(const struct world_picture *picture);

/* Whether all is as in the picture; for the explorer's own tests. */
bool world_same(const struct world_picture *picture);

#endif
