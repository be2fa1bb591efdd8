/*
 * What pretraining learns from: the records of folds 1 to 8, labelled or not, and the policy that draws their
 * views. In memory are their numbers; their signals stay where they are, in the mapped artifact.
 *
 *	struct records r;
 *	records_open(&r, views, signals, 1, seed);
 *	struct batch_source source = records_source(&r);
 *	records_release(&r);
 */
#ifndef STAGES_PRETRAIN_RECORDS_H
#define STAGES_PRETRAIN_RECORDS_H

#include "ecg/batch.h"
#include "store/artifact.h"

struct records {
	struct augment policy;
	size_t n, n_there;	    /* taken, of so many in folds 1 to 8 */
	uint64_t *record, *patient; /* [n], records ascending */
	const void **signal;	    /* [n], borrowed from the artifact */
	const uint8_t **there;	    /* [n], likewise: the leads a record has; NULL: all have all */
};

/* share: how many of them, whole patients drawn by the seed, those of a smaller share among those of a larger
 * one; 1: all. Dies if there are fewer than two, or the views are of other signals. */
void records_open(struct records *r, const struct artifact *views, const struct artifact *signals,
		  double share, uint64_t seed);
void records_release(struct records *r);

/* Borrows all of r. */
struct batch_source records_source(const struct records *r);

#endif
