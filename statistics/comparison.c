#include "statistics/comparison.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/philox.h"
#include "statistics/student.h"

const char *const comparison_names[COMPARISON_METRICS] = {
	"accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_auroc", "macro_auprc", "ece"};

/* The draw of rows is one that no draw of patients has: those number their attempts from 0. */
enum { DRAW_OF_ROWS = 1 << 20 };

struct resampling {
	const struct comparison *c;
	struct auroc *ranking;	/* [n_rows][n_classes] */
	struct metrics *thread; /* one per thread */
};

int comparison_count(const struct comparison *c)
{
	return COMPARISON_METRICS + 2 * c->data.n_classes;
}

static void gather_means(double *value, const struct metrics *m)
{
	value[COMPARISON_ACCURACY] = m->accuracy;
	value[COMPARISON_BALANCED_ACCURACY] = m->balanced_accuracy;
	value[COMPARISON_MACRO_F1] = m->macro_f1;
	value[COMPARISON_WEIGHTED_F1] = m->weighted_f1;
	value[COMPARISON_MACRO_AUROC] = m->macro_auroc;
	value[COMPARISON_MACRO_AUPRC] = m->macro_auprc;
	value[COMPARISON_ECE] = m->ece;
}

static void gather(double *value, const struct metrics *m)
{
	gather_means(value, m);
	for (int k = 0; k < m->n_classes; k++) {
		value[COMPARISON_METRICS + k] = m->of_class[k].f1;
		value[COMPARISON_METRICS + m->n_classes + k] = m->of_class[k].auroc;
	}
}

static struct metrics_input input_of(const struct comparison *c, const struct auroc *ranking, int row)
{
	struct metrics_input in = c->data;
	in.probability = c->row[row].probability;
	in.weight = c->row[row].weight;
	in.weight_stride = c->row[row].weight_stride;
	in.ranking = ranking + (size_t)row * (size_t)in.n_classes;
	return in;
}

static bool statistic(void *context, double *value, const uint32_t *count)
{
	const struct resampling *r = context;
	struct metrics *m = &r->thread[pool_self()];

	for (int a = 0; a < r->c->n_rows; a++) {
		struct metrics_input in = input_of(r->c, r->ranking, a);
		in.count = count;
		metrics_compute(m, &in);
		if (!r->c->is_partial && m->n_missing > r->c->metrics[a].n_missing)
			return false;
		double *own = value + a * comparison_count(r->c);
		gather(own, m);
		if (r->c->is_partial) {
			metrics_complete(m, &r->c->metrics[a]);
			gather_means(own, m);
		}
	}

	return true;
}

void comparison_run(struct comparison *c)
{
	size_t n_rows = (size_t)c->n_rows, n_classes = (size_t)c->data.n_classes;
	struct resampling r = {.c = c, .ranking = die_calloc(n_rows * n_classes, sizeof *r.ranking)};

	c->metrics = die_calloc(n_rows, sizeof *c->metrics);
	for (size_t a = 0; a < n_rows; a++) {
		for (size_t k = 0; k < n_classes; k++)
			auroc_init(&r.ranking[a * n_classes + k],
				   c->data.n ? c->row[a].probability + k : NULL, n_classes,
				   c->data.n); /* of no records there is no table */
		struct metrics_input in = input_of(c, r.ranking, (int)a);
		metrics_init(&c->metrics[a], c->data.n_classes);
		metrics_compute(&c->metrics[a], &in);
	}

	int n_threads = pool_threads(), n_values = c->n_rows * comparison_count(c);
	r.thread = die_calloc((size_t)n_threads, sizeof *r.thread);
	for (int t = 0; t < n_threads; t++)
		metrics_init(&r.thread[t], c->data.n_classes);
	c->bootstrap.n = c->data.n;
	c->values = die_calloc((size_t)c->bootstrap.n_resamples * (size_t)n_values + 1, sizeof *c->values);
	c->n_undefined = bootstrap_run(c->values, &c->bootstrap, n_values, statistic, &r);
	for (int t = 0; t < n_threads; t++)
		metrics_release(&r.thread[t]);
	for (size_t k = 0; k < n_rows * n_classes; k++)
		auroc_release(&r.ranking[k]);
	free(r.thread);
	free(r.ranking);
}

static double point(const struct comparison *c, int row, int metric)
{
	double *value = die_calloc((size_t)comparison_count(c), sizeof *value);
	gather(value, &c->metrics[row]);
	double out = value[metric];
	free(value);
	return out;
}

static double mean_point(const struct comparison *c, struct comparison_rows rows, int metric)
{
	double sum = 0;
	for (int i = 0; i < rows.n; i++)
		sum += point(c, rows.row[i], metric);
	return sum / rows.n;
}

