/*
 * The random policy of training: what is drawn anew for every record, epoch and view, on top of what
 * ecg/views.h cuts. Drawn in this order: the cut (halves, crops) or shift (interleaved), standardisation if
 * asked for, the pool (sequential, crops: some of ecg/augmentation.h, each applied to what the last one left;
 * never rejected), and for every strategy the lead mask, a gain per lead and noise per lead.
 *
 *	struct augment a;
 *	augment_read(&a, artifact_get_attribute(views, "augment"), &v, &e);
 *	a.seed = params_int(p, "seed");
 *	augment_draw(&a, x, keep, signal, record, epoch, view);
 *
 * Every number is a Philox draw keyed by (seed, purpose, record, epoch*n + view) of n views, so record i's
 * view is the same whatever the batch, order, thread or number of processes. The signal is const: nothing is
 * changed in place.
 *
 * Gain, noise and masks differ per view: what two views share is found before anything is learned
 * (docs/views.md, "What gives a partner away"). Amplitudes are in units of the view's own standard deviation
 * per lead, so that one policy serves signals in mV and standardised ones.
 */
#ifndef ECG_AUGMENT_H
#define ECG_AUGMENT_H

#include <jansson.h>
#include <stdint.h>

#include "common/error.h"
#include "common/params.h"
#include "ecg/augmentation.h"
#include "ecg/lead.h"
#include "ecg/pairing.h"
#include "ecg/views.h"

struct augment {
	struct views views;
	uint64_t seed;		     /* of training; not part of the JSON */
	double lead_mask_p;	     /* probability of masking, per lead; one lead at least is kept */
	double gain;		     /* log-uniform in [1/gain, gain], per view and lead; 1: none */
	double noise_min, noise_max; /* deviation of white noise, uniform, per view and lead */
	double noise_p;		     /* probability that a lead of a view gets noise */
	double shift_s; /* interleaved: each view is shifted by up to this much, zeros behind it */
	unsigned pool;	/* bit k: augmentation k may be drawn; used by sequential and crops only */
	int pool_draws; /* how many distinct ones are drawn per view; at most the bits of pool */
	double strength[AUGMENTATIONS_MOST]; /* of each augmentation */
};

/* One training view: x [12][views_input_samples] and keep [12] (1 kept, 0 masked; a masked lead of x is
 * zeros) of a record's signal (ecg/views.h). epoch below 2^24 / n, view below n. */
void augment_draw(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal, uint64_t record,
		  uint32_t epoch, int view);
/* The same with the segment and the leads of s instead: all other draws remain those of view. there [12]: 0
 * where the record lacks a lead, which then is never kept (NULL: it has all); one it has always is. If s
 * shows a lead that the record lacks, the next one it has is shown. */
void augment_draw_shown(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal,
			const uint8_t *there, uint64_t record, uint32_t epoch, int view,
			const struct shown *s);

/* Where a view of a record starts in this epoch (halves, crops; 0 for the others). */
int augment_start(const struct augment *a, uint64_t record, uint32_t epoch, int view);

/* ---- the policy as params and as the header's JSON: one table, in augment_policy.c ---- */

/* All parameters of a policy; {0}-terminated, static. */
const struct param *augment_params(void);
/* From a section that has them; views and seed are left alone. 0, or -1 with e saying which parameter to
 * change. */
int augment_choose(struct augment *a, const struct params *p, struct error *e);

/* To and from JSON, without views and seed. augment_read gives 0, or -1 with e filled. */
json_t *augment_json(const struct augment *a);
int augment_read(struct augment *a, const json_t *json, const struct views *v, struct error *e);

#endif
