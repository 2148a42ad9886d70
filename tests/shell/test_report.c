/* What report.h promises: the line, the file, and the end of the process. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/options.h"
#include "../../src/os.h"
#include "../../src/report.h"
#include "../../src/standard_error.h"

static char room[REPORT_JSON_BYTES + 1];

static const char *line_of(const struct report *r)
{
  struct text t;
  text_start(&t, room, REPORT_LINE_BYTES);
  report_line(&t, r, true, 1234);
  cr_assert_not(t.cut);
  *t.at = '\0';
  return room;
}

static const char *json_of(const struct report *r)
{
  struct text t;
  text_start(&t, room, REPORT_JSON_BYTES);
  report_json(&t, r, true, 1234);
  cr_assert_not(t.cut);
  *t.at = '\0';
  return room;
}

/* A live block of 40 bytes in a slot of 48. */
static struct report live_block(enum report_kind kind)
{
  return (struct report){.kind = kind,
                         .address = 0x7f3a12345670,
                         .operation = "free",
                         .has_slot = true,
                         .slot = 0x7f3a12345670,
                         .slot_bytes = 48,
                         .size_class = 3,
                         .has_asked = true,
                         .asked = 40,
                         .state = "live"};
}

static struct report freed_block(enum report_kind kind)
{
  struct report r = live_block(kind);
  r.has_asked = false;
  r.state = "cached";
  return r;
}

/* ---- lines ------------------------------------------------------------------- */

Test(report, the_line_of_the_manual)
{
  struct report r = live_block(REPORT_DOUBLE_FREE);
  r.size_class = 48;
  r.asked = 41;
  r.state = "cached";
  cr_assert_str_eq(line_of(&r), "ashlar: double free: 0x7f3a12345670 (slot 48 B of class 48, "
                                "asked 41, thread 1234): freed before, still cached\n");
}

Test(report, double_free)
{
  struct report r = freed_block(REPORT_DOUBLE_FREE);
  cr_assert_str_eq(line_of(&r), "ashlar: double free: 0x7f3a12345670 (slot 48 B of class 3, "
                                "thread 1234): freed before, still cached\n");
  r.state = "free";
  r.operation = "operator delete[]";
  cr_assert_str_eq(line_of(&r),
                   "ashlar: double free: 0x7f3a12345670 (slot 48 B of class 3, thread 1234): "
                   "freed before, back in the central cache; in operator delete[]\n");
}

Test(report, use_after_free)
{
  struct report r = freed_block(REPORT_USE_AFTER_FREE);
  r.operation = "realloc";
  cr_assert_str_eq(line_of(&r), "ashlar: use after free: 0x7f3a12345670 (slot 48 B of class 3, "
                                "thread 1234): freed before, still cached; in realloc\n");
}

Test(report, interior_pointers)
{
  struct report r = live_block(REPORT_INTERIOR);
  r.address = r.slot + 16;
  cr_assert_str_eq(line_of(&r), "ashlar: interior pointer: 0x7f3a12345680 (slot 48 B of class 3, "
                                "asked 40, thread 1234): 16 bytes into a 40-byte block\n");
  r.asked = 16;
  r.address = r.slot + 32;
  cr_assert_str_eq(line_of(&r),
                   "ashlar: interior pointer: 0x7f3a12345690 (slot 48 B of class 3, "
                   "asked 16, thread 1234): 16 bytes past the end of a 16-byte block\n");
  r.address = r.slot - 1;
  cr_assert_str_eq(line_of(&r), "ashlar: interior pointer: 0x7f3a1234566f (slot 48 B of class 3, "
                                "asked 16, thread 1234): 1 byte before a 16-byte block\n");
  r = (struct report){.kind = REPORT_INTERIOR, .address = 0x1230};
  cr_assert_str_eq(line_of(&r),
                   "ashlar: interior pointer: 0x1230 (thread 1234): not the start of a block\n");
}

