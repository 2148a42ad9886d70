/* What the unit tests of the tcmalloc of gperftools take from its configuration. */
#define HAVE_PTHREAD 1
#define HAVE_UNISTD_H 1
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_MALLOC_H 1
#define HAVE_MEMALIGN 1
#define HAVE_VALLOC 1
#define HAVE_POSIX_MEMALIGN 1
#define HAVE___ATTRIBUTE__ 1
#define PRIuS "zu"
#define PRIdS "zd"
#define PRIxS "zx"
#define PERFTOOLS_DLL_DECL
