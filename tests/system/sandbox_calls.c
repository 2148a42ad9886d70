/* The list of system calls in libashlar(7): nothing is called that it does not
 * name, in the sources and in a process that is traced. */
#include "system.h"

#include <errno.h>
#include <glob.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

enum {
  MOST_NAMES = 64,
  MOST_NUMBER = 1024
};

/* ---- the manual's list ------------------------------------------------------- */

static const struct {
  const char *name;
  long number;
} numbers[] = {
    {"mmap", SYS_mmap},           {"munmap", SYS_munmap},
    {"mprotect", SYS_mprotect},   {"mremap", SYS_mremap},
    {"madvise", SYS_madvise},     {"futex", SYS_futex},
    {"prlimit", SYS_prlimit64},   {"mseal", SYS_mseal},
    {"getrandom", SYS_getrandom}, {"sched_getaffinity", SYS_sched_getaffinity},
    {"openat", SYS_openat},       {"read", SYS_read},
    {"close", SYS_close},         {"write", SYS_write},
    {"gettid", SYS_gettid},
};
enum {
  NUMBERS = sizeof numbers / sizeof *numbers
};

static struct {
  char name[32];
  bool in_sandbox;
} listed[MOST_NAMES];
static int listed_count;

/* Reads the lines `.BR name (2)` of the section. */
static void read_list(void)
{
  FILE *page = fopen("docs/libashlar.7", "r");
  must(page != NULL);
  char line[512];
  bool section = false;
  bool sandbox = false;
  while (fgets(line, sizeof line, page) != NULL) {
    char name[32];
    if (strncmp(line, ".SH ", 4) == 0) {
      section = strstr(line, "SYSTEM CALLS") != NULL;
    } else if (section && strncmp(line, ".SS ", 4) == 0) {
      sandbox = strstr(line, "In a sandbox") != NULL;
    } else if (section && sscanf(line, ".BR %31s (2)", name) == 1 && strstr(line, "(2)") != NULL) {
      must(listed_count < MOST_NAMES);
      listed[listed_count].in_sandbox = sandbox;
      strcpy(listed[listed_count++].name, name);
    }
  }
  fclose(page);
  must(listed_count > 10);
}

static bool is_listed(const char *name, bool in_sandbox)
{
  for (int i = 0; i < listed_count; i++) {
    if (strcmp(listed[i].name, name) == 0 && (listed[i].in_sandbox || !in_sandbox)) {
      return true;
    }
  }
  return false;
}

static bool number_is_listed(long number, bool in_sandbox)
{
  for (int i = 0; i < NUMBERS; i++) {
    if (numbers[i].number == number) {
      return is_listed(numbers[i].name, in_sandbox);
    }
  }
  return false;
}

/* ---- what the sources call ----------------------------------------------------- */

static char *text_of(const char *path)
{
  FILE *f = fopen(path, "r");
  must(f != NULL && fseek(f, 0, SEEK_END) == 0);
  long bytes = ftell(f);
  char *text = calloc((size_t)bytes + 1, 1);
  must(bytes > 0 && text != NULL);
  rewind(f);
  must(fread(text, 1, (size_t)bytes, f) == (size_t)bytes);
  fclose(f);
  return text;
}

static bool is_word(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c >= 'A' && c <= 'Z');
}

/* Every SYS_name of a text must be listed, and every function that is a call. */
static int check_source(const char *path)
{
  static const struct {
    const char *function;
    const char *call;
  } functions[] = {{"mmap", "mmap"},
                   {"munmap", "munmap"},
                   {"mprotect", "mprotect"},
                   {"madvise", "madvise"},
                   {"mremap", "mremap"},
                   {"getrlimit", "prlimit"},
                   {"prlimit", "prlimit"},
                   {"getrandom", "getrandom"},
                   {"nanosleep", "nanosleep"},
                   {"sched_yield", "sched_yield"},
                   {"prctl", "prctl"},
                   {"open", "openat"},
                   {"read", "read"},
                   {"write", "write"},
                   {"close", "close"},
                   {"getpid", "getpid"},
                   {"gettid", "gettid"},
                   {"brk", "brk"},
                   {"sbrk", "brk"},
                   {"mincore", "mincore"},
                   {"mlock", "mlock"}};
  char *text = text_of(path);
  int found = 0;
  for (const char *at = text; (at = strstr(at, "SYS_")) != NULL; at += 4) {
    char name[32];
    if (sscanf(at + 4, "%31[a-z0-9_]", name) == 1) {
      found++;
      bool known = is_listed(name, false);
      if (!known) {
        figure("%s calls %s, which libashlar(7) does not list", path, name);
      }
      must(known);
    }
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    size_t length = strlen(functions[i].function);
    for (const char *at = text; (at = strstr(at, functions[i].function)) != NULL; at++) {
      bool call = at > text && !is_word(at[-1]) && at[-1] != '.' && at[length] == '(';
      found += call;
      if (call && !is_listed(functions[i].call, false)) {
        figure("%s calls %s, which libashlar(7) does not list", path, functions[i].call);
        must(false);
      }
    }
  }
  free(text);
  return found;
}

