/* Ashlar: a hardened malloc whose blocks provably fit.
 *
 * The same functions as the C library's, for programs that link Ashlar beside
 * another malloc (or that want to be sure which one they call), and what no
 * other malloc offers.  See ashlar(3) and libashlar(7).
 */
#ifndef ASHLAR_H
#define ASHLAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASHLAR_VERSION_MAJOR 0
#define ASHLAR_VERSION_MINOR 1
#define ASHLAR_VERSION_PATCH 0
#define ASHLAR_VERSION "0.1.0"

/* Allocation: as the functions of the C library with these names. */
void *ashlar_malloc(size_t size);
void *ashlar_calloc(size_t count, size_t size);
void *ashlar_realloc(void *block, size_t size);
void *ashlar_reallocarray(void *block, size_t count, size_t size);
void *ashlar_aligned_alloc(size_t alignment, size_t size);
void *ashlar_memalign(size_t alignment, size_t size);
int ashlar_posix_memalign(void **block, size_t alignment, size_t size);
void *ashlar_valloc(size_t size);
void *ashlar_pvalloc(size_t size);
void ashlar_free(void *block);
void ashlar_free_sized(void *block, size_t size);
void ashlar_free_aligned_sized(void *block, size_t alignment, size_t size);
size_t ashlar_malloc_usable_size(const void *block);
int ashlar_malloc_trim(size_t pad);

/* Bytes from an address, which may lie inside a block, to the end of what may
 * be used of it; 0 where no live block of Ashlar contains it. */
size_t ashlar_object_size(const void *address);

/* Checks the whole heap: its tables by the checkers that are proved, and every
 * block for damage.  Returns true where nothing is wrong; else sets *what to a
 * description and *where to an address or NULL (either pointer may be NULL). */
bool ashlar_check(const char **what, const void **where);

/* What the heap holds; bytes, where nothing else is said. */
struct ashlar_statistics {
  uint64_t live;            /* in live blocks, as asked for */
  uint64_t live_blocks;     /* number */
  uint64_t slack;           /* in live blocks, beyond what was asked for */
  uint64_t large_live;      /* part of live: in blocks with pages of their own */
  uint64_t large_blocks;    /* number; part of live_blocks */
  uint64_t cached;          /* free, held by threads */
  uint64_t central;         /* free, held for all threads by size */
  uint64_t waiting;         /* freed large blocks that still trap */
  uint64_t free_pages;      /* in free runs of pages */
  uint64_t free_resident;   /* part of free_pages that the kernel may have backed */
  uint64_t released;        /* given back to the kernel, since the start */
  uint64_t reserved;        /* address space of all arenas */
  uint64_t arenas;          /* number */
  uint64_t guards;          /* guard ranges installed, since the start */
  uint64_t guards_refused;  /* ... that the kernel refused */
  uint64_t system_failures; /* requests to the kernel that failed */
  uint64_t kind_mismatches; /* blocks that another family freed than allocated them */
};
void ashlar_statistics(struct ashlar_statistics *statistics);

/* The same as JSON.  Writes at most size bytes, a final zero among them, and
 * returns how many a large enough buffer would take, without the zero. */
size_t ashlar_statistics_json(char *buffer, size_t size);

/* Calls visit for each live block until it returns false; visit must neither
 * allocate nor free.  Returns false where visit did. */
bool ashlar_walk(bool (*visit)(void *block, size_t size, void *context), void *context);

/* ---- object pools: ashlar_pool(3) ---- */

typedef struct ashlar_pool ashlar_pool;

/* Who calls. */
enum ashlar_pool_threads {
  ASHLAR_POOL_ONE_OWNER = 0, /* one thread at a time, by the program's own means; no locks */
  ASHLAR_POOL_SHARED = 1     /* any thread at any time */
};

/* What a free finds.  All but the first end the process, unless the pool was
 * created with report_only.  A pool that was destroyed, or never was, always
 * ends it. */
enum ashlar_pool_verdict {
  ASHLAR_POOL_OK = 0,
  ASHLAR_POOL_WRONG_POOL = 1,    /* the address is not of this pool */
  ASHLAR_POOL_NOT_AN_OBJECT = 2, /* no object starts there */
  ASHLAR_POOL_ALREADY_FREE = 3,
  ASHLAR_POOL_OVERFLOW = 4 /* zero_on_free: bytes past the object's size were written */
};

/* All zero but object_size and one of initial and growth is fine. */
struct ashlar_pool_options {
  size_t object_size;               /* bytes, at least 1 */
  size_t alignment;                 /* a power of two up to 4096; 0: 16 */
  size_t initial;                   /* objects made at once */
  size_t growth;                    /* objects made when there are no more; 0: never */
  size_t maximum;                   /* objects at most; 0: as many as address space allows */
  enum ashlar_pool_threads threads; /* default: one owner */
  bool zero_on_free;                /* objects come zero, and writes after free are found */
  bool report_only;                 /* say what is wrong with a free, and go on */
  const char *name;                 /* for reports and statistics; NULL: none */
};

struct ashlar_pool_statistics {
  char name[32];
  uint64_t object_size; /* bytes asked for */
  uint64_t stride;      /* ... and taken */
  uint64_t made;        /* objects there are */
  uint64_t live;        /* of these, handed out */
  uint64_t cached;      /* ... waiting in the lists of threads */
  uint64_t free;        /* ... waiting for any thread */
  uint64_t maximum;     /* objects there can be */
  uint64_t committed;   /* bytes of memory for objects */
  uint64_t exhausted;   /* allocations that failed */
};

