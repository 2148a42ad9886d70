/* What report_file gets: one line of JSON a report, that says what the line on
 * standard error says. */
#include "run.h"

#include "../../src/ashlar.h"
#include "../support/harness.h"
#include "../support/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  FILE_BYTES = 8192
};

void *_Znwm(size_t size);

static char content[FILE_BYTES];

static const char *read_file(const char *name)
{
  FILE *file = fopen(name, "r");
  CHECK(file != NULL, "no %s", name);
  size_t n = fread(content, 1, sizeof content - 1, file);
  content[n] = '\0';
  fclose(file);
  unlink(name);
  return content;
}

static void twice(size_t size)
{
  void *block = ashlar_malloc(size);
  ashlar_free(block);
  misuse_at(block);
  ashlar_free(block);
}

static void past_the_end(size_t size)
{
  unsigned char *block = ashlar_malloc(size);
  misuse_at(block);
  *misuse_end(block) = 7;
  ashlar_free(block);
}

static void of_the_stack(size_t size)
{
  _Alignas(16) unsigned char here[16];
  memset(here, (int)size, sizeof here);
  misuse_at(here);
  ashlar_free(here);
}

static void thrice_of_another_family(size_t size)
{
  for (int i = 0; i < 3; i++) {
    void *block = _Znwm(size);
    if (i == 0) {
      misuse_at(block);
    }
    ashlar_free(block);
  }
}

static const char *file_after(struct misuse misuse, const char *more)
{
  const char *name = misuse_file();
  char options[200];
  snprintf(options, sizeof options, "report_file=%s%s", name, more);
  misuse.options = options;
  misuse_run(&misuse);
  return read_file(name);
}

static void expect(const char *text, const char *name, const char *value)
{
  CHECK(json_says(text, name, value), "%s is not %s in %s", name, value, text);
}

Test(file, double_free)
{
  const char *text =
      file_after((struct misuse){twice, SMALL, EMPTY, "double free", 0, 0, 0, 0, false}, "");
  CHECK(json_valid(text, strlen(text)), "%s", text);
  expect(text, "kind", "\"double free\"");
  expect(text, "fatal", "true");
  expect(text, "address", "\"0x");
  expect(text, "slot_bytes", "48");
  expect(text, "asked", "null");
  expect(text, "state", "\"cached\"");
  expect(text, "operation", "\"free\"");
  const char *pid = json_value(text, "pid");
  CHECK(pid != NULL && atoi(pid) > 1 && atoi(pid) != getpid(), "%s", text);
  CHECK(json_value(text, "program") != NULL && json_value(text, "time") != NULL, "%s", text);
  const char *thread = json_value(text, "thread");
  CHECK(thread != NULL && atoi(thread) > 1, "%s", text);
}

Test(file, overflow)
{
  const char *text =
      file_after((struct misuse){past_the_end, SMALL, THREADS, "overflow", 0, 0, 0, 0, false}, "");
  CHECK(json_valid(text, strlen(text)), "%s", text);
  expect(text, "kind", "\"overflow\"");
  expect(text, "asked", "40");
  expect(text, "state", "\"live\"");
  CHECK(strstr(text, "0x7 instead of 0") != NULL, "%s", text);
}

Test(file, overflow_of_large)
{
  const char *text = file_after(
      (struct misuse){past_the_end, LARGE, POPULATED, "overflow", 0, 0, 0, 0, false}, "");
  CHECK(json_valid(text, strlen(text)), "%s", text);
  expect(text, "asked", "1000003");
}

Test(file, stack)
{
  const char *text = file_after(
      (struct misuse){of_the_stack, SMALL, EMPTY, "invalid pointer", 0, 0, 0, 0, false}, "");
  CHECK(json_valid(text, strlen(text)), "%s", text);
  expect(text, "slot", "null");
  expect(text, "slot_bytes", "null");
  expect(text, "state", "null");
}

/* Appended, a line each; of mismatches the first. */
Test(file, warnings)
{
  char *text = (char *)file_after(
      (struct misuse){thrice_of_another_family, SMALL, EMPTY, "kind mismatch", 0, 0, 0, 1, false},
      "");
  int lines = 0;
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    CHECK(json_valid(line, strlen(line)), "%s", line);
    expect(line, "kind", "\"kind mismatch\"");
    expect(line, "fatal", "false");
    lines++;
  }
  CHECK(lines == 1, "%d lines", lines);
}

/* A file that cannot be written is named in the line, and changes nothing else. */
Test(file, none)
{
  misuse_run(&(struct misuse){twice, SMALL, EMPTY, "double free", NULL,
                              "freed before, still cached, report_file could not be written (No "
                              "such file or directory)\n",
                              "report_file=/nonexistent/directory/file", 0, false});
}
