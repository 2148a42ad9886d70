/* options: the parser of ASHLAR_OPTIONS, and the writers of reports and
 * figures, on any text, any report and buffers of any size.
 *
 * The first byte says which; options and reports are read from the rest. */
#include "library.h"
#include "program.h"

#include "../src/ashlar.h"
#include "../src/options.h"
#include "../tests/support/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
  MOST_BYTES = 4096,
  /* OPTIONS_MIN_THREAD_CACHE .. OPTIONS_MAX_THREAD_CACHE, as the manual has them */
  MOST_COMPLAINT = 1024
};

static char words[MOST_BYTES + 1];

/* What is complained of is short, printable and in whole lines. */
static void options_expect_printable(const struct text *t)
{
  size_t length = text_length(t);
  for (size_t i = 0; i < length; i++) {
    char c = t->start[i];
    MUST((c >= 0x20 && c < 0x7f) || c == '\n');
  }
  MUST(length == 0 || t->cut || t->start[length - 1] == '\n');
}

static void options_run(const uint8_t *input, size_t bytes)
{
  struct options parsed;
  struct options again;
  char room[MOST_COMPLAINT];
  struct text complaints;
  size_t fits = bytes > 0 ? sizeof room - input[0] * 4u : sizeof room;
  memcpy(words, input, bytes);
  words[bytes] = '\0';
  options_default(&parsed);
  text_start(&complaints, room, fits);
  options_parse(&parsed, words, &complaints);
  MUST(text_length(&complaints) <= fits);
  options_expect_printable(&complaints);
  MUST(parsed.thread_cache_bytes >= OPTIONS_MIN_THREAD_CACHE);
  MUST(parsed.thread_cache_bytes <= OPTIONS_MAX_THREAD_CACHE);
  MUST(parsed.release_rate <= OPTIONS_MAX_RELEASE_RATE);
  MUST(memchr(parsed.report_file, '\0', OPTIONS_PATH_BYTES) != NULL);
  /* Twice the same says the same. */
  again = parsed;
  text_start(&complaints, room, sizeof room);
  options_parse(&again, words, &complaints);
  MUST(memcmp(&again, &parsed, sizeof parsed) == 0);
}

static uint64_t options_word(const uint8_t **at, size_t *left)
{
  uint64_t word = 0;
  size_t n = *left < sizeof word ? *left : sizeof word;
  memcpy(&word, *at, n);
  *at += n;
  *left -= n;
  return word;
}

static void options_report(const uint8_t *input, size_t bytes)
{
  static const char *const states[] = {NULL, "live", "cached", "free", "st\"ate\\", "\x01\x7f\xff"};
  struct report r = {.kind = REPORT_DOUBLE_FREE};
  uint64_t flags = options_word(&input, &bytes);
  r.kind = (enum report_kind)(flags % (REPORT_KINDS + 2));
  r.has_slot = flags >> 8 & 1;
  r.has_asked = flags >> 9 & 1;
  r.has_damage = flags >> 10 & 1;
  r.has_given = flags >> 11 & 1;
  r.state = states[flags >> 16 & 3];
  r.operation = states[(flags >> 24) % 6];
  r.allocated_by = states[(flags >> 32) % 6];
  r.damage_byte = (uint8_t)(flags >> 40);
  r.given_alignment = flags >> 18 & 1;
  r.file_error = flags >> 19 & 1 ? EACCES : 0;
  r.program = flags >> 15 & 1 ? states[(flags >> 20) % 6] : NULL;
  r.address = options_word(&input, &bytes);
  r.slot = options_word(&input, &bytes);
  r.slot_bytes = options_word(&input, &bytes);
  r.size_class = (uint32_t)options_word(&input, &bytes);
  r.asked = options_word(&input, &bytes);
  r.damage = options_word(&input, &bytes);
  r.given = options_word(&input, &bytes);
  /* Words as long as there are any: then the text may be cut. */
  memcpy(words, input, bytes);
  words[bytes] = '\0';
  r.detail = flags >> 12 & 1 ? words : NULL;

  char room[REPORT_JSON_BYTES];
  struct text t;
  size_t fits = (flags >> 13 & 1) != 0 ? flags >> 48 & (REPORT_JSON_BYTES - 1) : REPORT_JSON_BYTES;
  text_start(&t, room, fits);
  report_line(&t, &r, flags >> 14 & 1, (int)(flags >> 56));
  MUST(text_length(&t) <= fits && (t.cut || room[text_length(&t) - 1] == '\n'));
  text_start(&t, room, fits);
  report_json(&t, &r, flags >> 14 & 1, (int)(flags >> 56));
  MUST(text_length(&t) <= fits && (t.cut || json_valid(room, text_length(&t))));
  MUST(!t.cut || fits < sizeof room || bytes > 200);
}

static void options_figures(const uint8_t *input, size_t bytes)
{
  char room[2048];
  size_t fits = bytes > 1 ? (input[0] | (size_t)input[1] << 8) % (sizeof room + 1) : 0;
  memset(room, 'x', sizeof room);
  size_t length = ashlar_statistics_json(room, fits);
  MUST(length < sizeof room);
  MUST(fits == 0 || room[length < fits ? length : fits - 1] == '\0');
  MUST(fits == sizeof room || room[fits] == 'x');
  MUST(fits <= length || json_valid(room, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  fuzz_start();
  if (bytes == 0 || bytes > MOST_BYTES) {
    return 0;
  }
  switch (input[0] % 16) {
  case 0:
    options_figures(input + 1, bytes - 1);
    break;
  case 1:
  case 2:
  case 3:
  case 4:
    options_report(input + 1, bytes - 1);
    break;
  default:
    options_run(input + 1, bytes - 1);
    break;
  }
  return 0;
}
