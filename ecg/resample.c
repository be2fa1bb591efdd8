#include "ecg/resample.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/edge.h"
#include "ecg/kaiser.h"
#include "numbers/double4.h"

#define ATTENUATION_DB 86.0 /* of the design; leaves some room above the 80 dB promised */
#define PASS_SHARE     0.8  /* of half the lower rate */
#define MAX_HALF       500000

/* y[n] = sum over k of taps[phase][k] x[first + k], phase and first following from n * down = first' * up +
 * phase. */
struct resample {
	int64_t up, down;
	int side;     /* input samples to each side that a phase may need */
	double *taps; /* [up][2 * side + 1], ascending input samples */
};

static int64_t gcd(int64_t a, int64_t b)
{
	return b ? gcd(b, a % b) : a;
}

/* Phase p stands p / up of an input sample after its middle tap's sample. */
static void split_phases(struct resample *r, const double *half_taps, int half)
{
	int n = 2 * r->side + 1;
	r->taps = die_calloc((size_t)r->up * (size_t)n, sizeof *r->taps);
	for (int64_t p = 0; p < r->up; p++)
		for (int k = 0; k < n; k++) {
			int64_t at = (k - r->side) * r->up - p;
			if (at >= -half && at <= half)
				r->taps[p * n + k] = half_taps[at < 0 ? -at : at] * (double)r->up;
		}
}

struct resample *resample_open(long from_hz, long to_hz, struct error *e)
{
	if (from_hz < 1 || from_hz > RESAMPLE_MAX_HZ || to_hz < 1 || to_hz > RESAMPLE_MAX_HZ) {
		error_set(e, NULL, 0,
			  "cannot resample from %ld to %ld Hz: expected whole rates of 1 to %d Hz", from_hz,
			  to_hz, RESAMPLE_MAX_HZ);
		return NULL;
	}

	int64_t divisor = gcd(from_hz, to_hz);
	struct resample *r = die_calloc(1, sizeof *r);
	r->up = to_hz / divisor;
	r->down = from_hz / divisor;
	if (r->up == r->down)
		return r;

	double rate = (double)from_hz * (double)r->up,
	       edge = (from_hz < to_hz ? from_hz : to_hz) / 2.0 / rate;
	int half = kaiser_half(ATTENUATION_DB, (1 - PASS_SHARE) * edge);
	if (half > MAX_HALF) {
		error_set(e, NULL, 0, "cannot resample from %ld to %ld Hz: the ratio %ld/%ld needs %d taps",
			  from_hz, to_hz, (long)r->up, (long)r->down, 2 * half + 1);
		free(r);
		return NULL;
	}

	double *half_taps = die_malloc(sizeof *half_taps * (size_t)(half + 1));
	kaiser_lowpass(half_taps, half, (1 + PASS_SHARE) / 2 * edge, kaiser_beta(ATTENUATION_DB));
	r->side = (int)((half + r->up - 1) / r->up);
	split_phases(r, half_taps, half);
	free(half_taps);

	return r;
}

void resample_close(struct resample *r)
{
	if (r)
		free(r->taps);
	free(r);
}

int resample_length(const struct resample *r, int t)
{
	return (int)((t * r->up + r->down - 1) / r->down);
}

int resample_pad(const struct resample *r)
{
	return r->side + 1;
}

_Static_assert(LEADS == 3 * DOUBLE4_LANES, "a row of leads is three double4 ones");

/* y = sum of taps[k] x[k], all leads at once, ascending k. */
DOUBLE4_INLINE void convolve(double y[LEADS], const double *taps, const double (*x)[LEADS], int n)
{
	double4 a = {0}, b = {0}, c = {0};
	for (int k = 0; k < n; k++) {
		const double4 *row = (const double4 *)x[k];
		a += taps[k] * row[0];
		b += taps[k] * row[1];
		c += taps[k] * row[2];
	}
	double4 *sums = (double4 *)y;
	sums[0] = a;
	sums[1] = b;
	sums[2] = c;
}

/* y[i] for i in 0..n-1; x[0] is the input's first sample, with what lies before and behind it around. */
DOUBLE4_INLINE void phases(const struct resample *r, double (*y)[LEADS], const double (*x)[LEADS], int n)
{
	int n_taps = 2 * r->side + 1;
	for (int64_t i = 0; i < n; i++) {
		int64_t at = i * r->down / r->up, phase = i * r->down % r->up;
		convolve(y[i], r->taps + phase * n_taps, x + at - r->side, n_taps);
	}
}

DOUBLE4_AVX2 static void phases_avx2(const struct resample *r, double (*y)[LEADS], const double (*x)[LEADS],
				     int n)
{
	phases(r, y, x, n);
}

void resample_run(const struct resample *r, double (*y)[LEADS], const double (*x)[LEADS],
		  double (*scratch)[LEADS], int t)
{
	if (r->up == r->down) {
		memcpy(y, x, sizeof *x * (size_t)t);
		return;
	}
	int pad = resample_pad(r), n = resample_length(r, t);
	edge_extend(scratch, x, t, pad);
	const double(*first)[LEADS] = (const double(*)[LEADS])scratch + pad;
	if (double4_has_avx2())
		phases_avx2(r, y, first, n);
	else
		phases(r, y, first, n);
}
