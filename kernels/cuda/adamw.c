/* AdamW (Loshchilov and Hutter 2019, algorithm 2) in one pass. Bias corrections are made on the host, in
 * double, and rounded once. */
#include "kernels/cuda/gpu.h"

struct adamw_args {
	float *w, *m, *v;
	const float *dw;
	const uint8_t *has_decay; /* of each 16 floats; NULL: all */
	size_t n;
	float beta1, beta2, rest1, rest2, scale, eps;
	float rate, spread, decay; /* -lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t), -lr * weight_decay */
};

KERNEL(adamw, adamw_args)
{
	for (size_t i = FIRST; i < a.n; i += STRIDE) {
		float g = MUL(a.dw[i], a.scale), w = a.w[i];
		float m = FMA(a.beta1, a.m[i], MUL(a.rest1, g));
		float v = FMA(a.beta2, a.v[i], MUL(MUL(a.rest2, g), g));
		w = FMA(!a.has_decay || a.has_decay[i / 16] ? a.decay : -0.0f, w, w);
		w = FMA(a.rate, DIV(m, FMA(SQRT(v), a.spread, a.eps)), w);
		a.m[i] = m;
		a.v[i] = v;
		a.w[i] = w;
	}
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

void adamw_step(const struct adamw *s)
{
	double t = (double)s->step, first = 1.0 - table_host->pow((double)s->beta1, t),
	       second = 1.0 - table_host->pow((double)s->beta2, t);
	LAUNCH(adamw, device_share(s->n), 256,
	       &((struct adamw_args){.w = s->w,
				     .m = s->m,
				     .v = s->v,
				     .dw = s->dw,
				     .has_decay = s->has_decay,
				     .n = s->n,
				     .beta1 = s->beta1,
				     .beta2 = s->beta2,
				     .rest1 = 1.0f - s->beta1,
				     .rest2 = 1.0f - s->beta2,
				     .scale = s->scale,
				     .eps = s->eps,
				     .rate = -(float)((double)s->lr / first),
				     .spread = (float)(1.0 / sqrt(second)),
				     .decay = -(s->lr * s->weight_decay)}));
}
#endif
