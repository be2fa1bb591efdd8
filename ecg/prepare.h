/*
 * From one raw record to the signal that the model is given: the twelve leads by name, checked
 * (ecg/quality.h), in mV, cut to one length, at one rate (ecg/resample.h), band-passed without delay
 * (ecg/filter.h), normalised.
 *
 *	struct prepare *p = prepare_open(&settings, &e);
 *	if (prepare_run(p, signal, scale, header, bytes, n_bytes, &e) < 0)
 *		... e: why this record is of no use ...
 *	prepare_close(p);
 */
#ifndef ECG_PREPARE_H
#define ECG_PREPARE_H

#include <jansson.h>
#include <stddef.h>

#include "common/error.h"
#include "ecg/quality.h"

enum prepare_normalize {
	PREPARE_NONE,	    /* mV */
	PREPARE_PER_LEAD,   /* each lead to mean 0 and standard deviation 1 */
	PREPARE_PER_RECORD, /* each lead to mean 0, then all by one factor to mean square 1: leads keep their
			       ratios */
};

struct prepare_settings {
	int rate_hz;
	double duration_s; /* from the record's start; what is longer is cut, what is shorter is refused */
	double high_pass_hz, low_pass_hz; /* 0: none */
	int filter_order;		  /* 2, 4, 6 or 8 */
	enum prepare_normalize normalize;
	struct quality_limits limits;
};

struct prepare;

/* NULL with e filled if the settings make no filter or no sample. */
struct prepare *prepare_open(const struct prepare_settings *s, struct error *e);
void prepare_close(struct prepare *p);

/* Samples per lead of every prepared record. */
int prepare_samples(const struct prepare *p);

/* header and bytes as in tables `header` and `signal` of a `records` artifact (ecg/record.h).
 * signal [LEADS][prepare_samples] float32, scale [LEADS] natural logarithm of the standard deviation in mV
 * after filtering and before normalising. 0, or -1 with e naming the lead and the reason. Several threads may
 * share p. */
int prepare_run(struct prepare *p, float *signal, float *scale, const json_t *header, const void *bytes,
		size_t n_bytes, struct error *e);

#endif
