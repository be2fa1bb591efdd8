#include "statistics/knn.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "common/pool.h"
#include "statistics/dense.h"

struct search {
	uint32_t *nearest;
	double *squared;
	const struct features *base, *queries;
	size_t k;
};

/* Insertion into the k best so far: base rows come by ascending index, so a tie leaves the
 * earlier one in front. */
static void find_one(void *context, int query)
{
	const struct search *s = context;
	size_t ld = (size_t)s->base->ld, n = 0;
	uint32_t *nearest = s->nearest + (size_t)query * s->k;
	double *squared = s->squared + (size_t)query * s->k;

	for (size_t j = 0; j < s->base->n; j++) {
		if (s->base == s->queries && j == (size_t)query)
			continue;
		double d =
			dense_squared_distance(s->queries->x + (size_t)query * ld, s->base->x + j * ld, ld);
		if (n == s->k && !(d < squared[n - 1]))
			continue;
		size_t at = n < s->k ? n++ : n - 1;
		for (; at > 0 && d < squared[at - 1]; at--) {
			squared[at] = squared[at - 1];
			nearest[at] = nearest[at - 1];
		}
		squared[at] = d;
		nearest[at] = (uint32_t)j;
	}
}

static size_t choices(const struct features *base, const struct features *queries)
{
	return base->n - (base == queries && base->n > 0);
}

void knn_find(uint32_t *nearest, double *squared, const struct features *base, const struct features *queries,
	      int k)
{
	if (k < 1 || (size_t)k > choices(base, queries) || base->d != queries->d)
		BUG("knn: more neighbours than rows, or rows of another width");
	double *own = squared ? NULL : die_malloc(queries->n * (size_t)k * sizeof *own + 1);
	struct search s = {nearest, squared ? squared : own, base, queries, (size_t)k};
	pool_run(find_one, &s, (int)queries->n);
	free(own);
}

double knn_purity(const struct features *f, const int *label, int k)
{
	if (choices(f, f) < (size_t)k)
		return NAN;
	uint32_t *nearest = die_malloc(f->n * (size_t)k * sizeof *nearest);
	knn_find(nearest, NULL, f, f, k);
	size_t same = 0;
	for (size_t i = 0; i < f->n * (size_t)k; i++)
		same += label[nearest[i]] == label[i / (size_t)k];
	free(nearest);
	return (double)same / ((double)f->n * k);
}

double knn_accuracy(const struct features *train, const int *train_label, const struct features *test,
		    const int *test_label, int n_labels, int k)
{
	if (!test->n || train->n < (size_t)k)
		return NAN;
	uint32_t *nearest = die_malloc(test->n * (size_t)k * sizeof *nearest);
	int *votes = die_malloc((size_t)n_labels * sizeof *votes);
	size_t right = 0;
	knn_find(nearest, NULL, train, test, k);

	for (size_t i = 0; i < test->n; i++) {
		int best = 0;
		for (int c = 0; c < n_labels; c++)
			votes[c] = 0;
		for (size_t j = 0; j < (size_t)k; j++)
			votes[train_label[nearest[i * (size_t)k + j]]]++;
		for (int c = 1; c < n_labels; c++)
			best = votes[c] > votes[best] ? c : best;
		right += best == test_label[i];
	}

	free(votes);
	free(nearest);
	return (double)right / (double)test->n;
}
