/*
 * What pretraining learns from: the records of folds 1 to 8, labelled or not, and the policy that draws their views.
 *
 *	struct records r;
 *	records_load(&r, views, seed);
 *	struct batch_source source = records_source(&r);
 *	records_release(&r);
 */
#ifndef STAGES_PRETRAIN_RECORDS_H
#define STAGES_PRETRAIN_RECORDS_H

#include "ecg/batch.h"
#include "store/artifact.h"

struct records {
	struct augment policy;
	size_t n;
	uint64_t *record, *patient; /* [n], records ascending */
	float *base;		    /* [n][n_bases][12][base_samples] */
};

/* Dies if there are fewer than two. */
void records_load(struct records *r, const struct artifact *views, uint64_t seed);
void records_release(struct records *r);

/* Borrows all of r. */
struct batch_source records_source(const struct records *r);

#endif
