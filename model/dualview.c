#include "model/dualview.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/cross.h"
#include "model/head.h"
#include "model/projector.h"
#include "model/tokenizer.h"
#include "model/transformer.h"

enum { TIME, CHANNEL }; /* the towers' places in arrays of two */

struct tower {
	bool is_on;
	int n, n_layers;			    /* tokens, self-attention layers */
	struct transformer_layer *layers, *crosses; /* crosses: this side of the cross blocks */
	struct head head;
	float *dx, *dz;	   /* [B*n,D], [B,D] */
	size_t first, end; /* its tensors in the flat arrays */
};

struct dualview_memory {
	void *block;
	bool is_training;
	int n_cross;
	struct tower tower[2];
	struct tokenizer_time time_tokens;
	struct tokenizer_channel channel_tokens;
	struct head_gate gate;
	struct projector projector;
	uint8_t *all_kept; /* [max_batch,12] ones */
	/* of the last forward: */
	int batch;
	const float *x;
	const uint8_t *keep;
};

static int min(int a, int b)
{
	return a < b ? a : b;
}

static bool is_both(const struct dualview_memory *m)
{
	return m->tower[TIME].is_on && m->tower[CHANNEL].is_on;
}

static struct cross cross_of(const struct dualview_memory *m, int i)
{
	return (struct cross){.time = &m->tower[TIME].crosses[i], .channel = &m->tower[CHANNEL].crosses[i]};
}

/* ---- parameters ---- */

static void declare_tower(struct dualview *d, struct tower *w, const char *name)
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
	struct tower *time = &m->tower[TIME], *channel = &m->tower[CHANNEL];

	if (time->is_on) {
		tokenizer_time_declare(&m->time_tokens, &d->tensors, "time", c->d_model, c->samples,
				       c->rate_hz);
		declare_tower(d, time, "time");
	}

	if (channel->is_on) {
		channel->first = d->tensors.count;
		tokenizer_channel_declare(&m->channel_tokens, &d->tensors, "channel", c->d_model, c->samples,
					  d->max_batch);
		declare_tower(d, channel, "channel");
	}

	if (is_both(m))
		head_gate_declare(&m->gate, &d->tensors, "gate", c->d_model);
	if (m->is_training && c->projector_out)
		projector_declare(&m->projector, &d->tensors, "projector", d->dim, c->projector_hidden,
				  c->projector_out);
}

/* ---- memory: outputs at the bottom, then what the backward pass needs in the order of the forward pass;
 * each part's scratch lies just above what it keeps, where later parts keep theirs: those are not yet there
 * on the way forward and no longer needed on the way back ---- */

static void plan_outputs(struct dualview *d, struct arena *a)
{
	struct dualview_memory *m = d->memory;
	size_t b = (size_t)d->max_batch, width = (size_t)d->config.d_model;

	m->all_kept = arena_take(a, b * DUALVIEW_LEADS);
	for (int i = 0; i < 2; i++) {
		struct tower *w = &m->tower[i];
		if (!w->is_on)
			continue;
		head_plan(&w->head, a, d->max_batch, w->n);
		if (!m->is_training)
			continue;
		w->dz = arena_floats(a, b * width);
		w->dx = arena_floats(a, b * (size_t)w->n * width);
	}

	if (is_both(m))
		head_gate_plan(&m->gate, a, d->max_batch);
	if (m->is_training && d->config.projector_out)
		projector_plan(&m->projector, a, d->max_batch);
}

static void plan_tokens(struct dualview *d, struct arena *a, float *x[2])
{
	struct dualview_memory *m = d->memory;
	if (m->tower[TIME].is_on) {
		x[TIME] = tokenizer_time_plan(&m->time_tokens, a, d->max_batch);
		size_t mark = arena_mark(a);
		tokenizer_time_plan_scratch(&m->time_tokens, a, d->ops, d->max_batch, m->is_training);
		arena_back(a, mark);
	}
	if (m->tower[CHANNEL].is_on) {
		x[CHANNEL] = tokenizer_channel_plan(&m->channel_tokens, a, d->max_batch);
		size_t mark = arena_mark(a);
		tokenizer_channel_plan_scratch(&m->channel_tokens, a, d->ops, d->max_batch, m->is_training);
		arena_back(a, mark);
	}
}

