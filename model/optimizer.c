#include "model/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "numbers/dmath.h"

enum { ALIKE = 16 }; /* floats: tensors begin at multiples of it */

/* Steps whose bias corrections the device has at once. */
enum { AHEAD = 4 * OPTIMIZER_ROWS };

struct optimizer_device {
	double bias[AHEAD][2];
	struct optimizer_row rows[OPTIMIZER_ROWS];
	float loss[2], rates[ADAMW_RATES];
	float squares[1 + OPTIMIZER_PARTS]; /* of all, of parts */
	int32_t n_taken;		    /* since bias[0] */
};

static void list_decay(struct optimizer *o)
{
	const struct tensors *t = o->tensors;
	size_t n = t->count / ALIKE;
	uint8_t *has_decay = die_calloc(n, 1);
	for (int i = 0; i < t->n; i++)
		for (size_t at = t->list[i].offset; at < t->list[i].offset + t->list[i].count; at += ALIKE)
			has_decay[at / ALIKE] = t->list[i].has_decay;
	o->has_decay = t->ops->alloc(n);
	t->ops->upload(o->has_decay, has_decay, n);
	free(has_decay);
}

void optimizer_init(struct optimizer *o, struct tensors *t, const struct optimizer_config *c)
{
	size_t n_bytes = t->count * sizeof(float);
	*o = (struct optimizer){.tensors = t, .config = *c};
	if (o->config.beta1 == 0)
		o->config.beta1 = 0.9f;
	if (o->config.beta2 == 0)
		o->config.beta2 = 0.999f;
	if (o->config.eps == 0)
		o->config.eps = 1e-8f;
	if (o->config.max_norm == 0)
		o->config.max_norm = 1;
	o->m = t->ops->alloc(n_bytes);
	o->v = t->ops->alloc(n_bytes);
	o->device = t->ops->alloc(sizeof *o->device);
	o->loss = o->device->loss;
	o->part = o->device->squares + 1;
	o->told = -1;
	list_decay(o);
}

void optimizer_release(struct optimizer *o)
{
	const struct ops *ops = o->tensors->ops;
	ops->release(o->m);
	ops->release(o->v);
	ops->release(o->has_decay);
	ops->release(o->device);
	*o = (struct optimizer){0};
}

static struct adamw adamw_of(const struct optimizer *o, size_t from, size_t to, float lr)
{
	const struct tensors *t = o->tensors;
	const struct optimizer_config *c = &o->config;
	return (struct adamw){.n = to - from,
			      .w = t->weights + from,
			      .m = o->m + from,
			      .v = o->v + from,
			      .dw = t->gradients + from,
			      .has_decay = o->has_decay + from / ALIKE,
			      .lr = lr,
			      .beta1 = c->beta1,
			      .beta2 = c->beta2,
			      .eps = c->eps,
			      .weight_decay = c->weight_decay};
}

/* The padding between tensors has no gradient and stays 0. */
void optimizer_step_tensors(struct optimizer *o, int first, int end, float lr, float scale)
{
	const struct tensors *t = o->tensors;
	size_t from = t->list[first].offset, to = end < t->n ? t->list[end].offset : t->count;
	struct adamw a = adamw_of(o, from, to, lr);
	a.scale = scale;
	a.step = o->n_steps;
	t->ops->adamw(&a);
}

/* From the step after n_steps on; rounded as kernels do it for one step. */
static void put_corrections(struct optimizer *o)
{
	const struct ops *ops = o->tensors->ops;
	double bias[AHEAD][2];
	for (int i = 0; i < AHEAD; i++) {
		double t = (double)(o->n_steps + i + 1);
		bias[i][0] = 1.0 - dmath_pow((double)o->config.beta1, t);
		bias[i][1] = 1.0 / sqrt(1.0 - dmath_pow((double)o->config.beta2, t));
	}
	ops->upload(o->device->bias, bias, sizeof bias);
	ops->zero(&o->device->n_taken, sizeof o->device->n_taken);
	o->first = o->told = o->n_steps;
}

/* Before a step of which nobody is told yet: a checkpoint may have moved n_steps. */
void optimizer_prepare(struct optimizer *o)
{
	if (o->n_rows == OPTIMIZER_ROWS)
		BUG("more steps than rows to tell them");
	if (o->n_rows == 0 && (o->told != o->n_steps || o->n_steps - o->first > AHEAD - OPTIMIZER_ROWS))
		put_corrections(o);
}

void optimizer_learn(struct optimizer *o, float lr)
{
	const struct tensors *t = o->tensors;
	struct optimizer_device *d = o->device;
	optimizer_prepare(o);

	t->ops->squares(d->squares, t->gradients, t->count);
	t->ops->decide(&(struct decide){.loss = d->loss,
					.squares = d->squares,
					.n_parts = OPTIMIZER_PARTS,
					.max_norm = o->config.max_norm,
					.lr = lr,
					.bias = d->bias[0],
					.n_taken = &d->n_taken,
					.rates = d->rates,
					.row = &d->rows[o->n_rows++].is_taken});
	struct adamw a = adamw_of(o, 0, t->count, lr);
	a.rates = d->rates;
	t->ops->adamw(&a);
}

int optimizer_tell(struct optimizer *o, struct optimizer_row *rows)
{
	int n = o->n_rows;
	o->tensors->ops->download(rows, o->device->rows, (size_t)n * sizeof *rows);
	for (int i = 0; i < n; i++) {
		o->n_steps += rows[i].is_taken > 0;
		o->n_skipped += rows[i].is_taken == 0;
	}
	o->n_rows = 0;
	o->told = o->n_steps;
	return n;
}

float optimizer_step(struct optimizer *o, float lr)
{
	struct optimizer_row rows[OPTIMIZER_ROWS];
	optimizer_learn(o, lr);
	return rows[optimizer_tell(o, rows) - 1].norm;
}
