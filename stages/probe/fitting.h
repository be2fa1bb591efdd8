/*
 * The classifiers of all arms: one each, by what folds 1 to 8, 9 and 10 are for, or ten each in turn, whose
 * predictions are pooled (stages/shared/rotation.h).
 *
 *	struct fitting f = {.seen = &seen, .params = params};
 *	fitting_folds(&f, &judge);   // or, once judge_pool was called:
 *	fitting_cross(&f, &judge);
 *	... f.row ...
 *	fitting_release(&f);
 */
#ifndef STAGES_PROBE_FITTING_H
#define STAGES_PROBE_FITTING_H

#include "stages/probe/seen.h"

/* What the turns of one arm came to. A turn's classifier leans to the classes its training records have more
 * of, and where a fold holds many of a class the others hold fewer: judged together as they are, even the
 * majority class would rank below chance (Parker, Guenter and Bedo 2007, doi 10.1186/1471-2105-8-326). So
 * probabilities are carried over from the shares of the turn's training to those of all records (Saerens,
 * Latinne and Decaestecker 2002, eq. 4), which takes no decision back: the weight is divided by the same. */
struct fitting_pool {
	float *probability; /* [n tested][n_classes]; NULL: there are no turns */
	double *weight;	    /* likewise, of the decision */
	json_t *rotations;  /* [{"fold","train","validation","test","c","tau","decision_weight"}, ...] */
};

struct fitting {
	const struct seen *seen;     /* borrowed */
	const struct params *params; /* likewise */
	struct probe probe[ROWS];    /* of the turn of fold 10, or the only ones */
	struct fitting_pool pool[ROWS];
	double *share;		    /* [n_classes] of all records; NULL: there are no turns */
	struct judge_row row[ROWS]; /* as judge_run takes them; C and tau of turns: their medians */
	int n_rows;
};

void fitting_folds(struct fitting *f, const struct judge *j);
void fitting_cross(struct fitting *f, const struct judge *j);
void fitting_release(struct fitting *f);

#endif
