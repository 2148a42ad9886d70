/* Where the last line of a program goes, and where it does not. */
#include "system.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  TEXT = 4096
};

static void (*volatile put)(void *) = free;

static void free_twice(void)
{
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  void *block = malloc(100);
  put(block);
  put(block);
}

static char *contents(const char *path)
{
  static char text[TEXT];
  int fd = open(path, O_RDONLY);
  ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  text[n < 0 ? 0 : n] = '\0';
  close(fd);
  return text;
}

static const char *new_file(void)
{
  static char name[64];
  snprintf(name, sizeof name, "/tmp/ashlar-system-report-%d", (int)getpid());
  unlink(name);
  return name;
}

/* How it is opened; where descriptor 2 is free, it becomes that. */
static int end_of_one_with_file(const char *name, int how)
{
  pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    int fd = open(name, how, 0600);
    if (fd != STDERR_FILENO || write(fd, "data\n", 5) != 5) {
      _exit(1);
    }
    free_twice();
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

SYSTEM_TEST(data_stays_data, 20)
{
  const char *name = new_file();
  int status = end_of_one_with_file(name, O_RDWR | O_CREAT | O_TRUNC);
  must(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  must(strcmp(contents(name), "data\n") == 0);
  status = end_of_one_with_file(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  must(WIFSIGNALED(status) && strcmp(contents(name), "data\n") == 0);
  unlink(name);
}

SYSTEM_TEST(a_log_gets_it, 20)
{
  const char *name = new_file();
  int status = end_of_one_with_file(name, O_WRONLY | O_CREAT | O_APPEND);
  must(WIFSIGNALED(status) && strncmp(contents(name), "data\nashlar: double free: ", 25) == 0);
  unlink(name);
}

/* Run by the next one: with whatever the shell made of standard error. */
SYSTEM_TEST(ends_badly, 20)
{
  if (getenv("ASHLAR_TEST_ENDS_BADLY") != NULL) {
    free_twice();
  }
}

SYSTEM_TEST(what_the_shell_redirects_gets_it, 40)
{
  const char *name = new_file();
  char line[300];
  snprintf(line, sizeof line,
           "ASHLAR_TEST_ENDS_BADLY=1 build/system/report ends_badly 2>%s 1>/dev/null", name);
  char *const argv[] = {"sh", "-c", line, NULL};
  must(run_command(argv, false, 30) != 0);
  must(strncmp(contents(name), "ashlar: double free: ", 21) == 0);
  must(strstr(contents(name), " of report[") != NULL);
  unlink(name);
}

SYSTEM_TEST(a_closed_one_gets_nothing, 40)
{
  const char *name = new_file();
  char line[300];
  snprintf(line, sizeof line,
           "ASHLAR_OPTIONS=report_file=%s ASHLAR_TEST_ENDS_BADLY=1 build/system/report ends_badly "
           "2>&- 1>/dev/null",
           name);
  char *const argv[] = {"sh", "-c", line, NULL};
  must(run_command(argv, false, 30) != 0);
  must(strstr(contents(name), "\"kind\":\"double free\"") != NULL);
  unlink(name);
}

/* ---- cores --------------------------------------------------------------------------- */

struct message {
  unsigned bytes;
  char text[];
};

/* What a debugger would look at. */
static void look_for_message(int number)
{
  (void)number;
  struct message **place = dlsym(RTLD_DEFAULT, "__abort_msg");
  bool there = place == NULL ||
               (*place != NULL && strncmp((*place)->text, "ashlar: double free: ", 21) == 0);
  _exit(there ? 3 : 4);
}

SYSTEM_TEST(a_core_has_the_line, 20)
{
  pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, look_for_message);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    free_twice();
  }
  int status = 0;
  waitpid(child, &status, 0);
  must(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

/* ---- broken pipes ---------------------------------------------------------------------- */

/* A program goes on that mixes families, whoever listens; and so does the rest. */
SYSTEM_TEST(a_broken_pipe_ends_no_program, 40)
{
  const char *name = new_file();
  char line[500];
  snprintf(line, sizeof line,
           "mkfifo %s; (exec 3<%s; sleep 0.1) & exec 2>%s; wait; rm %s; "
           "ASHLAR_OPTIONS=stats_at_exit=1,nosuch=1 build/system/old_program >/dev/null",
           name, name, name, name);
  char *const argv[] = {"sh", "-c", line, NULL};
  must(run_command(argv, false, 30) == 0);
}
