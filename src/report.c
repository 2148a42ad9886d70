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
  REPORT_HINT_BYTES = 512,
  REPORT_PATH_BYTES = 2 * OPTIONS_PATH_BYTES,
  /* How long a second thread waits for the first to end the process, before
   * it ends it itself: the first may have been lost in a fork. */
  REPORT_PATIENCE_MS = 2000,
  REPORT_NEAR_STACK = 1 << 20 /* bytes */
};

/* The thread that is at its fatal report; 0 for none. */
static int report_thread;
/* Whether it has written it. */
static bool report_written;
static uint32_t report_warnings;
static uint64_t report_mismatched;

/* Of the C library; in no header unless one asks for all extensions. */
extern char *program_invocation_short_name;
const char *strerrordesc_np(int error);

/* The form in which the C library's abort leaves its last message. */
struct report_message {
  unsigned bytes;
  char text[REPORT_LINE_BYTES + 1];
};
static struct report_message report_message;
/* Where a debugger looks for one; NULL where the C library has no such place. */
static struct report_message **report_message_place;

static const char *const report_names[REPORT_KINDS] = {
    [REPORT_DOUBLE_FREE] = "double free",
    [REPORT_USE_AFTER_FREE] = "use after free",
    [REPORT_INVALID_POINTER] = "invalid pointer",
    [REPORT_MISALIGNED] = "misaligned pointer",
    [REPORT_INTERIOR] = "interior pointer",
    [REPORT_UNALLOCATED] = "unallocated memory",
    [REPORT_SIZE_MISMATCH] = "size mismatch",
    [REPORT_KIND_MISMATCH] = "kind mismatch",
    [REPORT_ALIGN_MISMATCH] = "alignment mismatch",
    [REPORT_OVERFLOW] = "overflow",
    [REPORT_WRITE_AFTER_FREE] = "write after free",
    [REPORT_BAD_METADATA] = "corrupted metadata",
    [REPORT_BAD_POOL] = "bad pool",
    [REPORT_WRONG_POOL] = "wrong pool",
    [REPORT_LEAK] = "leak",
};

const char *report_name(enum report_kind kind)
{
  return (unsigned)kind < REPORT_KINDS ? report_names[kind] : "unknown bug";
}

/* ---- hints ---------------------------------------------------------------- */

static void report_bytes(struct text *t, uint64_t n)
{
  text_dec(t, n);
  text_str(t, n == 1 ? " byte" : " bytes");
}

/* "16 bytes past the end of a 40-byte block" */
static void report_place(struct text *t, const struct report *r, uintptr_t a)
{
  if (a < r->slot) {
    report_bytes(t, r->slot - a);
    text_str(t, " before");
  } else if (r->has_asked && a - r->slot == r->asked) {
    text_str(t, "the first byte after the end of");
  } else if (r->has_asked && a - r->slot > r->asked) {
    report_bytes(t, a - r->slot - r->asked);
    text_str(t, " past the end of");
  } else {
    report_bytes(t, a - r->slot);
    text_str(t, " into");
  }
  if (r->has_asked) {
    text_str(t, " a ");
    text_dec(t, r->asked);
    text_str(t, "-byte block");
  } else {
    text_str(t, r->state != NULL && strcmp(r->state, "live") != 0 ? " a freed " : " a ");
    text_dec(t, r->slot_bytes);
    text_str(t, "-byte slot");
  }
}

static void report_freed(struct text *t, const struct report *r)
{
  text_str(t, "freed before");
  if (r->state == NULL) {
    return;
  }
  if (strcmp(r->state, "cached") == 0) {
    text_str(t, ", still cached");
  } else if (strcmp(r->state, "free") == 0) {
    text_str(t, ", back in the central cache");
  } else {
    text_str(t, ", now ");
    text_str(t, r->state);
  }
}

static void report_foreign(struct text *t, const struct report *r)
{
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (r->address < os_page_bytes()) {
    text_str(t, "a small number, not an address");
  } else if (r->address >= here - REPORT_NEAR_STACK && r->address - here < REPORT_NEAR_STACK) {
    text_str(t, "not from this allocator, probably on the stack");
  } else {
    text_str(t, "not from this allocator");
  }
}

static void report_damage(struct text *t, const struct report *r)
{
  text_hex(t, r->damage_byte);
  text_str(t, " instead of 0, ");
  report_place(t, r, r->damage);
}

static void report_given(struct text *t, const struct report *r, const char *what)
{
  text_str(t, what);
  text_str(t, " ");
  text_dec(t, r->given);
  text_str(t, " given");
  if (r->has_asked) {
    text_str(t, " for a block of ");
    report_bytes(t, r->asked);
  }
}

static void report_family(struct text *t, const struct report *r)
{
  text_str(t, "allocated by ");
  text_str(t, r->allocated_by);
  if (r->operation != NULL) {
    text_str(t, ", freed by ");
    text_str(t, r->operation);
  }
  if (r->has_given) {
    text_str(t, ", ");
    report_given(t, r, r->given_alignment ? "alignment" : "size");
  }
}

static void report_file_error(struct text *t, int error)
{
  const char *words = strerrordesc_np(error);
  text_str(t, "report_file could not be written (");
  text_str(t, words != NULL ? words : "unknown error");
  text_str(t, ")");
}

