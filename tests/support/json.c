/* json: by recursive descent over RFC 8259's grammar. */
#include "json.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct json {
  const char *at, *end;
};

static bool json_any(struct json *j);

static void json_space(struct json *j)
{
  while (j->at < j->end && strchr(" \t\r\n", *j->at) != NULL) {
    j->at++;
  }
}

static bool json_char(struct json *j, char c)
{
  if (j->at < j->end && *j->at == c) {
    j->at++;
    return true;
  }
  return false;
}

static bool json_word(struct json *j, const char *word)
{
  size_t n = strlen(word);
  if ((size_t)(j->end - j->at) < n || memcmp(j->at, word, n) != 0) {
    return false;
  }
  j->at += n;
  return true;
}

static bool json_escape(struct json *j)
{
  if (!json_char(j, 'u')) {
    return j->at < j->end && strchr("\"\\/bfnrt", *j->at++) != NULL;
  }
  for (int i = 0; i < 4; i++) {
    if (j->at == j->end || !isxdigit((unsigned char)*j->at++)) {
      return false;
    }
  }
  return true;
}

static bool json_string(struct json *j)
{
  if (!json_char(j, '"')) {
    return false;
  }
  while (j->at < j->end && *j->at != '"') {
    unsigned char c = (unsigned char)*j->at++;
    if (c < ' ' || (c == '\\' && !json_escape(j))) {
      return false;
    }
  }
  return json_char(j, '"');
}

static bool json_digits(struct json *j)
{
  const char *from = j->at;
  while (j->at < j->end && isdigit((unsigned char)*j->at)) {
    j->at++;
  }
  return j->at > from;
}

static bool json_number(struct json *j)
{
  json_char(j, '-');
  if (!json_char(j, '0') && !json_digits(j)) {
    return false;
  }
  if (json_char(j, '.') && !json_digits(j)) {
    return false;
  }
  if (json_char(j, 'e') || json_char(j, 'E')) {
    (void)(json_char(j, '+') || json_char(j, '-'));
    return json_digits(j);
  }
  return true;
}

static bool json_members(struct json *j, char close, bool named)
{
  json_space(j);
  if (json_char(j, close)) {
    return true;
  }
  do {
    json_space(j);
    if (named) {
      if (!json_string(j)) {
        return false;
      }
      json_space(j);
      if (!json_char(j, ':')) {
        return false;
      }
    }
    if (!json_any(j)) {
      return false;
    }
  } while (json_char(j, ','));
  return json_char(j, close);
}

static bool json_any(struct json *j)
{
  json_space(j);
  bool good;
  if (json_char(j, '{')) {
    good = json_members(j, '}', true);
  } else if (json_char(j, '[')) {
    good = json_members(j, ']', false);
  } else if (j->at < j->end && *j->at == '"') {
    good = json_string(j);
  } else {
    good = json_word(j, "true") || json_word(j, "false") || json_word(j, "null") || json_number(j);
  }
  json_space(j);
  return good;
}

bool json_valid(const char *text, size_t length)
{
  struct json j = {text, text + length};
  return json_any(&j) && j.at == j.end;
}

const char *json_value(const char *text, const char *name)
{
  char quoted[64];
  int n = snprintf(quoted, sizeof quoted, "\"%s\":", name);
  const char *found = strstr(text, quoted);
  if (found == NULL) {
    return NULL;
  }
  found += n;
  return found + strspn(found, " ");
}

bool json_says(const char *text, const char *name, const char *value)
{
  const char *found = json_value(text, name);
  return found != NULL && strncmp(found, value, strlen(value)) == 0;
}
