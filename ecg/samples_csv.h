/*
 * Samples as a CSV file (ecg/csv.h): a first row of names, of which those of leads are taken, then a row per
 * sample. A field that says it is unknown (ecg/field.h) is no sample.
 *
 *	if (samples_csv_read(&record, "r.csv", bytes, n_bytes, &choice, &e) < 0) ...
 */
#ifndef ECG_SAMPLES_CSV_H
#define ECG_SAMPLES_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/recording.h"

/* Bytes may be hostile. 0, or -1 with e filled at `file`. */
int samples_csv_read(struct record *r, const char *file, const uint8_t *bytes, size_t n_bytes,
		     const struct recording_choice *c, struct error *e);

#endif
