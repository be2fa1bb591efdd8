#include "model/contrast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/layerwise.h"

struct contrast_memory { /* ops memory */
	float *x;
	uint8_t *keep;
	uint64_t *patient;
	float *dp, *scratch;
	struct terms *terms;			     /* NULL: none */
	struct contrast_batch batch[2];		     /* host: one is on its way while the other is drawn */
	int turn;				     /* the one to be drawn */
	uint64_t *sorted;			     /* host: [n] */
	struct candidates waiting[OPTIMIZER_ROWS];   /* of the steps not told yet */
	struct contrast_result done[CONTRAST_STEPS]; /* likewise, where tokens are hidden */
	int n_done;
};

/* A loss that is a sum over views needs no more than a block at once. */
static int micro_batch(const struct ops *ops, const struct contrast_settings *s)
{
	return s->loss || s->micro_batch || ops->is_wide ? s->micro_batch : BLOCKS_VIEWS;
}

static int views_of(const struct contrast_settings *s)
{
	return s->n_views ? s->n_views : 2;
}

int contrast_rows(const struct contrast_settings *s)
{
	return views_of(s) * s->n;
}

static size_t scratch_of(const struct ops *ops, const struct contrast_settings *s)
{
	int width = encoder_projector_out(&s->net);
	size_t of_loss = s->loss->scratch(ops, contrast_rows(s), width),
	       of_terms = terms_scratch(&s->terms, s->n, views_of(s), width);
	return of_loss > of_terms ? of_loss : of_terms;
}

struct contrast *contrast_new(const struct ops *ops, const struct contrast_settings *s)
{
	struct contrast *c = die_calloc(1, sizeof *c);
	struct contrast_memory *m = c->memory = die_calloc(1, sizeof *m);
	size_t rows = (size_t)contrast_rows(s), own = (size_t)blocks_most_views(s->team, (int)rows);
	size_t input = ENCODER_LEADS * (size_t)encoder_samples(&s->net);
	int width = encoder_projector_out(&s->net);

	c->ops = ops;
	c->settings = *s;
	c->net = encoder_new_shared(ops, &s->net, (int)rows, micro_batch(ops, s), s->team);
	encoder_init(c->net, s->seed);
	optimizer_init(&c->optimizer, c->net->tensors, &s->optimizer);
	m->x = ops->alloc(own * input * sizeof *m->x);
	m->keep = ops->alloc(own * ENCODER_LEADS);
	m->patient = ops->alloc((size_t)s->n * sizeof *m->patient);
	for (int i = 0; i < 2; i++) {
		m->batch[i].x = ops->alloc_host(own * input * sizeof *m->x);
		m->batch[i].keep = ops->alloc_host(own * ENCODER_LEADS);
		m->batch[i].patient = ops->alloc_host((size_t)s->n * sizeof *m->patient);
	}
	m->sorted = die_malloc((size_t)s->n * sizeof *m->sorted);
	if (s->masked.target)
		c->masked = masked_new(c->net, &s->masked);
	if (!s->loss)
		return c;
	m->dp = ops->alloc(rows * (size_t)width * sizeof *m->dp);
	m->scratch = ops->alloc(scratch_of(ops, s) * sizeof *m->scratch);
	m->terms = terms_new(ops, &s->terms, s->n, views_of(s), width, s->seed);

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
	for (int i = 0; i < 2; i++) {
		c->ops->release_host(m->batch[i].x);
		c->ops->release_host(m->batch[i].keep);
		c->ops->release_host(m->batch[i].patient);
	}
	if (m->dp) {
		c->ops->release(m->dp);
		c->ops->release(m->scratch);
	}
	masked_free(c->masked);
	optimizer_release(&c->optimizer);
	encoder_free(c->net);
	terms_free(m->terms);
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
				    .n_views = blocks_most_views(s->team, contrast_rows(s))};
}

void contrast_own(const struct contrast_settings *s, int *first, int *n)
{
	struct blocks b = blocks_of(NULL, s->team, contrast_rows(s));
	*first = blocks_start(&b, b.first);
	*n = blocks_own_views(&b);
}

struct contrast_batch contrast_batch(struct contrast *c)
{
	struct contrast_memory *m = c->memory;
	c->ops->reach(m->turn);
	return m->batch[m->turn];
}

void contrast_load(struct contrast *c)
{
	const struct contrast_settings *s = &c->settings;
	struct contrast_memory *m = c->memory;
	const struct contrast_batch *b = &m->batch[m->turn];
	const uint64_t *patient = b->patient;
	int first, n;
	contrast_own(s, &first, &n);
	size_t rows = (size_t)n;
	c->ops->send(m->x, b->x, rows * ENCODER_LEADS * (size_t)encoder_samples(&s->net) * sizeof *b->x);
	c->ops->send(m->keep, b->keep, rows * ENCODER_LEADS);
	c->ops->send(m->patient, patient, (size_t)s->n * sizeof *patient);
	if (!c->masked)
		encoder_list(c->net, b->keep, contrast_rows(s));
	c->ops->mark(m->turn);
	m->turn = !m->turn;
	c->candidates = (struct candidates){.n_contrasted = s->n};
	if (s->loss && !s->loss->is_nothing)
		c->candidates = candidates_count(patient, s->n, views_of(s), s->same_patient,
						 s->loss->is_across, m->sorted);
	c->candidates.uniform += terms_collapsed(&s->terms, s->n);
}

