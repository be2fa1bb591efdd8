/*
 * From one raw record to the signal that the model is given: the twelve leads by name (ecg/raw.h), checked
 * (ecg/quality.h), in mV, cut to one length, at one rate (ecg/resample.h), band-passed without delay
 * (ecg/filter.h), normalised. A lead that is absent or of no use ends the record, or is masked.
 *
 *	struct prepare *p = prepare_open(&settings, &e);
 *	if (prepare_run(p, signal, scale, &result, header, bytes, n_bytes, 0, &e) < 0)
 *		... e: why this record is of no use ...
 *	prepare_close(p);
 */
#ifndef ECG_PREPARE_H
#define ECG_PREPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/lead.h"
#include "ecg/quality.h"

enum prepare_normalize {
	PREPARE_NONE,	    /* mV */
	PREPARE_PER_LEAD,   /* each lead to mean 0 and standard deviation 1 */
	PREPARE_PER_RECORD, /* each lead to mean 0, then all by one factor to mean square 1: leads keep their
			       ratios */
};

struct prepare_settings {
	int rate_hz;
	double duration_s;		  /* of a window; a shorter record is refused */
	double high_pass_hz, low_pass_hz; /* 0: none */
	int filter_order;		  /* 2, 4, 6 or 8 */
	enum prepare_normalize normalize;
	struct quality_limits limits;
	bool masks_absent, masks_bad; /* leads that are not there, or of no use: 0 in keep, else an error */
	double bridge_ms;	      /* gaps of missing samples up to this long are bridged (ecg/gap.h) */
	double least_mv,
		most_mv; /* of a lead's standard deviation: beyond, the unit of the record is wrong */
};

struct prepare_result {
	uint8_t keep[LEADS]; /* 1: the lead is there; one is at least */
	bool is_cut;	     /* the record goes on behind this window */
	long n_bridged;	     /* samples of all leads */
};

struct prepare;

/* NULL with e filled if the settings make no filter or no sample. */
struct prepare *prepare_open(const struct prepare_settings *s, struct error *e);
void prepare_close(struct prepare *p);

/* Samples per lead of every prepared record. */
int prepare_samples(const struct prepare *p);

/* How many windows a record has, 1 at least: each starts where the one before ends. */
int prepare_windows(const struct prepare *p, const json_t *header);

/* header and bytes as in tables `header` and `signal` of a `records` artifact (ecg/record.h); window: which
 * one, from 0. signal [LEADS][prepare_samples] float32, scale [LEADS] natural logarithm of the standard
 * deviation in mV after filtering and before normalising; of a lead that is masked 0 and the mean of the
 * other leads' logarithms. 0, or -1 with e naming the lead and the reason. Several threads may share p. */
int prepare_run(struct prepare *p, float *signal, float *scale, struct prepare_result *result,
		const json_t *header, const void *bytes, size_t n_bytes, int window, struct error *e);

#endif
