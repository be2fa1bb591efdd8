/*
 * A dataset of WFDB records with its tables (ecg/layout.h), read record by record from a folder or a zip
 * file. Every file that is used is held against the dataset's SHA256SUMS.txt.
 *
 *	struct dataset *d = dataset_open("ptb-xl.zip", &options, &e);
 *	for (size_t i = 0; i < dataset_catalog(d)->n; i++) // or several threads at once
 *		dataset_read(d, &record, i, &e);
 *	dataset_close(d);
 */
#ifndef ECG_DATASET_H
#define ECG_DATASET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "ecg/catalog.h"
#include "ecg/files.h"
#include "ecg/layout.h"
#include "ecg/record.h"
#include "ecg/sums.h"

struct dataset_options {
	struct layout_choice choice;
	size_t limit; /* the first so many records; 0: all */
	struct files_sha256 sha256;
};

struct dataset;

/* Read the tables. NULL with e filled. All of options is
 * borrowed until dataset_close. */
struct dataset *dataset_open(const char *place, const struct dataset_options *options, struct error *e);
void dataset_close(struct dataset *d);

/* Its records in ascending order; borrowed. */
const struct catalog *dataset_catalog(const struct dataset *d);

/* Record i of the catalogue: 0 (release it with record_release); 1 with e filled if the record's own content
 * is wrong; -1 with e filled if a file is missing or is not what SHA256SUMS.txt says, after which nothing of
 * the dataset can be trusted. */
int dataset_read(struct dataset *d, struct record *r, size_t i, struct error *e);

/* Give the files read so far, ascending, each once, with their SHA-256 to see() (borrowed for the call). */
void dataset_used(struct dataset *d, void (*see)(void *context, const char *name, const char hex[SUMS_HEX]),
		  void *context);

#endif
