#include "model/contrast.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "numbers/dmath.h"

struct contrast_memory { /* ops memory */
	float *x;
	uint8_t *keep;
	uint64_t *patient;
	float *dp, *scratch;
};

struct contrast *contrast_new(const struct ops *ops, const struct contrast_settings *s)
{
	struct contrast *c = die_calloc(1, sizeof *c);
	struct contrast_memory *m = c->memory = die_calloc(1, sizeof *m);
	size_t rows = 2 * (size_t)s->n, input = ENCODER_LEADS * (size_t)encoder_samples(&s->net);
	int width = encoder_projector_out(&s->net);

	c->ops = ops;
	c->settings = *s;
	c->net = encoder_new(ops, &s->net, (int)rows, true);
	encoder_init(c->net, s->seed);
	optimizer_init(&c->optimizer, c->net->tensors, &s->optimizer);
	m->x = ops->alloc(rows * input * sizeof *m->x);
	m->keep = ops->alloc(rows * ENCODER_LEADS);
	m->patient = ops->alloc((size_t)s->n * sizeof *m->patient);
	m->dp = ops->alloc(rows * (size_t)width * sizeof *m->dp);
	m->scratch = ops->alloc(ops->ntxent_scratch(s->n, width) * sizeof *m->scratch);

	return c;
}

void contrast_free(struct contrast *c)
{
	if (!c)
		return;
	struct contrast_memory *m = c->memory;
	c->ops->release(m->x);
	c->ops->release(m->keep);
	c->ops->release(m->patient);
	c->ops->release(m->dp);
	c->ops->release(m->scratch);
	optimizer_release(&c->optimizer);
	encoder_free(c->net);
	free(m);
	free(c);
}

void contrast_load(struct contrast *c, const float *x, const uint8_t *keep, const uint64_t *patient)
{
	const struct contrast_settings *s = &c->settings;
	struct contrast_memory *m = c->memory;
	size_t rows = 2 * (size_t)s->n;
	c->ops->upload(m->x, x, rows * ENCODER_LEADS * (size_t)encoder_samples(&s->net) * sizeof *x);
	c->ops->upload(m->keep, keep, rows * ENCODER_LEADS);
	c->ops->upload(m->patient, patient, (size_t)s->n * sizeof *patient);
}

struct contrast_result contrast_learn(struct contrast *c, float lr)
{
	const struct contrast_settings *s = &c->settings;
	struct contrast_memory *m = c->memory;
	int rows = 2 * s->n;

	encoder_forward(c->net, m->x, m->keep, rows);
	struct ntxent loss = {.n = s->n,
			      .d = encoder_projector_out(&s->net),
			      .z = c->net->p,
			      .patient = m->patient,
			      .same_patient = s->same_patient,
			      .is_across = s->is_across,
			      .temperature = s->temperature,
			      .dz = m->dp};
	c->ops->ntxent(&loss, m->scratch);
	if (!isfinite(loss.loss)) {
		c->optimizer.n_skipped++;
		return (struct contrast_result){.is_skipped = true};
	}

	encoder_backward(c->net, m->dp);
	struct contrast_result r = {.loss = loss.loss, .top1 = loss.top1};
	r.norms = encoder_gradient_norms(c->net);
	r.norm = optimizer_step(&c->optimizer, lr);

	return isfinite(r.norm) ? r : (struct contrast_result){.is_skipped = true};
}

struct contrast_result contrast_step(struct contrast *c, const float *x, const uint8_t *keep,
				     const uint64_t *patient, float lr)
{
	contrast_load(c, x, keep, patient);
	return contrast_learn(c, lr);
}

void contrast_embeddings(float *h, const struct contrast *c)
{
	c->ops->download(h, c->net->h, 2 * (size_t)c->settings.n * (size_t)c->net->dim * sizeof *h);
}

float contrast_uniform_loss(const struct contrast_settings *s)
{
	return (float)dmath_log(s->is_across ? s->n : 2.0 * s->n - 1);
}
