#include "standard_error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* <fcntl.h> has it as AT_EMPTY_PATH, for who asks for more than POSIX. */
enum {
  STANDARD_ERROR_ITSELF = 0x1000
};

static struct {
  bool taken; /* the next ones are known */
  bool open;
  dev_t device;
  ino_t inode;
} standard_error;

/* The call that fstat makes, and that the loader made before.  Not fstat, since a
 * short program would pay two page faults for where the C library has it. */
static bool standard_error_ask(struct stat *now)
{
  return syscall(SYS_newfstatat, STDERR_FILENO, "", now, STANDARD_ERROR_ITSELF) == 0;
}

void standard_error_start(void)
{
  int saved = errno;
  struct stat now;
  standard_error.open = standard_error_ask(&now);
  if (standard_error.open) {
    standard_error.device = now.st_dev;
    standard_error.inode = now.st_ino;
  }
  standard_error.taken = true;
  errno = saved;
}

/* Before the program's own constructors, in the order of those that name none. */
__attribute__((constructor(101))) static void standard_error_constructor(void)
{
  standard_error_start();
}

/* A terminal, or what swallows everything. */
static bool standard_error_is_harmless_device(const struct stat *now)
{
  return now->st_rdev == makedev(1, 3) || isatty(STDERR_FILENO);
}

static bool standard_error_is_the_users(void)
{
  struct stat now;
  if (fstat(STDERR_FILENO, &now) != 0) {
    return false;
  }
  if (!standard_error.taken) {
    return true;
  }
  if (standard_error.open && now.st_dev == standard_error.device &&
      now.st_ino == standard_error.inode) {
    return true;
  }
  if (S_ISCHR(now.st_mode)) {
    return standard_error_is_harmless_device(&now);
  }
  if (S_ISREG(now.st_mode)) {
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    return flags >= 0 && (flags & O_APPEND) != 0;
  }
  return S_ISFIFO(now.st_mode);
}

bool standard_error_write(const struct text *t)
{
  int saved = errno;
  bool users = text_length(t) > 0 && standard_error_is_the_users();
  errno = saved;
  return users && text_write(STDERR_FILENO, t) == 0;
}
