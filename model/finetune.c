#include "model/finetune.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "model/layerwise.h"

static size_t input_of(const struct finetune *f)
{
	return ENCODER_LEADS * (size_t)encoder_samples(&f->settings.net);
}

struct finetune *finetune_new(const struct ops *ops, const struct finetune_settings *settings)
{
	struct finetune *f = die_calloc(1, sizeof *f);
	struct finetune_settings *s = &f->settings;

	f->ops = ops;
	*s = *settings;
	encoder_set(&s->net, "projector_out", 0);
	size_t n_fixed = (size_t)s->max_records * (size_t)s->n_views, n_rows = (size_t)s->max_rows;
	f->net = encoder_new_shared(ops, &s->net, s->max_rows, s->micro_batch, s->team);
	f->still = encoder_new_frozen(ops, &s->net, (int)n_fixed, s->micro_batch);

	int n_head = s->max_rows > s->max_records ? s->max_rows : s->max_records;
	f->head = classifier_new(
		ops, &(struct classifier_config){f->net->dim, s->n_extra, s->n_classes, s->is_multi, n_head});
	optimizer_init(&f->body, f->net->tensors, &s->optimizer);
	optimizer_init(&f->top, &f->head->tensors, &s->optimizer);
	f->rate = die_malloc((size_t)f->net->tensors->n * sizeof *f->rate);
	layerwise_rates(f->rate, f->net, s->decay);
	f->x = ops->alloc((n_fixed > n_rows ? n_fixed : n_rows) * input_of(f) * sizeof *f->x);
	f->keep = ops->alloc((n_fixed > n_rows ? n_fixed : n_rows) * ENCODER_LEADS);
	f->h = ops->alloc((size_t)s->max_records * (size_t)f->net->dim * sizeof *f->h);
	f->rows = die_malloc(n_fixed * (size_t)f->net->dim * sizeof *f->rows);

	return f;
}

void finetune_free(struct finetune *f)
{
	if (!f)
		return;
	optimizer_release(&f->body);
	optimizer_release(&f->top);
	encoder_free(f->net);
	encoder_free(f->still);
	classifier_free(f->head);
	f->ops->release(f->x);
	f->ops->release(f->keep);
	f->ops->release(f->h);
	free(f->rate);
	free(f->rows);
	free(f);
}

static void make(const struct ops *ops, const void *settings)
{
	finetune_free(finetune_new(ops, settings));
}

struct memory_need finetune_need(struct finetune_settings *s)
{
	int n_own = blocks_most_views(s->team, s->max_rows), n_fixed = s->max_records * s->n_views;
	return (struct memory_need){.make = make,
				    .settings = s,
				    .micro_batch = encoder_has_statistics(&s->net) ? NULL : &s->micro_batch,
				    .n_views = n_own > n_fixed ? n_own : n_fixed};
}

static struct finetune_result skipped(struct finetune *f)
{
	f->n_skipped++;
	return (struct finetune_result){.is_skipped = true};
}

/* Rows of this process's views. */
static const float *own_h(const struct finetune *f)
{
	const struct blocks *b = &f->net->blocks;
	return f->net->h + (size_t)blocks_start(b, b->first) * (size_t)f->net->dim;
}

struct finetune_result finetune_step(struct finetune *f, const struct finetune_batch *b, float share)
{
	const struct optimizer *both[] = {&f->body, &f->top};
	struct blocks blocks = blocks_of(f->ops, f->settings.team, b->rows);
	size_t n_own = (size_t)blocks_own_views(&blocks);
	f->ops->upload(f->x, b->x, n_own * input_of(f) * sizeof *b->x);
	f->ops->upload(f->keep, b->keep, n_own * ENCODER_LEADS);
	encoder_forward(f->net, f->x, f->keep, b->rows);

	double loss = classifier_loss(f->head, &f->net->blocks, own_h(f), b->extra, b->truth);
	if (!isfinite(loss))
		return skipped(f);
	encoder_backward_h(f->net, f->head->dh);

	float norm = layerwise_norm(both, 2);
	if (!isfinite(norm))
		return skipped(f);
	layerwise_step(&f->body, f->rate, share * f->settings.encoder_lr, norm);
	layerwise_step(&f->top, NULL, share * f->settings.lr, norm);

	return (struct finetune_result){.loss = loss, .norm = norm};
}

void finetune_sync(struct finetune *f)
{
	encoder_copy(f->still, f->net);
}

void finetune_embed(struct finetune *f, float *h, const float *x, const uint8_t *keep, int n)
{
	int n_views = f->settings.n_views, rows = n * n_views, dim = f->net->dim;
	f->ops->upload(f->x, x, (size_t)rows * input_of(f) * sizeof *x);
	if (keep)
		f->ops->upload(f->keep, keep, (size_t)rows * ENCODER_LEADS);
	encoder_forward(f->still, f->x, keep ? f->keep : NULL, rows);
	f->ops->download(f->rows, f->still->h, (size_t)rows * (size_t)dim * sizeof *h);
	for (size_t i = 0; i < (size_t)n; i++)
		encoder_mean_views(h + i * (size_t)dim, f->rows + i * (size_t)n_views * (size_t)dim, n_views,
				   dim);
}

void finetune_predict(struct finetune *f, float *probability, const float *x, const uint8_t *keep,
		      const float *extra, int n)
{
	size_t n_bytes = (size_t)n * (size_t)f->net->dim * sizeof(float);
	float *h = die_malloc(n_bytes);
	finetune_embed(f, h, x, keep, n);
	f->ops->upload(f->h, h, n_bytes);
	classifier_predict(f->head, probability, f->h, extra, n);
	free(h);
}
