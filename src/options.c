#include "options.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "standard_error.h"

#define OPTIONS_VARIABLE "ASHLAR_OPTIONS"
#define OPTIONS_DEFAULTS                                                                           \
  {                                                                                                \
    .thread_cache_bytes = (uint64_t)2 << 20, .release_rate = 5, .guards = true,                    \
    .sandbox = OPTIONS_NO, .kind_mismatch = OPTIONS_MISMATCH_WARN                                  \
  }

/* POSIX has it in no header. */
extern char **environ;

static struct options options_now = OPTIONS_DEFAULTS;
static bool options_taken;

/* A part of the text: not terminated. */
struct options_word {
  const char *at;
  size_t length;
};

static bool options_is(struct options_word w, const char *s)
{
  return strlen(s) == w.length && memcmp(w.at, s, w.length) == 0;
}

/* ---- values: each returns whether it understood the word, and only then
 * changes what it is to set ---- */

static bool options_flag(struct options_word w, bool *flag)
{
  static const char *const options_no[] = {"0", "no", "off", "false"};
  static const char *const options_yes[] = {"1", "yes", "on", "true"};
  for (size_t i = 0; i < sizeof options_no / sizeof options_no[0]; i++) {
    if (options_is(w, options_no[i])) {
      *flag = false;
      return true;
    }
    if (options_is(w, options_yes[i])) {
      *flag = true;
      return true;
    }
  }
  return false;
}

static bool options_choice(struct options_word w, enum options_choice *choice)
{
  bool flag = false;
  if (options_is(w, "find")) {
    *choice = OPTIONS_FIND;
    return true;
  }
  if (!options_flag(w, &flag)) {
    return false;
  }
  *choice = flag ? OPTIONS_YES : OPTIONS_NO;
  return true;
}

