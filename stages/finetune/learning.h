/*
 * How finetune learns: what a step of model/training.h is here, the macro AUROC on fold 9 after each epoch,
 * the best weights kept, an early end.
 *
 *	struct learning l;
 *	learning_init(&l, run, net, &examples, &judge, &plan); // takes the net as it is for the best so far
 *	if (training_run(&l.training)) ...                     // net: the last weights; false: interrupted
 *	best_restore(&l.best);
 *	learning_release(&l);
 */
#ifndef STAGES_FINETUNE_LEARNING_H
#define STAGES_FINETUNE_LEARNING_H

#include "ecg/batch.h"
#include "model/training.h"
#include "stages/finetune/best.h"
#include "stages/finetune/examples.h"
#include "store/stage.h"

struct learning_plan {
	int batch, per_epoch, n_epochs, patience; /* records of a step, steps of an epoch */
	double warmup;				  /* share of the steps */
	double average;				  /* epochs that the averaged weights look back; 0: none */
};

struct learning {
	struct stage_run *run;
	struct finetune *net;
	const struct examples *examples;
	const struct judge *judge;
	struct learning_plan plan;
	struct training training; /* its rate is a share of all learning rates: the peak is 1 */
	struct best best;
	float *history; /* [n_epochs + 1][columns] */
	double loss;	/* sum of the running epoch's */

	/* A batch is drawn into one x and keep while the network learns from the other. In a team these are
	 * this process's views, first..first+n_own-1 of the batch's. */
	int first, n_own;
	struct batch_source source;
	struct batch_place *order; /* [n] of epoch `shuffled` */
	int64_t shuffled;	   /* -1: none */
	struct batch_drawing drawing;
	float *x[2];
	uint8_t *keep[2];
	int drawn, loaded; /* which one was drawn last; which one is learned from */
	float *extra;
	uint8_t *truth;
	uint64_t *patient, *drawn_patient; /* [n]; [batch] */
	float *probability;		   /* of fold 9 */
};

/* run, net, examples and judge are borrowed. A checkpoint of this action is continued. */
void learning_init(struct learning *l, struct stage_run *run, struct finetune *net, const struct examples *e,
		   const struct judge *j, const struct learning_plan *plan);
/* Table `history`: epoch -> row, and the attribute history_columns. Row 0 is before training. */
void learning_write_history(const struct learning *l, struct artifact_writer *w);
void learning_release(struct learning *l);

#endif
