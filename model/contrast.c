#include "model/contrast.h"

#include <stdlib.h>

#include "common/die.h"

struct contrast_memory { /* ops memory */
	float *x;
	uint8_t *keep;
	uint64_t *patient;
	float *dp, *scratch;
	uint64_t *sorted;			   /* host: [n] */
	struct candidates waiting[OPTIMIZER_ROWS]; /* of the steps not told yet */
};

struct contrast *contrast_new(const struct ops *ops, const struct contrast_settings *s)
{
	struct contrast *c = die_calloc(1, sizeof *c);
	struct contrast_memory *m = c->memory = die_calloc(1, sizeof *m);
	size_t rows = 2 * (size_t)s->n, own = (size_t)blocks_most_views(s->team, 2 * s->n);
	size_t input = ENCODER_LEADS * (size_t)encoder_samples(&s->net);
	int width = encoder_projector_out(&s->net);

	c->ops = ops;
	c->settings = *s;
	c->net = encoder_new_shared(ops, &s->net, (int)rows, s->micro_batch, s->team);
	encoder_init(c->net, s->seed);
	optimizer_init(&c->optimizer, c->net->tensors, &s->optimizer);
	m->x = ops->alloc(own * input * sizeof *m->x);
	m->keep = ops->alloc(own * ENCODER_LEADS);
	m->patient = ops->alloc((size_t)s->n * sizeof *m->patient);
	m->sorted = die_malloc((size_t)s->n * sizeof *m->sorted);
	m->dp = ops->alloc(rows * (size_t)width * sizeof *m->dp);
	m->scratch = ops->alloc(s->loss->scratch(ops, s->n, width) * sizeof *m->scratch);

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
	free(m->sorted);
	free(m);
	free(c);
}

static void make(const struct ops *ops, const void *settings)
{
	contrast_free(contrast_new(ops, settings));
}

struct memory_need contrast_need(struct contrast_settings *s)
{
	bool is_free = !s->micro_batch && !encoder_has_statistics(&s->net);
	return (struct memory_need){.make = make,
				    .settings = s,
				    .micro_batch = is_free ? &s->micro_batch : NULL,
				    .n_views = blocks_most_views(s->team, 2 * s->n)};
}

void contrast_own(const struct contrast_settings *s, int *first, int *n)
{
	struct blocks b = blocks_of(NULL, s->team, 2 * s->n);
	*first = blocks_start(&b, b.first);
	*n = blocks_own_views(&b);
}

void contrast_load(struct contrast *c, const float *x, const uint8_t *keep, const uint64_t *patient)
{
	const struct contrast_settings *s = &c->settings;
	struct contrast_memory *m = c->memory;
	int first, n;
	contrast_own(s, &first, &n);
	size_t rows = (size_t)n;
	c->ops->upload(m->x, x, rows * ENCODER_LEADS * (size_t)encoder_samples(&s->net) * sizeof *x);
	c->ops->upload(m->keep, keep, rows * ENCODER_LEADS);
	c->ops->upload(m->patient, patient, (size_t)s->n * sizeof *patient);
	c->candidates = candidates_count(patient, s->n, s->same_patient, s->loss->is_across, m->sorted);
}

/* Of the whole batch, in every process. */
static void compute_loss(struct contrast *c)
{
	const struct contrast_settings *s = &c->settings;
	const struct contrast_memory *m = c->memory;
	encoder_gather(c->net, ENCODER_P);
	s->loss->run(&(struct loss_batch){.ops = c->ops,
					  .n = s->n,
					  .d = encoder_projector_out(&s->net),
					  .p = c->net->p,
					  .patient = m->patient,
					  .same_patient = s->same_patient,
					  .temperature = s->temperature,
					  .dp = m->dp,
					  .scratch = m->scratch,
					  .result = c->optimizer.loss});
}

void contrast_learn(struct contrast *c, float lr)
{
	const struct contrast_settings *s = &c->settings;
	const struct contrast_memory *m = c->memory;
	int first, n;
	contrast_own(s, &first, &n);

	encoder_forward(c->net, m->x, m->keep, 2 * s->n);
	compute_loss(c);
	encoder_backward(c->net, m->dp + (size_t)first * (size_t)encoder_projector_out(&s->net));
	encoder_gradient_squares(c->net, c->optimizer.part);
	c->memory->waiting[c->optimizer.n_rows] = c->candidates;
	optimizer_learn(&c->optimizer, lr);
}

static struct contrast_result result_of(const struct optimizer_row *row, const struct candidates *candidates)
{
	struct contrast_result r = {.candidates = *candidates, .is_skipped = row->is_taken == 0};
	if (r.is_skipped)
		return r;
	r.loss = row->loss;
	r.top1 = row->top1;
	r.norm = row->norm;
	for (int i = 0; i < ENCODER_PARTS; i++)
		r.norms[i] = row->part[i];
	return r;
}

int contrast_tell(struct contrast *c, struct contrast_result *r)
{
	struct optimizer_row rows[OPTIMIZER_ROWS];
	int n = optimizer_tell(&c->optimizer, rows);
	for (int i = 0; i < n; i++)
		r[i] = result_of(&rows[i], &c->memory->waiting[i]);
	return n;
}

struct contrast_result contrast_step(struct contrast *c, const float *x, const uint8_t *keep,
				     const uint64_t *patient, float lr)
{
	struct contrast_result r[CONTRAST_STEPS];
	contrast_load(c, x, keep, patient);
	contrast_learn(c, lr);
	return r[contrast_tell(c, r) - 1];
}

void contrast_embeddings(float *h, struct contrast *c)
{
	encoder_gather(c->net, ENCODER_H);
	c->ops->download(h, c->net->h, 2 * (size_t)c->settings.n * (size_t)c->net->dim * sizeof *h);
}
