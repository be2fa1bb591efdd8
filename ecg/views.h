/*
 * Two views of one record: which part of its signal each view is cut from, at random for training
 * (ecg/augment.h) or at fixed places for embedding (views_fixed).
 *
 *	halves       Two segments that do not overlap, with a random start inside the slack.
 *	interleaved  Even and odd samples, low-passed first so that halving the rate does not alias.
 *	sequential   Both views are the whole record; they differ by augmentation alone.
 *
 *	float x[12 * n];                                // n = views_input_samples(&v)
 *	views_fixed(&v, x, signal, view);
 *
 * A signal is float32 [12][samples], lead after lead, as an artifact has it: it need not be aligned, and is
 * only read.
 */
#ifndef ECG_VIEWS_H
#define ECG_VIEWS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"

#define VIEWS_MAX_SAMPLES 16384 /* of a record */

enum views_strategy { VIEWS_HALVES, VIEWS_INTERLEAVED, VIEWS_SEQUENTIAL };

struct views {
	enum views_strategy strategy;
	double rate_hz;	      /* of a record */
	int samples;	      /* of a record, at most VIEWS_MAX_SAMPLES */
	int segment;	      /* samples of a segment, halves only: a multiple of 10, 2*segment <= samples */
	bool is_antialiased;  /* interleaved: low-pass before splitting */
	bool is_standardized; /* each view to mean 0 and deviation 1 per lead after cutting (the poster's
				 choice) */
};

/* Check the members against each other: 0, or -1 with e saying which parameter to change. */
int views_check(const struct views *v, struct error *e);

const char *views_strategy_name(const struct views *v); /* as in params: "halves" */
int views_input_samples(const struct views *v);		/* T of the model's input: a multiple of 10 */
double views_input_rate(const struct views *v);		/* Hz of the model's input */
int views_n_fixed(const struct views *v); /* un-augmented views of a record: 2, or 1 for sequential */

/* x [input_samples]: what a view has of one lead, from sample `start` on (interleaved: always all of it).
 * view: 0 or 1, which tells apart those of interleaved. */
void views_lead(const struct views *v, float *x, const void *signal, int lead, int view, int start);

/* Un-augmented view of a record: x [12][input_samples]. Halves: the first and the last segment. */
void views_fixed(const struct views *v, float *x, const void *signal, int view);

/* x [n] to mean 0 and deviation 1 (two passes, floor 1e-6 on the deviation). */
void views_standardize(float *x, int n);

/* To and from the header's JSON. views_read gives 0, or -1 with e filled. */
json_t *views_json(const struct views *v);
int views_read(struct views *v, const json_t *json, struct error *e);

#endif
