/*
 * A dataset of WFDB records with its tables, read record by record from a folder or a zip file: PTB-XL, or
 * any other whose records a CSV lists. Every file that is used is held against the dataset's SHA256SUMS.txt.
 *
 *	struct dataset *d = dataset_open("ptb-xl.zip", &options, &e);
 *	for (size_t i = 0; i < dataset_catalog(d)->n; i++)
 *		dataset_read(d, &record, i, &e);
 *	dataset_close(d);
 */
#ifndef ECG_DATASET_H
#define ECG_DATASET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "ecg/catalog.h"
#include "ecg/listing.h"
#include "ecg/record.h"

#define DATASET_HEX 65

struct dataset_options {
	const struct listing *listing;	     /* NULL: PTB-XL */
	int rate_hz;			     /* PTB-XL: 100 or 500, which of its files; others: unused */
	size_t limit;			     /* the first so many records; 0: all */
	const char *scratch;		     /* folder for a zip's scratch file */
	const volatile bool *is_interrupted; /* once set, dataset_open ends early; NULL: never */
	/* SHA-256 of bytes as lower-case hex */
	void (*sha256)(char hex[DATASET_HEX], const void *bytes, size_t n_bytes);
};

/* A file that was read, and its SHA-256. */
struct dataset_file {
	char *name;
	char hex[DATASET_HEX];
};

struct dataset;

/* Read the tables; from a zip, also pick the chosen records' files. NULL with e filled. All of options is
 * borrowed until dataset_close. PTB-XL must have a SHA256SUMS.txt; of others one that is there is used. */
struct dataset *dataset_open(const char *place, const struct dataset_options *options, struct error *e);
void dataset_close(struct dataset *d);

/* Its records in ascending order; borrowed. */
const struct catalog *dataset_catalog(const struct dataset *d);

/* Record i of the catalogue: 0 (release it with record_release); 1 with e filled if the record's own content
 * is wrong; -1 with e filled if a file is missing or is not what SHA256SUMS.txt says, after which nothing of
 * the dataset can be trusted. */
int dataset_read(struct dataset *d, struct record *r, size_t i, struct error *e);

/* The files read so far, ascending, each once; borrowed until the next call. */
const struct dataset_file *dataset_used(struct dataset *d, size_t *n);

/* Name of the file that marks the root of such a dataset (ecg/source.h). */
const char *dataset_marker(const struct listing *listing);

#endif
