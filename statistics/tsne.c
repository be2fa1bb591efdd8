#include "statistics/tsne.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/dmath.h"
#include "statistics/dense.h"
#include "statistics/pca.h"

enum { EXAGGERATED_STEPS = 250, BISECTIONS = 100, PATIENCE = 300, CHECK_EVERY = 50 };

static const double EXAGGERATION = 12, SMALLEST_GAIN = 0.01, SMALLEST_GRADIENT = 1e-7;
static const double FAR = 1e150; /* where padding points lie: 1 / (1 + FAR^2) adds nothing to any sum */

struct tsne {
	const struct features *f;
	size_t n, ld; /* ld: n rounded up to a multiple of 4 */
	double perplexity;
	double *p;	       /* [n][ld] joint probabilities, padding 0 */
	double *x, *y;	       /* [ld] the map; padding FAR */
	double *force;	       /* [n][4]: attraction x, y, repulsion x, y, before normalization */
	double *row;	       /* [n] sums over rows */
	double *update, *gain; /* [2 n]: all x, then all y */
	double normalizer;     /* sum of 1 / (1 + distance^2) over all pairs */
};

/* ---- high-dimensional probabilities ---- */

/* p[j] = exp(-beta (d[j] - nearest)), j != self; returns the entropy in nats of p / sum, and the sum. */
static double entropy(double *p, double *sum, const double *d, double nearest, double beta, size_t n,
		      size_t self)
{
	double total = 0, energy = 0;
	for (size_t j = 0; j < n; j++) {
		p[j] = j == self ? 0 : dmath_exp(-beta * (d[j] - nearest));
		total += p[j];
		energy += p[j] * (d[j] - nearest);
	}
	*sum = total;
	return dmath_log(total) + beta * energy / total;
}

/* Row i of P given i: the bandwidth is found whose entropy is log perplexity (by bisection of beta). */
static void conditional_row(void *context, int i)
{
	struct tsne *t = context;
	size_t self = (size_t)i, fld = (size_t)t->f->ld;
	double *p = t->p + self * t->ld, *d = die_malloc(t->n * sizeof *d), nearest = INFINITY, sum = 1;

	for (size_t j = 0; j < t->n; j++) {
		d[j] = dense_squared_distance(t->f->x + self * fld, t->f->x + j * fld, fld);
		nearest = j != self && d[j] < nearest ? d[j] : nearest;
	}

	double beta = 1, low = 0, high = INFINITY, wanted = dmath_log(t->perplexity);
	for (int k = 0; k < BISECTIONS; k++) {
		double excess = entropy(p, &sum, d, nearest, beta, t->n, self) - wanted;
		if (fabs(excess) <= 1e-10)
			break;
		if (excess > 0)
			low = beta;
		else
			high = beta;
		beta = isinf(high) ? beta * 2 : (low + high) / 2;
		if (isinf(beta) || beta < DBL_MIN) /* all others equally far: any bandwidth will do */
			break;
	}

	for (size_t j = 0; j < t->n; j++)
		p[j] /= sum;
	free(d);
}

static void symmetrize(struct tsne *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t j = 0; j < i; j++) {
			double joint = (t->p[i * t->ld + j] + t->p[j * t->ld + i]) / (2 * (double)t->n);
			t->p[i * t->ld + j] = t->p[j * t->ld + i] = joint > DBL_EPSILON ? joint : DBL_EPSILON;
		}
}

static void scale_p(struct tsne *t, double by)
{
	for (size_t k = 0; k < t->n * t->ld; k++)
		t->p[k] *= by;
}

/* ---- the map ---- */

/* What point i feels: sum of p q (yi - yj) and of q^2 (yi - yj), q = 1 / (1 + |yi - yj|^2);
 * row[i] = sum of q. */
static void force_row(void *context, int i)
{
	struct tsne *t = context;
	const double *p = t->p + (size_t)i * t->ld;
	double4 near_x = {0}, near_y = {0}, far_x = {0}, far_y = {0}, sum = {0};
	double xi = t->x[i], yi = t->y[i];

	for (size_t j = 0; j < t->ld; j += 4) {
		double4 dx = xi - *(const double4 *)(t->x + j), dy = yi - *(const double4 *)(t->y + j);
		double4 q = 1 / (1 + dx * dx + dy * dy), pq = *(const double4 *)(p + j) * q, qq = q * q;
		sum += q;
		near_x += pq * dx;
		near_y += pq * dy;
		far_x += qq * dx;
		far_y += qq * dy;
	}

	double *out = t->force + 4 * (size_t)i;
	out[0] = dense_sum(&near_x);
	out[1] = dense_sum(&near_y);
	out[2] = dense_sum(&far_x);
	out[3] = dense_sum(&far_y);
	t->row[i] = dense_sum(&sum) - 1; /* without i itself */
}

