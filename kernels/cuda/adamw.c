/* AdamW (Loshchilov and Hutter 2019, algorithm 2) in one pass. Bias corrections are made on the host, in
 * double; what is made of them and a step's norm is decided here, and rounded once. */
#include "kernels/cuda/gpu.h"
#include "kernels/decide.h"

struct adamw_args {
	float *w, *m, *v;
	const float *dw;
	const uint8_t *has_decay; /* of each 16 floats; NULL: all */
	const float *rates;	  /* NULL: scale, rate and spread are these here */
	size_t n;
	float beta1, beta2, rest1, rest2, scale, eps;
	float rate, spread, decay; /* lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t), -lr * weight_decay */
};

KERNEL(adamw, adamw_args)
{
	float scale = a.rates ? a.rates[ADAMW_SCALE] : a.scale, rate = a.rates ? a.rates[ADAMW_RATE] : a.rate,
	      spread = a.rates ? a.rates[ADAMW_SPREAD] : a.spread;
	if (a.rates && a.rates[ADAMW_TAKEN] == 0)
		return;

	for (size_t i = FIRST; i < a.n; i += STRIDE) {
		float g = MUL(a.dw[i], scale), w = a.w[i];
		float m = FMA(a.beta1, a.m[i], MUL(a.rest1, g));
		float v = FMA(a.beta2, a.v[i], MUL(MUL(a.rest2, g), g));
		w = FMA(!a.has_decay || a.has_decay[i / 16] ? a.decay : -0.0f, w, w);
		w = FMA(-rate, DIV(m, FMA(SQRT(v), spread, a.eps)), w);
		a.m[i] = m;
		a.v[i] = v;
		a.w[i] = w;
	}
}

DEV int is_finite(float x)
{
	return (BITS(x) & 0x7f800000u) != 0x7f800000u;
}

/* One thread. */
KERNEL(decide, decide)
{
	float norm = SQRT(a.squares[0]), loss = a.loss[0];
	int is_taken = is_finite(norm) && is_finite(loss), t = *a.n_taken;

	a.rates[ADAMW_TAKEN] = a.row[DECIDE_TAKEN] = (float)is_taken;
	a.rates[ADAMW_SCALE] = norm > a.max_norm ? DIV(a.max_norm, norm) : 1.0f;
	a.rates[ADAMW_RATE] = (float)((double)a.lr / a.bias[2 * t]);
	a.rates[ADAMW_SPREAD] = (float)a.bias[2 * t + 1];
	*a.n_taken = t + is_taken;
	a.row[DECIDE_LOSS] = loss;
	a.row[DECIDE_TOP1] = a.loss[1];
	for (int i = 0; i <= a.n_parts; i++)
		a.row[DECIDE_NORM + i] = SQRT(a.squares[i]);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

void adamw_step(const struct adamw *s)
{
	struct adamw_args a = {.w = s->w,
			       .m = s->m,
			       .v = s->v,
			       .dw = s->dw,
			       .has_decay = s->has_decay,
			       .rates = s->rates,
			       .n = s->n,
			       .beta1 = s->beta1,
			       .beta2 = s->beta2,
			       .rest1 = 1.0f - s->beta1,
			       .rest2 = 1.0f - s->beta2,
			       .scale = s->scale,
			       .eps = s->eps,
			       .decay = -(s->lr * s->weight_decay)};
	if (!s->rates) {
		double t = (double)s->step, first = 1.0 - table_host->pow((double)s->beta1, t),
		       second = 1.0 - table_host->pow((double)s->beta2, t);
		a.rate = (float)((double)s->lr / first);
		a.spread = (float)(1.0 / sqrt(second));
	}
	LAUNCH(adamw, device_share(s->n), 256, &a);
}

void adamw_decide(const struct decide *d)
{
	LAUNCH(decide, device_blocks(1, 1), 1, d);
}
#endif
