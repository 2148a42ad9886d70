/* text: strings built in a buffer of the caller's.
 *
 * Owns nothing, allocates nothing, takes no lock; a struct text is its
 * caller's alone.  Invariant: start <= at, and at + left is the buffer's end.
 * What does not fit is left out and noted in cut; nothing is terminated by a
 * zero byte.
 */
#ifndef ASHLAR_TEXT_H
#define ASHLAR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
  char *start;
  char *at;    /* where the next character goes */
  size_t left; /* characters that still fit */
  bool cut;    /* some did not */
};

/* Begins an empty text in a buffer of so many bytes. */
void text_start(struct text *t, char *buffer, size_t bytes);

/* The characters of a text so far. */
size_t text_length(const struct text *t);

/* Appends a character. */
void text_char(struct text *t, char c);

/* Appends a string, as far as it fits; NULL is the empty one. */
void text_str(struct text *t, const char *s);

/* Appends a number, in decimal. */
void text_dec(struct text *t, uint64_t n);

/* Appends an address: 0x, then hexadecimal, without leading zeros. */
void text_hex(struct text *t, uintptr_t a);

/* Appends a string of JSON, with its quotes: plain ASCII whatever is in it.
 * A byte above 0x7e becomes \u00XX. */
void text_json_str(struct text *t, const char *s);

/* Writes a text to a file descriptor.
 * Returns 0 if all of it was written; else the error's number.
 * Keeps errno; raises no SIGPIPE; is no cancellation point. */
int text_write(int fd, const struct text *t);

#endif
