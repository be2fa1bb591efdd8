/*
 * Any WFDB database with a CSV file that lists its records: one row per record, columns named by the user.
 *
 *	struct listing l = {.csv = "labels.csv", .path = "file", .patient = "subject", .labels = labels,
 *			    .n_labels = 1};
 *	listing_records(&l, &catalog, reader, &e);
 *
 * One label column holds class names ("AF", or several as "AF;LBBB"; empty: no label); with several label
 * columns each is a class, and its fields are 0 or 1, true or false, yes or no (empty: 0). Classes of one
 * column are numbered in the order of their names, columns in the order given. White space around a field is
 * no part of it.
 */
#ifndef ECG_LISTING_H
#define ECG_LISTING_H

#include <stdbool.h>

#include "ecg/catalog.h"
#include "ecg/reader.h"

struct listing {
	const char *csv; /* name of the file inside the dataset */
	const char
		*path; /* column: the record, with or without .hea, .dat or .mat, from the CSV's folder on */
	/* Columns that may be missing (""): */
	const char *id;	     /* any text (ecg/catalog.h); without it the record's path is its id */
	const char *patient; /* any text; without it every record is its own patient, called by its id */
	const char *fold;    /* 1..10; without it drawn (ecg/folds.h) */
	const char *age;     /* ecg/person.h */
	const char *sex;
	const char *const *labels;
	size_t n_labels;
	/* Characters between names in one label column. NULL: ';' and '|', and ',' between numbers; a comma
	 * between names is refused, for it may be part of one. */
	const char *separators;
	bool may_repeat; /* a record may stand in several rows: without ids the second is PATH#2, ... */
	bool may_split;	 /* a patient may be in several folds */
	bool is_hashed;	 /* folds that are drawn come from the patient's name alone (listing_fold) */
};

/* Add all rows; sets c->classes. 0, or -1 with e filled. */
int listing_records(const struct listing *l, struct catalog *c, struct reader reader, struct error *e);

/* The fold 1..10 of a patient, whoever else is in the dataset: by the name's hash (ecg/identifier.h). */
int listing_fold(const char *patient);

#endif
