/*
 * JSON: jansson's values, read strictly and written canonically (RFC 8785: members sorted by UTF-16 code
 * units, no white space, ECMAScript's shortest numbers). Equal values give equal bytes, so the bytes can be
 * hashed.
 *
 *	json_t *v = json_read(text, n, "header of record 17", &e);      // NULL: e says file, line and column
 *	char *s = json_canonical(v, &n);                                // yours to free
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Parse exactly one value. Duplicate members, NUL bytes, invalid UTF-8, NaN, depth over 64, trailing text and
 * integers beyond 2^53 that are not what a double is written as are errors. name stands for the file in
 * messages. Returns a new reference, or NULL with e filled. */
json_t *json_read(const char *text, size_t n_bytes, const char *name, struct error *e);

/* Canonical bytes, NUL-terminated, yours to free; *n_bytes (may be NULL) without the NUL. Integers beyond
 * 2^53 and non-finite numbers are a BUG: store them as strings. */
char *json_canonical(const json_t *value, size_t *n_bytes);

/* Whether both have the same canonical bytes: 100 and 100.0 are alike. NULL is like nothing. */
bool json_alike(const json_t *a, const json_t *b);

/* Append a value that the list does not hold yet; false: it does, or there is none (NULL, null). Takes no
 * reference. */
bool json_append_once(json_t *list, const json_t *value);

/* The text of a member; "" if it is absent, or no text. Borrowed from object, which may be NULL. */
const char *json_text(const json_t *object, const char *name);

/* The number of a member; 0 if it is absent, or no number. */
double json_number(const json_t *object, const char *name);

/* The shortest decimal text that reads back as this double, in ECMAScript's form (RFC 8785, 3.2.2.3). */
void json_number_text(char out[32], double x);

/* The same for float32: the shortest text that reads back as this float ("0.1", not "0.10000000149011612").
 */
void json_float_text(char out[32], float x);

#endif
