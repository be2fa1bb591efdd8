/*
 * How well probabilities agree with the truth, as scikit-learn computes it, for one class per record (single)
 * or any number (multi). What is undefined (a class without records) is NAN here and null in JSON
 * (statistics/scores.h), never 0.
 *
 *	struct metrics m;
 *	metrics_init(&m, n_classes);
 *	metrics_compute(&m, &(struct metrics_input){.n = n, .n_classes = n_classes,
 *							   .probability = p, .truth = t});
 *	metrics_release(&m);
 *
 * Decision: single, the class of greatest weight[c] * p[c] (the first of equals); multi, c whenever
 * weight[c] * p[c] > 1 - p[c]. The weights carry a class offset: weight[c] = prior[c]^-tau.
 */
#ifndef STATISTICS_METRICS_H
#define STATISTICS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "statistics/auroc.h"

enum { METRICS_BINS = 15 }; /* of the calibration error: equal widths over [0, 1] */

struct metrics_input {
	size_t n;
	int n_classes;
	bool is_multi;
	const float *probability;    /* [n][n_classes] */
	const uint8_t *truth;	     /* [n][n_classes], 0 or 1; single: exactly one 1 per record */
	const double *weight;	     /* [n_classes] of the decision; NULL: ones */
	size_t weight_stride;	     /* 0: the same for all; n_classes: each record has its own */
	const uint32_t *count;	     /* [n] how often each record is counted; NULL: once */
	const struct auroc *ranking; /* [n_classes] of the probabilities, if made already; NULL: made here */
};

struct metrics_class {
	uint64_t support;			    /* records of the class */
	double precision, recall, f1, auroc, auprc; /* NAN if support is 0; precision 0 if never predicted */
};

struct metrics {
	int n_classes;
	uint64_t n;	 /* records counted */
	double accuracy; /* multi: all classes of the record right */
	/* single: mean recall; multi: mean over classes of (recall + specificity) / 2 */
	double balanced_accuracy;
	double macro_f1, weighted_f1;	 /* over classes with records */
	double macro_auroc, macro_auprc; /* one class against the rest, over classes where defined */
	double ece;    /* expected calibration error (Guo et al. 2017, eq. 3) of the greatest probability;
					 * multi: mean over classes of that of p */
	int n_missing; /* classes without a record, or without a record outside it */
	struct metrics_class *of_class; /* [n_classes] */
	/* single: [true][predicted]; multi: [n_classes][4] true -, false +, false -, true + */
	uint64_t *confusion;
};

void metrics_init(struct metrics *m, int n_classes);
void metrics_compute(struct metrics *m, const struct metrics_input *in);
void metrics_release(struct metrics *m);

/* Of a resample (multi): classes that m lacks but the whole has take the whole's values, and the macro
 * averages are taken again, so that they are over the same classes. Else a resample without the rare
 * classes looks too good. */
void metrics_complete(struct metrics *m, const struct metrics *whole);

/* Class decided for one record: single (index), multi (bit per class by metrics_has). */
int metrics_decide(const float *probability, const double *weight, int n_classes);
bool metrics_has(float probability, double weight);

#endif
