#include "model/dualview_memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/blocks.h"

enum { TIME = DUALVIEW_TIME, CHANNEL = DUALVIEW_CHANNEL };

bool dualview_is_both(const struct dualview_slot *s)
{
	return s->tower[TIME].is_on && s->tower[CHANNEL].is_on;
}

struct cross dualview_cross(const struct dualview_slot *s, int i)
{
	return (struct cross){.time = &s->tower[TIME].crosses[i], .channel = &s->tower[CHANNEL].crosses[i]};
}

/* ---- parameters ---- */

static void declare_tower(struct dualview *d, struct dualview_tower *w, const char *name)
{
	char s[64];
	int n_cross = d->memory->n_cross, width = d->config.d_model, heads = d->config.n_heads;
	float gain = 1 / sqrtf(2.0f * (float)(w->n_layers + n_cross > 0 ? w->n_layers + n_cross : 1));

	w->layers = die_calloc((size_t)w->n_layers + 1, sizeof *w->layers);
	w->crosses = die_calloc((size_t)n_cross + 1, sizeof *w->crosses);
	for (int i = 0; i < w->n_layers; i++) {
		snprintf(s, sizeof s, "%s.layers.%d", name, i);
		transformer_declare(&w->layers[i], &d->tensors, s, width, heads, gain);
	}

	for (int i = 0; i < n_cross; i++) {
		snprintf(s, sizeof s, "%s.cross.%d", name, i);
		transformer_declare(&w->crosses[i], &d->tensors, s, width, heads, gain);
	}

	head_declare(&w->head, &d->tensors, name, width);
	w->end = d->tensors.count;
}

static void declare(struct dualview *d)
{
	struct dualview_memory *m = d->memory;
	const struct dualview_config *c = &d->config;
	struct dualview_slot *s = &m->slot[0];
	struct dualview_tower *time = &s->tower[TIME], *channel = &s->tower[CHANNEL];

	if (time->is_on) {
		tokenizer_time_declare(&s->time_tokens, &d->tensors, "time", c->d_model, c->samples,
				       c->rate_hz);
		declare_tower(d, time, "time");
	}

	if (channel->is_on) {
		channel->first = d->tensors.count;
		tokenizer_channel_declare(&s->channel_tokens, &d->tensors, "channel", c->d_model, c->samples);
		declare_tower(d, channel, "channel");
	}

	if (dualview_is_both(s))
		head_gate_declare(&s->gate, &d->tensors, "gate", c->d_model);
	if (m->has_projector)
		projector_declare(&s->projector, &d->tensors, "projector", d->dim, c->projector_hidden,
				  c->projector_out);
}

static struct transformer_layer *copy_layers(const struct transformer_layer *l, int n)
{
	struct transformer_layer *copy = die_malloc(((size_t)n + 1) * sizeof *copy);
	memcpy(copy, l, ((size_t)n + 1) * sizeof *copy);
	return copy;
}

/* The other slots have the same parts as the first. */
static void copy_parts(struct dualview_memory *m, const struct ops *ops)
{
	for (int i = 0; i < m->n_slots; i++) {
		struct dualview_slot *s = &m->slot[i];
		*s = m->slot[0];
		for (int k = 0; k < 2 && i > 0; k++) {
			struct dualview_tower *w = &s->tower[k];
			if (!w->is_on)
				continue;
			w->layers = copy_layers(w->layers, w->n_layers);
			w->crosses = copy_layers(w->crosses, m->n_cross);
		}
		if (s->tower[CHANNEL].is_on)
			tokenizer_channel_alloc(&s->channel_tokens, ops, m->max_views);
	}
}

/* ---- where everything lies ---- */

/* Of the whole batch. */
static void plan_outputs(struct dualview *d, struct arena *a)
{
	struct dualview_memory *m = d->memory;
	const struct dualview_slot *s = &m->slot[0];
	size_t b = (size_t)d->max_batch, width = (size_t)d->config.d_model;

	for (int i = 0; i < 2; i++)
		m->z[i] = s->tower[i].is_on ? arena_floats(a, b * width) : NULL;
	m->h = s->tower[TIME].is_on ? m->z[TIME] : m->z[CHANNEL];
	if (dualview_is_both(s)) {
		m->alpha = arena_floats(a, 2 * b);
		m->h = arena_floats(a, b * (size_t)d->dim);
	}
	if (m->has_projector)
		m->p = arena_floats(a, b * (size_t)d->config.projector_out);
}

static void plan_constants(struct dualview_memory *m, struct arena *a)
{
	m->all_kept = arena_take(a, (size_t)m->max_views * DUALVIEW_LEADS);
	if (!m->slot[0].tower[TIME].is_on)
		return;
	tokenizer_time_plan_constants(&m->slot[0].time_tokens, a);
	for (int i = 1; i < m->n_slots; i++) {
		m->slot[i].time_tokens.position = m->slot[0].time_tokens.position;
		m->slot[i].time_tokens.one = m->slot[0].time_tokens.one;
	}
}

/* What one slot keeps of its block, and nothing else. */
static void plan_slot(struct dualview *d, struct dualview_slot *s, struct arena *a)
{
	const struct dualview_memory *m = d->memory;
	float *x[2] = {NULL, NULL};

	if (s->tower[TIME].is_on)
		x[TIME] = tokenizer_time_plan(&s->time_tokens, a, m->max_views);
	if (s->tower[CHANNEL].is_on)
		x[CHANNEL] = tokenizer_channel_plan(&s->channel_tokens, a, m->max_views);

	for (int i = 0; i < 2; i++) {
		struct dualview_tower *w = &s->tower[i];
		for (int j = 0; j < w->n_layers; j++)
			x[i] = transformer_plan(&w->layers[j], a, x[i], m->max_views, w->n, m->is_training,
						false);
		for (int j = 0; j < m->n_cross; j++)
			x[i] = transformer_plan(&w->crosses[j], a, x[i], m->max_views, w->n, m->is_training,
						true);
		if (w->is_on)
			head_plan(&w->head, a, m->max_views, w->n);
		w->head.x = x[i];
	}

	if (m->has_projector)
		projector_plan(&s->projector, a, m->max_views);
}