static double ascending_sum(const double *x, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

static void kl_row(void *context, int i)
{
	struct tsne *t = context;
	const double *p = t->p + (size_t)i * t->ld;
	double sum = 0;
	for (size_t j = 0; j < t->n; j++) {
		double dx = t->x[i] - t->x[j], dy = t->y[i] - t->y[j];
		double q = 1 / (1 + dx * dx + dy * dy) / t->normalizer;
		if (j != (size_t)i)
			sum += p[j] * dmath_log(p[j] / fmax(q, DBL_EPSILON));
	}
	t->row[i] = sum;
}

static double divergence(struct tsne *t)
{
	pool_run(force_row, t, (int)t->n);
	t->normalizer = ascending_sum(t->row, t->n);
	pool_run(kl_row, t, (int)t->n);
	return ascending_sum(t->row, t->n);
}

/* One step of descent with momentum and gains (Jacobs 1988); returns the gradient's norm. */
static double step(struct tsne *t, double momentum, double rate)
{
	pool_run(force_row, t, (int)t->n);
	t->normalizer = ascending_sum(t->row, t->n);
	double square = 0;
	for (size_t k = 0; k < 2 * t->n; k++) {
		size_t i = k % t->n, axis = k / t->n;
		double gradient = 4 * (t->force[4 * i + axis] - t->force[4 * i + 2 + axis] / t->normalizer);
		square += gradient * gradient;
		t->gain[k] = t->update[k] * gradient < 0 ? t->gain[k] + 0.2 : t->gain[k] * 0.8;
		t->gain[k] = t->gain[k] > SMALLEST_GAIN ? t->gain[k] : SMALLEST_GAIN;
		t->update[k] = momentum * t->update[k] - rate * t->gain[k] * gradient;
		(axis ? t->y : t->x)[i] += t->update[k];
	}
	return sqrt(square);
}

static void descend(struct tsne *t, int n_steps, double momentum, double rate)
{
	double best = INFINITY;
	int best_step = 0;

	for (size_t k = 0; k < 2 * t->n; k++) {
		t->update[k] = 0;
		t->gain[k] = 1;
	}

	for (int s = 0; s < n_steps; s++) {
		double norm = step(t, momentum, rate);
		if (norm <= SMALLEST_GRADIENT)
			return;
		if (s % CHECK_EVERY != CHECK_EVERY - 1)
			continue;
		double kl = divergence(t);
		if (kl < best) {
			best = kl;
			best_step = s;
		} else if (s - best_step > PATIENCE)
			return;
	}
}

/* First two principal axes, the first scaled to a standard deviation of 1e-4. */
static void place(struct tsne *t)
{
	struct pca pca;
	struct features start;
	int n_axes = t->f->d < 2 ? 1 : 2;
	pca_fit(&pca, t->f);
	pca_project(&pca, &start, t->f, n_axes);
	double deviation = sqrt(pca.variance[0]), scale = deviation > 0 ? 1e-4 / deviation : 0;
	for (size_t i = 0; i < t->ld; i++) {
		t->x[i] = i < t->n ? start.x[i * (size_t)start.ld] * scale : FAR;
		t->y[i] = i < t->n ? (n_axes > 1 ? start.x[i * (size_t)start.ld + 1] * scale : 0) : FAR;
	}
	scaler_features_release(&start);
	pca_release(&pca);
}

double tsne_map(double *map, const struct features *f, double perplexity, int n_steps)
{
	size_t n = f->n, ld = (n + 3) / 4 * 4;
	memset(map, 0, 2 * n * sizeof *map);
	if (n < 4)
		return 0;

	struct tsne t = {.f = f, .n = n, .ld = ld, .perplexity = fmin(perplexity, (double)(n - 1) / 3)};
	t.p = die_calloc(n * ld + 2 * ld + 9 * n, sizeof *t.p);
	t.x = t.p + n * ld;
	t.y = t.x + ld;
	t.force = t.y + ld;
	t.row = t.force + 4 * n;
	t.update = t.row + n;
	t.gain = t.update + 2 * n;
	place(&t);
	pool_run(conditional_row, &t, (int)n);
	symmetrize(&t);

	double rate = fmax((double)n / EXAGGERATION / 4, 50);
	int n_first = n_steps < EXAGGERATED_STEPS ? n_steps : EXAGGERATED_STEPS;
	scale_p(&t, EXAGGERATION);
	descend(&t, n_first, 0.5, rate);
	scale_p(&t, 1 / EXAGGERATION);
	descend(&t, n_steps - n_first, 0.8, rate);

	double kl = divergence(&t);
	for (size_t i = 0; i < n; i++) {
		map[2 * i] = t.x[i];
		map[2 * i + 1] = t.y[i];
	}

	free(t.p);
	return kl;
}
