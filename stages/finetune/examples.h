/*
 * Labelled records as a network reads them, by part of the folds, and what the network says of them. In
 * memory are their amplitudes; their signals stay in the mapped artifact.
 *
 *	struct examples e = {.policy = ..., .n_extra = LEADS};
 *	examples_open(&e, signals, &judge);
 *	examples_predict(&e, net, PROBE_TEST, probability);
 *	examples_release(&e);
 */
#ifndef STAGES_FINETUNE_EXAMPLES_H
#define STAGES_FINETUNE_EXAMPLES_H

#include "ecg/augment.h"
#include "model/finetune.h"
#include "stages/shared/judge.h"

struct examples {
	struct augment policy;		    /* how records are cut, and training views drawn */
	struct team *team;		    /* shares out what is looked at; NULL: alone */
	int n_extra;			    /* 12: the leads' log-std are features too; or 0 */
	size_t n[PROBE_PARTS];		    /* records, in the order of struct judge_part */
	const void **signal[PROBE_PARTS];   /* [n], borrowed from the artifact */
	const uint8_t **there[PROBE_PARTS]; /* [n], likewise: the leads a record has; NULL: all have all */
	float *extra[PROBE_PARTS];	    /* [n][n_extra] */
};

/* Dies if a record lacks its signal or scale. */
void examples_open(struct examples *e, const struct artifact *signals, const struct judge *j);
void examples_release(struct examples *e);

size_t examples_input_size(const struct examples *e); /* floats of one view */

/* Of a part's records by net as last settled, in all processes of the team, which call together: probability
 * [n][n_classes]; features [n][dim+n_extra] of a classifier. */
void examples_predict(const struct examples *e, struct finetune *net, int part, float *probability);
void examples_features(const struct examples *e, struct finetune *net, int part, float *features);

/* Give the untrained net its running statistics, if it has any, from the first training records. */
void examples_set_statistics(const struct examples *e, struct finetune *net);

#endif