static void report_hint(struct text *t, const struct report *r)
{
  size_t before = text_length(t);
  switch (r->kind) {
  case REPORT_DOUBLE_FREE:
  case REPORT_USE_AFTER_FREE:
    report_freed(t, r);
    break;
  case REPORT_INVALID_POINTER:
    report_foreign(t, r);
    break;
  case REPORT_MISALIGNED:
    text_str(t, "not a multiple of 16");
    if (r->has_slot) {
      text_str(t, ", ");
      report_place(t, r, r->address);
    }
    break;
  case REPORT_INTERIOR:
    if (r->has_slot) {
      report_place(t, r, r->address);
    } else {
      text_str(t, "not the start of a block");
    }
    break;
  case REPORT_UNALLOCATED:
    text_str(t, "no block is there");
    break;
  case REPORT_SIZE_MISMATCH:
    if (r->has_given) {
      report_given(t, r, "size");
    }
    break;
  case REPORT_ALIGN_MISMATCH:
    if (r->has_given) {
      report_given(t, r, "alignment");
    }
    break;
  case REPORT_KIND_MISMATCH:
    if (r->allocated_by != NULL) {
      report_family(t, r);
    }
    break;
  case REPORT_OVERFLOW:
  case REPORT_WRITE_AFTER_FREE:
    if (r->has_damage && r->has_slot) {
      report_damage(t, r);
    } else {
      text_str(t, "bytes that should be zero are not");
    }
    break;
  case REPORT_BAD_METADATA:
  case REPORT_BAD_POOL:
  case REPORT_WRONG_POOL:
  case REPORT_LEAK:
  case REPORT_KINDS:
    break;
  }
  if (r->detail != NULL) {
    text_str(t, text_length(t) > before ? ", " : "");
    text_str(t, r->detail);
  }
  if (text_length(t) == before && !t->cut) {
    text_str(t, "no more is known");
  }
  if (r->file_error != 0) {
    text_str(t, ", ");
    report_file_error(t, r->file_error);
  }
}

/* A program's name is its own choice. */
static void report_name_of_program(struct text *t, const char *name)
{
  for (; *name != '\0'; name++) {
    bool printable = *name > 0x20 && *name < 0x7f && *name != '/';
    char shown = '?';
    if (printable) {
      shown = *name;
    }
    text_char(t, shown);
  }
}

/* ---- forms ---------------------------------------------------------------- */

void report_line(struct text *t, const struct report *r, bool fatal, int thread)
{
  text_str(t, fatal ? "ashlar: " : "ashlar: warning: ");
  text_str(t, report_name(r->kind));
  text_str(t, ": ");
  text_hex(t, r->address);
  text_str(t, " (");
  if (r->has_slot) {
    text_str(t, "slot ");
    text_dec(t, r->slot_bytes);
    text_str(t, " B of class ");
    text_dec(t, r->size_class);
    text_str(t, ", ");
  }
  if (r->has_asked) {
    text_str(t, "asked ");
    text_dec(t, r->asked);
    text_str(t, ", ");
  }
  text_str(t, "thread ");
  text_dec(t, (uint64_t)thread);
  if (r->program != NULL) {
    text_str(t, " of ");
    report_name_of_program(t, r->program);
    text_char(t, '[');
    text_dec(t, (uint64_t)r->process);
    text_char(t, ']');
  }
  text_str(t, "): ");
  report_hint(t, r);
  if (r->operation != NULL && strcmp(r->operation, "free") != 0) {
    text_str(t, "; in ");
    text_str(t, r->operation);
  }
  text_char(t, '\n');
}

static void report_json_key(struct text *t, const char *key)
{
  text_str(t, ",\"");
  text_str(t, key);
  text_str(t, "\":");
}

static void report_json_number(struct text *t, const char *key, bool known, uint64_t n)
{
  report_json_key(t, key);
  if (known) {
    text_dec(t, n);
  } else {
    text_str(t, "null");
  }
}

/* As a string: an address exceeds what many readers take for a number. */
static void report_json_address(struct text *t, const char *key, bool known, uintptr_t a)
{
  report_json_key(t, key);
  if (known) {
    text_char(t, '"');
    text_hex(t, a);
    text_char(t, '"');
  } else {
    text_str(t, "null");
  }
}

static void report_json_words(struct text *t, const char *key, const char *words)
{
  report_json_key(t, key);
  if (words != NULL) {
    text_json_str(t, words);
  } else {
    text_str(t, "null");
  }
}

void report_json(struct text *t, const struct report *r, bool fatal, int thread)
{
  char buffer[REPORT_HINT_BYTES];
  struct text hint;
  text_start(&hint, buffer, sizeof buffer - 1);
  report_hint(&hint, r);
  *hint.at = '\0';

  text_str(t, "{\"kind\":");
  text_json_str(t, report_name(r->kind));
  report_json_key(t, "fatal");
  text_str(t, fatal ? "true" : "false");
  report_json_address(t, "address", true, r->address);
  report_json_address(t, "slot", r->has_slot, r->slot);
  report_json_number(t, "slot_bytes", r->has_slot, r->slot_bytes);
  report_json_number(t, "asked", r->has_asked, r->asked);
  report_json_number(t, "class", r->has_slot, r->size_class);
  report_json_words(t, "state", r->state);
  report_json_number(t, "thread", true, (uint64_t)thread);
  report_json_words(t, "operation", r->operation);
  report_json_words(t, "hint", buffer);
  if (r->program != NULL) {
    report_json_words(t, "program", r->program);
    report_json_number(t, "pid", true, (uint64_t)r->process);
    report_json_number(t, "time", true, r->time);
  }
  text_str(t, "}\n");
}

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
