/*
 * What the params make of a training: network, objective, size of a batch, number of
 * steps, learning rates.
 *
 *	struct plan p = plan_read(params, &policy.views, records.n, records.n_there);
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

/* Rows of a table of struct param: weights of terms of p. */
#define TERMS_PARAMS                                                                                         \
	TERMS_PARAM("invariance", "mean squared distance of views; -1: the objective's own (vicreg 25, "     \
				  "sigreg LeJEPA's, others 0), and so for the next three"),                  \
		TERMS_PARAM("variance", "VICReg's variance term; vicreg 25"),                                \
		TERMS_PARAM("covariance", "VICReg's covariance term; vicreg 1"),                             \
		TERMS_PARAM("sigreg", "SIGReg, lambda of LeJEPA; sigreg 0.02"),                              \
	{                                                                                                    \
		"slices", PARAM_INT, .min = 1, .max = 65536, .otherwise = "256",                             \
				     .help = "directions that SIGReg draws for each step"                    \
	}
#define TERMS_PARAM(name, of)                                                                                \
	{                                                                                                    \
		name, PARAM_FLOAT, .min = -1, .max = 1e6, .otherwise = "-1", .help = "weight of " of         \
	}

/* The same: what is hidden and predicted. */
#define HIDING_PARAMS                                                                                        \
	HIDING_PARAM("masked_weight", PARAM_FLOAT, 1e-6, 1e6, "1",                                           \
		     "of prediction beside NT-Xent (masked_ntxent)"),                                        \
		HIDING_PARAM("seen_least", PARAM_FLOAT, 0, 1, "0.15",                                        \
			     "share of the time tokens that the encoder sees where others are predicted"),   \
		HIDING_PARAM("seen_most", PARAM_FLOAT, 0, 1, "0.25", "and at most; drawn for each step"),    \
		HIDING_PARAM("hidden_block", PARAM_INT, 1, 10000, "10",                                      \
			     "tokens of 10 samples: hidden in runs of so many or more"),                     \
		HIDING_PARAM("predictor_layers", PARAM_INT, 0, 64, "2",                                      \
			     "layers of the predictor, as wide as the encoder"),                             \
		HIDING_PARAM("teacher_momentum", PARAM_FLOAT, 0, 1, "0.996",                                 \
			     "of jepa's moving average at first; a cosine to 1")
#define HIDING_PARAM(name, type, least, most, value, text)                                                   \
	{                                                                                                    \
		name, type, .min = least, .max = most, .otherwise = value, .help = text                      \
	}

/* Dies if what is asked for does not fit together. */
struct plan plan_read(const struct params *p, const struct views *v, size_t n_records, size_t n_there);

/* For the model's header; yours. */
json_t *plan_terms(const struct terms_weights *w);

/* What the log calls the loss of one who knows nothing. Static. */
const char *plan_chance(const struct plan *p);

#endif