/* Of the whole batch, in every process. */
static void compute_loss(struct contrast *c)
{
	const struct contrast_settings *s = &c->settings;
	const struct contrast_memory *m = c->memory;
	encoder_gather(c->net, ENCODER_P);
	s->loss->run(&(struct loss_batch){.ops = c->ops,
					  .n = s->n,
					  .n_views = views_of(s),
					  .d = encoder_projector_out(&s->net),
					  .p = c->net->p,
					  .patient = m->patient,
					  .same_patient = s->same_patient,
					  .temperature = s->temperature,
					  .dp = m->dp,
					  .scratch = m->scratch,
					  .result = c->optimizer.loss});
	if (m->terms)
		terms_add(m->terms, m->dp, c->optimizer.loss, c->net->p, c->step, m->scratch);
}

/* Both views through the network, and the gradient of what contrasts them. */
static void contrast_views(struct contrast *c)
{
	const struct contrast_settings *s = &c->settings;
	const struct contrast_memory *m = c->memory;
	int first, n;
	contrast_own(s, &first, &n);

	encoder_forward(c->net, m->x, m->keep, contrast_rows(s));
	compute_loss(c);
	encoder_backward(c->net, m->dp + (size_t)first * (size_t)encoder_projector_out(&s->net));
}

/* Two optimisers and perhaps two losses: decided here. */
static struct contrast_result learn_hidden(struct contrast *c, float lr)
{
	const struct contrast_settings *s = &c->settings;
	const struct optimizer *both[] = {&c->optimizer, &c->masked->optimizer};
	struct contrast_result r = {.candidates = c->candidates};
	float told[2] = {0}; /* loss, top1 */

	if (s->loss) {
		contrast_views(c);
		c->ops->download(told, c->optimizer.loss, sizeof told);
	}
	struct masked_result p =
		masked_gradients(c->masked, c->memory->x, c->memory->keep, 2 * s->n, s->loss != NULL);
	r.loss = told[0] + s->masked.weight * (float)p.loss;
	r.top1 = told[1];
	r.candidates.uniform += (double)s->masked.weight * p.constant;
	r.norm = layerwise_norm(both, 2);
	encoder_gradient_squares(c->net, c->optimizer.part);
	c->ops->download(r.norms, c->optimizer.part, sizeof r.norms);
	for (int i = 0; i < ENCODER_PARTS; i++)
		r.norms[i] = sqrtf(r.norms[i]);

	if (!isfinite(r.loss) || !isfinite(r.norm)) {
		c->optimizer.n_skipped++;
		return (struct contrast_result){.candidates = c->candidates, .is_skipped = true};
	}
	layerwise_step(&c->optimizer, NULL, lr, r.norm);
	layerwise_step(&c->masked->optimizer, NULL, lr, r.norm);
	masked_follow(c->masked);
	return r;
}

void contrast_learn(struct contrast *c, float lr)
{
	struct contrast_memory *m = c->memory;
	if (c->masked) {
		if (m->n_done == CONTRAST_STEPS)
			BUG("more steps than are told at once");
		m->done[m->n_done++] = learn_hidden(c, lr);
		return;
	}
	optimizer_prepare(&c->optimizer);
	m->waiting[c->optimizer.n_rows] = c->candidates;
	c->ops->begin();
	contrast_views(c);
	encoder_gradient_squares(c->net, c->optimizer.part);
	optimizer_learn(&c->optimizer, lr);
	c->ops->end();
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
	struct contrast_memory *m = c->memory;
	int n = c->masked ? m->n_done : optimizer_tell(&c->optimizer, rows);
	for (int i = 0; i < n; i++)
		r[i] = c->masked ? m->done[i] : result_of(&rows[i], &m->waiting[i]);
	m->n_done = 0;
	return n;
}

struct contrast_result contrast_step(struct contrast *c, const float *x, const uint8_t *keep,
				     const uint64_t *patient, float lr)
{
	struct contrast_result r[CONTRAST_STEPS];
	struct contrast_batch b = contrast_batch(c);
	int first, n;
	contrast_own(&c->settings, &first, &n);
	memcpy(b.x, x, (size_t)n * ENCODER_LEADS * (size_t)encoder_samples(&c->settings.net) * sizeof *x);
	memcpy(b.keep, keep, (size_t)n * ENCODER_LEADS);
	memcpy(b.patient, patient, (size_t)c->settings.n * sizeof *patient);
	contrast_load(c);
	contrast_learn(c, lr);
	return r[contrast_tell(c, r) - 1];
}

void contrast_embeddings(float *h, struct contrast *c)
{
	if (!c->settings.loss)
		masked_embed(c->masked, c->memory->x, c->memory->keep, 2 * c->settings.n);
	encoder_gather(c->net, ENCODER_H);
	c->ops->download(h, c->net->h, (size_t)contrast_rows(&c->settings) * (size_t)c->net->dim * sizeof *h);
}