Test(report, misaligned_pointers)
{
  struct report r = freed_block(REPORT_MISALIGNED);
  r.address = r.slot + 1;
  cr_assert_str_eq(line_of(&r),
                   "ashlar: misaligned pointer: 0x7f3a12345671 (slot 48 B of class 3, "
                   "thread 1234): not a multiple of 16, 1 byte into a freed 48-byte slot\n");
}

Test(report, foreign_pointers)
{
  os_start();
  struct report r = {.kind = REPORT_INVALID_POINTER, .address = 0x123456789ab0};
  cr_assert_str_eq(line_of(&r), "ashlar: invalid pointer: 0x123456789ab0 (thread 1234): "
                                "not from this allocator\n");
  r.address = 8;
  cr_assert_str_eq(line_of(&r), "ashlar: invalid pointer: 0x8 (thread 1234): "
                                "a small number, not an address\n");
  r.address = UINTPTR_MAX;
  cr_assert_neq((size_t)strstr(line_of(&r), "): not from this allocator\n"), 0);
  char local = 0;
  r.address = (uintptr_t)&local;
  cr_assert_neq((size_t)strstr(line_of(&r), "probably on the stack"), 0);
}

Test(report, mismatches)
{
  struct report r = live_block(REPORT_SIZE_MISMATCH);
  r.has_given = true;
  r.given = 64;
  r.operation = "free_sized";
  cr_assert_neq(
      (size_t)strstr(line_of(&r), "): size 64 given for a block of 40 bytes; in free_sized\n"), 0);
  r.kind = REPORT_ALIGN_MISMATCH;
  cr_assert_neq((size_t)strstr(line_of(&r), "): alignment 64 given for a block of 40 bytes;"), 0);
  r = live_block(REPORT_KIND_MISMATCH);
  r.allocated_by = "operator new[]";
  cr_assert_neq((size_t)strstr(line_of(&r), "): allocated by operator new[], freed by free\n"), 0);
  r.has_given = true;
  r.given = 8;
  cr_assert_neq(
      (size_t)strstr(line_of(&r), "freed by free, size 8 given for a block of 40 bytes\n"), 0);
  r.given_alignment = true;
  cr_assert_neq((size_t)strstr(line_of(&r), "freed by free, alignment 8 given for a block"), 0);
}

Test(report, the_program_is_named_where_it_is_known)
{
  struct report r = freed_block(REPORT_DOUBLE_FREE);
  r.program = "a b\x1b/\xff";
  r.process = 99;
  r.time = 1234567890;
  cr_assert_str_eq(line_of(&r), "ashlar: double free: 0x7f3a12345670 (slot 48 B of class 3, "
                                "thread 1234 of a?b???[99]): freed before, still cached\n");
  cr_assert_neq((size_t)strstr(json_of(&r), "\"hint\":\"freed before, still cached\",\"program\":"
                                            "\"a b\\u001b/\\u00ff\",\"pid\":99,"
                                            "\"time\":1234567890}\n"),
                0);
}

Test(report, a_file_that_cannot_be_written_is_part_of_the_hint)
{
  struct report r = freed_block(REPORT_DOUBLE_FREE);
  r.operation = "realloc";
  r.file_error = EACCES;
  cr_assert_neq((size_t)strstr(line_of(&r), "): freed before, still cached, report_file could not "
                                            "be written (Permission denied); in realloc\n"),
                0);
}

Test(report, damage)
{
  struct report r = live_block(REPORT_OVERFLOW);
  r.has_damage = true;
  r.damage = r.slot + 40;
  r.damage_byte = 0x41;
  cr_assert_neq((size_t)strstr(line_of(&r),
                               "): 0x41 instead of 0, the first byte after the end of a "
                               "40-byte block\n"),
                0);
  r = freed_block(REPORT_WRITE_AFTER_FREE);
  r.has_damage = true;
  r.damage = r.slot + 24;
  r.damage_byte = 1;
  r.operation = "malloc";
  cr_assert_neq((size_t)strstr(line_of(&r),
                               "): 0x1 instead of 0, 24 bytes into a freed 48-byte slot; in "
                               "malloc\n"),
                0);
}

