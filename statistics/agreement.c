#include "statistics/agreement.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/die.h"
#include "numbers/dmath.h"

/* How many records have labels (i, j), i, j. */
struct table {
	size_t n_a, n_b;
	uint64_t *both, *a, *b;
};

static void table_init(struct table *t, const int *a, int n_a, const int *b, int n_b, size_t n)
{
	*t = (struct table){.n_a = (size_t)n_a, .n_b = (size_t)n_b};
	t->both = die_calloc(t->n_a * t->n_b + t->n_a + t->n_b + 1, sizeof *t->both);
	t->a = t->both + t->n_a * t->n_b;
	t->b = t->a + t->n_a;
	for (size_t i = 0; i < n; i++) {
		t->both[(size_t)a[i] * t->n_b + (size_t)b[i]]++;
		t->a[a[i]]++;
		t->b[b[i]]++;
	}
}

/* Ordered pairs of different records under one label. */
static double pairs(const uint64_t *count, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)count[i] * ((double)count[i] - 1);
	return sum;
}

double agreement_ari(const int *a, int n_a, const int *b, int n_b, size_t n)
{
	struct table t;
	if (!n)
		return NAN;
	table_init(&t, a, n_a, b, n_b, n);
	double all = (double)n * ((double)n - 1), both = pairs(t.both, t.n_a * t.n_b);
	double of_a = pairs(t.a, t.n_a), of_b = pairs(t.b, t.n_b);
	free(t.both);
	/* Pairs: together in both, in a only, in b only, in neither. */
	double only_a = of_a - both, only_b = of_b - both, neither = all - of_a - of_b + both;
	if (only_a == 0 && only_b == 0)
		return 1;
	return 2 * (both * neither - only_a * only_b) /
	       ((both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither));
}

static double entropy(const uint64_t *count, size_t n_labels, double n)
{
	double sum = 0;
	for (size_t i = 0; i < n_labels; i++)
		if (count[i])
			sum -= (double)count[i] / n * dmath_log((double)count[i] / n);
	return sum;
}

double agreement_nmi(const int *a, int n_a, const int *b, int n_b, size_t n)
{
	struct table t;
	if (!n)
		return NAN;
	table_init(&t, a, n_a, b, n_b, n);

	double total = (double)n, information = 0;
	for (size_t i = 0; i < t.n_a; i++)
		for (size_t j = 0; j < t.n_b; j++) {
			double both = (double)t.both[i * t.n_b + j];
			if (both > 0)
				information += both / total *
					       dmath_log(both * total / ((double)t.a[i] * (double)t.b[j]));
		}

	double of_a = entropy(t.a, t.n_a, total), of_b = entropy(t.b, t.n_b, total);
	free(t.both);
	if (of_a == 0 && of_b == 0)
		return 1;

	return information > DBL_EPSILON ? information / ((of_a + of_b) / 2) : 0;
}
