/*
 * What a reliability diagram and a ROC curve are drawn from.
 *
 *	struct calibration_bin bin[METRICS_BINS];
 *	calibration_bins(bin, &input); // ECE: sum n |hits / n - confidence| / total
 */
#ifndef STATISTICS_CALIBRATION_H
#define STATISTICS_CALIBRATION_H

#include "statistics/metrics.h"

struct calibration_bin {
	uint64_t n;
	double confidence, hits; /* mean predicted probability, share that was right; 0 if n is 0 */
};

/* Bins (low, high] of equal widths over [0, 1], as metrics.ece. Single: the greatest probability of each
 * record. Multi: every class of every record. in->count is not used. */
void calibration_bins(struct calibration_bin bin[METRICS_BINS], const struct metrics_input *in);

struct calibration_point {
	double false_positives, true_positives; /* rates */
};

/* ROC of scores[i * stride], from (0, 0) to (1, 1): corners only, point [n + 1]. Returns how many; 0 if a
 * side has no record. */
size_t calibration_roc(struct calibration_point *point, const float *score, const uint8_t *truth,
		       size_t stride, size_t n);

#endif