Test(report, details)
{
  struct report r = {.kind = REPORT_BAD_METADATA, .detail = "span 7 has no length"};
  cr_assert_str_eq(line_of(&r),
                   "ashlar: corrupted metadata: 0x0 (thread 1234): span 7 has no length\n");
  r.detail = NULL;
  cr_assert_str_eq(line_of(&r),
                   "ashlar: corrupted metadata: 0x0 (thread 1234): no more is known\n");
  r.kind = REPORT_UNALLOCATED;
  r.detail = "in a freed large block";
  cr_assert_neq((size_t)strstr(line_of(&r), "): no block is there, in a freed large block\n"), 0);
}

/* Every kind has a name of its own, and a line whatever is known. */
Test(report, every_kind_has_a_name_and_a_line)
{
  os_start();
  for (int kind = 0; kind <= REPORT_KINDS; kind++) {
    for (int other = 0; other < kind; other++) {
      cr_assert_str_neq(report_name((enum report_kind)kind), report_name((enum report_kind)other));
    }
    for (int bits = 0; bits < 64; bits++) {
      struct report r = live_block((enum report_kind)kind);
      r.has_slot = bits & 1;
      r.has_asked = bits & 2;
      r.has_damage = bits & 4;
      r.has_given = bits & 8;
      r.state = bits & 16 ? "live" : NULL;
      r.operation = bits & 32 ? "operator delete[]" : NULL;
      r.allocated_by = bits & 32 ? "malloc" : NULL;
      r.address = UINTPTR_MAX;
      r.asked = bits & 4 ? SIZE_MAX : 0;
      r.given = SIZE_MAX;
      r.detail = "a detail as long as any that is composed in advance could be, and then some";
      const char *line = line_of(&r);
      cr_assert_eq(strncmp(line, "ashlar: ", 8), 0);
      cr_assert_eq((size_t)(strchr(line, '\n') - line), strlen(line) - 1);
      json_of(&r);
    }
  }
  cr_assert_str_eq(report_name(REPORT_KINDS), "unknown bug");
}

Test(report, json)
{
  struct report r = live_block(REPORT_INTERIOR);
  r.address += 16;
  cr_assert_str_eq(json_of(&r),
                   "{\"kind\":\"interior pointer\",\"fatal\":true,\"address\":\"0x7f3a12345680\","
                   "\"slot\":\"0x7f3a12345670\",\"slot_bytes\":48,\"asked\":40,\"class\":3,"
                   "\"state\":\"live\",\"thread\":1234,\"operation\":\"free\","
                   "\"hint\":\"16 bytes into a 40-byte block\"}\n");
  r = (struct report){.kind = REPORT_UNALLOCATED, .address = 16};
  cr_assert_str_eq(json_of(&r),
                   "{\"kind\":\"unallocated memory\",\"fatal\":true,\"address\":\"0x10\","
                   "\"slot\":null,\"slot_bytes\":null,\"asked\":null,\"class\":null,"
                   "\"state\":null,\"thread\":1234,\"operation\":null,"
                   "\"hint\":\"no block is there\"}\n");
}

Test(report, a_report_is_cut_rather_than_overrun)
{
  static char detail[4096];
  memset(detail, 'd', sizeof detail - 1);
  struct report r = {.kind = REPORT_BAD_METADATA, .detail = detail};
  struct text t;
  room[64] = '#';
  text_start(&t, room, 64);
  report_json(&t, &r, true, 1);
  cr_assert(t.cut);
  cr_assert_eq(room[64], '#');
}

/* ---- ends ------------------------------------------------------------------------ */

