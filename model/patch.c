#include "model/patch.h"

#include <math.h>
#include <stddef.h>

static const double eps = 1e-6;

void patch_negate(float *minus, uint8_t *is_wanted, const float *x, const uint8_t *keep, int token,
		  int n_samples)
{
	double n = 0, mean = 0, variance = 0;
	const float *s = x + (size_t)token * TOKENIZER_STRIDE;

	for (size_t l = 0; l < TOKENIZER_LEADS; l++) {
		is_wanted[l] = keep[l] != 0;
		for (size_t i = 0; i < TOKENIZER_STRIDE && keep[l]; i++, n++)
			mean += (double)s[l * (size_t)n_samples + i];
	}
	mean = n > 0 ? mean / n : 0;

	for (size_t l = 0; l < TOKENIZER_LEADS; l++)
		for (size_t i = 0; i < TOKENIZER_STRIDE; i++) {
			double y = keep[l] ? (double)s[l * (size_t)n_samples + i] - mean : 0;
			variance += y * y;
			minus[l * TOKENIZER_STRIDE + i] = (float)-y;
		}

	float scale = (float)(1 / sqrt((n > 0 ? variance / n : 0) + eps));
	for (int k = 0; k < PATCH_SAMPLES; k++)
		minus[k] *= scale;
}
