/*
 * The random policy of training: what is drawn anew for every record, epoch and view, on top of what ecg/views.h
 * cuts. Drawn in this order: the cut (halves) or shift (interleaved), standardisation if asked for,
 * the pool (some of eight augmentations, each applied to what the last one left; never rejected), and for
 * every strategy the lead mask, a gain per lead and noise per lead.
 *
 *	struct augment a;
 *	augment_read(&a, artifact_get_attribute(views, "augment"), &v, &e);
 *	a.seed = params_int(p, "seed");
 *	augment_draw(&a, x, keep, signal, record, epoch, view);
 *
 * Every number is a Philox draw keyed by (seed, purpose, record, epoch*2 + view), so record i's view is the
 * same whatever the batch, order, thread or number of processes. The signal is const: nothing is changed
 * in place.
 *
 * Gain and noise differ per view because amplitude alone matches two views of a record (top-1 .78 for halves,
 * .99 for interleaved, without learning anything). Amplitudes are in units of the view's own standard
 * deviation per lead, so that one policy serves signals in mV and standardised ones.
 */
#ifndef ECG_AUGMENT_H
#define ECG_AUGMENT_H

#include <jansson.h>
#include <stdint.h>

#include "common/error.h"
#include "ecg/lead.h"
#include "ecg/pairing.h"
#include "ecg/views.h"

enum augment_kind {
	AUGMENT_NOISE,	   /* Gaussian noise, deviation pool_noise */
	AUGMENT_POWERLINE, /* sine of 50 or 60 Hz, amplitude up to pool_powerline */
	AUGMENT_WANDER,	   /* sine of 0.05 to 0.5 Hz, amplitude per lead up to pool_wander */
	AUGMENT_EMG,	   /* first difference of white noise, deviation up to pool_emg, in one burst */
	AUGMENT_GAIN,	   /* per lead, log-uniform in [1/pool_gain, pool_gain] */
	AUGMENT_SHIFT,	   /* later or earlier by up to pool_shift_s, zeros behind it */
	AUGMENT_CUTOUT,	   /* all leads zero during up to pool_cutout_s */
	AUGMENT_CROP, /* a window of pool_crop to 1 of the view, stretched back to full length (linear) */
	AUGMENT_KINDS
};

extern const char *const augment_names[AUGMENT_KINDS]; /* "noise", "powerline", ... */

struct augment {
	struct views views;
	uint64_t seed;		     /* of training; not part of the JSON */
	double lead_mask_p;	     /* probability of masking, per lead; one lead at least is kept */
	double gain;		     /* log-uniform in [1/gain, gain], per view and lead; 1: none */
	double noise_min, noise_max; /* deviation of white noise, uniform, per view and lead */
	double noise_p;		     /* probability that a lead of a view gets noise */
	double shift_s; /* interleaved: each view is shifted by up to this much, zeros behind it */
	unsigned pool;	/* bit k: augmentation k may be drawn; used by sequential only */
	int pool_draws; /* how many distinct ones are drawn per view; at most the bits of pool */
	double pool_noise, pool_powerline, pool_wander, pool_emg, pool_gain, pool_shift_s, pool_cutout_s,
		pool_crop;
};

/* One training view: x [12][views_input_samples] and keep [12] (1 kept, 0 masked; a masked lead of x is
 * zeros) of a record's signal (ecg/views.h). epoch below 2^23, view 0 or 1. */
void augment_draw(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal, uint64_t record,
		  uint32_t epoch, int view);
/* The same with the segment and the leads of s instead: all other draws remain those of view. */
void augment_draw_shown(const struct augment *a, float *x, uint8_t keep[LEADS], const void *signal,
			uint64_t record, uint32_t epoch, int view, const struct shown *s);

/* Where view 0 or 1 of a record starts in this epoch (halves; 0 for the others). */
int augment_start(const struct augment *a, uint64_t record, uint32_t epoch, int view);

/* To and from the header's JSON, without views and seed. augment_read gives 0, or -1 with e filled. */
json_t *augment_json(const struct augment *a);
int augment_read(struct augment *a, const json_t *json, const struct views *v, struct error *e);

#endif
