/*
 * The augmentations that the strategy `sequential` draws from, one row each. To add one: a function and a row
 * in augmentation.c. Its parameter in section `views`, its place in the header's JSON, the help and the
 * messages come from the row; a new one is the last, since a row's place keys its noise.
 *
 *	int k = augmentation_find("crop");
 *	augmentation_apply(&v, k, strength);
 */
#ifndef ECG_AUGMENTATION_H
#define ECG_AUGMENTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/params.h"
#include "numbers/philox.h"

enum { AUGMENTATIONS_MOST = 32 }; /* a set of them is the bits of an unsigned */

/* A view being drawn; amplitudes are in standard deviations of the lead. */
struct augmentation_view {
	float *x; /* [12][n] */
	int n;
	double rate_hz;
	const uint8_t *keep;  /* [12]; a lead that is not kept is not touched */
	struct philox random; /* its plain draws */
	uint32_t first_block; /* of random's, from which on lead l may use its l-th noise_blocks(n) */
};

struct augmentation {
	const char *name;
	void (*apply)(struct augmentation_view *v, double strength);
	bool is_default;       /* in the pool unless the params name another */
	struct param strength; /* pool_<name>, with its unit if it has one */
};

/* All of them, and how many. */
extern const struct augmentation augmentation_table[];
extern const int augmentation_count;

/* Its number, or -1. */
int augmentation_find(const char *name);
void augmentation_apply(struct augmentation_view *v, int kind, double strength);
/* "noise powerline wander crop", of all of them, as a param's choices; with_default: "[noise, powerline]", of
 * those in the pool by default. Static. */
const char *augmentation_names(bool with_default);

/* ---- what the policy's own draws use as well ---- */

double augmentation_uniform(struct philox *r, double low, double high);
/* Log-uniform in [1/g, g]. */
double augmentation_gain(struct philox *r, double g);
/* Uniform in -limit_s..limit_s, in samples. */
int augmentation_shift(struct philox *r, double limit_s, double rate_hz);
/* y [n] = x [n] moved later by `by` samples (earlier if negative), zeros where nothing is known. They may be
 * one. */
void augmentation_move(float *y, const float *x, int n, int by);
/* Standard deviation of x [n]. */
float augmentation_deviation(const float *x, int n);

#endif
