#include "statistics/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

void metrics_init(struct metrics *m, int n_classes)
{
	size_t n = (size_t)n_classes;
	*m = (struct metrics){.n_classes = n_classes};
	m->of_class = die_calloc(n, sizeof *m->of_class);
	m->confusion = die_calloc(n * (n > 4 ? n : 4), sizeof *m->confusion);
}

void metrics_release(struct metrics *m)
{
	free(m->of_class);
	free(m->confusion);
	*m = (struct metrics){0};
}

int metrics_decide(const float *probability, const double *weight, int n_classes)
{
	int best = 0;
	double top = -1;
	for (int c = 0; c < n_classes; c++) {
		double value = (double)probability[c] * (weight ? weight[c] : 1);
		if (value > top) {
			top = value;
			best = c;
		}
	}
	return best;
}

bool metrics_has(float probability, double weight)
{
	return weight * (double)probability > 1 - (double)probability;
}

static uint64_t times(const struct metrics_input *in, size_t i)
{
	return in->count ? in->count[i] : 1;
}

/* a / b, NAN if b is 0. */
static double ratio(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : NAN;
}

static int true_class(const struct metrics_input *in, size_t i)
{
	const uint8_t *t = in->truth + i * (size_t)in->n_classes;
	int c = 0;
	while (c + 1 < in->n_classes && !t[c])
		c++;
	return c;
}

/* Counts of true -, false +, false -, true + for one class. */
struct counts {
	uint64_t tn, fp, fn, tp;
};

static void set_class(struct metrics_class *m, struct counts k)
{
	m->support = k.tp + k.fn;
	m->recall = ratio(k.tp, m->support);
	m->precision = m->f1 = NAN;
	if (m->support) {
		m->precision = k.tp + k.fp ? ratio(k.tp, k.tp + k.fp) : 0;
		m->f1 = ratio(2 * k.tp, 2 * k.tp + k.fp + k.fn);
	}
}

/* Of the decision on record i; NULL: ones. */
static const double *weight_of(const struct metrics_input *in, size_t i)
{
	return in->weight ? in->weight + i * in->weight_stride : NULL;
}

static void count_single(struct metrics *m, const struct metrics_input *in)
{
	size_t n = (size_t)m->n_classes;
	uint64_t right = 0;

	memset(m->confusion, 0, n * n * sizeof *m->confusion);
	for (size_t i = 0; i < in->n; i++) {
		int predicted = metrics_decide(in->probability + i * n, weight_of(in, i), in->n_classes);
		m->confusion[(size_t)true_class(in, i) * n + (size_t)predicted] += times(in, i);
		m->n += times(in, i);
	}

	double recalls = 0;
	size_t n_present = 0;
	for (size_t c = 0; c < n; c++) {
		struct counts k = {.tp = m->confusion[c * n + c]};
		for (size_t o = 0; o < n; o++) {
			k.fn += o == c ? 0 : m->confusion[c * n + o];
			k.fp += o == c ? 0 : m->confusion[o * n + c];
		}
		set_class(&m->of_class[c], k);
		right += k.tp;
		recalls += m->of_class[c].support ? m->of_class[c].recall : 0;
		n_present += m->of_class[c].support > 0;
	}

	m->accuracy = ratio(right, m->n);
	m->balanced_accuracy = n_present ? recalls / (double)n_present : NAN;
}

/* (Recall + specificity) / 2 of class c, any number of classes per record. */
static double balance(const struct metrics *m, int c)
{
	const uint64_t *k = m->confusion + (size_t)4 * (size_t)c;
	return (ratio(k[3], k[2] + k[3]) + ratio(k[0], k[0] + k[1])) / 2;
}

static void set_balanced(struct metrics *m, const struct metrics *otherwise)
{
	double sum = 0;
	int n_defined = 0;
	for (int c = 0; c < m->n_classes; c++) {
		double own = balance(m, c), both = isnan(own) ? balance(otherwise, c) : own;
		sum += isnan(both) ? 0 : both;
		n_defined += !isnan(both);
	}
	m->balanced_accuracy = n_defined ? sum / n_defined : NAN;
}

static void count_multi(struct metrics *m, const struct metrics_input *in)
{
	size_t n = (size_t)m->n_classes;
	uint64_t right = 0;

	memset(m->confusion, 0, 4 * n * sizeof *m->confusion);
	for (size_t i = 0; i < in->n; i++) {
		bool is_right = true;
		const double *weight = weight_of(in, i);
		for (size_t c = 0; c < n; c++) {
			bool truth = in->truth[i * n + c];
			bool has = metrics_has(in->probability[i * n + c], weight ? weight[c] : 1);
			m->confusion[4 * c + 2 * truth + has] += times(in, i);
			is_right = is_right && truth == has;
		}
		m->n += times(in, i);
		right += is_right ? times(in, i) : 0;
	}

	for (size_t c = 0; c < n; c++) {
		const uint64_t *k = m->confusion + 4 * c;
		set_class(&m->of_class[c], (struct counts){k[0], k[1], k[2], k[3]});
	}

	m->accuracy = ratio(right, m->n);
	set_balanced(m, m);
}

