#include "model/dualview.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "model/dualview_memory.h"

enum { TIME = DUALVIEW_TIME, CHANNEL = DUALVIEW_CHANNEL };

/* ---- life ---- */

struct dualview *dualview_new(const struct ops *ops, const struct dualview_config *c, int max_batch,
			      int n_slots, int slot_views, bool is_training)
{
	struct error e = {0};
	if (dualview_config_check(c, &e) < 0 || max_batch < 1 || n_slots < 1 || slot_views < 1)
		die_bug(__FILE__, error_text(&e));
	struct dualview *d = die_calloc(1, sizeof *d);
	d->ops = ops;
	d->config = *c;
	d->max_batch = max_batch;
	d->dim = c->towers == TOWERS_BOTH ? 2 * c->d_model : c->d_model;
	dualview_memory_new(d, n_slots, slot_views, is_training);
	d->h = d->memory->h;
	d->p = d->memory->p;
	d->z_time = d->memory->z[TIME];
	d->z_channel = d->memory->z[CHANNEL];
	d->alpha = d->memory->alpha;
	return d;
}

void dualview_free(struct dualview *d)
{
	if (!d)
		return;
	dualview_memory_free(d);
	free(d);
}

void dualview_init(struct dualview *d, uint64_t seed)
{
	tensors_draw(&d->tensors, seed);
}

/* ---- forward and backward ---- */

/* Where a slot's block has its rows of the outputs. */
static void place_outputs(const struct dualview *d, struct dualview_slot *s)
{
	const struct dualview_memory *m = d->memory;
	size_t first = (size_t)s->first, width = (size_t)d->config.d_model;
	for (int i = 0; i < 2; i++)
		s->tower[i].head.z = s->tower[i].is_on ? m->z[i] + first * width : NULL;
	if (dualview_is_both(s)) {
		s->gate.alpha = m->alpha + first * 2;
		s->gate.h = m->h + first * (size_t)d->dim;
	}
	if (m->has_projector)
		s->projector.p = m->p + first * (size_t)d->config.projector_out;
}

static const float *h_of(const struct dualview *d, const struct dualview_slot *s)
{
	return d->h + (size_t)s->first * (size_t)d->dim;
}

void dualview_forward(struct dualview *d, int slot, const float *x, const uint8_t *keep, int first, int n)
{
	const struct dualview_memory *m = d->memory;
	struct dualview_slot *s = &m->slot[slot];
	const struct tensors *t = &d->tensors;

	if (n < 1 || n > m->max_views || first < 0 || first + n > d->max_batch)
		BUG("views are not within the batch, or more than a slot has");
	s->first = first;
	s->n = n;
	s->x = x;
	s->keep = keep ? keep : m->all_kept;
	place_outputs(d, s);
	if (s->tower[TIME].is_on)
		tokenizer_time_forward(t, &s->time_tokens, x, s->keep, n);
	if (s->tower[CHANNEL].is_on)
		tokenizer_channel_forward(t, &s->channel_tokens, x, s->keep, n);

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < s->tower[i].n_layers; j++)
			transformer_forward(t, &s->tower[i].layers[j], n);

	for (int j = 0; j < m->n_cross; j++) {
		struct cross c = dualview_cross(s, j);
		cross_forward(t, &c, n);
	}

	for (int i = 0; i < 2; i++)
		if (s->tower[i].is_on)
			head_forward(t, &s->tower[i].head, n);
	if (dualview_is_both(s))
		head_gate_forward(t, &s->gate, s->tower[TIME].head.z, s->tower[CHANNEL].head.z, n);
	if (m->has_projector)
		projector_forward(t, &s->projector, h_of(d, s), n);
}

void dualview_list(struct dualview *d, const uint8_t *keep, int n)
{
	struct dualview_slot *s = &d->memory->slot[0];
	if (s->tower[CHANNEL].is_on)
		tokenizer_channel_list(&d->tensors, &s->channel_tokens, keep, n);
}

