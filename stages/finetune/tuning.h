/*
 * One run of finetune, as its files share it: finetune.c reads the inputs, start.c makes what training begins
 * with, learning.c trains, outcome.c judges and writes.
 */
#ifndef STAGES_FINETUNE_TUNING_H
#define STAGES_FINETUNE_TUNING_H

#include "stages/finetune/examples.h"
#include "stages/finetune/learning.h"
#include "stages/shared/judge.h"
#include "store/stage.h"

/* Rows of the table: TUNED after training, PROBE before it, CONVOLUTIONS a probe of random convolutions,
 * RANDOM one of the encoder with the weights its pretraining began with. From scratch PROBE is RANDOM, and
 * stands only there. */
enum { TUNED, PROBE, CONVOLUTIONS, RANDOM, MAJORITY, ROWS };

struct tuning {
	struct stage_run *run;
	const struct artifact *model, *probe; /* NULL from scratch */
	const struct artifact
		*policy; /* says how views are cut and drawn: the model, or from scratch `views` */
	const struct artifact *signals;
	struct judge judge;
	struct judge_row row[ROWS];
	int n_rows;
	bool is_scratch;
	struct examples examples;
	struct finetune *net;
	struct learning learning;
	struct probe majority;
	float *probability[MAJORITY][PROBE_PARTS];
	double *prior, *weight[MAJORITY];
	float *mean, *scale; /* of the classifier's features */
};

#endif