/* Runs what in a child; its standard error goes to room, its end is returned. */
static int run(void (*what)(void))
{
  int ends[2];
  cr_assert_eq(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    signal(SIGABRT, SIG_DFL);
    what();
    _exit(0);
  }
  close(ends[1]);
  size_t length = 0;
  long got = 0;
  static char sink[65536];
  while ((got = read(ends[0], sink + length, sizeof sink - length)) > 0) {
    length += (size_t)got;
  }
  close(ends[0]);
  size_t kept = length < sizeof room - 1 ? length : sizeof room - 1;
  memcpy(room, sink, kept);
  room[kept] = '\0';
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

static size_t count(const char *in, const char *what)
{
  size_t n = 0;
  for (; (in = strstr(in, what)) != NULL; in++) {
    n++;
  }
  return n;
}

static void die(void)
{
  struct report r = live_block(REPORT_OVERFLOW);
  report_fatal(&r);
}

Test(report, fatal_writes_one_line_and_aborts)
{
  int status = run(die);
  cr_assert(WIFSIGNALED(status));
  cr_assert_eq(WTERMSIG(status), SIGABRT);
  cr_assert_eq(strncmp(room, "ashlar: overflow: 0x7f3a12345670 (slot 48 B", 43), 0);
  cr_assert_eq(count(room, "\n"), 1);
}

static void die_of_a_long_detail(void)
{
  static char detail[2 * REPORT_LINE_BYTES];
  memset(detail, 'd', sizeof detail - 1);
  struct report r = {.kind = REPORT_BAD_METADATA, .detail = detail};
  report_fatal(&r);
}

Test(report, a_line_that_is_cut_is_a_line)
{
  int status = run(die_of_a_long_detail);
  cr_assert_eq(WTERMSIG(status), SIGABRT);
  cr_assert_eq(strlen(room), REPORT_LINE_BYTES);
  cr_assert_eq(room[REPORT_LINE_BYTES - 1], '\n');
}

static void handler_dies_again(int number)
{
  (void)number;
  struct report r = live_block(REPORT_DOUBLE_FREE);
  report_fatal(&r);
}

static void die_twice(void)
{
  signal(SIGABRT, handler_dies_again);
  die();
}

Test(report, a_handler_that_does_wrong_too_ends_it, .timeout = 20)
{
  int status = run(die_twice);
  cr_assert(WIFSIGNALED(status));
  cr_assert_eq(WTERMSIG(status), SIGABRT);
  cr_assert_eq(count(room, "ashlar: overflow: "), 1);
  cr_assert_eq(count(room, "ashlar: double free: "), 1);
  cr_assert_eq(count(room, "\n"), 2);
}

static void *die_in_thread(void *gate)
{
  pthread_barrier_wait(gate);
  die();
  return NULL;
}

static void die_together(void)
{
  enum {
    THREADS = 6
  };
  static pthread_barrier_t gate;
  pthread_t threads[THREADS];
  pthread_barrier_init(&gate, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    pthread_create(&threads[i], NULL, die_in_thread, &gate);
  }
  pthread_join(threads[0], NULL);
}

Test(report, of_many_threads_one_reports, .timeout = 60)
{
  for (int round = 0; round < 20; round++) {
    int status = run(die_together);
    cr_assert(WIFSIGNALED(status));
    cr_assert_eq(WTERMSIG(status), SIGABRT);
    cr_assert_eq(count(room, "\n"), 1, "%s", room);
  }
}

/* The reporting thread is stuck in a handler, and the child inherits that. */
static void stuck(int number)
{
  (void)number;
  pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);
    struct report r = live_block(REPORT_DOUBLE_FREE);
    report_fatal(&r);
  }
  int status = 0;
  waitpid(child, &status, 0);
  _exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? 3 : 4);
}

static void die_in_fork(void)
{
  signal(SIGABRT, stuck);
  die();
}

Test(report, a_child_of_a_dying_parent_can_report, .timeout = 20)
{
  int status = run(die_in_fork);
  cr_assert(WIFEXITED(status));
  cr_assert_eq(WEXITSTATUS(status), 3);
  cr_assert_eq(count(room, "ashlar: double free: "), 1);
}

static void warn(void)
{
  struct report r = live_block(REPORT_KIND_MISMATCH);
  r.allocated_by = "malloc";
  r.operation = "operator delete";
  errno = 77;
  report_warning(&r);
  _exit(errno == 77 ? 5 : 6);
}

