/*
 * Why a stage would run: the fields in which its action differs from the one of its last run.
 */
#ifndef STORE_EXPLAIN_H
#define STORE_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

/* Print one line per differing field, "<prefix>params.temperature 0.1 -> 0.2"; ids and digests are cut to 12
 * digits. Returns how many. Either may be NULL (everything differs). */
int explain_difference(FILE *out, const char *prefix, const json_t *before, const json_t *now);

#endif
