/*
 * The views of one record, two or more: which part of its signal each is cut from, at random for training
 * (ecg/augment.h) or at fixed places for embedding (views_fixed).
 *
 *	halves       Segments that do not overlap, with random starts inside the slack.
 *	interleaved  Even and odd samples, low-passed first so that halving the rate does not alias.
 *	sequential   Each view is the whole record; they differ by augmentation alone.
 *	crops        Segments at random places, each its own, so that they may overlap; then as sequential.
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
enum { VIEWS_MOST = 16 };	/* of a record */

enum views_strategy { VIEWS_HALVES, VIEWS_INTERLEAVED, VIEWS_SEQUENTIAL, VIEWS_CROPS };

struct views {
	enum views_strategy strategy;
	int n;		      /* views of a record in training, 2 to VIEWS_MOST; 0 counts as 2 */
	double rate_hz;	      /* of a record */
	int samples;	      /* of a record, at most VIEWS_MAX_SAMPLES */
	int segment;	      /* samples, halves and crops only: a multiple of 10; n of halves fit */
	bool is_antialiased;  /* interleaved: low-pass before splitting */
	bool is_standardized; /* each view to mean 0 and deviation 1 per lead after cutting */
};

/* Check the members against each other: 0, or -1 with e saying which parameter to change. */
int views_check(const struct views *v, struct error *e);

const char *views_strategy_name(const struct views *v); /* as in params: "halves" */
/* Of such records, one view: the record. */
struct views views_whole(const struct views *v);
int views_input_samples(const struct views *v); /* T of the model's input: a multiple of 10 */
double views_input_rate(const struct views *v); /* Hz of the model's input */
int views_n(const struct views *v);		/* of a record in training */
bool views_has_segments(const struct views *v); /* a view is a part of the record's time */
bool views_has_pool(const struct views *v);	/* sequential, crops: views draw from the pool */

/* Un-augmented views of a record: 2 (the first and the last of two halves; even and odd samples), 1 (the
 * whole record), or as many segments, evenly spaced, as cover it. */
int views_n_fixed(const struct views *v);
/* The sample at which one begins; 0 where it has all of the record's time. */
int views_fixed_start(const struct views *v, int view);

/* x [input_samples]: what a view has of one lead, from sample `start` on (interleaved: always all of it).
 * view: 0 or 1, which tells apart those of interleaved. */
void views_lead(const struct views *v, float *x, const void *signal, int lead, int view, int start);

/* Un-augmented view of a record: x [12][input_samples]. */
void views_fixed(const struct views *v, float *x, const void *signal, int view);

/* x [n] to mean 0 and deviation 1 (two passes, floor 1e-6 on the deviation). */
void views_standardize(float *x, int n);

/* To and from the header's JSON. views_read gives 0, or -1 with e filled. */
json_t *views_json(const struct views *v);
int views_read(struct views *v, const json_t *json, struct error *e);

#endif