double comparison_drawn(const struct comparison *c, struct comparison_rows rows, int metric, int k)
{
	size_t width = (size_t)comparison_count(c);
	const double *value = c->values + (size_t)k * (size_t)c->n_rows * width + (size_t)metric;
	if (rows.n == 1)
		return value[(size_t)rows.row[0] * width];

	struct philox p = philox_open(c->bootstrap.seed, PURPOSE_BOOTSTRAP, (uint64_t)k,
				      (uint32_t)(DRAW_OF_ROWS + rows.n));
	double sum = 0;
	for (int i = 0; i < rows.n - 1; i++)
		sum += value[(size_t)rows.row[philox_below(&p, (uint32_t)rows.n)] * width];
	return sum / (rows.n - 1);
}

/* Squared standard error that the rows bring into their mean, known from rows.n values; of rows minus others
 * of equal number, of the pairs. */
static double error_of_rows(const struct comparison *c, struct comparison_rows rows,
			    struct comparison_rows others, int metric)
{
	double mean = 0, squares = 0, *x = die_malloc(((size_t)rows.n + 1) * sizeof *x);
	for (int i = 0; i < rows.n; i++) {
		x[i] = point(c, rows.row[i], metric) -
		       (others.n == rows.n ? point(c, others.row[i], metric) : 0);
		mean += x[i] / rows.n;
	}
	for (int i = 0; i < rows.n; i++)
		squares += (x[i] - mean) * (x[i] - mean);
	free(x);
	return squares / (rows.n - 1) / rows.n;
}

/* t of the rows times their error, squared. */
static double spread_of_rows(const struct comparison *c, struct comparison_rows rows,
			     struct comparison_rows others, int metric, double *variance)
{
	if (rows.n < 2)
		return 0;
	double own = error_of_rows(c, rows, others, metric), t = student_t975(rows.n - 1);
	*variance += own;
	return t * t * own;
}

/* The interval of a mean of several rows, and how much wider it is than that of a normal deviate. It stays
 * within what a metric, or a difference of two, can be. */
static void widen(struct comparison_value *v, const struct comparison *c, struct comparison_rows rows,
		  struct comparison_rows others, int metric)
{
	struct comparison_rows none = {0};
	bool is_paired = rows.n == others.n;
	double of_rows = 0, z = STUDENT_NORMAL, error = v->interval.error, spread;

	spread = spread_of_rows(c, rows, is_paired ? others : none, metric, &of_rows);
	if (!is_paired)
		spread += spread_of_rows(c, others, none, metric, &of_rows);
	double of_patients = error * error - of_rows;
	double half = sqrt(z * z * (of_patients < 0 ? 0 : of_patients) + spread);

	v->stretch = error > 0 ? half / (z * error) : 1;
	v->interval.low = v->value - half;
	v->interval.high = v->value + half;
	double least = others.n ? -1 : 0;
	v->interval.low = v->interval.low < least ? least : v->interval.low;
	v->interval.high = v->interval.high > 1 ? 1 : v->interval.high;
}

struct comparison_value comparison_difference_of_means(const struct comparison *c,
						       struct comparison_rows rows,
						       struct comparison_rows others, int metric)
{
	int n_resamples = c->bootstrap.n_resamples;
	double *value = die_malloc(((size_t)n_resamples + 1) * sizeof *value);
	for (int k = 0; k < n_resamples; k++)
		value[k] = comparison_drawn(c, rows, metric, k) -
			   (others.n ? comparison_drawn(c, others, metric, k) : 0);

	struct comparison_value v = {mean_point(c, rows, metric) -
					     (others.n ? mean_point(c, others, metric) : 0),
				     1, bootstrap_interval(value, 1, n_resamples)};
	free(value);
	if (rows.n > 1 || others.n > 1)
		widen(&v, c, rows, others, metric);
	return v;
}

struct comparison_value comparison_of_mean(const struct comparison *c, struct comparison_rows rows,
					   int metric)
{
	return comparison_difference_of_means(c, rows, (struct comparison_rows){0}, metric);
}

struct comparison_value comparison_of(const struct comparison *c, int row, int metric)
{
	return comparison_of_mean(c, (struct comparison_rows){1, &row}, metric);
}

struct comparison_value comparison_difference(const struct comparison *c, int row, int other, int metric)
{
	return comparison_difference_of_means(c, (struct comparison_rows){1, &row},
					      (struct comparison_rows){1, &other}, metric);
}

void comparison_release(struct comparison *c)
{
	for (int a = 0; a < c->n_rows; a++)
		metrics_release(&c->metrics[a]);
	free(c->metrics);
	free(c->values);
}
