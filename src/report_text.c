/* The words of a report: its line, its JSON, and the hint in both. */
#include "report.h"
#include "os.h"

#include <string.h>

/* Of the C library; in no header unless one asks for all extensions. */
const char *strerrordesc_np(int error);

enum {
  REPORT_HINT_BYTES = 512,
  REPORT_NEAR_STACK = 1 << 20 /* bytes */
};

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

void report_name_of_program(struct text *t, const char *name)
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
