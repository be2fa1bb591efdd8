#include "ecg/quality.h"

#include <stdio.h>

struct quality quality_measure(const int32_t *x, long n, int stride, int32_t missing, long clip_run)
{
	struct quality q = {.n = n, .low = INT32_MAX, .high = INT32_MIN};
	for (long i = 0; i < n; i++) {
		int32_t v = x[i * stride];
		q.missing += v == missing;
		q.low = v != missing && v < q.low ? v : q.low;
		q.high = v != missing && v > q.high ? v : q.high;
	}

	/* Without a branch that depends on whether a sample repeats: half of them do. */
	long run = 0;
	for (long i = 0; i < n; i++) {
		int32_t v = x[i * stride];
		run = i && v == x[(i - 1) * stride] ? run + 1 : 1;
		q.flat = run > q.flat && v != missing ? run : q.flat;
		if ((v == q.low || v == q.high) && run >= clip_run)
			q.clipped += run == clip_run ? run : 1;
	}

	return q;
}

bool quality_is_good(char *reason, size_t size, const struct quality *q, const struct quality_limits *l,
		     double rate_hz)
{
	if (q->missing)
		snprintf(reason, size, "%ld of %ld samples missing", q->missing, q->n);
	else if (q->low == q->high)
		snprintf(reason, size, "flat: the whole lead is %d", (int)q->low);
	else if ((double)q->flat > l->flat_s * rate_hz)
		snprintf(reason, size, "flat for %.2f s, limit %.2f s", (double)q->flat / rate_hz, l->flat_s);
	else if ((double)q->clipped > l->clipped_share * (double)q->n)
		snprintf(reason, size, "%.2f %% of samples clipped, limit %.2f %%",
			 100 * (double)q->clipped / (double)q->n, 100 * l->clipped_share);
	else
		return true;
	return false;
}
