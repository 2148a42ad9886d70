/* inside SCRATCH LIBRARIES PROGRAM [ARGUMENT]...: runs a program where it can do
 * no harm and sees the same each time.
 *
 * It has processes, a host name, a loopback and nothing else of a network of its
 * own.  The root file system and /sys are read-only; /tmp, /run, /var/tmp and /dev/shm are
 * empty ones in memory, and in /tmp are
 *   w     SCRATCH, to work in
 *   lib   LIBRARIES, where everybody may read them
 * When the program ends, all that it started ends.  The exit status is that of
 * a shell, or 125 if this could not be had. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT 125
#define TEXT 256

static void give_up(const char *what)
{
  fprintf(stderr, "inside: %s: %s\n", what, strerror(errno));
  _exit(CANNOT);
}

static void write_file(const char *path, const char *format, ...)
{
  char text[TEXT];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0) {
    give_up(path);
  }
  close(file);
}

/* Who is not root becomes root of a space of users of its own. */
static void separate(void)
{
  int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  unsigned user = getuid();
  unsigned group = getgid();
  if (user == 0) {
    if (unshare(spaces) != 0) {
      give_up("unshare");
    }
    return;
  }
  if (unshare(spaces | CLONE_NEWUSER) != 0) {
    give_up("unshare");
  }
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 %u 1", user);
  write_file("/proc/self/gid_map", "0 %u 1", group);
}

static void loopback_up(void)
{
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0 || ioctl(any, SIOCSIFFLAGS, &request) != 0) {
    give_up("loopback");
  }
  close(any);
}

static void empty(const char *path)
{
  if (mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0) {
    give_up(path);
  }
}

/* Mounts the directory open as `from` at a new directory. */
static void bind_at(int from, const char *path)
{
  char source[TEXT];
  snprintf(source, sizeof source, "/proc/self/fd/%d", from);
  if (mkdir(path, 0755) != 0 || mount(source, path, NULL, MS_BIND, NULL) != 0) {
    give_up(path);
  }
}

/* The flags that a mount has already cannot be taken from it by another user. */
static void read_only(const char *path)
{
  struct statvfs now;
  unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
  if (statvfs(path, &now) != 0) {
    give_up(path);
  }
  flags |= now.f_flag & ST_NOSUID ? MS_NOSUID : 0;
  flags |= now.f_flag & ST_NODEV ? MS_NODEV : 0;
  flags |= now.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
  flags |= now.f_flag & ST_RELATIME ? MS_RELATIME : 0;
  if (mount(NULL, path, NULL, flags, NULL) != 0) {
    give_up(path);
  }
}

static void furnish(const char *scratch, const char *libraries)
{
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
    give_up("mounts of its own");
  }
  int work = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int lib = open(libraries, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (work < 0 || lib < 0) {
    give_up("scratch or libraries");
  }
  empty("/tmp");
  bind_at(work, "/tmp/w");
  bind_at(lib, "/tmp/lib");
  read_only("/tmp/lib");
  read_only("/");
  read_only("/sys");
  empty("/run");
  empty("/var/tmp");
  empty("/dev/shm");
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
    give_up("/proc");
  }
  if (chdir("/tmp/w") != 0) {
    give_up("/tmp/w");
  }
}

/* Nothing that it starts can change the machine's clock, kernel or devices. */
static void tame(void)
{
  static const unsigned long lost[] = {CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_SYS_MODULE,
                                       CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_MKNOD};
  for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
    if (prctl(PR_CAPBSET_DROP, lost[i]) != 0) {
      give_up("capabilities");
    }
  }
}

static int shell_status(int ended)
{
  return WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
}

/* The first process of its space: all others end with it. */
static int run(char **argv)
{
  pid_t program = fork();
  if (program == 0) {
    execvp(argv[0], argv);
    give_up(argv[0]);
  }
  for (;;) {
    int ended;
    pid_t who = wait(&ended);
    if (who == program) {
      return shell_status(ended);
    }
    if (who < 0 && errno != EINTR) {
      return CANNOT;
    }
  }
}

int main(int argc, char **argv)
{
  if (argc < 4) {
    fputs("usage: inside SCRATCH LIBRARIES PROGRAM [ARGUMENT]...\n", stderr);
    return CANNOT;
  }
  /* Nothing stays behind if the sweep is ended. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  separate();
  pid_t first = fork();
  if (first < 0) {
    give_up("fork");
  }
  if (first == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sethostname("sweep", 5);
    loopback_up();
    furnish(argv[1], argv[2]);
    tame();
    exit(run(argv + 3));
  }
  int ended;
  while (waitpid(first, &ended, 0) < 0 && errno == EINTR) {
  }
  return shell_status(ended);
}