static bool options_number(struct options_word w, uint64_t *number)
{
  uint64_t n = 0;
  for (size_t i = 0; i < w.length; i++) {
    if (w.at[i] < '0' || w.at[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
        __builtin_add_overflow(n, (uint64_t)(w.at[i] - '0'), &n)) {
      return false;
    }
  }
  if (w.length == 0) {
    return false;
  }
  *number = n;
  return true;
}

/* Without the B of KB, or the iB of KiB. */
static struct options_word options_without_bytes(struct options_word w)
{
  bool bytes = w.length > 2 && (w.at[w.length - 1] == 'B' || w.at[w.length - 1] == 'b');
  if (bytes && (w.at[w.length - 2] < '0' || w.at[w.length - 2] > '9')) {
    w.length--;
    if (w.length > 2 && w.at[w.length - 1] == 'i') {
      w.length--;
    }
  }
  return w;
}

static bool options_size(struct options_word w, uint64_t low, uint64_t high, uint64_t *size)
{
  static const char options_units[] = "kKmMgG";
  unsigned shift = 0;
  w = options_without_bytes(w);
  for (unsigned i = 0; w.length > 1 && i < sizeof options_units - 1; i++) {
    if (w.at[w.length - 1] == options_units[i]) {
      shift = 10 * (i / 2 + 1);
    }
  }
  if (shift > 0) {
    w.length--;
  }
  uint64_t n = 0;
  if (!options_number(w, &n) || n > high >> shift || n << shift < low) {
    return false;
  }
  *size = n << shift;
  return true;
}

static bool options_path(struct options_word w, char path[OPTIONS_PATH_BYTES])
{
  if (w.length >= OPTIONS_PATH_BYTES) {
    return false;
  }
  memcpy(path, w.at, w.length);
  path[w.length] = '\0';
  return true;
}

static bool options_mismatch(struct options_word w, enum options_mismatch *mismatch)
{
  if (options_is(w, "allow")) {
    *mismatch = OPTIONS_MISMATCH_ALLOW;
  } else if (options_is(w, "warn")) {
    *mismatch = OPTIONS_MISMATCH_WARN;
  } else if (options_is(w, "abort")) {
    *mismatch = OPTIONS_MISMATCH_ABORT;
  } else {
    return false;
  }
  return true;
}

/* One of two words: the first is no, the second yes. */
static bool options_either(struct options_word w, const char *no, const char *yes, bool *flag)
{
  bool is = options_is(w, yes);
  if (!is && !options_is(w, no)) {
    return false;
  }
  *flag = is;
  return true;
}

/* ---- names ---- */

/* Returns NULL, or what is wrong. */
static const char *options_set(struct options *o, struct options_word name,
                               struct options_word value)
{
  bool good = false;
  bool flag = false;
  uint64_t n = 0;
  if (options_is(name, "stats_at_exit")) {
    good = options_flag(value, &o->stats_at_exit);
  } else if (options_is(name, "report_file")) {
    good = options_path(value, o->report_file);
  } else if (options_is(name, "thread_cache_bytes")) {
    good = options_size(value, OPTIONS_MIN_THREAD_CACHE, OPTIONS_MAX_THREAD_CACHE,
                        &o->thread_cache_bytes);
  } else if (options_is(name, "release_rate")) {
    good = options_number(value, &n) && n <= OPTIONS_MAX_RELEASE_RATE;
    if (good) {
      o->release_rate = (uint32_t)n;
    }
  } else if (options_is(name, "guards")) {
    good = options_flag(value, &o->guards);
  } else if (options_is(name, "sandbox")) {
    good = options_choice(value, &o->sandbox);
  } else if (options_is(name, "kind_mismatch_abort")) {
    good = options_flag(value, &flag);
    if (good) {
      o->kind_mismatch = flag ? OPTIONS_MISMATCH_ABORT : OPTIONS_MISMATCH_WARN;
    }
  } else if (options_is(name, "kind_mismatch")) {
    good = options_mismatch(value, &o->kind_mismatch);
  } else if (options_is(name, "deepbind")) {
    good = options_either(value, "drop", "keep", &o->deepbind_keep);
  } else {
    return "unknown option";
  }
  return good ? NULL : "bad value in";
}

/* A word without the blanks around it. */
static struct options_word options_trimmed(struct options_word w)
{
  while (w.length > 0 && (*w.at == ' ' || *w.at == '\t')) {
    w.at++;
    w.length--;
  }
  while (w.length > 0 && (w.at[w.length - 1] == ' ' || w.at[w.length - 1] == '\t')) {
    w.length--;
  }
  return w;
}

/* What is echoed to a terminal is short, and printable. */
static void options_complain(struct text *complaints, const char *what, struct options_word w)
{
  text_str(complaints, "ashlar: warning: " OPTIONS_VARIABLE ": ");
  text_str(complaints, what);
  text_str(complaints, " '");
  for (size_t i = 0; i < w.length && i < 64; i++) {
    bool printable = w.at[i] >= 0x20 && w.at[i] < 0x7f;
    char shown = '?';
    if (printable) {
      shown = w.at[i];
    }
    text_char(complaints, shown);
  }
  text_str(complaints, w.length > 64 ? "...'\n" : "'\n");
}

void options_default(struct options *o)
{
  *o = (struct options)OPTIONS_DEFAULTS;
}

void options_parse(struct options *o, const char *text, struct text *complaints)
{
  for (;;) {
    size_t length = strcspn(text, ",");
    struct options_word item = options_trimmed((struct options_word){text, length});
    if (item.length > 0) {
      const char *equals = memchr(item.at, '=', item.length);
      const char *wrong = "no value in";
      if (equals != NULL) {
        struct options_word name = {item.at, (size_t)(equals - item.at)};
        struct options_word value = {equals + 1, item.length - name.length - 1};
        wrong = options_set(o, options_trimmed(name), options_trimmed(value));
      }
      if (wrong != NULL) {
        options_complain(complaints, wrong, item);
      }
    }
    if (text[length] == '\0') {
      return;
    }
    text += length + 1;
  }
}

void options_start_with(char *const *environment)
{
  if (options_taken || environment == NULL) {
    return;
  }
  options_taken = true;
  if (getauxval(AT_SECURE) != 0) {
    return;
  }
  /* Not by getenv: it may be the program's own. */
  for (char *const *entry = environment; *entry != NULL; entry++) {
    if (strncmp(*entry, OPTIONS_VARIABLE "=", sizeof OPTIONS_VARIABLE) == 0) {
      char buffer[1024];
      struct text complaints;
      text_start(&complaints, buffer, sizeof buffer);
      options_parse(&options_now, *entry + sizeof OPTIONS_VARIABLE, &complaints);
      standard_error_write(&complaints);
      return;
    }
  }
}

void options_start(void)
{
  options_start_with(environ);
}

const struct options *options(void)
{
  return &options_now;
}
