/* What glibc's test support takes from glibc's own build, so that it compiles
 * against the C library that is installed. */
#include <errno.h>
#include <limits.h>

#define attribute_hidden
#define libc_hidden_def(name)
#define libc_hidden_proto(name)
#define __glibc_has_attribute(attribute) 0
#define __set_errno(value) (errno = (value))
#define TIMEOUTFACTOR 4
#define SRCDIR_PATH "."
#define OBJDIR_PATH "."
#define OBJDIR_ELF_LDSO_PATH "."
#define INSTDIR_PATH "."
#define LIBDIR_PATH "."
#define BINDIR_PATH "."
#define SBINDIR_PATH "."
#define SLIBDIR_PATH "."
#define ROOTSBINDIR_PATH "."
#define COMPLOCALEDIR_PATH "."
#define SYSCONFDIR_PATH "/etc"
