/* json: whether a text is JSON, and what stands under a name of its outermost
 * object; for the tests of what Ashlar writes for machines. */
#ifndef ASHLAR_TESTS_JSON_H
#define ASHLAR_TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the first length bytes are one JSON value, and white space. */
bool json_valid(const char *text, size_t length);

/* Finds `"name":` in a valid object without objects inside.
 * Returns where the value begins, or NULL. */
const char *json_value(const char *text, const char *name);

/* Whether the value of a name begins with a text. */
bool json_says(const char *text, const char *name, const char *value);

#endif
