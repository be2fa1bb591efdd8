/*
 * What the params make of a training: network, objective, size of a batch, number of
 * steps, learning rates.
 *
 *	struct plan p = plan_read(params, &policy.views, n_records);
 *	struct contrast *c = contrast_new(ops, &p.contrast);
 */
#ifndef STAGES_PRETRAIN_PLAN_H
#define STAGES_PRETRAIN_PLAN_H

#include "common/params.h"
#include "ecg/views.h"
#include "model/contrast.h"
#include "model/schedule.h"
#include "stages/shared/objective.h"

/* Of hidden tokens: a step's views all show the same number, a share drawn evenly from least..most. */
struct hide {
	int block; /* tokens of a hidden run at least */
	double least, most;
};

struct plan {
	const struct objective *objective;
	struct contrast_settings contrast;
	int batch, per_epoch, n_epochs; /* records of a step, steps of an epoch */
	struct schedule schedule;
	struct schedule weight_decay, teacher; /* the share a teacher goes towards the encoder */
	struct hide hide;
};

/* Rows of a table of struct param: what is hidden and predicted. */
#define HIDING_PARAMS                                                                                        \
	{"masked_weight", PARAM_FLOAT,	    .min = 1e-6,                                                     \
	 .max = 1e6,	  .otherwise = "1", .help = "of prediction beside NT-Xent (masked_ntxent)"},         \
		{"seen_least",                                                                               \
		 PARAM_FLOAT,                                                                                \
		 .min = 0,                                                                                   \
		 .max = 1,                                                                                   \
		 .otherwise = "0.15",                                                                        \
		 .help = "share of the time tokens that the encoder sees where others are predicted"},       \
		{"seen_most", PARAM_FLOAT,	   .min = 0,                                                 \
		 .max = 1,    .otherwise = "0.25", .help = "and at most; drawn for each step"},              \
		{"hidden_block",                                                                             \
		 PARAM_INT,                                                                                  \
		 .unit = "tokens",                                                                           \
		 .min = 1,                                                                                   \
		 .max = 10000,                                                                               \
		 .otherwise = "10",                                                                          \
		 .help = "hidden in runs of so many or more; a token is 10 samples"},                        \
		{"predictor_layers", PARAM_INT,                                                              \
		 .min = 0,	     .max = 64,                                                              \
		 .otherwise = "2",   .help = "layers of the predictor, as wide as the encoder"},             \
	{                                                                                                    \
		"teacher_momentum", PARAM_FLOAT, .min = 0, .max = 1, .otherwise = "0.996",                   \
						 .help = "of jepa's moving average at first; a cosine to 1"  \
	}

/* Dies if what is asked for does not fit together. */
struct plan plan_read(const struct params *p, const struct views *v, size_t n_records);

/* What the log calls the loss of one who knows nothing. Static. */
const char *plan_chance(const struct plan *p);

#endif
