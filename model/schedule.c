#include "model/schedule.h"

#include "numbers/dmath.h"

float schedule_lr(const struct schedule *s, int64_t step)
{
	const double pi = 3.141592653589793;
	if (step < s->n_warmup)
		return (float)((double)s->peak * (double)(step + 1) / (double)s->n_warmup);
	if (step >= s->n_steps)
		return s->last;
	double u = (double)(step - s->n_warmup) / (double)(s->n_steps - s->n_warmup);
	return (float)((double)s->last + ((double)s->peak - (double)s->last) * 0.5 * (1 + dmath_cos(pi * u)));
}
