/*
 * Logistic regression with an L2 penalty, in double, on standardized features: multinomial (one class per
 * record) or one-vs-rest (any number of classes per record, each class its own problem). In scikit-learn's
 * parametrization the fit minimizes c * sum over records of loss(z, truth) + 1/2 |weight|^2,
 *	z = weight x + bias,
 *	loss = log sum exp z - z[class] (multinomial), or the sum over classes of log(1 + e^z) - truth z
 * (one-vs-rest). The bias is not penalized. A class that no training record has (or, one-vs-rest, that all
 * have) gets weight 0 and a bias that stands for minus (plus) infinity, and so the probability 0 (1). Sums
 * over records: chunks of 64 in ascending order, then a pairwise tree: bits do not depend on threads.
 *
 *	struct logistic m;
 *	logistic_init(&m, &problem);
 *	for (c ascending) { problem.c = c; logistic_fit(&m, &problem, 1e-8); ... }  // starts from the last
 */
#ifndef STATISTICS_LOGISTIC_H
#define STATISTICS_LOGISTIC_H

#include <stdbool.h>
#include <stdint.h>

#include "statistics/lbfgs.h"
#include "statistics/scaler.h"

struct logistic_problem {
	const struct features *features; /* [n][d] */
	const uint8_t *truth;		 /* [n][n_classes], 0 or 1; multinomial: exactly one 1 per row */
	int n_classes;
	bool is_multi; /* one-vs-rest */
	double c;      /* inverse strength of the penalty, > 0 */
};

struct logistic {
	int n_classes, d, ld;
	bool is_multi;
	double *parameters; /* weight [n_classes][ld], then bias [n_classes]; what L-BFGS varies */
	/* The last two fits, from which the next one's start is extrapolated: parameters of the one before
	 * (NULL: there was none) and both values of c, 0 if there was no such fit. */
	double *before, before_c, last_c;
};

/* Weight 0 and the bias that is best for it: logarithms of the class frequencies. Needs at least one record.
 */
void logistic_init(struct logistic *m, const struct logistic_problem *p);
/* Minimize, starting from what m holds. tolerance: relative gap to the minimum (struct lbfgs). */
struct lbfgs_result logistic_fit(struct logistic *m, const struct logistic_problem *p, double tolerance);
/* The objective at m's parameters, and its gradient, laid out like them. */
double logistic_objective(const struct logistic *m, const struct logistic_problem *p, double *gradient);
/* probability [n][n_classes]: softmax(z) or, one-vs-rest, 1 / (1 + e^-z). */
void logistic_predict(const struct logistic *m, float *probability, const struct features *f);
void logistic_release(struct logistic *m);

static inline const double *logistic_weight(const struct logistic *m, int class)
{
	return m->parameters + (size_t) class * (size_t)m->ld;
}

static inline double logistic_bias(const struct logistic *m, int class)
{
	return m->parameters[(size_t)m->n_classes * (size_t)m->ld + (size_t) class];
}

#endif
