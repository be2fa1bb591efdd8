/*
 * Values of artifacts as texts for people who know which table they come from: a label decoded, the names of
 * records, numbers whole.
 *
 *	char *key = value_key(a, c->key, c->key_bytes);       // "JS00017", "17:2", "'conv1.weight'"
 *	char *text = value_text(a, "label", c->key, value, 80);// "fold 3, NORM MI, 56 years, male, ..."
 *	value_print(stdout, a, "probability", key, value);    // a number a line
 */
#ifndef STORE_VALUE_H
#define STORE_VALUE_H

#include <stdio.h>

#include "store/artifact.h"

enum { VALUE_KEY = 511 }; /* bytes of the longest key */

/* A record by its id (store/origin.h), anything else as preview_key has it. Yours to free. */
char *value_key(const struct artifact *a, const void *key, size_t key_bytes);

/* At most about max characters; yours to free. */
char *value_text(const struct artifact *a, const char *table, const void *key, struct artifact_value v,
		 size_t max);

/* Where two values under one key first differ (store/preview.h); of labels both. Yours to free. */
char *value_difference(const struct artifact *a, const struct artifact *b, const char *table, const void *key,
		       struct artifact_value x, struct artifact_value y);

/* The whole value: JSON and text as it is, a label as value_text has it, numbers one a line, float32 in the
 * shortest form that reads back; what is neither, bytes in hex. Ends in a line end. */
void value_print(FILE *out, const struct artifact *a, const char *table, const void *key,
		 struct artifact_value v);

/* The record that name stands for in this table: a text key, a record's id or number, either of these with
 * ":PART". key gets the bytes it is stored under. 0, or -1 with e filled. */
int value_find(struct artifact_value *v, uint8_t key[VALUE_KEY], size_t *key_bytes, const struct artifact *a,
	       const char *table, const char *name, struct error *e);

#endif
