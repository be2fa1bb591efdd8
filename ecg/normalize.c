#include "ecg/normalize.h"

#include <math.h>
#include <string.h>

#include "numbers/double4.h"

struct normalize_moments normalize_measure(const double (*x)[LEADS], int n)
{
	struct normalize_moments m = {0};
	for (int t = 0; t < n; t++)
		for (int l = 0; l < LEADS; l++)
			m.mean[l] += x[t][l];
	for (int l = 0; l < LEADS; l++)
		m.mean[l] /= n;
	for (int t = 0; t < n; t++)
		for (int l = 0; l < LEADS; l++)
			m.sd[l] += (x[t][l] - m.mean[l]) * (x[t][l] - m.mean[l]);
	for (int l = 0; l < LEADS; l++)
		m.sd[l] = sqrt(m.sd[l] / n);
	return m;
}

struct line {
	double mean[LEADS], sd[LEADS];
};

/* signal [LEADS][n] = (x - mean) / sd */
DOUBLE4_INLINE void write_normalized(float *signal, const double (*x)[LEADS], int n, const struct line *line)
{
	for (int l = 0; l < LEADS; l += DOUBLE4_LANES, signal += DOUBLE4_LANES * (size_t)n) {
		double4 mean = *(const double4 *)(line->mean + l), sd = *(const double4 *)(line->sd + l);
		for (int t = 0; t < n; t++) {
			double4_floats z = __builtin_convertvector((*(const double4 *)(x[t] + l) - mean) / sd,
								   double4_floats);
			signal[t] = z[0];
			signal[n + t] = z[1];
			signal[2 * n + t] = z[2];
			signal[3 * n + t] = z[3];
		}
	}
}

DOUBLE4_AVX2 static void write_normalized_avx2(float *signal, const double (*x)[LEADS], int n,
					       const struct line *line)
{
	write_normalized(signal, x, n, line);
}

static void write_normalized_plain(float *signal, const double (*x)[LEADS], int n, const struct line *line)
{
	write_normalized(signal, x, n, line);
}

static struct line normalization(const struct normalize_moments *m, const uint8_t keep[LEADS],
				 enum prepare_normalize normalize)
{
	struct line line;
	double square = 0, n = 0;
	for (int l = 0; l < LEADS; l++)
		n += keep[l];
	for (int l = 0; l < LEADS; l++)
		square += keep[l] ? m->sd[l] * m->sd[l] / n : 0;
	for (int l = 0; l < LEADS; l++) {
		line.mean[l] = normalize == PREPARE_NONE ? 0 : m->mean[l];
		line.sd[l] = normalize == PREPARE_NONE	     ? 1
			     : normalize == PREPARE_PER_LEAD ? m->sd[l]
							     : sqrt(square);
		if (!keep[l])
			line.sd[l] = 1; /* of a row that becomes 0 */
	}
	return line;
}

void normalize_write(float *signal, const double (*x)[LEADS], int n, const struct normalize_moments *m,
		     const uint8_t keep[LEADS], enum prepare_normalize kind)
{
	struct line line = normalization(m, keep, kind);
	(double4_has_avx2() ? write_normalized_avx2 : write_normalized_plain)(signal, x, n, &line);
	for (size_t l = 0; l < LEADS; l++)
		if (!keep[l])
			memset(signal + l * (size_t)n, 0, (size_t)n * sizeof *signal);
}
