/*
 * The linear-probe protocol: logistic regression on frozen features, the strength of the penalty and the
 * class offset chosen on the validation part, the test part only predicted. One probe per set of features (an
 * arm of a comparison).
 *
 *	struct probe p;
 *	probe_fit(&p, &data, rows, &(struct probe_options){1e-5, 100, 15, true});
 *	... p.probability[PROBE_TEST] ...
 *	probe_release(&p);
 *
 * Chosen on the validation part: C by the least log-loss, then tau by macro F1. On few records F1 and AUROC
 * jump with C, the log-loss does not (docs/probe.md). The first of equals wins: strongest penalty, smallest
 * offset. Without a validation record: C nearest to 1, tau 0.
 * Offset tau in {0, 1/4, ..., 1}: decide by logit - tau log prior (multi: log odds of the
 * prior); priors of training.
 */
#ifndef STATISTICS_PROBE_H
#define STATISTICS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "statistics/scaler.h"

struct progress;

/* Relative gap of a fit to its minimum: changes no metric's third digit. */
#define PROBE_TOLERANCE 1e-6

enum { PROBE_TRAIN, PROBE_VALIDATION, PROBE_TEST, PROBE_PARTS };

struct probe_data {
	size_t n[PROBE_PARTS];		   /* records; training at least 1 */
	const uint8_t *truth[PROBE_PARTS]; /* [n][n_classes], 0 or 1; single: exactly one 1 per record */
	int n_classes;
	bool is_multi;
};

struct probe_options {
	double c_min, c_max; /* C goes from c_min to c_max in c_steps equal ratios */
	int c_steps;
	bool has_offset;	   /* try tau > 0 */
	struct progress *progress; /* stepped once per C; NULL: none */
};

struct probe {
	int n_classes, d;
	bool is_multi;
	double c, tau;			 /* chosen; majority: 0 */
	double log_loss;		 /* on the validation part; NAN: it has no record */
	double *weight;			 /* [n_classes] of the decision (struct metrics_input): prior^-tau */
	double *prior;			 /* [n_classes] share of the training records */
	struct scaler scaler;		 /* of the features */
	double *coefficient;		 /* [n_classes][d] on standardized features */
	double *bias;			 /* [n_classes] */
	float *probability[PROBE_PARTS]; /* [n][n_classes] without the offset; PROBE_TRAIN: NULL */
};

/* rows[part]: finite features, n as data says, the same d >= 1. Read in four passes; what is kept is a matrix
 * of doubles in principal axes, on disk if it is large (common/scratch.h). */
void probe_fit(struct probe *p, const struct probe_data *data, const struct rows rows[PROBE_PARTS],
	       const struct probe_options *options);
/* The floor without features: every record gets the priors. */
void probe_majority(struct probe *p, const struct probe_data *data);
void probe_release(struct probe *p);

/* Mean over n records of minus the log of the true class's probability or, multi, of minus the sum over
 * classes of the log of what was true of each; a probability counts as at least 1e-7. NAN for no record. */
double probe_log_loss(const float *probability, const uint8_t *truth, size_t n, int n_classes, bool is_multi);

#endif
