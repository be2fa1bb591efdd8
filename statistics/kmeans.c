#include "statistics/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "numbers/dmath.h"
#include "numbers/philox.h"
#include "statistics/dense.h"

enum { MAX_STEPS = 300 };

struct starts {
	const struct features *f;
	size_t k;
	uint64_t seed;
	int *label;	 /* [n_starts][n] */
	double *inertia; /* [n_starts] */
};

/* A row drawn with probability proportional to its squared distance from the nearest centre so far. */
static size_t draw(struct philox *random, const double *nearest, double total, size_t n)
{
	double wanted = philox_uniform(random) * total, seen = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		seen += nearest[i];
		if (seen >= wanted && nearest[i] > 0)
			return i;
	}
	return n - 1;
}

/* The distances as they would be with a centre at the row; returns their sum. */
static double distances_with(double *out, const double *nearest, const struct features *f, size_t row)
{
	size_t ld = (size_t)f->ld;
	double total = 0;
	for (size_t i = 0; i < f->n; i++) {
		out[i] = fmin(nearest[i], dense_squared_distance(f->x + i * ld, f->x + row * ld, ld));
		total += out[i];
	}
	return total;
}

/* Greedy k-means++: of 2 + log k rows drawn, the one that lowers the sum of distances
 * most. nearest: [3][n]. */
static void place(double *centre, double *nearest, const struct starts *s, int start)
{
	const struct features *f = s->f;
	size_t ld = (size_t)f->ld, n_trials = 2 + (size_t)dmath_log((double)s->k);
	double *trial = nearest + f->n, *kept = trial + f->n, total = INFINITY;
	struct philox random = philox_open(s->seed, PURPOSE_CLUSTER, (uint64_t)start, 0);

	for (size_t i = 0; i < f->n; i++)
		nearest[i] = INFINITY;
	for (size_t c = 0; c < s->k; c++) {
		size_t chosen = 0;
		double best = INFINITY;
		for (size_t t = 0; t < (c ? n_trials : 1); t++) {
			size_t row = c ? draw(&random, nearest, total, f->n)
				       : philox_below(&random, (uint32_t)f->n);
			double sum = distances_with(trial, nearest, f, row);
			if (sum < best) {
				best = sum;
				chosen = row;
				memcpy(kept, trial, f->n * sizeof *kept);
			}
		}
		total = best;
		memcpy(nearest, kept, f->n * sizeof *kept);
		memcpy(centre + c * ld, f->x + chosen * ld, ld * sizeof *centre);
	}
}

/* Each row to its nearest centre (the lowest of equals). Returns how many changed. */
static size_t assign(int *label, double *nearest, const double *centre, const struct starts *s)
{
	size_t ld = (size_t)s->f->ld, n_changed = 0;
	for (size_t i = 0; i < s->f->n; i++) {
		int best = 0;
		nearest[i] = INFINITY;
		for (size_t c = 0; c < s->k; c++) {
			double d = dense_squared_distance(s->f->x + i * ld, centre + c * ld, ld);
			if (d < nearest[i]) {
				nearest[i] = d;
				best = (int)c;
			}
		}
		n_changed += label[i] != best;
		label[i] = best;
	}

	return n_changed;
}

/* Centres become means; one that lost all rows moves to the row farthest from its own. */
static void move(double *centre, double *nearest, const int *label, const struct starts *s)
{
	size_t ld = (size_t)s->f->ld, n = s->f->n;
	size_t *count = die_calloc(s->k, sizeof *count);

	memset(centre, 0, s->k * ld * sizeof *centre);
	for (size_t i = 0; i < n; i++) {
		count[label[i]]++;
		for (size_t k = 0; k < ld; k++)
			centre[(size_t)label[i] * ld + k] += s->f->x[i * ld + k];
	}

	for (size_t c = 0; c < s->k; c++) {
		size_t farthest = 0;
		for (size_t i = 1; !count[c] && i < n; i++)
			farthest = nearest[i] > nearest[farthest] ? i : farthest;
		if (!count[c]) {
			memcpy(centre + c * ld, s->f->x + farthest * ld, ld * sizeof *centre);
			nearest[farthest] = 0;
		}
		for (size_t k = 0; count[c] && k < ld; k++)
			centre[c * ld + k] /= (double)count[c];
	}

	free(count);
}

static void run_start(void *context, int start)
{
	const struct starts *s = context;
	int *label = s->label + (size_t)start * s->f->n;
	double *centre = die_calloc(s->k * (size_t)s->f->ld, sizeof *centre);
	double *nearest = die_malloc(3 * s->f->n * sizeof *nearest), sum = 0;

	place(centre, nearest, s, start);
	for (size_t i = 0; i < s->f->n; i++)
		label[i] = -1;
	for (int step = 0; step < MAX_STEPS && assign(label, nearest, centre, s); step++)
		move(centre, nearest, label, s);
	assign(label, nearest, centre, s);
	for (size_t i = 0; i < s->f->n; i++)
		sum += nearest[i];
	s->inertia[start] = sum;
	free(centre);
	free(nearest);
}

double kmeans_fit(int *label, const struct features *f, int k, int n_starts, uint64_t seed)
{
	if (k < 1 || (size_t)k > f->n || n_starts < 1)
		BUG("kmeans: needs 1 to n clusters and a start");
	struct starts s = {.f = f, .k = (size_t)k, .seed = seed};
	s.label = die_malloc((size_t)n_starts * f->n * sizeof *s.label);
	s.inertia = die_malloc((size_t)n_starts * sizeof *s.inertia);
	pool_run(run_start, &s, n_starts);
	int best = 0;
	for (int r = 1; r < n_starts; r++)
		best = s.inertia[r] < s.inertia[best] ? r : best;
	memcpy(label, s.label + (size_t)best * f->n, f->n * sizeof *label);
	double inertia = s.inertia[best];
	free(s.label);
	free(s.inertia);
	return inertia;
}
