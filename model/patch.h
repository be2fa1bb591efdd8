/*
 * The samples of one time token as something to predict: all leads' together brought to mean 0 and deviation
 * 1 (He et al. 2022, norm_pix).
 *
 *	patch_negate(minus, is_wanted, x, keep, token, samples);
 */
#ifndef MODEL_PATCH_H
#define MODEL_PATCH_H

#include <stdint.h>

#include "model/tokenizer.h"

enum { PATCH_SAMPLES = TOKENIZER_LEADS * TOKENIZER_STRIDE };

/* minus [12,10] = -(s - mean) / sqrt(variance + 1e-6), s: samples 10 token.. of the leads of x [12,n_samples]
 * that keep [12] keeps; mean and variance, in double, are of these alone. A lead that is not kept is 0, its
 * samples are not read. is_wanted [12]: 1 where kept. */
void patch_negate(float *minus, uint8_t *is_wanted, const float *x, const uint8_t *keep, int token,
		  int n_samples);

#endif