Test(report, warning_returns)
{
  int status = run(warn);
  cr_assert(WIFEXITED(status));
  cr_assert_eq(WEXITSTATUS(status), 5);
  cr_assert_eq(strncmp(room, "ashlar: warning: kind mismatch: 0x7f3a12345670 (", 48), 0);
}

static void warn_often(void)
{
  struct report r = {.kind = REPORT_KIND_MISMATCH};
  for (int i = 0; i < 3 * REPORT_WARNINGS; i++) {
    report_warning(&r);
  }
  fsync(STDERR_FILENO);
}

static int lines_of_warn_often;

static void count_warnings(void)
{
  int ends[2];
  if (pipe(ends) != 0) {
    _exit(1);
  }
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  warn_often();
  close(STDERR_FILENO);
  char c = 0;
  while (read(ends[0], &c, 1) == 1) {
    lines_of_warn_often += c == '\n';
  }
  _exit(lines_of_warn_often == REPORT_WARNINGS + 1 ? 0 : 1);
}

Test(report, warnings_come_to_an_end)
{
  cr_assert_eq(run(count_warnings), 0);
}

static char path[] = "/tmp/ashlar-report-XXXXXX";
extern char **environ;

static void die_with_file(void)
{
  static char entry[128] = "ASHLAR_OPTIONS=report_file=";
  static char *env[] = {entry, NULL};
  strcat(entry, path);
  environ = env;
  options_start();
  die();
}

Test(report, the_file_gets_a_line_of_json_each)
{
  int fd = mkstemp(path);
  cr_assert_geq(fd, 0);
  close(fd);
  unlink(path);
  for (int i = 0; i < 2; i++) {
    int status = run(die_with_file);
    cr_assert_eq(WTERMSIG(status), SIGABRT);
  }
  struct stat s;
  cr_assert_eq(stat(path, &s), 0);
  cr_assert_eq(s.st_mode & 0777, 0600);
  fd = open(path, O_RDONLY);
  long length = read(fd, room, sizeof room - 1);
  close(fd);
  unlink(path);
  cr_assert_gt(length, 0);
  room[length] = '\0';
  cr_assert_eq(count(room, "{\"kind\":\"overflow\",\"fatal\":true,"), 2);
  cr_assert_eq(count(room, "}\n"), 2);
}

Test(report, a_file_that_cannot_be_opened_is_named_and_changes_nothing_else)
{
  strcpy(path, "/proc/nosuch/file");
  int status = run(die_with_file);
  cr_assert_eq(WTERMSIG(status), SIGABRT);
  cr_assert_eq(count(room, "\n"), 1);
  cr_assert_eq(count(room, ", report_file could not be written (No such file or directory)\n"), 1);
}

Test(report, a_file_without_room_is_named)
{
  strcpy(path, "/dev/full");
  int status = run(die_with_file);
  cr_assert_eq(WTERMSIG(status), SIGABRT);
  cr_assert_eq(count(room, ", report_file could not be written (No space left on device)\n"), 1);
}

/* The name, the number and a percent sign; what else follows one stays. */
Test(report, the_file_is_named_after_program_and_process)
{
  char name[64];
  snprintf(path, sizeof path, "/tmp/r%%e.%%p.%%%%.%%x%%");
  int status = run(die_with_file);
  cr_assert_eq(WTERMSIG(status), SIGABRT);
  const char *program = strstr(strstr(room, ", thread "), " of ");
  cr_assert_neq((size_t)program, 0);
  int pid = atoi(strchr(program, '[') + 1);
  snprintf(name, sizeof name, "/tmp/r%.*s.%d.%%.%%x%%", (int)(strchr(program, '[') - program - 4),
           program + 4, pid);
  cr_assert_eq(access(name, R_OK), 0, "%s", name);
  unlink(name);
}

/* ---- descriptor 2 ------------------------------------------------------------------ */

/* What a report wrote to descriptor 2, if it is `fd` by then. */
static long written_to(int fd)
{
  struct stat before = {0};
  struct stat after = {0};
  fstat(fd, &before);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);
    dup2(fd, STDERR_FILENO);
    die();
  }
  waitpid(child, NULL, 0);
  fstat(fd, &after);
  return (long)(after.st_size - before.st_size);
}

