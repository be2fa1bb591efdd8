/*
 * A scalar of a params file, by the type that was declared for it: text in, JSON out, nothing guessed.
 *
 *	json_t *v = scalar_value(PARAM_FLOAT, "1e-1", false);        // 0.1, in every locale
 *
 * Numbers follow JSON's grammar: no 0x10, 010, 1_000, +5, .5, 1e400 or nan. Integers stay within 2^53. "true"
 * and "false" are the only booleans. Nothing, ~ and null are no value of any type unless quoted.
 */
#ifndef COMMON_SCALAR_H
#define COMMON_SCALAR_H

#include <jansson.h>
#include <stdbool.h>

#include "common/params.h"

/* is_quoted: it stood in quotes, so it can only be text. A PARAM_LIST is "[a, 'b c']". New reference, or NULL
 * if the text is no value of this type. */
json_t *scalar_value(enum param_type type, const char *text, bool is_quoted);

#endif