void dualview_backward_h(struct dualview *d, int slot, const float *dh)
{
	const struct dualview_memory *m = d->memory;
	struct dualview_slot *s = &m->slot[slot];
	const struct tensors *t = &d->tensors;
	const float *dz[2] = {dh, dh};

	if (!m->is_training || !s->n)
		BUG("backward without a forward that kept its activations");
	if (dualview_is_both(s)) {
		for (int i = 0; i < 2; i++)
			dz[i] = m->dz[i];
		head_gate_backward(t, &s->gate, m->dz[TIME], m->dz[CHANNEL], dh, s->tower[TIME].head.z,
				   s->tower[CHANNEL].head.z, s->n);
	}

	for (int i = 1; i >= 0; i--)
		if (s->tower[i].is_on)
			head_backward(t, &s->tower[i].head, m->dx[i], dz[i], s->n);

	for (int j = m->n_cross - 1; j >= 0; j--) {
		struct cross c = dualview_cross(s, j);
		cross_backward(t, &c, m->dx[TIME], m->dx[CHANNEL], s->n);
	}

	for (int i = 1; i >= 0; i--)
		for (int j = s->tower[i].n_layers - 1; j >= 0; j--)
			transformer_backward(t, &s->tower[i].layers[j], m->dx[i], s->n);
	if (s->tower[CHANNEL].is_on)
		tokenizer_channel_backward(t, &s->channel_tokens, m->dx[CHANNEL], s->x, s->keep, s->n);
	if (s->tower[TIME].is_on)
		tokenizer_time_backward(t, &s->time_tokens, m->dx[TIME], s->x, s->keep, s->n);
	s->n = 0; /* the activations are gone */
}

void dualview_backward(struct dualview *d, int slot, const float *dp)
{
	struct dualview_slot *s = &d->memory->slot[slot];
	if (!d->memory->has_projector || !s->n)
		BUG("backward from p without a projector or a forward");
	dualview_backward_h(d, slot, projector_backward(&d->tensors, &s->projector, dp, h_of(d, s), s->n));
}

float *dualview_spare(const struct dualview *d, int slot, size_t *n_floats)
{
	const struct dualview_memory *m = d->memory;
	*n_floats = m->slot_bytes / sizeof(float);
	return (float *)(void *)(m->slots + (size_t)slot * m->slot_bytes);
}

/* ---- what to log and look at ---- */

void dualview_gradient_squares(const struct dualview *d, float *to)
{
	for (int i = 0; i < 2; i++) {
		const struct dualview_tower *w = &d->memory->slot[0].tower[i];
		if (w->is_on)
			d->ops->squares(to + i, d->tensors.gradients + w->first, w->end - w->first);
	}
}

void dualview_map(struct dualview *d, float *map, enum towers tower, int layer)
{
	const struct dualview_memory *m = d->memory;
	const struct dualview_slot *s = &m->slot[0];
	int own = tower == TOWERS_TIME ? TIME : CHANNEL, i = layer - s->tower[own].n_layers;
	if (!s->n || i >= m->n_cross || (i < 0 && !m->is_training))
		BUG("no such layer, or no forward pass, to take a map from");
	const struct transformer_layer *l = i < 0 ? &s->tower[own].layers[layer] : &s->tower[own].crosses[i];
	const struct transformer_layer *keys = i < 0 ? l : &s->tower[1 - own].crosses[i];
	size_t rows = (size_t)s->n * (size_t)l->n, n_map = rows * (size_t)d->config.n_heads * (size_t)keys->n;
	float *out = d->ops->alloc(rows * (size_t)d->config.d_model * sizeof *out);
	float *probability = d->ops->alloc(n_map * sizeof *probability);
	transformer_map(&d->tensors, l, keys, out, probability, s->n);
	d->ops->download(map, probability, n_map * sizeof *map);
	d->ops->release(probability);
	d->ops->release(out);
}

void dualview_attention(struct dualview *d, float *time_to_lead, float *lead_to_time)
{
	const struct dualview_slot *s = &d->memory->slot[0];
	int last = d->memory->n_cross - 1;
	if (last < 0)
		BUG("no cross block to take maps from");
	dualview_map(d, time_to_lead, TOWERS_TIME, s->tower[TIME].n_layers + last);
	dualview_map(d, lead_to_time, TOWERS_CHANNEL, s->tower[CHANNEL].n_layers + last);
}