/* Gradients that pass from part to part. */
static void plan_between(struct dualview *d, struct dualview_slot *s, struct arena *a)
{
	struct dualview_memory *m = d->memory;
	size_t b = (size_t)m->max_views, width = (size_t)d->config.d_model;

	for (int i = 0; i < 2 && m->is_training; i++)
		if (s->tower[i].is_on) {
			m->dz[i] = arena_floats(a, b * width);
			m->dx[i] = arena_floats(a, b * (size_t)s->tower[i].n * width);
		}
	if (dualview_is_both(s))
		head_gate_plan_scratch(&s->gate, a, m->max_views);
	if (m->has_projector)
		projector_plan_scratch(&s->projector, a, m->max_views);
}

/* Each part's own scratch takes the place of the one before it. */
static void plan_scratch(struct dualview *d, struct dualview_slot *s, struct arena *a)
{
	const struct dualview_memory *m = d->memory;
	plan_between(d, s, a);
	size_t mark = arena_mark(a);

	if (s->tower[TIME].is_on)
		tokenizer_time_plan_scratch(&s->time_tokens, a, d->ops, m->max_views, m->is_training);
	arena_back(a, mark);
	if (s->tower[CHANNEL].is_on)
		tokenizer_channel_plan_scratch(&s->channel_tokens, a, d->ops, m->max_views, m->is_training);
	arena_back(a, mark);

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < s->tower[i].n_layers; j++) {
			transformer_plan_scratch(&s->tower[i].layers[j], a, m->max_views);
			arena_back(a, mark);
		}

	for (int j = 0; j < m->n_cross; j++) {
		struct cross c = dualview_cross(s, j);
		cross_plan_scratch(&c, a, m->max_views);
		arena_back(a, mark);
	}

	for (int i = 0; i < 2; i++) {
		if (s->tower[i].is_on)
			head_plan_scratch(&s->tower[i].head, a, m->max_views);
		arena_back(a, mark);
	}
}

static void plan(struct dualview *d, struct arena *a)
{
	struct dualview_memory *m = d->memory;
	plan_outputs(d, a);
	plan_constants(m, a);
	size_t mark = arena_mark(a);
	m->slots = a->base ? a->base + mark : NULL;
	for (int i = 0; i < m->n_slots; i++)
		plan_slot(d, &m->slot[i], a);
	m->slot_bytes = (arena_mark(a) - mark) / (size_t)m->n_slots;
	mark = arena_mark(a);
	for (int i = 0; i < m->n_slots; i++) {
		arena_back(a, mark);
		plan_scratch(d, &m->slot[i], a);
	}
}

static void set_constants(struct dualview *d)
{
	struct dualview_memory *m = d->memory;
	size_t n = (size_t)m->max_views * DUALVIEW_LEADS;
	uint8_t *ones = die_malloc(n);
	memset(ones, 1, n);
	d->ops->upload(m->all_kept, ones, n);
	free(ones);
	if (m->slot[0].tower[TIME].is_on)
		tokenizer_time_constants(&m->slot[0].time_tokens, d->ops);
}

/* ---- life ---- */

void dualview_memory_new(struct dualview *d, int n_slots, int slot_views, bool is_training)
{
	struct dualview_memory *m = d->memory = die_calloc(1, sizeof *m);
	const struct dualview_config *c = &d->config;
	struct dualview_tower *time, *channel;

	m->is_training = is_training;
	m->has_projector = is_training && c->projector_out > 0;
	m->n_cross = c->towers == TOWERS_BOTH ? c->n_cross : 0;
	m->n_slots = n_slots;
	m->max_views = d->max_batch < slot_views ? d->max_batch : slot_views;
	m->slot = die_calloc((size_t)n_slots, sizeof *m->slot);
	time = &m->slot[0].tower[TIME];
	channel = &m->slot[0].tower[CHANNEL];
	*time = (struct dualview_tower){.is_on = c->towers & TOWERS_TIME, .n = c->samples / TOKENIZER_STRIDE};
	time->n_layers = time->is_on ? c->n_time_layers : 0;
	*channel = (struct dualview_tower){.is_on = c->towers & TOWERS_CHANNEL, .n = DUALVIEW_LEADS};
	channel->n_layers = channel->is_on ? c->n_channel_layers : 0;
	tensors_init(&d->tensors, d->ops);
	declare(d);
	tensors_alloc(&d->tensors, is_training);
	copy_parts(m, d->ops);

	struct arena a = {0};
	plan(d, &a);
	d->arena_bytes = a.peak;
	a = (struct arena){.base = m->block = d->ops->alloc(a.peak)};
	plan(d, &a);
	set_constants(d);
}

void dualview_memory_free(struct dualview *d)
{
	struct dualview_memory *m = d->memory;
	for (int i = 0; i < m->n_slots; i++) {
		for (int k = 0; k < 2; k++) {
			free(m->slot[i].tower[k].layers);
			free(m->slot[i].tower[k].crosses);
		}
		tokenizer_channel_release(&m->slot[i].channel_tokens, d->ops);
	}
	d->ops->release(m->block);
	tensors_release(&d->tensors);
	free(m->slot);
	free(m);
}
