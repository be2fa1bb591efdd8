/*
 * What a study's cells have come to. A cell is a setting, a seed and a rotation; it has numbers by name,
 * those of stages/study/measures.h among them:
 *
 *	auroc				macro AUROC of the probe, and class:NAME of each class
 *	over:ROW, class_over:ROW:NAME	that minus a floor's of the same cell (ROW: convolutions,
 *					convolutions_dim, random, scale)
 *	width, weights, records, batch, top1	of embedding and model
 *
 *	struct trials c;
 *	trials_open(&c, run);
 *	double x[c.n_seeds * c.n_folds];
 *	trials_values(x, &c, setting, "auroc");		// [seed][fold], NAN where it is not there
 *	trials_close(&c);
 */
#ifndef STAGES_STUDY_TRIALS_H
#define STAGES_STUDY_TRIALS_H

#include "statistics/crossed.h"
#include "store/stage.h"

struct trials {
	struct stage_run *run;
	json_t *study;				/* as study.json has it (tools/params/study.h) */
	json_t *failed;				/* [{"name","stage","reason"}] */
	json_t *notes;				/* sentences a reader must know */
	json_t *classes;			/* names, of the first scores */
	const json_t *settings, *seeds, *folds; /* of study */
	size_t n_settings, n_seeds, n_folds, n_there;
	size_t baseline; /* which setting */
	json_t **values; /* [setting][seed][fold]: name -> number; NULL: the cell came to nothing */
};

/* Dies if no cell of the baseline has scores. */
void trials_open(struct trials *c, struct stage_run *run);
void trials_close(struct trials *c);

/* x [n_seeds][n_folds] */
void trials_values(double *x, const struct trials *c, size_t setting, const char *name);
/* In how many cells a setting has a macro AUROC, and in how many any setting has: where it has as many it is
 * complete, and its mean is one of others' cells. */
size_t trials_cells(const struct trials *c, size_t setting);
size_t trials_most_cells(const struct trials *c);

/* Mean over seeds and rotations; minus: of the differences to that setting in the same seed and rotation,
 * over the cells that both have. Intervals of what is bounded, AUROCs and shares, end there. */
struct crossed trials_mean(const struct trials *c, size_t setting, const char *name);
struct crossed trials_difference(const struct trials *c, size_t setting, size_t minus, const char *name);

const char *trials_name(const struct trials *c, size_t setting);

#endif
