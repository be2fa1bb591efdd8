/*
 * What a dataset's tables say of its records, before any signal is read: id, place of the header file, and
 * the subject as JSON (patient, age, sex, fold, codes or classes; unknown members absent). Filled by
 * ecg/ptbxl.h and ecg/listing.h. Memory: 24 bytes a record and the two texts.
 */
#ifndef ECG_CATALOG_H
#define ECG_CATALOG_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/texts.h"

#define CATALOG_MAX 10000000 /* most records */

struct catalog_record {
	uint64_t id;
	const char *path;    /* of the record inside the dataset, without ".hea" */
	const char *subject; /* canonical JSON (common/json.h) */
};

struct catalog {
	struct catalog_record *records; /* ascending, distinct ids once finished */
	size_t n, max;
	struct texts texts; /* the records' paths and subjects */
	json_t *classes;    /* array of names */
	json_t *statements; /* ecg/statements.h; NULL: the dataset has none */
};

void catalog_init(struct catalog *c);
void catalog_release(struct catalog *c);

/* Append a record; path is copied, subject's reference is stolen. A path that leaves the dataset is an error
 * at file:line. */
int catalog_add(struct catalog *c, uint64_t id, const char *path, json_t *subject, const char *file,
		long line, struct error *e);

/* Sort, refuse ids that stand twice and empty catalogues, keep the first `limit` records (0: all). */
int catalog_finish(struct catalog *c, size_t limit, const char *file, struct error *e);

#endif
