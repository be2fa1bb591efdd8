#include "model/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "numbers/dmath.h"

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Candidates of a view whose patient has m of the n records. */
static double count(int n, int n_views, int m, enum same_patient same_patient, bool is_across)
{
	int n_left = same_patient == SAME_PATIENT_MASK ? n - m + 1 : n;
	return is_across ? n_left : (double)n_views * n_left - 1;
}

struct candidates candidates_count(const uint64_t *patient, int n, int n_views,
				   enum same_patient same_patient, bool is_across, uint64_t *sorted)
{
	struct candidates c = {0};
	double most = dmath_log(count(n, n_views, 1, same_patient, is_across)), less = 0;

	memcpy(sorted, patient, (size_t)n * sizeof *sorted);
	qsort(sorted, (size_t)n, sizeof *sorted, by_value);
	for (int first = 0, end; first < n; first = end) {
		for (end = first + 1; end < n && sorted[end] == sorted[first]; end++)
			;
		int m = end - first;
		if (m < n || (same_patient == SAME_PATIENT_IGNORE && n > 1))
			c.n_contrasted += m;
		if (m > 1)
			less += m * (most - dmath_log(count(n, n_views, m, same_patient, is_across)));
	}

	c.uniform = most - less / n;
	return c;
}
