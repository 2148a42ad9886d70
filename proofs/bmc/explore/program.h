/* program: what the threads of a scenario do, and what is watched while they do.
 *
 * Owns the table of live blocks as the program knows it, the verdict that each
 * thread got, and the threads' specific data.  Every block that is handed out
 * is compared with all others, filled with a pattern of its own, and looked at
 * again before it is given back.
 */
#ifndef ASHLAR_EXPLORE_PROGRAM_H
#define ASHLAR_EXPLORE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../src/report.h"

enum {
  PROGRAM_NO_VERDICT = -1,
  PROGRAM_BLOCKS = 256,
  PROGRAM_EVENTS = 8,
  PROGRAM_KEYS = 4 /* of thread-specific data */
};

/* Ends the run with a violation.  Formats as printf does. */
_Noreturn void program_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define EXPECT(condition, ...)                                                                     \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      program_wrong(__VA_ARGS__);                                                                  \
    }                                                                                              \
  } while (0)

/* Allocates, checks what comes, fills it.
 * Returns the block, or NULL where the kernel refused. */
void *program_take(size_t size);
void *program_take_aligned(size_t align, size_t size);

/* The setup of scenarios about one class, that of 500 bytes: thread 0 takes n
 * blocks of it; each other thread has a cache already, and none of them in it. */
void program_set_up(uint32_t thread, void **block, int n);

/* Looks at a block and frees it; NULL is nothing. */
void program_give(void *block);

/* Looks at a block, and takes it out of the table: what follows is wrong, or
 * another thread's. */
void program_forget(void *block);

/* Changes a block's size; looks at what was kept.  On failure the block stays. */
void *program_resize(void *block, size_t size);

/* Looks at every live block of the table but one. */
void program_look_at_all(const void *but);

/* Calls that may be wrong: they go to the allocator as they are. */
void program_free(void *block);
void *program_realloc(void *block, size_t size);

/* The verdict on a thread: an enum report_kind, or PROGRAM_NO_VERDICT. */
int program_verdict(uint32_t thread);

/* The program's own synchronisation: what was before a post is before what is
 * after the wait for it. */
void program_post(uint32_t event);
void program_await(uint32_t event);

/* The calling thread's end: its destructors run. */
void program_exit_thread(void);

/* Forks.  The child runs a function and ends; then the parent goes on. */
void program_fork(void (*child)(void));

/* What heap_check finds; ends the run if it is anything. */
void program_check_heap(void);

/* Whether all caches are empty, as they are when their threads have ended; ends
 * the run if a slot is cached still: nobody will ever hand it out. */
void program_nothing_cached(void);

/* Before the runs of a scenario, and at the begin of each. */
void program_start(void);
void program_begin(void);

#endif
