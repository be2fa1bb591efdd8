#include "statistics/simultaneous.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/die.h"

struct test {
	int at; /* in p, t and drawn */
	double t, mean, error;
	int n_above; /* resamples whose greatest of this and all smaller ones is above t */
};

static int by_size(const void *a, const void *b)
{
	const struct test *x = a, *y = b;
	if (x->t > y->t || x->t < y->t)
		return x->t > y->t ? -1 : 1;
	return x->at - y->at;
}

/* Is every difference that is asked about defined in this resample? */
static bool is_whole(const double *row, const struct test *test, int n)
{
	for (int i = 0; i < n; i++)
		if (isnan(row[test[i].at]))
			return false;
	return true;
}

static void scale(struct test *x, const bool *is_used, int used, const double *drawn, int n, int n_resamples)
{
	double squares = 0;
	for (int k = 0; k < n_resamples; k++)
		x->mean += is_used[k] ? drawn[(size_t)k * (size_t)n + (size_t)x->at] / used : 0;
	for (int k = 0; k < n_resamples; k++) {
		double d = drawn[(size_t)k * (size_t)n + (size_t)x->at] - x->mean;
		squares += is_used[k] ? d * d : 0;
	}
	x->error = used > 1 ? sqrt(squares / (used - 1)) : NAN;
}

/* From the smallest up: the greatest so far is that of all which still stand when this one's turn comes. */
static void count(struct test *test, int n, const double *row)
{
	double greatest = 0;
	for (int i = n - 1; i >= 0; i--) {
		struct test *x = &test[i];
		double t = x->error > 0 ? fabs(row[x->at] - x->mean) / x->error : 0;
		greatest = t > greatest ? t : greatest;
		x->n_above += greatest >= x->t;
	}
}

void simultaneous_p(double *p, const double *t, const double *drawn, int n, int n_resamples)
{
	struct test *test = die_calloc((size_t)n + 1, sizeof *test);
	bool *is_used = die_calloc((size_t)n_resamples + 1, sizeof *is_used);
	int n_tests = 0, used = 0;
	double least = 0;

	for (int i = 0; i < n; i++) {
		p[i] = NAN;
		if (!isnan(t[i]))
			test[n_tests++] = (struct test){.at = i, .t = t[i]};
	}
	qsort(test, (size_t)n_tests, sizeof *test, by_size);
	for (int k = 0; n_tests && k < n_resamples; k++)
		used += is_used[k] = is_whole(drawn + (size_t)k * (size_t)n, test, n_tests);
	for (int i = 0; i < n_tests; i++)
		scale(&test[i], is_used, used, drawn, n, n_resamples);
	for (int k = 0; k < n_resamples; k++)
		if (is_used[k])
			count(test, n_tests, drawn + (size_t)k * (size_t)n);

	/* Not below that of a larger difference. */
	for (int i = 0; i < n_tests && used > 1; i++) {
		double own = (1.0 + test[i].n_above) / (1.0 + used);
		least = own > least ? own : least;
		p[test[i].at] = least;
	}
	free(is_used);
	free(test);
}