SYSTEM_TEST(sources_call_what_the_manual_lists, 20)
{
  read_list();
  glob_t sources;
  must(glob("src/*.c", 0, NULL, &sources) == 0 && sources.gl_pathc > 20);
  int found = 0;
  for (size_t i = 0; i < sources.gl_pathc; i++) {
    found += check_source(sources.gl_pathv[i]);
  }
  figure("%d calls in %d sources, %d entries in libashlar(7)", found, (int)sources.gl_pathc,
         listed_count);
  must(found > 15);
}

/* ---- what a process calls ------------------------------------------------------ */

/* Between two calls that nobody else makes. */
static void mark(void)
{
  syscall(SYS_getppid);
}

MEASUREMENT(allocates)
{
  mark();
  void *p[300];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 300; i++) {
      p[i] = calloc(1, (size_t)16 << (i % 18));
      must(p[i] != NULL);
      memset(p[i], 1, (size_t)16 << (i % 18));
    }
    for (int i = 0; i < 300; i++) {
      p[i] = realloc(p[i], (size_t)24 << (i % 18));
      must(p[i] != NULL);
    }
    for (int i = 0; i < 300; i++) {
      free(p[i]);
    }
    void *huge = malloc((size_t)100 << 20);
    must(huge != NULL);
    huge = realloc(huge, (size_t)200 << 20);
    must(huge != NULL);
    free(huge);
    malloc_trim(0);
  }
  mark();
  return 0;
}

/* Traces a process from its exec on; counts the calls between the marks, and the
 * mseal, getrandom and sched_getaffinity of its start. */
static void trace(const char *options, int count[MOST_NUMBER], int unusual[1])
{
  pid_t child = fork();
  if (child == 0) {
    setenv("ASHLAR_OPTIONS", options, 1);
    must(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    raise(SIGSTOP);
    execl("/proc/self/exe", "calls", "measure", "allocates", "1", (char *)NULL);
    _exit(127);
  }
  int status = 0;
  must(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
  must(ptrace(PTRACE_SETOPTIONS, child, NULL,
              (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
                                  PTRACE_O_TRACEEXEC)) == 0);
  bool program = false;
  int marks = 0;
  for (;;) {
    must(ptrace(PTRACE_SYSCALL, child, NULL, NULL) == 0);
    must(waitpid(child, &status, 0) == child);
    if (!WIFSTOPPED(status)) {
      break;
    }
    program = program || status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
    struct __ptrace_syscall_info info;
    if (WSTOPSIG(status) != (SIGTRAP | 0x80) || !program ||
        ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY) {
      continue;
    }
    long number = (long)info.entry.nr;
    must(number >= 0 && number < MOST_NUMBER);
    marks += number == SYS_getppid;
    count[number] += marks == 1 && number != SYS_getppid;
    *unusual += marks == 0 && (number == SYS_mseal || number == SYS_getrandom ||
                               number == SYS_sched_getaffinity || number == SYS_madvise);
  }
  must(WIFEXITED(status) && marks == 2);
}

static void check_traced(const char *options, bool sandbox)
{
  static int count[MOST_NUMBER];
  int unusual = 0;
  read_list();
  trace(options, count, &unusual);
  char text[300] = "";
  for (long i = 0; i < MOST_NUMBER; i++) {
    if (count[i] > 0) {
      char one[40] = "";
      for (int k = 0; k < NUMBERS; k++) {
        if (numbers[k].number == i) {
          snprintf(one, sizeof one, " %s %d", numbers[k].name, count[i]);
        }
      }
      if (one[0] == '\0') {
        snprintf(one, sizeof one, " number %ld %d", i, count[i]);
      }
      strcat(text, one);
    }
  }
  figure("'%s': calls%s; of start, %d that glibc's malloc does not make", options, text, unusual);
  for (long i = 0; i < MOST_NUMBER; i++) {
    must(count[i] == 0 || number_is_listed(i, sandbox));
  }
  must(!sandbox || unusual == 0);
}

SYSTEM_TEST(a_program_calls_what_the_manual_lists, 30)
{
  check_traced("sandbox=0", false);
}

SYSTEM_TEST(a_sandboxed_program_calls_what_the_manual_lists_for_it, 30)
{
  check_traced("sandbox=1", true);
}
