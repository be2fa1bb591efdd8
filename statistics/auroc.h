/*
 * Areas under the ROC and the precision-recall curve of one class. Scores are ranked once; the areas can
 * then be taken for many multiplicities of the same records (bootstrap). Ties count half (mid-ranks), so
 * the ROC area is the Mann-Whitney statistic, computed in integers: equal to scikit-learn's roc_auc_score
 * to the last digit or two.
 *
 *	struct auroc a;
 *	auroc_init(&a, score, 1, n);
 *	double area = auroc_area(&a, is_positive, 1, NULL);     // NAN: no positive or no negative record
 *	auroc_release(&a);
 */
#ifndef STATISTICS_AUROC_H
#define STATISTICS_AUROC_H

#include <stddef.h>
#include <stdint.h>

struct auroc {
	size_t n;
	uint32_t *order;     /* [n] records by descending score, equal scores by ascending index */
	uint8_t *ends_group; /* [n] whether the score of order[i] differs from the next one's */
};

/* Rank score[i * stride], i < n. Finite scores; n may be 0. */
void auroc_init(struct auroc *a, const float *score, size_t stride, size_t n);
/* truth[i * stride] is 0 or 1; count[i]: how often record i is counted, NULL: once. */
double auroc_area(const struct auroc *a, const uint8_t *truth, size_t stride, const uint32_t *count);
/* Average precision: sum over thresholds of (recall step) * precision, as scikit-learn; NAN:
 * no positive record. */
double auroc_precision(const struct auroc *a, const uint8_t *truth, size_t stride, const uint32_t *count);
void auroc_release(struct auroc *a);

#endif