static void plan_layers(struct dualview *d, struct arena *a, float *x[2])
{
	struct dualview_memory *m = d->memory;
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < m->tower[i].n_layers; j++) {
			struct tower *w = &m->tower[i];
			x[i] = transformer_plan(&w->layers[j], a, x[i], d->max_batch, w->n, m->is_training,
						false);
			size_t mark = arena_mark(a);
			transformer_plan_scratch(&w->layers[j], a,
						 min(transformer_chunk(w->n), d->max_batch));
			arena_back(a, mark);
		}

	for (int j = 0; j < m->n_cross; j++) {
		for (int i = 0; i < 2; i++)
			x[i] = transformer_plan(&m->tower[i].crosses[j], a, x[i], d->max_batch, m->tower[i].n,
						m->is_training, true);
		size_t mark = arena_mark(a);
		struct cross c = cross_of(m, j);
		cross_plan_scratch(&c, a, d->max_batch);
		arena_back(a, mark);
	}
}

static void plan(struct dualview *d, struct arena *a)
{
	float *x[2] = {NULL, NULL};
	plan_outputs(d, a);
	plan_tokens(d, a, x);
	plan_layers(d, a, x);
	for (int i = 0; i < 2; i++) {
		struct head *h = &d->memory->tower[i].head;
		if (!d->memory->tower[i].is_on)
			continue;
		h->x = x[i];
		size_t mark = arena_mark(a);
		head_plan_scratch(h, a, d->max_batch,
				  min(transformer_chunk(d->memory->tower[i].n), d->max_batch));
		arena_back(a, mark);
	}
}

static void set_constants(struct dualview *d)
{
	struct dualview_memory *m = d->memory;
	size_t n = (size_t)d->max_batch * DUALVIEW_LEADS;
	uint8_t *ones = die_malloc(n);
	memset(ones, 1, n);
	d->ops->upload(m->all_kept, ones, n);
	free(ones);
	if (m->tower[TIME].is_on)
		tokenizer_time_constants(&m->time_tokens, d->ops);
}

static void set_outputs(struct dualview *d)
{
	struct dualview_memory *m = d->memory;
	d->z_time = m->tower[TIME].head.z;
	d->z_channel = m->tower[CHANNEL].head.z;
	d->alpha = m->gate.alpha;
	d->h = is_both(m) ? m->gate.h : d->z_time ? d->z_time : d->z_channel;
	d->p = m->projector.p;
}

struct dualview *dualview_new(const struct ops *ops, const struct dualview_config *c, int max_batch,
			      bool is_training)
{
	struct error e = {0};
	if (dualview_config_check(c, &e) < 0 || max_batch < 1)
		die_bug(__FILE__, error_text(&e));
	struct dualview *d = die_calloc(1, sizeof *d);
	struct dualview_memory *m = d->memory = die_calloc(1, sizeof *m);
	d->ops = ops;
	d->config = *c;
	d->max_batch = max_batch;
	d->dim = c->towers == TOWERS_BOTH ? 2 * c->d_model : c->d_model;
	m->is_training = is_training;
	m->n_cross = c->towers == TOWERS_BOTH ? c->n_cross : 0;
	m->tower[TIME] = (struct tower){.is_on = c->towers & TOWERS_TIME, .n = c->samples / TOKENIZER_STRIDE};
	m->tower[TIME].n_layers = m->tower[TIME].is_on ? c->n_time_layers : 0;
	m->tower[CHANNEL] = (struct tower){.is_on = c->towers & TOWERS_CHANNEL, .n = DUALVIEW_LEADS};
	m->tower[CHANNEL].n_layers = m->tower[CHANNEL].is_on ? c->n_channel_layers : 0;
	tensors_init(&d->tensors, ops);
	declare(d);
	tensors_alloc(&d->tensors, is_training);

	struct arena a = {0};
	plan(d, &a);
	d->arena_bytes = a.peak;
	a = (struct arena){.base = m->block = ops->alloc(a.peak)};
	plan(d, &a);
	set_constants(d);
	set_outputs(d);

	return d;
}

