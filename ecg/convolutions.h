/*
 * Features of a record by random convolutions, which nothing was trained for: the floor that an encoder must
 * beat. After ROCKET (Dempster, Petitjean and Webb 2020, doi 10.1007/s10618-020-00701-z): kernels of 7, 9 or
 * 11 normal weights that sum to 0, a dilation of any scale that fits the record, a bias in (-1, 1), with or
 * without padding; of what each gives, the share of positive values and the greatest. A kernel sees one
 * mixture of a random subset of the leads, with normal weights (ROCKET draws weights anew for each lead:
 * three times the work, and no better on 500 real records).
 *
 *	struct convolutions c;
 *	convolutions_init(&c, 400, 1000, 1);
 *	float features[convolutions_width(400)];
 *	convolutions_apply(&c, features, signal);
 *	convolutions_release(&c);
 *
 * Kernel i is a function of (seed, i, samples): the first features are those of fewer kernels. Each output is
 * one chain of float32 operations, and of the outputs only the maximum and a count are taken, so the bits are
 * the same everywhere.
 */
#ifndef ECG_CONVOLUTIONS_H
#define ECG_CONVOLUTIONS_H

#include <stdint.h>

#include "ecg/lead.h"
#include "numbers/philox.h"

enum { CONVOLUTIONS_FEATURES = 2 }; /* of a kernel: share of positive values, then maximum */

enum { CONVOLUTION_TAPS = 11 }; /* at most */

/* y[j] = bias + sum over taps t of weight[t] mixture[j - padding + t dilation], the mixture 0 outside of the
 * record; j in 0 .. samples + 2 padding - (n_taps - 1) dilation - 1. */
struct convolution {
	int n_leads, lead[LEADS];
	float share[LEADS]; /* [n_leads] of the lead in the mixture */
	int n_taps, dilation, padding;
	float weight[CONVOLUTION_TAPS], bias;
};

struct convolutions {
	int n, samples; /* kernels; of a record */
	struct convolution *kernel;
};

void convolutions_init(struct convolutions *c, int n, int samples, uint64_t seed);
void convolutions_release(struct convolutions *c);

static inline int convolutions_width(int n)
{
	return CONVOLUTIONS_FEATURES * n;
}

/* x [12][samples] float32, unaligned, in any unit: each lead is standardised first, one that does not vary is
 * 0 (so is an absent one). out [convolutions_width(n)]. May be called by several threads at once. */
void convolutions_apply(const struct convolutions *c, float *out, const void *x);

/* ---- kernels by themselves ---- */

/* One that fits records of that many samples. */
void convolutions_draw(struct convolution *k, int samples, struct philox *r);
/* In [1, most], its logarithm uniform: how dilations and numbers of leads are drawn. */
int convolutions_scale(struct philox *r, double most);

/* A record that kernels of at most that padding are applied to; of one thread. */
struct convolved;
struct convolved *convolutions_open(int samples, int padding);
void convolutions_close(struct convolved *w);
/* x as above, each lead standardised. */
void convolutions_load(struct convolved *w, const void *x);
/* Each lead times a factor, so that kernels see mV, say. */
void convolutions_scale_leads(struct convolved *w, const float factor[LEADS]);
/* [samples] of a lead as kernels see it; borrowed until the next load. */
const float *convolutions_lead(const struct convolved *w, int lead);
enum { CONVOLUTIONS_SPARE = 16 };
/* y: all outputs of a kernel; room for their number and CONVOLUTIONS_SPARE more. Returns the number. */
int convolutions_outputs(struct convolved *w, float *y, const struct convolution *k);

#endif
