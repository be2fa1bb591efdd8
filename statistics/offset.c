#include "statistics/offset.h"

#include "numbers/dmath.h"

enum { TAUS = 5 }; /* 0, 1/4, ..., 1 */

void offset_weight(double *weight, const double *prior, int n_classes, bool is_multi, double tau)
{
	for (int c = 0; c < n_classes; c++) {
		double q = prior[c], odds = is_multi ? q / (1 - q) : q;
		weight[c] = q > 0 && q < 1 && tau > 0 ? dmath_exp(-tau * dmath_log(odds)) : 1;
	}
}

void offset_prior(double *prior, const uint8_t *truth, size_t n, int n_classes)
{
	for (int c = 0; c < n_classes; c++) {
		size_t count = 0;
		for (size_t i = 0; i < n; i++)
			count += truth[i * (size_t)n_classes + (size_t)c];
		prior[c] = (double)count / (double)n;
	}
}

struct offset offset_choose(double *weight, const struct metrics_input *in, const double *prior,
			    bool has_offset)
{
	struct offset best = {0, -1};
	struct metrics_input weighted = *in;
	struct metrics m;

	metrics_init(&m, in->n_classes);
	weighted.weight = weight;
	for (int k = 0; k < (has_offset ? TAUS : 1); k++) {
		double tau = (double)k / (TAUS - 1);
		offset_weight(weight, prior, in->n_classes, in->is_multi, tau);
		metrics_compute(&m, &weighted);
		if (m.macro_f1 > best.macro_f1)
			best = (struct offset){tau, m.macro_f1};
	}

	offset_weight(weight, prior, in->n_classes, in->is_multi, best.tau);
	metrics_release(&m);
	return best;
}