void dualview_free(struct dualview *d)
{
	if (!d)
		return;
	for (int i = 0; i < 2; i++) {
		free(d->memory->tower[i].layers);
		free(d->memory->tower[i].crosses);
	}
	if (d->memory->tower[CHANNEL].is_on)
		tokenizer_channel_release(&d->memory->channel_tokens);
	d->ops->release(d->memory->block);
	tensors_release(&d->tensors);
	free(d->memory);
	free(d);
}

void dualview_init(struct dualview *d, uint64_t seed)
{
	tensors_draw(&d->tensors, seed);
}

/* ---- forward and backward ---- */

void dualview_forward(struct dualview *d, const float *x, const uint8_t *keep, int batch)
{
	struct dualview_memory *m = d->memory;
	const struct tensors *t = &d->tensors;

	if (batch < 1 || batch > d->max_batch)
		BUG("batch is not within 1..max_batch");
	m->x = x;
	m->keep = keep ? keep : m->all_kept;
	m->batch = batch;
	if (m->tower[TIME].is_on)
		tokenizer_time_forward(t, &m->time_tokens, x, m->keep, batch);
	if (m->tower[CHANNEL].is_on)
		tokenizer_channel_forward(t, &m->channel_tokens, x, m->keep, batch);

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < m->tower[i].n_layers; j++)
			transformer_forward(t, &m->tower[i].layers[j], batch);

	for (int j = 0; j < m->n_cross; j++) {
		struct cross c = cross_of(m, j);
		cross_forward(t, &c, batch);
	}

	for (int i = 0; i < 2; i++)
		if (m->tower[i].is_on)
			head_forward(t, &m->tower[i].head, batch);
	if (is_both(m))
		head_gate_forward(t, &m->gate, d->z_time, d->z_channel, batch);
	if (d->p)
		projector_forward(t, &m->projector, d->h, batch);
}

void dualview_backward_h(struct dualview *d, const float *dh)
{
	struct dualview_memory *m = d->memory;
	const struct tensors *t = &d->tensors;
	const float *dz[2] = {dh, dh};

	if (!m->is_training || !m->batch)
		BUG("backward without a forward that kept its activations");
	if (is_both(m)) {
		for (int i = 0; i < 2; i++)
			dz[i] = m->tower[i].dz;
		head_gate_backward(t, &m->gate, m->tower[TIME].dz, m->tower[CHANNEL].dz, dh, d->z_time,
				   d->z_channel, m->batch);
	}

	for (int i = 1; i >= 0; i--)
		if (m->tower[i].is_on)
			head_backward(t, &m->tower[i].head, m->tower[i].dx, dz[i], m->batch);

	for (int j = m->n_cross - 1; j >= 0; j--) {
		struct cross c = cross_of(m, j);
		cross_backward(t, &c, m->tower[TIME].dx, m->tower[CHANNEL].dx, m->batch);
	}

	for (int i = 1; i >= 0; i--)
		for (int j = m->tower[i].n_layers - 1; j >= 0; j--)
			transformer_backward(t, &m->tower[i].layers[j], m->tower[i].dx, m->batch);
	if (m->tower[CHANNEL].is_on)
		tokenizer_channel_backward(t, &m->channel_tokens, m->tower[CHANNEL].dx, m->x, m->keep,
					   m->batch);
	if (m->tower[TIME].is_on)
		tokenizer_time_backward(t, &m->time_tokens, m->tower[TIME].dx, m->x, m->keep, m->batch);
	m->batch = 0; /* the activations are gone */
}

void dualview_backward(struct dualview *d, const float *dp)
{
	if (!d->p || !d->memory->batch)
		BUG("backward from p without a projector or a forward");
	dualview_backward_h(
		d, projector_backward(&d->tensors, &d->memory->projector, dp, d->h, d->memory->batch));
}

struct dualview_norms dualview_gradient_norms(const struct dualview *d)
{
	const struct tower *time = &d->memory->tower[TIME], *channel = &d->memory->tower[CHANNEL];
	const float *g = d->tensors.gradients;
	size_t first = channel->is_on ? channel->end : time->end;
	struct dualview_norms n = {0};
	if (time->is_on)
		n.time = sqrtf(d->ops->sum_squares(g, time->end));
	if (channel->is_on)
		n.channel = sqrtf(d->ops->sum_squares(g + channel->first, channel->end - channel->first));
	if (d->tensors.count > first)
		n.head = sqrtf(d->ops->sum_squares(g + first, d->tensors.count - first));
	return n;
}

