/*
 * The loop of fine-tuning: epochs over the training part, macro AUROC on fold 9 after each, the best weights kept, an early
 * end, checkpoints. The same weights come of it however often it was interrupted.
 *
 *	struct training t;
 *	training_init(&t, run, net, &examples, &judge, &plan);  // takes the net as it is for the best so far
 *	if (training_run(&t)) ...                               // net holds the best weights; false: interrupted, state saved
 *	training_release(&t);
 */
#ifndef STAGES_FINETUNE_TRAINING_H
#define STAGES_FINETUNE_TRAINING_H

#include "ecg/batch.h"
#include "model/schedule.h"
#include "stages/finetune/examples.h"
#include "store/stage.h"

struct training_plan {
	int batch, per_epoch, n_epochs, patience; /* records of a step, steps of an epoch */
	double warmup;				  /* share of the steps */
	double average;	     /* epochs that the averaged weights look back; 0: the last ones count */
	double checkpoint_s; /* between checkpoints */
};

/* What changes while training besides weights and history; goes into a checkpoint. */
struct training_state {
	int64_t step, n_skipped, n_skipped_in_a_row, best_epoch, is_over; /* best_epoch 0: as it began */
	double best, loss; /* macro AUROC of the best epoch; sum of the running epoch's losses */
};

struct training {
	struct stage_run *run;
	struct finetune *net;
	const struct examples *examples;
	const struct judge *judge;
	struct training_plan plan;
	struct training_state state;
	struct schedule schedule; /* of the share of all learning rates: its peak is 1 */
	struct batch_source source;
	struct batch_place *order;   /* [n] of this epoch */
	uint64_t *patient, *drawn;   /* [n]; [batch] */
	float *history;		     /* [n_epochs + 1][columns] */
	float *best_net, *best_head; /* weights of the best epoch, host */
	float *mean_net, *mean_head; /* running averages of the weights, host: these are judged and kept */
	float *spare;		     /* room for the larger of both */
	float *x, *extra;	     /* of a batch */
	uint8_t *keep, *truth;
	float *probability; /* of fold 9 */
	char checkpoint[4096];
	double saved_s;
};

/* run, net, examples and judge are borrowed. A checkpoint of this action is continued. */
void training_init(struct training *t, struct stage_run *run, struct finetune *net, const struct examples *e,
		   const struct judge *j, const struct training_plan *plan);
bool training_run(struct training *t);
/* Table `history`: epoch -> row, and the attribute history_columns. Row 0 is before training. */
void training_write_history(const struct training *t, struct artifact_writer *w);
void training_release(struct training *t);

#endif
