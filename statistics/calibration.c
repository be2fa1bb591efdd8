#include "statistics/calibration.h"

#include <math.h>
#include <string.h>

static void add(struct calibration_bin *bin, double p, bool is_hit)
{
	int k = (int)ceil(p * METRICS_BINS) - 1;
	k = k < 0 ? 0 : k >= METRICS_BINS ? METRICS_BINS - 1 : k;
	bin[k].n++;
	bin[k].confidence += p;
	bin[k].hits += is_hit;
}

void calibration_bins(struct calibration_bin bin[METRICS_BINS], const struct metrics_input *in)
{
	size_t n = (size_t)in->n_classes;
	memset(bin, 0, METRICS_BINS * sizeof *bin);
	for (size_t i = 0; i < in->n; i++) {
		const float *p = in->probability + i * n;
		const uint8_t *truth = in->truth + i * n;
		int best = metrics_decide(p, NULL, in->n_classes);
		for (int c = 0; c < in->n_classes; c++)
			if (in->is_multi || c == best)
				add(bin, (double)p[c], truth[c]);
	}

	for (int k = 0; k < METRICS_BINS; k++)
		if (bin[k].n) {
			bin[k].confidence /= (double)bin[k].n;
			bin[k].hits /= (double)bin[k].n;
		}
}

/* Whether b lies on the straight line from a to c. */
static bool is_between(const struct calibration_point *a, const struct calibration_point *b,
		       const struct calibration_point *c)
{
	return (b->false_positives == a->false_positives && b->false_positives == c->false_positives) ||
	       (b->true_positives == a->true_positives && b->true_positives == c->true_positives);
}

size_t calibration_roc(struct calibration_point *point, const float *score, const uint8_t *truth,
		       size_t stride, size_t n)
{
	struct auroc a;
	size_t positives = 0, up = 0, right = 0, n_points = 0;

	for (size_t i = 0; i < n; i++)
		positives += truth[i * stride];
	if (!positives || positives == n)
		return 0;
	auroc_init(&a, score, stride, n);
	point[n_points++] = (struct calibration_point){0, 0};

	for (size_t i = 0; i < n; i++) {
		*(truth[a.order[i] * stride] ? &up : &right) += 1;
		if (!a.ends_group[i])
			continue;
		struct calibration_point p = {(double)right / (double)(n - positives),
					      (double)up / (double)positives};
		n_points -= n_points > 1 && is_between(&point[n_points - 2], &point[n_points - 1], &p);
		point[n_points++] = p;
	}

	auroc_release(&a);
	return n_points;
}
