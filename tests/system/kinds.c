/* malloc and new, new and new[], mixed: programs that glibc runs run here. */
#include "system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  PATH = 64,
  TEXT = 4096
};

/* Runs a line of shell; what it says goes to files that `name` begins. */
static int run_line(const char *line, bool under_glibc, const char *options, const char *name)
{
  char whole[TEXT];
  snprintf(whole, sizeof whole, "exec >%s.out 2>%s.err; export ASHLAR_OPTIONS=%s; %s", name, name,
           options, line);
  char *const argv[] = {"sh", "-c", whole, NULL};
  return run_command(argv, under_glibc, 60);
}

static size_t read_file(const char *name, const char *end, char text[TEXT])
{
  char path[PATH + 8];
  snprintf(path, sizeof path, "%s%s", name, end);
  FILE *f = fopen(path, "r");
  must(f != NULL);
  size_t n = fread(text, 1, TEXT - 1, f);
  text[n] = '\0';
  fclose(f);
  unlink(path);
  return n;
}

static int lines(const char *text, const char *with)
{
  int n = 0;
  for (; (text = strstr(text, with)) != NULL; text++) {
    n++;
  }
  return n;
}

/* Status and output are glibc's.  Returns how many warnings were written. */
static int same_as_glibc(const char *line, const char *options)
{
  char name[PATH];
  static char theirs[TEXT];
  static char ours[TEXT];
  static char said[TEXT];
  snprintf(name, sizeof name, "/tmp/ashlar-kinds-%d", (int)getpid());
  int status = run_line(line, true, options, name);
  read_file(name, ".out", theirs);
  read_file(name, ".err", said);
  must(status == 0 && theirs[0] != '\0');
  must(run_line(line, false, options, name) == 0);
  read_file(name, ".out", ours);
  read_file(name, ".err", said);
  must(strcmp(ours, theirs) == 0);
  return lines(said, "ashlar: warning: kind mismatch: ");
}

static bool there_is(const char *program)
{
  char name[PATH];
  char text[TEXT];
  char line[TEXT];
  snprintf(name, sizeof name, "/tmp/ashlar-kinds-%d", (int)getpid());
  snprintf(line, sizeof line, "command -v %s", program);
  int status = run_line(line, true, "''", name);
  read_file(name, ".out", text);
  read_file(name, ".err", text);
  if (status != 0) {
    figure("no %s here: not tried", program);
  }
  return status == 0;
}

SYSTEM_TEST(two_copies_of_the_cxx_library, 100)
{
  must(same_as_glibc("build/system/two_copies", "''") == 1);
  must(same_as_glibc("build/system/two_copies", "kind_mismatch=allow") == 0);
}

SYSTEM_TEST(old_programs, 100)
{
  must(same_as_glibc("build/system/old_program", "''") == 1);
  must(same_as_glibc("build/system/old_program 30000", "kind_mismatch=allow") == 0);
}

SYSTEM_TEST(mismatches_end_it_where_that_is_asked_for, 100)
{
  char name[PATH];
  char text[TEXT];
  snprintf(name, sizeof name, "/tmp/ashlar-kinds-%d", (int)getpid());
  int status = run_line("exec build/system/old_program", false, "kind_mismatch=abort", name);
  read_file(name, ".out", text);
  must(text[0] == '\0');
  read_file(name, ".err", text);
  must(WIFSIGNALED(status) && WTERMSIG(status) == 6);
  must(strncmp(text, "ashlar: kind mismatch: 0x", 25) == 0 && lines(text, "\n") == 1);
}

/* Each of groff's programs frees what malloc gave by delete[]. */
SYSTEM_TEST(groff, 100)
{
  if (there_is("groff")) {
    same_as_glibc("groff -man -Tascii docs/libashlar.7 | head -c 3000", "''");
    same_as_glibc("groff -man -Tps docs/ashlar.3 | grep -v '^%' | cksum", "''");
  }
}

SYSTEM_TEST(man, 100)
{
  if (there_is("man")) {
    same_as_glibc("MANWIDTH=80 man -P cat -l docs/libashlar.7 | head -c 3000", "''");
  }
}

/* Loads its extensions with RTLD_DEEPBIND, so that their free would be glibc's. */
SYSTEM_TEST(php, 100)
{
  if (there_is("php")) {
    same_as_glibc("php -r 'echo md5(json_encode(range(1, 20000))), extension_loaded(\"pdo\");'",
                  "''");
  }
}
