#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "os.h"
#include "standard_error.h"

enum {
  REPORT_PATH_BYTES = 2 * OPTIONS_PATH_BYTES,
  /* How long a second thread waits for the first to end the process, before
   * it ends it itself: the first may have been lost in a fork. */
  REPORT_PATIENCE_MS = 2000
};

/* The thread that is at its fatal report; 0 for none. */
static int report_thread;
/* Whether it has written it. */
static bool report_written;
static uint32_t report_warnings;
static uint64_t report_mismatched;

/* Of the C library; in no header unless one asks for all extensions. */
extern char *program_invocation_short_name;

/* The form in which the C library's abort leaves its last message. */
struct report_message {
  unsigned bytes;
  char text[REPORT_LINE_BYTES + 1];
};
static struct report_message report_message;
/* Where a debugger looks for one; NULL where the C library has no such place. */
static struct report_message **report_message_place;

/* ---- places --------------------------------------------------------------- */

#ifndef ASHLAR_NO_OVERRIDE
/* The C library's, if it is linked dynamically. */
extern void *dlsym(void *handle, const char *name) __attribute__((weak));
extern char *dlerror(void) __attribute__((weak));

/* Looked up before main: in the middle of a bug the loader may be busy. */
__attribute__((constructor(101))) static void report_constructor(void)
{
  if (dlsym != NULL) {
    report_message_place = (struct report_message **)dlsym(NULL, "__abort_msg");
  }
  if (report_message_place == NULL && dlerror != NULL) {
    dlerror(); /* the program is not to see that there is none */
  }
}
#endif

/* Leaves a line for those who look at the core. */
static void report_leave_message(const struct text *t)
{
  if (report_message_place == NULL) {
    return;
  }
  size_t length = text_length(t);
  memcpy(report_message.text, t->start, length);
  report_message.text[length] = '\0';
  report_message.bytes = sizeof report_message;
  *report_message_place = &report_message;
}

/* The name of the options' file for this program.  Returns false where it is
 * too long. */
static bool report_path(char path[REPORT_PATH_BYTES], const struct report *r)
{
  struct text t;
  text_start(&t, path, REPORT_PATH_BYTES - 1);
  for (const char *from = options()->report_file; *from != '\0'; from++) {
    if (from[0] != '%' || (from[1] != 'e' && from[1] != 'p' && from[1] != '%')) {
      text_char(&t, *from);
      continue;
    }
    from++;
    if (*from == 'e') {
      report_name_of_program(&t, r->program);
    } else if (*from == 'p') {
      text_dec(&t, (uint64_t)r->process);
    } else {
      text_char(&t, '%');
    }
  }
  *t.at = '\0';
  return !t.cut;
}

/* Appends a report to the options' file, if they name one.
 * Returns 0, or the error's number. */
static int report_to_file(const struct report *r, bool fatal, int thread)
{
  char path[REPORT_PATH_BYTES];
  char buffer[REPORT_JSON_BYTES];
  if (options()->report_file[0] == '\0') {
    return 0;
  }
  if (!report_path(path, r)) {
    return ENAMETOOLONG;
  }
  /* By system call: open and close are cancellation points. */
  long fd = syscall(SYS_openat, AT_FDCWD, path,
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
  if (fd < 0) {
    return errno;
  }
  struct text t;
  text_start(&t, buffer, sizeof buffer);
  report_json(&t, r, fatal, thread);
  int error = text_write((int)fd, &t);
  syscall(SYS_close, fd);
  return error;
}

static void report_to_user(const struct report *r, bool fatal, int thread)
{
  char buffer[REPORT_LINE_BYTES];
  struct text t;
  text_start(&t, buffer, sizeof buffer);
  report_line(&t, r, fatal, thread);
  if (t.cut) {
    t.at[-1] = '\n';
  }
  if (fatal) {
    report_leave_message(&t);
  }
  standard_error_write(&t);
}

static uint64_t report_time(void)
{
  struct timespec now;
  return clock_gettime(CLOCK_REALTIME, &now) == 0 ? (uint64_t)now.tv_sec : 0;
}

static void report_emit(const struct report *r, bool fatal)
{
  int saved = errno;
  int thread = os_thread_id();
  struct report full = *r;
  const char *name = program_invocation_short_name;
  full.program = name != NULL && name[0] != '\0' ? name : "?";
  full.process = getpid();
  full.time = report_time();
  full.file_error = 0;
  full.file_error = report_to_file(&full, fatal, thread);
  report_to_user(&full, fatal, thread);
  errno = saved;
}

/* ---- ends ----------------------------------------------------------------- */

_Noreturn __attribute__((cold, noinline)) void report_fatal(const struct report *r)
{
  int self = os_thread_id();
  int first = 0;
  if (!__atomic_compare_exchange_n(&report_thread, &first, self, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE)) {
    if (first == self) {
      /* The program's handler of SIGABRT did wrong too (or a page of ours
       * failed us while writing).  Not once more around. */
      signal(SIGABRT, SIG_DFL);
      if (report_written) {
        report_emit(r, true);
      }
      abort();
    }
    for (int waited = 0; waited < REPORT_PATIENCE_MS; waited += 10) {
      os_nap(10);
    }
  }
  report_emit(r, true);
  report_written = true;
  abort();
}

__attribute__((cold, noinline)) void report_warning(const struct report *r)
{
  uint32_t before = __atomic_fetch_add(&report_warnings, 1, __ATOMIC_RELAXED);
  if (before < REPORT_WARNINGS) {
    report_emit(r, false);
  } else if (before == REPORT_WARNINGS) {
    char buffer[64];
    struct text t;
    text_start(&t, buffer, sizeof buffer);
    text_str(&t, "ashlar: warning: no further warnings are shown\n");
    standard_error_write(&t);
  } else {
    /* Stays there: it must not come round. */
    __atomic_store_n(&report_warnings, (uint32_t)REPORT_WARNINGS + 1, __ATOMIC_RELAXED);
  }
}

bool report_counts_mismatch(void)
{
  uint64_t before = __atomic_fetch_add(&report_mismatched, 1, __ATOMIC_RELAXED);
  return before == 0 && options()->kind_mismatch == OPTIONS_MISMATCH_WARN;
}

uint64_t report_mismatches(void)
{
  return __atomic_load_n(&report_mismatched, __ATOMIC_RELAXED);
}
