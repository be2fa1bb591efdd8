#include "ecg/gap.h"

/* a + (b - a) k / n, rounded to the nearest, halves up. 0 < k < n. */
static int32_t between(int32_t a, int32_t b, long k, long n)
{
	int64_t twice = 2 * ((int64_t)b - a) * k + n, whole = twice / (2 * n);
	return (int32_t)(a + whole - (twice % (2 * n) < 0));
}

long gap_bridge(int32_t *x, long n, int32_t missing, long most)
{
	long filled = 0;
	for (long i = 0; i < n; i++) {
		if (x[i] != missing)
			continue;
		long end = i;
		while (end < n && x[end] == missing)
			end++;
		for (long t = i; i > 0 && end < n && end - i <= most && t < end; t++, filled++)
			x[t] = between(x[i - 1], x[end], t - i + 1, end - i + 1);
		i = end;
	}
	return filled;
}
