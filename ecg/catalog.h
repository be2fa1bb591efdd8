/*
 * What a dataset's tables say of its records, before any signal is read: id, place of the header file, and
 * the subject as JSON (id, path, patient, age, sex, fold, codes or classes; unknown members absent). Filled
 * by ecg/ptbxl.h and ecg/listing.h. Memory: 40 bytes a record and its texts.
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
	uint64_t id;	     /* key of name (ecg/identifier.h) */
	const char *name;    /* as the dataset calls it, or its path */
	const char *path;    /* of the record inside the dataset, without ".hea" */
	const char *subject; /* canonical JSON (common/json.h) */
	long line;	     /* of the table it stands in */
};

struct catalog {
	struct catalog_record *records; /* ascending, distinct ids once finished */
	size_t n, max;
	size_t n_more;	    /* that catalog_finish did not keep */
	struct texts texts; /* the records' names, paths and subjects */
	json_t *classes;    /* array of names */
	json_t *statements; /* ecg/statements.h; NULL: the dataset has none */
};

void catalog_init(struct catalog *c);
void catalog_release(struct catalog *c);

enum { CATALOG_NAME_BYTES = 200 }; /* of the longest name that is not a path */

/* Append a record called name; texts are copied, subject's reference is stolen and gets members "id" and
 * "path". A name that cannot be printed or is too long, and a path that leaves the dataset or is not UTF-8,
 * is an error at file:line. */
int catalog_add(struct catalog *c, const char *name, const char *path, json_t *subject, const char *file,
		long line, struct error *e);

/* Say something else of record i. Steals subject. */
void catalog_replace(struct catalog *c, size_t i, json_t *subject);

/* Sort by key; refuse names that stand twice, or share a key, and empty catalogues; keep the first `limit`
 * records (0: all). */
int catalog_finish(struct catalog *c, size_t limit, const char *file, struct error *e);

#endif
