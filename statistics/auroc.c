#include "statistics/auroc.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"

struct ranked {
	float score;
	uint32_t index;
};

static int by_score(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

void auroc_init(struct auroc *a, const float *score, size_t stride, size_t n)
{
	struct ranked *r = die_malloc((n + 1) * sizeof *r);
	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){score[i * stride], (uint32_t)i};
	qsort(r, n, sizeof *r, by_score);
	*a = (struct auroc){.n = n};
	a->order = die_malloc((n + 1) * sizeof *a->order);
	a->ends_group = die_malloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		a->order[i] = r[i].index;
		a->ends_group[i] = i + 1 == n || r[i].score != r[i + 1].score;
	}
	free(r);
}

double auroc_area(const struct auroc *a, const uint8_t *truth, size_t stride, const uint32_t *count)
{
	uint64_t positives = 0, negatives = 0, group_positives = 0, group_negatives = 0, above = 0;
	for (size_t i = 0; i < a->n; i++) {
		uint64_t times = count ? count[a->order[i]] : 1;
		if (truth[a->order[i] * stride])
			group_positives += times;
		else
			group_negatives += times;
		/* twice the number of (positive above negative) pairs; a tie counts half */
		if (a->ends_group[i]) {
			above += group_negatives * (2 * positives + group_positives);
			positives += group_positives;
			negatives += group_negatives;
			group_positives = group_negatives = 0;
		}
	}

	if (!positives || !negatives)
		return NAN;
	return (double)above / (2 * (double)positives * (double)negatives);
}

double auroc_precision(const struct auroc *a, const uint8_t *truth, size_t stride, const uint32_t *count)
{
	uint64_t positives = 0, seen = 0, group_positives = 0;
	double sum = 0;
	for (size_t i = 0; i < a->n; i++) {
		uint64_t times = count ? count[a->order[i]] : 1;
		seen += times;
		group_positives += truth[a->order[i] * stride] ? times : 0;
		if (a->ends_group[i] && group_positives) {
			positives += group_positives;
			sum += (double)group_positives * ((double)positives / (double)seen);
			group_positives = 0;
		}
	}
	return positives ? sum / (double)positives : NAN;
}

void auroc_release(struct auroc *a)
{
	free(a->order);
	free(a->ends_group);
	*a = (struct auroc){0};
}
