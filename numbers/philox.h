/*
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): 128 random
 * bits as a pure function of a 64-bit key and a 128-bit counter. A draw never depends on order, batch or
 * thread.
 *
 *	struct philox r = philox_open(seed, PURPOSE_MASK, record, epoch * 2 + view);
 *	float u = philox_uniform(&r);
 */
#ifndef NUMBERS_PHILOX_H
#define NUMBERS_PHILOX_H

#include <stdint.h>

/* What numbers are drawn for: one stream each, so that adding a draw to one purpose moves no other. */
enum purpose {
	PURPOSE_INIT = 1, /* initial weights; record = tensor's number */
	PURPOSE_SHUFFLE,  /* order of records in an epoch */
	PURPOSE_MASK,	  /* lead masks */
	PURPOSE_GAIN,
	PURPOSE_NOISE,
	PURPOSE_CROP,
	PURPOSE_AUGMENT,
	PURPOSE_BOOTSTRAP,
	PURPOSE_SUBSET,
	PURPOSE_CLUSTER,      /* starts of k-means; record = start */
	PURPOSE_HOPKINS,      /* record = draw; index 1: rows of the Gaussian beside it */
	PURPOSE_PAIRING,      /* which views a step contrasts; record = step */
	PURPOSE_CONVOLUTIONS, /* record = kernel */
	PURPOSE_SHARES,	      /* record = kernel; index 1: of gated ones */
	PURPOSE_EXEMPLARS,    /* which records; record = place in the shuffle */
	PURPOSE_HIDING,	      /* which tokens are hidden; index as of views */
	PURPOSE_SEEN,	      /* how many tokens are not; record = step */
	PURPOSE_SLICES,	      /* SIGReg's directions; record = step, index = direction */
	PURPOSE_RECORDS,      /* which are learned from; record = patient */
};

void philox_block(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

struct philox {
	uint32_t key[2], counter[4]; /* counter: block, purpose+index's high bits, record low, record high */
	uint32_t words[4];
	unsigned used; /* of words; 4: none left */
	double spare;  /* second normal of a pair */
	int has_spare;
};

/* A stream for (seed, purpose, record, index): index is epoch, view, ... packed by the caller (below 2^24).
 */
struct philox philox_open(uint64_t seed, enum purpose purpose, uint64_t record, uint32_t index);
uint32_t philox_u32(struct philox *r);
/* Uniform in the open interval (0, 1), (u32 + 1/2) / 2^32, as double; never 0 or 1. */
double philox_uniform(struct philox *r);
/* Standard normal (Box-Muller, cosine first, sine kept for the next call), by numbers/dmath.h. */
double philox_normal(struct philox *r);
/* Uniform integer in [0, n), without modulo bias. n >= 1. */
uint32_t philox_below(struct philox *r, uint32_t n);

#endif
