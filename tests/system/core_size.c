/* What a core file of a small process holds: at most twice what it holds under
 * glibc; by a debugger that writes one, and by the kernel's rules. */
#include "system.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* As an ordinary small program: a hundred blocks of 1,000 B, one of 200,000 B. */
static void be_small(void)
{
  for (int i = 0; i < 100; i++) {
    char *p = malloc(1000);
    must(p != NULL);
    memset(p, 1, 1000);
  }
  char *p = malloc(200000);
  must(p != NULL);
  memset(p, 1, 200000);
}

/* ---- by the kernel's rules ---------------------------------------------------- */

/* One mapping of /proc/self/smaps. */
struct mapping {
  size_t bytes, anonymous;
  bool out, private, file;
};

/* The kernel writes a private mapping that has pages of its own, whole, unless it
 * was told not to (dd); of a file's only the first page else.  Holes in a file
 * count as much as the rest: what reads a core by a pipe reads them. */
static size_t dumped_bytes(const struct mapping *m)
{
  if (m->out || !m->private) {
    return 0;
  }
  return m->anonymous > 0 ? m->bytes : m->file ? 4096 : 0;
}

static size_t all_dumped_bytes(void)
{
  FILE *smaps = fopen("/proc/self/smaps", "r");
  must(smaps != NULL);
  char line[512];
  struct mapping m = {0, 0, false, false, false};
  size_t sum = 0;
  while (fgets(line, sizeof line, smaps) != NULL) {
    unsigned long low;
    unsigned long high;
    unsigned long inode;
    char protection[8];
    unsigned long kilobytes;
    if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &low, &high, protection, &inode) == 4) {
      sum += dumped_bytes(&m);
      m = (struct mapping){high - low, 0, false, protection[3] == 'p', inode != 0};
    } else if (sscanf(line, "Anonymous: %lu kB", &kilobytes) == 1) {
      m.anonymous = kilobytes * 1024;
    } else if (strncmp(line, "VmFlags:", 8) == 0) {
      m.out = strstr(line, " dd") != NULL;
    }
  }
  fclose(smaps);
  return sum + dumped_bytes(&m);
}

MEASUREMENT(bytes_that_the_kernel_dumps)
{
  be_small();
  return (double)all_dumped_bytes();
}

SYSTEM_TEST(the_kernels_core_of_a_small_process, 30)
{
  must(ratio_to_glibc("bytes_that_the_kernel_dumps", 3, 10) <= 2);
}

/* ---- by a debugger ------------------------------------------------------------- */

static bool there_is(const char *tool)
{
  char path[256];
  snprintf(path, sizeof path, "/usr/bin/%s", tool);
  return access(path, X_OK) == 0;
}

MEASUREMENT(bytes_of_gcore)
{
  be_small();
  char folder[] = "/tmp/ashlar-core-XXXXXX";
  must(mkdtemp(folder) != NULL);
  char command[512];
  snprintf(command, sizeof command, "cd %s && env -u LD_PRELOAD gcore -o core %d >/dev/null 2>&1",
           folder, (int)getpid());
  must(system(command) == 0);
  snprintf(command, sizeof command, "%s/core.%d", folder, (int)getpid());
  struct stat core;
  must(stat(command, &core) == 0);
  unlink(command);
  rmdir(folder);
  return (double)core.st_size;
}

SYSTEM_TEST(gcore_of_a_small_process, 120)
{
  if (!there_is("gcore")) {
    figure("gcore is not installed: not tried");
    return;
  }
  must(ratio_to_glibc("bytes_of_gcore", 1, 60) <= 2);
}

/* ---- what belongs into a core is there ------------------------------------------ */

static bool is_dumped(uintptr_t a)
{
  FILE *smaps = fopen("/proc/self/smaps", "r");
  must(smaps != NULL);
  char line[512];
  bool inside = false;
  bool dumped = false;
  while (fgets(line, sizeof line, smaps) != NULL) {
    unsigned long low;
    unsigned long high;
    if (sscanf(line, "%lx-%lx ", &low, &high) == 2) {
      inside = low <= a && a < high;
    } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
      dumped = strstr(line, " dd") == NULL;
    }
  }
  fclose(smaps);
  return dumped;
}

/* Blocks of all sizes, in several arenas, and grown ones. */
SYSTEM_TEST(what_a_program_wrote_is_dumped, 60)
{
  static char *p[400];
  for (int i = 0; i < 400; i++) {
    size_t bytes = (size_t)16 << i % 20;
    p[i] = malloc(bytes);
    must(p[i] != NULL);
    p[i][0] = p[i][bytes - 1] = 1;
    if (i % 7 == 0) {
      bytes *= 3;
      p[i] = realloc(p[i], bytes);
      must(p[i] != NULL);
    }
    must(i % 20 != 0 || (is_dumped((uintptr_t)p[i]) && is_dumped((uintptr_t)p[i] + bytes - 1)));
  }
  char *huge = malloc((size_t)150 << 20);
  must(huge != NULL && is_dumped((uintptr_t)huge) &&
       is_dumped((uintptr_t)huge + ((size_t)150 << 20) - 1));
  for (int i = 0; i < 400; i++) {
    size_t bytes = (size_t)16 << i % 20;
    must(i % 20 < 17 || (is_dumped((uintptr_t)p[i]) && is_dumped((uintptr_t)p[i] + bytes - 1)));
  }
}
