/*
 * The class offset: decide by logit - tau log prior (one-vs-rest: log odds of the prior), which undoes
 * the pull of frequent classes. Published probabilities do not have it; it is a weight of the decision
 * (struct metrics_input).
 *
 *	offset_choose(weight, &input, prior, true);       // tau in {0, 1/4, ..., 1} by macro F1
 */
#ifndef STATISTICS_OFFSET_H
#define STATISTICS_OFFSET_H

#include "statistics/metrics.h"

/* weight [n_classes] = prior^-tau, in odds if is_multi; 1 for a class whose prior is 0 or 1. */
void offset_weight(double *weight, const double *prior, int n_classes, bool is_multi, double tau);

/* prior [n_classes] = share of the n records that have the class. n >= 1. */
void offset_prior(double *prior, const uint8_t *truth, size_t n, int n_classes);

struct offset {
	double tau, macro_f1; /* macro_f1 -1: there was nothing to measure, tau is 0 */
};

/* The tau of greatest macro F1 on in (its weight is not read), the least of equals, and the decision's weight
 * for it. has_offset false: tau 0. */
struct offset offset_choose(double *weight, const struct metrics_input *in, const double *prior,
			    bool has_offset);

#endif
