/*
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) in one pass over the flat arrays. Bias corrections are made
 * in double and rounded once.
 */
#include <math.h>

#include "common/pool.h"
#include "kernels/cpu/table.h"
#include "kernels/cpu/vec.h"
#include "numbers/dmath.h"

enum { BLOCK = 1 << 14 };

struct step {
	const struct adamw *a;
	float scale;
	float rate;   /* lr / (1 - beta1^t) */
	float spread; /* 1 / sqrt(1 - beta2^t) */
	float shrink; /* lr * weight_decay */
};

static void block_task(void *context, int block)
{
	const struct step *s = context;
	const struct adamw *a = s->a;
	size_t end = (size_t)(block + 1) * BLOCK < a->n ? (size_t)(block + 1) * BLOCK : a->n;
	v16 beta1 = v_set(a->beta1), beta2 = v_set(a->beta2), rest1 = v_set(1.0f - a->beta1),
	    rest2 = v_set(1.0f - a->beta2);
	v16 scale = v_set(s->scale), spread = v_set(s->spread), eps = v_set(a->eps), rate = v_set(-s->rate),
	    decay = v_set(-s->shrink), none = v_set(-0.0f);

	for (size_t i = (size_t)block * BLOCK; i < end; i += 16) {
		int left = end - i < 16 ? (int)(end - i) : 16;
		v16 g = v_mul(v_load_up_to(a->dw + i, left), scale), w = v_load_up_to(a->w + i, left);
		v16 m = v_fma(beta1, v_load_up_to(a->m + i, left), v_mul(rest1, g));
		v16 v = v_fma(beta2, v_load_up_to(a->v + i, left), v_mul(v_mul(rest2, g), g));
		w = v_fma(!a->has_decay || a->has_decay[i / 16] ? decay : none, w, w);
		w = v_fma(rate, v_div(m, v_fma(v_sqrt(v), spread, eps)), w);
		v_store_up_to(a->m + i, m, left);
		v_store_up_to(a->v + i, v, left);
		v_store_up_to(a->w + i, w, left);
	}
}

void ISA(adamw_step)(const struct adamw *a)
{
	const float *rates = a->rates;
	struct step s = {.a = a, .shrink = a->lr * a->weight_decay};
	if (rates) {
		s.scale = rates[ADAMW_SCALE];
		s.rate = rates[ADAMW_RATE];
		s.spread = rates[ADAMW_SPREAD];
	} else {
		double t = (double)a->step;
		s.scale = a->scale;
		s.rate = (float)((double)a->lr / (1.0 - dmath_pow((double)a->beta1, t)));
		s.spread = (float)(1.0 / sqrt(1.0 - dmath_pow((double)a->beta2, t)));
	}
	if (!rates || rates[ADAMW_TAKEN] > 0)
		pool_run(block_task, &s, (int)((a->n + BLOCK - 1) / BLOCK));
}

void ISA(adamw_decide)(const struct decide *d)
{
	float norm = sqrtf(d->squares[0]), loss = d->loss[0];
	bool is_taken = isfinite(norm) && isfinite(loss);
	const double *bias = d->bias + 2 * *d->n_taken;

	d->rates[ADAMW_TAKEN] = d->row[DECIDE_TAKEN] = is_taken;
	d->rates[ADAMW_SCALE] = norm > d->max_norm ? d->max_norm / norm : 1;
	d->rates[ADAMW_RATE] = (float)((double)d->lr / bias[0]);
	d->rates[ADAMW_SPREAD] = (float)bias[1];
	*d->n_taken += is_taken;
	d->row[DECIDE_LOSS] = loss;
	d->row[DECIDE_TOP1] = d->loss[1];
	for (int i = 0; i <= d->n_parts; i++)
		d->row[DECIDE_NORM + i] = sqrtf(d->squares[i]);
}
