/*
 * Batches of training views from records in memory: the order of an epoch and the drawing of the views of
 * some records, on all threads. Nothing here depends on how records lie in memory or who draws them.
 *
 *	struct batch_place order[n];
 *	batch_shuffle(order, &s, epoch);
 *	batch_draw(x, keep, patient, &s, order + i * size, size, epoch, NULL);
 */
#ifndef ECG_BATCH_H
#define ECG_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "ecg/augment.h"

struct batch_source {
	const struct augment *policy;
	size_t n;		     /* records */
	const uint64_t *record;	     /* [n] their numbers, all different */
	const uint64_t *patient;     /* [n] */
	const void *const *signal;   /* [n] signals (ecg/views.h), where they lie: a mapped artifact serves */
	const uint8_t *const *there; /* [n] of [LEADS] each, 0: the record lacks the lead. NULL: none does */
};

struct batch_place {
	uint64_t key;
	size_t row; /* of the source */
};

/* Order of an epoch: records sorted by a Philox draw keyed (seed, record, epoch), so that leaving out a
 * record moves no other. order [n]. */
void batch_shuffle(struct batch_place *order, const struct batch_source *s, uint32_t epoch);

/* The V views (views_n of the policy) of n records: rows i, n + i, 2n + i ... of x
 * [Vn][12][views_input_samples] and keep [Vn][12] are those of record order[i], the first two as the pairing
 * says (NULL: the policy's own); patient [n]. Runs on the pool; allocates nothing. */
void batch_draw(float *x, uint8_t *keep, uint64_t *patient, const struct batch_source *s,
		const struct batch_place *order, int n, uint32_t epoch, const struct pairing *pairing);

/* The same in moments in which the pool's threads would only wait for each other (pool_offer): begin, compute
 * on the pool, end. Until the end d and all it points to stay as they are, and x and keep are nobody's. One
 * drawing at a time. */
struct batch_drawing {
	float *x;
	uint8_t *keep;
	const struct batch_source *source;
	const struct batch_place *order;
	int n, n_views; /* records, views of each */
	uint32_t epoch;
	struct pairing pairing;
	int first, n_own; /* of all rows, those drawn into x and keep: a process's part; n_own 0: all */
};
void batch_draw_begin(struct batch_drawing *d, uint64_t *patient);
void batch_draw_end(void);

#endif