/* Returns NULL with EINVAL or ENOMEM where there can be no such pool. */
ashlar_pool *ashlar_pool_create(const struct ashlar_pool_options *options);
/* Returns NULL with ENOMEM where no object is left and none can be made. */
void *ashlar_pool_alloc(ashlar_pool *pool);
enum ashlar_pool_verdict ashlar_pool_free(ashlar_pool *pool, void *object);
/* Whether a live object of the pool starts at an address. */
bool ashlar_pool_owns(ashlar_pool *pool, const void *address);
void ashlar_pool_stats(ashlar_pool *pool, struct ashlar_pool_statistics *statistics);
/* Gives the memory of free objects back to the kernel; returns bytes. */
size_t ashlar_pool_trim(ashlar_pool *pool);
/* Checks a pool's tables.  Returns whether nothing is wrong. */
bool ashlar_pool_check(ashlar_pool *pool);
/* Returns how many objects were live; a warning names them.  They trap now. */
size_t ashlar_pool_destroy(ashlar_pool *pool);

/* ---- pool sets: ashlar_pool(3) ---- */

typedef struct ashlar_pool_set ashlar_pool_set;

/* Sizes are rounded up to multiples of 64 bytes.  Without a list of them they are
 * the powers of two of smallest .. largest. */
struct ashlar_pool_set_options {
  const size_t *sizes;              /* bytes, in any order; NULL: powers of two */
  size_t size_count;                /* at most 32 */
  size_t smallest, largest;         /* bytes; 0: 64, and 64 KiB */
  size_t budget;                    /* bytes for all pieces; at most 16 GiB */
  enum ashlar_pool_threads threads; /* default: one owner */
  bool report_only;                 /* say what is wrong with a free, and go on */
  const char *name;                 /* for reports; NULL: none */
};

struct ashlar_pool_set_statistics {
  char name[32];
  uint64_t budget;       /* bytes */
  uint64_t live;         /* ... in pieces that are handed out */
  uint64_t live_pieces;  /* number */
  uint64_t free_pieces;  /* number; no two of them are neighbours */
  uint64_t largest_free; /* bytes of the largest one */
  uint64_t exhausted;    /* allocations that failed for want of memory */
};

/* Returns NULL with EINVAL or ENOMEM where there can be no such set. */
ashlar_pool_set *ashlar_pool_set_create(const struct ashlar_pool_set_options *options);
/* A piece, all of it zero, at a multiple of 64; NULL with EINVAL for more bytes
 * than the largest size has, with ENOMEM where no piece is large enough. */
void *ashlar_pool_set_alloc(ashlar_pool_set *set, size_t size);
enum ashlar_pool_verdict ashlar_pool_set_free(ashlar_pool_set *set, void *piece);
/* The bytes of the live piece that starts at an address; 0 where none does. */
size_t ashlar_pool_set_size(ashlar_pool_set *set, const void *piece);
void ashlar_pool_set_stats(ashlar_pool_set *set, struct ashlar_pool_set_statistics *statistics);
bool ashlar_pool_set_check(ashlar_pool_set *set);
/* Returns how many pieces were live; a warning names them.  They trap now. */
size_t ashlar_pool_set_destroy(ashlar_pool_set *set);

/* ---- regions: ashlar_region(3) ---- */

/* A region, and the regions made inside it, are used by one thread at a time. */
typedef struct ashlar_region ashlar_region;

/* All zero is fine; NULL means that. */
struct ashlar_region_options {
  size_t block_bytes;    /* taken from the heap at a time; 0: 64 KiB */
  size_t limit;          /* bytes that it and the regions inside it may take; 0: none */
  ashlar_region *parent; /* destroys this one with itself; NULL: none */
  const char *name;      /* for reports; NULL: none */
};

struct ashlar_region_statistics {
  char name[32];
  uint64_t taken;    /* bytes taken from the heap */
  uint64_t used;     /* ... of these, handed out since the last reset */
  uint64_t pieces;   /* number of pieces of memory */
  uint64_t large;    /* ... of these, of one block each */
  uint64_t handlers; /* cleanup handlers that wait */
  uint64_t children; /* regions inside it */
  uint64_t resets;   /* number, so far */
  uint64_t limit;    /* as created; 0: none */
};

/* Returns NULL with ENOMEM, or with EINVAL for a block size that cannot be. */
ashlar_region *ashlar_region_create(const struct ashlar_region_options *options);
/* Blocks, all of them zero; NULL with ENOMEM.  alloc: at a multiple of 16;
 * nalloc: at any address; memalign: at a multiple of a power of two. */
void *ashlar_region_alloc(ashlar_region *region, size_t size);
void *ashlar_region_nalloc(ashlar_region *region, size_t size);
void *ashlar_region_calloc(ashlar_region *region, size_t count, size_t size);
void *ashlar_region_memalign(ashlar_region *region, size_t alignment, size_t size);
char *ashlar_region_strdup(ashlar_region *region, const char *string);
char *ashlar_region_printf(ashlar_region *region, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Frees a large block now; it traps from then on.  Returns false, and the block
 * stays until reset or destroy, where it is not large.  What is no block of the
 * region ends the process. */
bool ashlar_region_free(ashlar_region *region, void *block);
/* Has a function called at the next reset or destroy: the last one first.
 * Returns false with ENOMEM. */
bool ashlar_region_cleanup(ashlar_region *region, void (*function)(void *), void *argument);
/* Destroys the regions inside it, calls the handlers, frees large blocks and
 * clears the others, whose memory it keeps. */
void ashlar_region_reset(ashlar_region *region);
/* The same, and gives all memory back.  NULL is fine. */
void ashlar_region_destroy(ashlar_region *region);
void ashlar_region_stats(ashlar_region *region, struct ashlar_region_statistics *statistics);
/* Checks a region's tables.  Returns whether nothing is wrong. */
bool ashlar_region_check(ashlar_region *region);

#ifdef __cplusplus
}
#endif

#endif
