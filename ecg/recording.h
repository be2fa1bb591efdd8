/*
 * A recording of a dataset in whichever form it has, by the end of its file's name: .edf, .csv, .npy, and
 * everything else WFDB (ecg/wfdb_record.h).
 *
 *	int result = recording_read(&record, files, "ecgs/17.edf", &choice, &e);
 */
#ifndef ECG_RECORDING_H
#define ECG_RECORDING_H

#include <stddef.h>

#include "common/error.h"
#include "ecg/files.h"
#include "ecg/record.h"

/* What CSV and .npy files do not say of themselves. */
struct recording_choice {
	double rate_hz; /* 0: not said, then they cannot be read */
	const char *unit;
	const char *const *leads; /* of an array, in its order; names that are no lead are left out */
	size_t n_leads;
	double wfdb_rate_hz; /* that WFDB records must have; 0: any */
};

/* 0; 1 with e filled if the recording's own content is wrong; -1 with e filled if a file is missing or is not
 * what SHA256SUMS.txt says, or is of a kind that is not read. */
int recording_read(struct record *r, struct files *f, const char *path, const struct recording_choice *c,
		   struct error *e);

#endif
