/*
 * Samples in a unit of voltage, of leads that are named one by one, on their way to a record: what CSV files
 * and arrays have in common. Numbers with a fraction become int32 steps of one nanovolt.
 *
 *	struct volts v;
 *	if (volts_open(&v, names, n_names, &choice, false, "r.csv", &e) < 0) ...
 *	volts_step(&x[t * v.s.n + k], &v, value, k, "r.csv", &e);     // of column v.column[k]
 *	volts_make(&record, &v, x, n_samples);
 *	volts_close(&v);
 */
#ifndef ECG_VOLTS_H
#define ECG_VOLTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/record.h"
#include "ecg/recording.h"

struct volts {
	struct record_samples s;
	int column[LEADS]; /* of each lead among the names */
	double steps;	   /* of a value in the unit: 1 for whole numbers */
};

/* Which of the names are leads; is_whole: values are steps as they are. 0, or -1 with e filled at `file` if
 * none is, one stands twice, or the choice lacks rate or unit; then there is nothing to close. */
int volts_open(struct volts *v, const char *const *names, size_t n_names, const struct recording_choice *c,
	       bool is_whole, const char *file, struct error *e);
/* NaN: no sample. -1 with e filled if the value is no voltage that fits. k: of v->s.leads, for the message.
 */
int volts_step(int32_t *x, const struct volts *v, double value, int k, const char *file, struct error *e);
void volts_make(struct record *r, struct volts *v, const int32_t *x, long n_samples);
void volts_close(struct volts *v);

#endif
