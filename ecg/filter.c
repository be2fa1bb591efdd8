#include "ecg/filter.h"

#include <math.h>
#include <string.h>

#include "ecg/edge.h"
#include "numbers/dmath.h"
#include "numbers/double4.h"

#define PI 3.141592653589793

static struct filter_section butterworth(double rate_hz, double corner_hz, int order, int pair,
					 int is_high_pass)
{
	double k = dmath_tan(PI * corner_hz / rate_hz);
	double damping = 2 * dmath_sin(PI * (2 * pair + 1) / (2 * order));
	double norm = 1 / (1 + damping * k + k * k), gain = is_high_pass ? norm : k * k * norm;
	return (struct filter_section){
		.b0 = gain,
		.b1 = is_high_pass ? -2 * gain : 2 * gain,
		.b2 = gain,
		.a1 = 2 * (k * k - 1) * norm,
		.a2 = (1 - damping * k + k * k) * norm,
	};
}

int filter_band(struct filter *f, double rate_hz, double high_pass_hz, double low_pass_hz, int order,
		struct error *e)
{
	*f = (struct filter){0};
	if (order < 2 || order > FILTER_MAX_ORDER || order % 2)
		return error_set(e, NULL, 0, "filter order %d: expected 2, 4, 6 or 8", order);
	if (high_pass_hz < 0 || high_pass_hz >= rate_hz / 2)
		return error_set(e, NULL, 0, "high_pass_hz %g: expected 0 (none) up to half the rate, %g Hz",
				 high_pass_hz, rate_hz / 2);

	if (low_pass_hz < 0 || low_pass_hz >= rate_hz / 2 || (low_pass_hz > 0 && low_pass_hz <= high_pass_hz))
		return error_set(e, NULL, 0,
				 "low_pass_hz %g: expected 0 (none), or above %g Hz and below half "
				 "the rate, %g Hz",
				 low_pass_hz, high_pass_hz, rate_hz / 2);

	for (int pair = 0; pair < order / 2 && high_pass_hz > 0; pair++)
		f->sections[f->n_sections++] = butterworth(rate_hz, high_pass_hz, order, pair, 1);
	for (int pair = 0; pair < order / 2 && low_pass_hz > 0; pair++)
		f->sections[f->n_sections++] = butterworth(rate_hz, low_pass_hz, order, pair, 0);

	double lowest_hz = high_pass_hz > 0 ? high_pass_hz : low_pass_hz;
	f->pad = f->n_sections ? (int)ceil(fmin(rate_hz / lowest_hz, 100 * rate_hz)) : 0;
	return 0;
}

_Static_assert(LEADS == 3 * DOUBLE4_LANES, "a row of leads is three double4 ones");

struct state {
	double4 z0, z1;
};

/* As if the sample had stood there for ever. */
DOUBLE4_INLINE struct state warm_up(const struct filter_section *s, const double4 *sample)
{
	double gain = (s->b0 + s->b1 + s->b2) / (1 + s->a1 + s->a2);
	return (struct state){(gain - s->b0) * *sample, (s->b2 - s->a2 * gain) * *sample};
}

DOUBLE4_INLINE void step(struct state *z, const struct filter_section *s, double4 *sample)
{
	double4 in = *sample, out = s->b0 * in + z->z0;
	z->z0 = s->b1 * in - s->a1 * out + z->z1;
	z->z1 = s->b2 * in - s->a2 * out;
	*sample = out;
}

/* One section over n samples of all leads, in place, by 1 or (backward from the last) -1; transposed direct
 * form II. */
DOUBLE4_INLINE void pass(const struct filter_section *section, double (*x)[LEADS], int n, int by)
{
	const struct filter_section s = *section;
	double4 *row = (double4 *)(by > 0 ? x : x + n - 1);
	struct state a = warm_up(&s, row), b = warm_up(&s, row + 1), c = warm_up(&s, row + 2);
	for (int i = 0; i < n; i++, row += 3 * by) {
		step(&a, &s, row);
		step(&b, &s, row + 1);
		step(&c, &s, row + 2);
	}
}

DOUBLE4_INLINE void both_ways(const struct filter *f, double (*x)[LEADS], int n)
{
	for (int by = 1; by >= -1; by -= 2)
		for (int i = 0; i < f->n_sections; i++)
			pass(&f->sections[i], x, n, by);
}

DOUBLE4_AVX2 static void both_ways_avx2(const struct filter *f, double (*x)[LEADS], int n)
{
	both_ways(f, x, n);
}

void filter_run(const struct filter *f, double (*x)[LEADS], double (*scratch)[LEADS], int t)
{
	if (f->n_sections == 0)
		return;
	int pad = f->pad < t - 1 ? f->pad : t - 1, n = t + 2 * pad;
	edge_extend(scratch, (const double(*)[LEADS])x, t, pad);
	if (double4_has_avx2())
		both_ways_avx2(f, scratch, n);
	else
		both_ways(f, scratch, n);
	memcpy(x, scratch[pad], sizeof *x * (size_t)t);
}