static void set_areas(struct metrics *m, const struct metrics_input *in)
{
	size_t n = (size_t)m->n_classes;
	for (size_t c = 0; c < n; c++) {
		struct auroc own = {0};
		const struct auroc *a = in->ranking ? in->ranking + c : &own;
		if (!in->ranking)
			auroc_init(&own, in->n ? in->probability + c : NULL, n, in->n);
		const uint8_t *truth = in->n ? in->truth + c : NULL;
		m->of_class[c].auroc = auroc_area(a, truth, n, in->count);
		m->of_class[c].auprc = auroc_precision(a, truth, n, in->count);
		auroc_release(&own);
	}
}

static void set_means(struct metrics *m)
{
	double f1 = 0, weighted = 0, auroc = 0, auprc = 0;
	uint64_t n_present = 0, n_areas = 0, support = 0;

	m->n_missing = 0;
	for (int c = 0; c < m->n_classes; c++) {
		const struct metrics_class *k = &m->of_class[c];
		bool is_missing = isnan(k->auroc);
		m->n_missing += is_missing;
		n_areas += !is_missing;
		auroc += is_missing ? 0 : k->auroc;
		bool is_present = !isnan(k->f1);
		n_present += is_present;
		support += k->support;
		f1 += is_present ? k->f1 : 0;
		auprc += is_present ? k->auprc : 0;
		weighted += k->support ? k->f1 * (double)k->support : 0;
	}

	m->macro_f1 = n_present ? f1 / (double)n_present : NAN;
	m->macro_auprc = n_present ? auprc / (double)n_present : NAN;
	m->weighted_f1 = support ? weighted / (double)support : NAN;
	m->macro_auroc = n_areas ? auroc / (double)n_areas : NAN;
}

/* Bins (low, high], as in Guo et al.; p = 0 belongs to the first. */
struct bins {
	uint64_t n[METRICS_BINS];
	double confidence[METRICS_BINS], right[METRICS_BINS];
};

static void bins_add(struct bins *b, double p, bool is_right, uint64_t n)
{
	int k = (int)ceil(p * METRICS_BINS) - 1;
	k = k < 0 ? 0 : k >= METRICS_BINS ? METRICS_BINS - 1 : k;
	b->n[k] += n;
	b->confidence[k] += p * (double)n;
	b->right[k] += is_right ? (double)n : 0;
}

static double bins_error(const struct bins *b, uint64_t n)
{
	double sum = 0;
	for (int k = 0; k < METRICS_BINS; k++)
		sum += fabs(b->right[k] - b->confidence[k]);
	return n ? sum / (double)n : NAN;
}

static void set_calibration(struct metrics *m, const struct metrics_input *in)
{
	size_t n = (size_t)m->n_classes;
	m->ece = 0;
	for (int c = 0; c < (in->is_multi ? m->n_classes : 1); c++) {
		struct bins b = {0};
		for (size_t i = 0; i < in->n; i++) {
			const float *p = in->probability + i * n;
			int at = in->is_multi ? c : metrics_decide(p, NULL, m->n_classes);
			bins_add(&b, (double)p[at], in->truth[i * n + (size_t)at], times(in, i));
		}
		m->ece += bins_error(&b, m->n);
	}
	m->ece /= in->is_multi ? m->n_classes : 1;
}

void metrics_compute(struct metrics *m, const struct metrics_input *in)
{
	if (in->n_classes != m->n_classes)
		BUG("metrics: made for another number of classes");
	m->n = 0;
	if (in->is_multi)
		count_multi(m, in);
	else
		count_single(m, in);
	set_areas(m, in);
	set_means(m);
	set_calibration(m, in);
}

void metrics_complete(struct metrics *m, const struct metrics *whole)
{
	int n_missing = m->n_missing;
	for (int c = 0; c < m->n_classes; c++) {
		struct metrics_class *k = &m->of_class[c];
		const struct metrics_class *w = &whole->of_class[c];
		k->auroc = isnan(k->auroc) ? w->auroc : k->auroc;
		if (k->support)
			continue;
		k->f1 = w->f1;
		k->auprc = w->auprc;
	}
	set_balanced(m, whole);
	set_means(m);
	m->n_missing = n_missing;
}