void dualview_map(struct dualview *d, float *map, enum towers tower, int layer)
{
	struct dualview_memory *m = d->memory;
	int own = tower == TOWERS_TIME ? TIME : CHANNEL, i = layer - m->tower[own].n_layers;
	if (!m->batch || i >= m->n_cross || (i < 0 && !m->is_training))
		BUG("no such layer, or no forward pass, to take a map from");
	const struct transformer_layer *l = i < 0 ? &m->tower[own].layers[layer] : &m->tower[own].crosses[i];
	const struct transformer_layer *keys = i < 0 ? l : &m->tower[1 - own].crosses[i];
	size_t rows = (size_t)m->batch * (size_t)l->n,
	       n_map = rows * (size_t)d->config.n_heads * (size_t)keys->n;
	float *out = d->ops->alloc(rows * (size_t)d->config.d_model * sizeof *out);
	float *probability = d->ops->alloc(n_map * sizeof *probability);
	transformer_map(&d->tensors, l, keys, out, probability, m->batch);
	d->ops->download(map, probability, n_map * sizeof *map);
	d->ops->release(probability);
	d->ops->release(out);
}

void dualview_attention(struct dualview *d, float *time_to_lead, float *lead_to_time)
{
	const struct dualview_memory *m = d->memory;
	if (!m->n_cross)
		BUG("no cross block to take maps from");
	dualview_map(d, time_to_lead, TOWERS_TIME, m->tower[TIME].n_layers + m->n_cross - 1);
	dualview_map(d, lead_to_time, TOWERS_CHANNEL, m->tower[CHANNEL].n_layers + m->n_cross - 1);
}

/* ---- configuration ---- */

int dualview_preset(struct dualview_config *c, const char *name)
{
	static const struct {
		const char *name;
		int d, heads, time, channel, cross, hidden, out;
	} presets[] = {{"tiny", 64, 4, 2, 2, 1, 256, 128},
		       {"small", 192, 6, 4, 4, 1, 1024, 128},
		       {"base", 256, 8, 6, 4, 1, 2048, 128}};

	for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
		if (!strcmp(name, presets[i].name)) {
			c->d_model = presets[i].d;
			c->n_heads = presets[i].heads;
			c->n_time_layers = presets[i].time;
			c->n_channel_layers = presets[i].channel;
			c->n_cross = presets[i].cross;
			c->projector_hidden = presets[i].hidden;
			c->projector_out = presets[i].out;
			return 0;
		}

	return -1;
}

int dualview_config_check(const struct dualview_config *c, struct error *e)
{
	if (c->samples < 2 * TOKENIZER_STRIDE || c->samples % TOKENIZER_STRIDE || c->samples > 100000)
		return error_set(e, NULL, 0, "samples %d: expected a multiple of %d, from %d on", c->samples,
				 TOKENIZER_STRIDE, 2 * TOKENIZER_STRIDE);
	if (!(c->rate_hz > 0 && c->rate_hz <= 10000))
		return error_set(e, NULL, 0, "rate %g Hz: expected above 0, at most 10000",
				 (double)c->rate_hz);
	if (c->d_model < 32 || c->d_model % 32 || c->d_model > 4096)
		return error_set(e, NULL, 0, "model width %d: expected a multiple of 32", c->d_model);
	if (c->n_heads < 1 || c->d_model % c->n_heads)
		return error_set(e, NULL, 0, "%d heads do not divide the model's width %d", c->n_heads,
				 c->d_model);
	if (c->n_time_layers < 0 || c->n_channel_layers < 0 || c->n_cross < 0 || c->n_time_layers > 99 ||
	    c->n_channel_layers > 99 || c->n_cross > 99)
		return error_set(e, NULL, 0, "number of layers: expected 0 to 99");
	if (c->towers < TOWERS_TIME || c->towers > TOWERS_BOTH)
		return error_set(e, NULL, 0, "no tower is on");
	if (c->projector_out < 0 || (c->projector_out && c->projector_hidden < 1))
		return error_set(e, NULL, 0, "projector sizes: expected at least 1");

	return 0;
}
