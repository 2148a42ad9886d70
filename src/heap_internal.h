/* heap_internal: what the files of heap share, and nobody else sees.
 *
 * Owns nothing.  heap_start.c makes the allocator ready, heap_block.c says what a
 * granule is, heap_report.c says what is wrong with one, heap_walk.c looks at all
 * of them; heap.c has malloc, free and realloc.  No lock is held by who calls
 * these, but for what says so.
 */
#ifndef ASHLAR_HEAP_INTERNAL_H
#define ASHLAR_HEAP_INTERNAL_H

#include "heap.h"
#include "report.h"

/* Whether the allocator is ready: heap_start returned true once. */
bool heap_is_ready(void);

/* ---- blocks -------------------------------------------------------------- */

static inline uint32_t heap_kind(enum heap_operation operation)
{
  return operation == HEAP_DELETE         ? KIND_NEW
         : operation == HEAP_DELETE_ARRAY ? KIND_NEW_ARRAY
                                          : KIND_MALLOC;
}

/* The class of the page of a granule. */
static inline uint32_t heap_class(uint64_t g)
{
  return page_class[g / GRANULES_PER_PAGE];
}

/* Whether a class is one of slots with bytes in them: neither class 0 nor a
 * block with a span of its own. */
static inline bool heap_is_plain(uint32_t c)
{
  return c - 1u < SIZE_CLASSES - 1u;
}

/* What was asked for a live block with a state byte. */
size_t heap_asked(uint64_t g, uint8_t tag);

/* What there is of a block, used or not. */
size_t heap_capacity(uint64_t g);

/* Whether the unused part of a live block is as it should be. */
bool heap_slack_is_zero(uintptr_t block, uint64_t g, uint8_t tag);

/* The first granule of the slot that a granule lies in, or GRANULES. */
uint64_t heap_slot_of(uint64_t g);

/* ---- reports ------------------------------------------------------------- */

/* Reports a program's mistake.
 * block: the address it gave; g: that address's granule; operation: its call. */
_Noreturn void heap_report(enum report_kind kind, uintptr_t block, uint64_t g,
                           enum heap_operation operation);

/* Bytes of a block that should be zero are not.
 * from, to: where they lie in it. */
_Noreturn void heap_report_damage(enum report_kind kind, uint64_t g, size_t from, size_t to,
                                  enum heap_operation operation);

/* Says what is wrong with a block that is not live. */
_Noreturn void heap_report_invalid(uintptr_t block, enum heap_operation operation);

/* Reports a free block that was about to be handed out, and is not zero.
 * block: its address; it was claimed already. */
_Noreturn void heap_written(uintptr_t block);

/* Reports a block of a list of free ones that is not free. */
_Noreturn void heap_bad_list(uintptr_t block);

/* A block of another kind than the operation is for, and nothing else is wrong:
 * the first of a process is told, more are counted, unless the options say
 * otherwise.  A region's block is never the heap's to free.
 * tag: of the block, as the caller read it. */
void heap_wrong_kind(uintptr_t block, uint64_t g, uint8_t tag, enum heap_operation operation);

/* A size or an alignment that the block cannot have been asked for with.
 * kind: what is wrong if the block is of the operation's own kind; else it is
 * that, since a size of another kind's says little. */
_Noreturn void heap_wrong_request(enum report_kind kind, uintptr_t block, uint64_t g, uint8_t tag,
                                  size_t given, enum heap_operation operation);

#endif
