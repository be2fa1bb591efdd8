/*
 * Which artifacts hold a patient: those with rows of the patient's records (tables `origin` and `subject`),
 * and all that was made of these, by the action entries: models that may have learned from them, embeddings,
 * scores, reports.
 *
 *	struct holders *h = holders_find("P7", NULL, lineage);
 *	holders_print(stdout, h, lineage);
 *	holders_free(h);
 */
#ifndef STORE_HOLDERS_H
#define STORE_HOLDERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "store/lineage.h"

struct holder {
	char id[DIGEST_HEX];
	json_t *records; /* the ids of the patient's records; NULL: was made of one that has them */
	int depth;	 /* stages back to the raw data */
};

struct holders {
	struct holder *list; /* what others were made of stands before these */
	size_t n, n_rows;    /* in all; with rows */
	json_t *ids;	     /* the same as members */
	size_t n_damaged;    /* objects that could not be read, and may hold the patient too */
};

/* patient: the text that the dataset has. within: only this artifact and what was made of it (NULL: all);
 * what was made includes objects that are gone. Damaged objects are named on stderr. */
struct holders *holders_find(const char *patient, const char *within, const struct lineage *l);
void holders_free(struct holders *h);

bool holders_has(const struct holders *h, const char *id);

/* A line per artifact that is in the store. */
void holders_print(FILE *out, const struct holders *h, const struct lineage *l);

#endif
