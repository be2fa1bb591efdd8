/*
 * Keys and values of artifacts as short texts for people: messages and listings. The store does not know what
 * a table holds, so a value is guessed: text if all is printable, else float32 if all looks like measured
 * numbers, else int16, else hex.
 */
#ifndef STORE_PREVIEW_H
#define STORE_PREVIEW_H

#include <stddef.h>

enum preview_type { PREVIEW_TEXT, PREVIEW_FLOAT32, PREVIEW_INT16, PREVIEW_BYTES };

enum preview_type preview_guess(const void *value, size_t n_bytes);
/* Of one number or byte. */
size_t preview_bytes(enum preview_type type);
/* Number i of a value. */
void preview_number(char out[32], const void *value, enum preview_type type, size_t i);

/* 'text', a record's number (8 bytes), number:part (9 to 16 bytes) or hex; yours to free. */
char *preview_key(const void *key, size_t n_bytes);

/* The beginning of a value in at most about max characters, with its type and how many there
 * are; yours to free. */
char *preview_value(const void *value, size_t n_bytes, size_t max);

/* Where two values first differ, as "byte 12" or "float32 3: 0.1 -> 0.2"; yours to free. */
char *preview_difference(const void *a, size_t a_bytes, const void *b, size_t b_bytes);

#endif