Test(report, a_programs_file_on_descriptor_2_gets_nothing)
{
  char name[] = "/tmp/ashlar-data-XXXXXX";
  int fd = mkstemp(name);
  cr_assert_geq(fd, 0);
  standard_error_start();
  cr_assert_eq(written_to(fd), 0);
  int log = open(name, O_WRONLY | O_APPEND);
  cr_assert_gt(written_to(log), 60);
  /* It was standard error all along. */
  int saved = dup(STDERR_FILENO);
  dup2(fd, STDERR_FILENO);
  standard_error_start();
  dup2(saved, STDERR_FILENO);
  lseek(fd, 0, SEEK_END);
  cr_assert_gt(written_to(fd), 60);
  unlink(name);
}

static int ends_of_socket[2];

static void die_on_socket(void)
{
  dup2(ends_of_socket[0], STDERR_FILENO);
  die();
}

Test(report, a_programs_socket_on_descriptor_2_gets_nothing)
{
  char byte;
  standard_error_start();
  cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_of_socket), 0);
  cr_assert_eq(WTERMSIG(run(die_on_socket)), SIGABRT);
  cr_assert_eq(recv(ends_of_socket[1], &byte, 1, MSG_DONTWAIT), -1);
}

/* A handler would be called, and the default ends the process too early. */
static void die_on_a_broken_pipe(void)
{
  int ends[2];
  if (pipe(ends) != 0) {
    _exit(1);
  }
  signal(SIGPIPE, SIG_DFL);
  dup2(ends[1], STDERR_FILENO);
  close(ends[0]);
  die_with_file();
}

Test(report, a_broken_pipe_does_not_keep_it_from_the_file)
{
  strcpy(path, "/tmp/ashlar-report-XXXXXX");
  int fd = mkstemp(path);
  cr_assert_eq(WTERMSIG(run(die_on_a_broken_pipe)), SIGABRT);
  cr_assert_gt(read(fd, room, sizeof room), 60);
  close(fd);
  unlink(path);
}

static void warn_on_a_broken_pipe(void)
{
  int ends[2];
  sigset_t pending;
  if (pipe(ends) != 0) {
    _exit(1);
  }
  signal(SIGPIPE, SIG_DFL);
  dup2(ends[1], STDERR_FILENO);
  close(ends[0]);
  struct report r = live_block(REPORT_KIND_MISMATCH);
  report_warning(&r);
  sigpending(&pending);
  _exit(sigismember(&pending, SIGPIPE) == 0 ? 7 : 8);
}

Test(report, a_warning_to_a_broken_pipe_raises_nothing)
{
  cr_assert_eq(WEXITSTATUS(run(warn_on_a_broken_pipe)), 7);
}

/* A signal that the program has pending stays so. */
static void warn_with_a_pending_signal(void)
{
  sigset_t pipe_signal;
  sigset_t pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigprocmask(SIG_BLOCK, &pipe_signal, NULL);
  raise(SIGPIPE);
  int ends[2];
  if (pipe(ends) != 0) {
    _exit(1);
  }
  dup2(ends[1], STDERR_FILENO);
  close(ends[0]);
  struct report r = live_block(REPORT_KIND_MISMATCH);
  report_warning(&r);
  sigpending(&pending);
  sigprocmask(SIG_BLOCK, NULL, &pipe_signal);
  _exit(sigismember(&pending, SIGPIPE) == 1 && sigismember(&pipe_signal, SIGPIPE) == 1 ? 7 : 8);
}

Test(report, a_pending_signal_stays)
{
  cr_assert_eq(WEXITSTATUS(run(warn_with_a_pending_signal)), 7);
}

/* ---- mismatches -------------------------------------------------------------------- */

Test(report, of_mismatches_the_first_is_to_be_told_and_all_are_counted)
{
  cr_assert(report_counts_mismatch());
  for (int i = 1; i < 1000; i++) {
    cr_assert_not(report_counts_mismatch());
  }
  cr_assert_eq(report_mismatches(), 1000);
}
