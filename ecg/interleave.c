#include "ecg/interleave.h"

#include <pthread.h>
#include <string.h>

#include "common/die.h"
#include "numbers/dmath.h"
#include "numbers/double4.h"

/* Windowed sinc of 2*REACH+1 taps, -6 dB at CUTOFF of the rate. With Blackman's window the transition is
 * 5.5/111 of the rate wide, so it passes up to 0.2 and stops (74 dB) from 0.25, which is half the halved
 * rate: 25 Hz for records at 100 Hz. */
#define REACH  INTERLEAVE_REACH
#define CUTOFF 0.225

#define OUTPUTS 16 /* that are summed side by side */

static pthread_once_t designed = PTHREAD_ONCE_INIT;
static double taps[REACH + 1]; /* the right half of a symmetric filter whose taps sum to one */

static void design(void)
{
	const double pi = 3.14159265358979323846;
	double sum = 0;
	for (int i = 0; i <= REACH; i++) {
		double angle = pi * i / (REACH + 1);
		double window = 0.42 + 0.5 * dmath_cos(angle) + 0.08 * dmath_cos(2 * angle);
		double sinc = i == 0 ? 2 * CUTOFF : dmath_sin(2 * pi * CUTOFF * i) / (pi * i);
		taps[i] = window * sinc;
		sum += i == 0 ? taps[i] : 2 * taps[i];
	}
	for (int i = 0; i <= REACH; i++)
		taps[i] /= sum;
}

const double *interleave_taps(void)
{
	pthread_once(&designed, design);
	return taps;
}

/* Sample i of x [n], continued beyond both ends by point reflection, so that the filter sees no step there.
 * */
static double reflected(const float *x, int n, int i)
{
	if (i < 0)
		return 2.0 * x[0] - x[-i < n ? -i : n - 1];
	if (i >= n)
		return 2.0 * x[n - 1] - x[2 * n - 2 - i > 0 ? 2 * n - 2 - i : 0];
	return x[i];
}

/* The continued lead, its even and its odd samples apart: what one tap takes for outputs in a row lies in a
 * row. */
struct strands {
	double at[2][INTERLEAVE_MAX_SAMPLES / 2 + REACH + OUTPUTS];
};

static void split(struct strands *s, const float *x, int n)
{
	for (int i = 0; i < REACH; i++) {
		int end = n + REACH + i;
		s->at[i & 1][i / 2] = reflected(x, n, i - REACH);
		s->at[end & 1][end / 2] = reflected(x, n, n + i);
	}
	for (int p = 0; p < 2; p++) {
		double *to = s->at[p] + (REACH + 1 - p) / 2;
		for (int i = (p + REACH) & 1; i < n; i += 2)
			*to++ = x[i];
		memset(s->at[p] + (n + 2 * REACH + 1 - p) / 2, 0, OUTPUTS * sizeof(double));
	}
}

/* y: outputs first .. first+15 of this phase. Output i is tap 0 of its sample and then, outwards, each tap of
 * the sum of the two samples that far away. Four names: an array of sums gcc 12 would leave in memory. */
DOUBLE4_INLINE void sum_taps(double4 y[4], const struct strands *s, int first, int phase)
{
	int parity = (phase + REACH) & 1;
	const double4 *at = (const double4 *)(s->at[parity] + first + (phase + REACH - parity) / 2);
	double4 a = taps[0] * at[0], b = taps[0] * at[1], c = taps[0] * at[2], d = taps[0] * at[3];

	for (int j = 1; j <= REACH; j++) {
		int p = (phase + REACH - j) & 1;
		const double *before = s->at[p] + first + (phase + REACH - j - p) / 2;
		const double4 *low = (const double4 *)before, *high = (const double4 *)(before + j);
		a += taps[j] * (low[0] + high[0]);
		b += taps[j] * (low[1] + high[1]);
		c += taps[j] * (low[2] + high[2]);
		d += taps[j] * (low[3] + high[3]);
	}

	y[0] = a, y[1] = b, y[2] = c, y[3] = d;
}

DOUBLE4_AVX2 static void sum_taps_avx2(double4 y[4], const struct strands *s, int first, int phase)
{
	sum_taps(y, s, first, phase);
}

static void sum_taps_plain(double4 y[4], const struct strands *s, int first, int phase)
{
	sum_taps(y, s, first, phase);
}

void interleave(float *x, int n, const void *lead, int samples, int phase, bool is_antialiased)
{
	float whole[INTERLEAVE_MAX_SAMPLES];
	if (samples < 1 || samples > INTERLEAVE_MAX_SAMPLES)
		BUG("more samples than a record may have, or none");
	memcpy(whole, lead, (size_t)samples * sizeof *whole);
	if (!is_antialiased) {
		for (int i = 0; i < n; i++)
			x[i] = whole[2 * i + phase];
		return;
	}

	struct strands s;
	pthread_once(&designed, design);
	split(&s, whole, samples);
	bool has_avx2 = double4_has_avx2();

	for (int i = 0; i < n; i += OUTPUTS) {
		double4 y[OUTPUTS / DOUBLE4_LANES];
		(has_avx2 ? sum_taps_avx2 : sum_taps_plain)(y, &s, i, phase);
		for (int k = 0; k < OUTPUTS && i + k < n; k++)
			x[i + k] = (float)((const double *)y)[k];
	}
}
