/* Numbers as tables write them: decimal, locale-free, "15709.0" for an integer that went through a float. */
#ifndef ECG_FIELD_H
#define ECG_FIELD_H

#include <stdbool.h>

#include <jansson.h>
#include <stdint.h>

/* A whole number 0..2^53, "17" or "17.0"; 0, or -1 if text is anything else. */
int field_integer(const char *text, uint64_t *x);
/* A finite decimal number ("56.0", "-1.5e2"); 0, or -1 if text is anything else. */
int field_number(const char *text, double *x);
/* As JSON: integral values as integers. New reference. */
json_t *field_json(double x);

/* Cut white space off both ends, in place: blanks, line ends, tabs, no-break spaces. Returns where the text
 * now begins. */
char *field_trim(char *text);

/* Nothing, or a word that says so in tables of others: NaN, NA, N/A, null, none, unknown, ?, -. Any case. */
bool field_is_unknown(const char *text);

#endif
