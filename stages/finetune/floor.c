#include "stages/finetune/floor.h"

#include <string.h>

#include "common/pool.h"
#include "common/scratch.h"
#include "ecg/convolutions.h"
#include "stages/finetune/start.h"

struct convolved {
	const struct examples *examples;
	const struct convolutions *kernels;
	int part;
	float *features; /* [n][width]: of the convolutions, then the leads' amplitudes */
	size_t width;
};

static void convolve(void *context, int i)
{
	const struct convolved *c = context;
	const struct examples *e = c->examples;
	size_t n_extra = (size_t)e->n_extra;
	float *row = c->features + (size_t)i * c->width;
	convolutions_apply(c->kernels, row, e->signal[c->part][i]);
	memcpy(row + c->width - n_extra, e->extra[c->part] + (size_t)i * n_extra, n_extra * sizeof *row);
}

void floor_judge(struct tuning *s)
{
	struct convolutions kernels;
	struct convolved c[PROBE_PARTS];
	struct rows rows[PROBE_PARTS];
	const struct params *p = s->run->params;
	const struct examples *e = &s->examples;

	if (!params_int(p, "convolutions"))
		return;
	convolutions_init(&kernels, (int)params_int(p, "convolutions"), e->policy.views.samples,
			  (uint64_t)params_int(p, "convolution_seed"));
	for (int k = 0; k < PROBE_PARTS; k++) {
		c[k] = (struct convolved){e, &kernels, k,
					  .width = (size_t)(convolutions_width(kernels.n) + e->n_extra)};
		c[k].features = scratch_new((e->n[k] * c[k].width + 1) * sizeof(float));
		pool_run(convolve, &c[k], (int)e->n[k]);
		rows[k] = rows_in_memory(c[k].features, e->n[k], (int)c[k].width);
	}

	start_judge(s, CONVOLUTIONS, rows);
	for (int k = 0; k < PROBE_PARTS; k++)
		scratch_free(c[k].features, (e->n[k] * c[k].width + 1) * sizeof(float));
	convolutions_release(&kernels);
}
