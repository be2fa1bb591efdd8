#include "model/resnet18.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/resnet18_memory.h"

/* ---- parameters ---- */

static void declare_block(struct resnet18 *r, int i, int *t, int *c)
{
	struct resnet18_block *b = &r->memory->block[i];
	int c_out = r->config.width << i / 2, stride = i > 1 && i % 2 == 0 ? 2 : 1;
	char name[32];
	snprintf(name, sizeof name, "stages.%d.%d", i / 2, i % 2);
	b->has_down = stride != 1 || *c != c_out;
	b->conv1 = convnorm_declare(&r->tensors, name, "1", *t, *c, c_out, r->config.taps, stride);
	b->conv2 = convnorm_declare(&r->tensors, name, "2", b->conv1.t_out, c_out, c_out, r->config.taps, 1);
	if (b->has_down)
		b->down = convnorm_declare(&r->tensors, name, "_down", *t, *c, c_out, 1, stride);
	*t = b->conv1.t_out;
	*c = c_out;
}

static void declare(struct resnet18 *r)
{
	struct resnet18_memory *m = r->memory;
	const struct resnet18_config *c = &r->config;
	int channels = c->width;
	m->stem = convnorm_declare(&r->tensors, "stem", "", c->samples, RESNET18_LEADS, c->width,
				   c->stem_taps, 2);
	int t = c->has_pool ? (m->stem.t_out - 1) / RESNET18_POOL_STRIDE + 1 : m->stem.t_out;
	r->stem_end = r->tensors.count;
	for (int i = 0; i < RESNET18_BLOCKS; i++)
		declare_block(r, i, &t, &channels);
	r->stages_end = r->tensors.count;
	if (m->is_training && c->projector_out)
		projector_declare(&m->projector, &r->tensors, "projector", r->dim, c->projector_hidden,
				  c->projector_out);
}

/* ---- memory ---- */

static size_t n_out(const struct resnet18 *r, const struct convnorm *c)
{
	return (size_t)r->max_own * (size_t)c->t_out * (size_t)c->c_out;
}

static size_t n_largest(const struct resnet18 *r)
{
	size_t n = n_out(r, &r->memory->stem);
	for (int i = 0; i < RESNET18_BLOCKS; i++) {
		const struct resnet18_block *b = &r->memory->block[i];
		size_t in = (size_t)r->max_own * (size_t)b->conv1.t_in * (size_t)b->conv1.c_in;
		n = in > n ? in : n;
		n = n_out(r, &b->conv1) > n ? n_out(r, &b->conv1) : n;
	}
	return n;
}

/* Training keeps the convolutions' and the blocks' outputs and makes the rest again on the way back. */
static void plan_kept(struct resnet18 *r, struct arena *a)
{
	struct resnet18_memory *m = r->memory;
	m->stem.y = arena_floats(a, n_out(r, &m->stem));
	float *in = arena_floats(a, (size_t)r->max_own * (size_t)m->block[0].conv1.t_in *
					    (size_t)r->config.width);
	for (int i = 0; i < RESNET18_BLOCKS; i++) {
		struct resnet18_block *b = &m->block[i];
		b->in = in;
		b->conv1.y = arena_floats(a, n_out(r, &b->conv1));
		b->conv2.y = arena_floats(a, n_out(r, &b->conv2));
		if (b->has_down)
			b->down.y = arena_floats(a, n_out(r, &b->down));
		in = b->out = arena_floats(a, n_out(r, &b->conv2));
	}
}

static void plan_training(struct resnet18 *r, struct arena *a)
{
	struct resnet18_memory *m = r->memory;
	size_t n = n_largest(r);
	plan_kept(r, a);
	m->act = arena_floats(a, n);
	m->gradient = m->shortcut = arena_floats(a, n);
	for (int i = 0; i < 2; i++)
		m->work[i] = arena_floats(a, n);
}

/* Three buffers: a block's input, which its output replaces; its shortcut; its convolutions. */
static void plan_inference(struct resnet18 *r, struct arena *a)
{
	struct resnet18_memory *m = r->memory;
	size_t n = n_largest(r);
	float *x = arena_floats(a, n), *y = arena_floats(a, n);
	m->shortcut = arena_floats(a, n);
	m->stem.y = m->act = y;
	for (int i = 0; i < RESNET18_BLOCKS; i++) {
		struct resnet18_block *b = &m->block[i];
		b->in = b->out = x;
		b->conv1.y = b->conv2.y = y;
		b->down.y = m->shortcut;
	}
}

static void plan_convolution(struct resnet18 *r, struct arena *a, struct convnorm *c, bool is_first)
{
	convnorm_plan(c, a, &r->memory->shared, &r->tensors, r->max_own, r->max_batch, r->memory->is_training,
		      is_first);
}

static void plan(struct resnet18 *r, struct arena *a)
{
	struct resnet18_memory *m = r->memory;

	m->all_kept = arena_take(a, (size_t)r->max_own * RESNET18_LEADS);
	m->h = arena_floats(a, (size_t)r->max_batch * (size_t)r->dim);
	if (m->is_training && r->config.projector_out) {
		m->p = arena_floats(a, (size_t)r->max_batch * (size_t)r->config.projector_out);
		projector_plan(&m->projector, a, r->max_own);
		projector_plan_scratch(&m->projector, a, r->max_own);
	}
	if (r->config.has_pool)
		m->pool_at = arena_take(a, (size_t)r->max_own * (size_t)m->block[0].conv1.t_in *
						   (size_t)r->config.width * sizeof *m->pool_at);

	plan_convolution(r, a, &m->stem, true);
	for (int i = 0; i < RESNET18_BLOCKS; i++) {
		struct resnet18_block *b = &m->block[i];
		plan_convolution(r, a, &b->conv1, false);
		plan_convolution(r, a, &b->conv2, false);
		if (b->has_down)
			plan_convolution(r, a, &b->down, false);
	}

	if (m->is_training)
		plan_training(r, a);
	else
		plan_inference(r, a);
	convnorm_plan_scratch(&m->shared, a, m->is_training);
}

static void allocate(struct resnet18 *r)
{
	struct resnet18_memory *m = r->memory;
	struct arena a = {0};
	size_t n = (size_t)r->max_own * RESNET18_LEADS;
	plan(r, &a);
	r->arena_bytes = a.peak;
	a = (struct arena){.base = m->block_of_memory = r->ops->alloc(a.peak)};
	plan(r, &a);
	uint8_t *ones = die_malloc(n);
	memset(ones, 1, n);
	r->ops->upload(m->all_kept, ones, n);
	free(ones);
	r->h = m->h;
	r->p = m->p;
}

/* Ranges of gradients: a tensor each, but for the projector's, which are one. */
static void open_gradients(struct resnet18 *r, struct team *team)
{
	struct convnorm_shared *s = &r->memory->shared;
	size_t n_projector = r->tensors.count - r->stages_end;
	struct blocks blocks = blocks_of(r->ops, team, r->max_batch);
	gradients_init(&s->gradients, &r->tensors, n_projector > s->n_range ? n_projector : s->n_range);
	if (r->ops->is_wide)
		gradients_widen(&s->gradients, (r->max_own + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS);
	gradients_reserve(&s->gradients, &blocks);
}

struct resnet18 *resnet18_new(const struct ops *ops, const struct resnet18_config *c, int max_batch,
			      bool is_training, struct team *team)
{
	struct error e = {0};
	if (resnet18_config_check(c, &e) < 0 || max_batch < 1)
		die_bug(__FILE__, error_text(&e));
	struct resnet18 *r = die_calloc(1, sizeof *r);
	r->memory = die_calloc(1, sizeof *r->memory);
	r->ops = ops;
	r->config = *c;
	r->dim = 8 * c->width;
	r->max_batch = max_batch;
	r->max_own = blocks_most_views(team, max_batch);
	r->memory->is_training = is_training;
	tensors_init(&r->tensors, ops);
	declare(r);
	tensors_alloc(&r->tensors, is_training);
	allocate(r);
	if (is_training)
		open_gradients(r, team);

	return r;
}

void resnet18_free(struct resnet18 *r)
{
	if (!r)
		return;
	r->ops->release(r->memory->block_of_memory);
	if (r->memory->is_training)
		gradients_release(&r->memory->shared.gradients);
	tensors_release(&r->tensors);
	free(r->memory);
	free(r);
}

/* ---- forward ---- */

static void stem_forward(struct resnet18 *r, enum convnorm_mode mode)
{
	struct resnet18_memory *m = r->memory;
	const struct tensors *t = &r->tensors;
	const struct convnorm *c = &m->stem;
	float *out = m->block[0].in;
	convnorm_conv_signal(t, c, &m->shared, m->x, m->keep);
	convnorm_norm(t, c, &m->shared, r->config.has_pool ? m->act : out, NULL, true, mode, false);
	if (r->config.has_pool)
		r->ops->max_time(out, m->pool_at, m->act, m->batch, c->t_out, c->c_out, RESNET18_POOL_TAPS,
				 RESNET18_POOL_STRIDE, m->block[0].conv1.t_in);
}

/* The shortcut goes first: when not training its convolution's output is where the others' are not. */
static void block_forward(const struct resnet18 *r, const struct resnet18_block *b, enum convnorm_mode mode)
{
	const struct resnet18_memory *m = r->memory;
	const struct tensors *t = &r->tensors;
	const float *shortcut = b->in;
	if (b->has_down) {
		convnorm_conv(t, &b->down, &m->shared, b->in);
		convnorm_norm(t, &b->down, &m->shared, m->shortcut, NULL, false, mode, false);
		shortcut = m->shortcut;
	}
	convnorm_conv(t, &b->conv1, &m->shared, b->in);
	convnorm_norm(t, &b->conv1, &m->shared, m->act, NULL, true, mode, false);
	convnorm_conv(t, &b->conv2, &m->shared, m->act);
	convnorm_norm(t, &b->conv2, &m->shared, b->out, shortcut, true, mode, false);
}

/* Rows of blocks first..end-1 where views have one each. */
struct rows {
	int n;
	size_t own; /* the first, of this process's */
	const float *h;
	struct projector projector;
};

static struct rows rows_of(const struct resnet18 *r, int first, int end)
{
	const struct resnet18_memory *m = r->memory;
	const struct blocks *b = &m->shared.blocks;
	int start = blocks_start(b, first), own = start - blocks_start(b, b->first);
	struct rows rows = {.n = blocks_start(b, end) - start,
			    .own = (size_t)own,
			    .h = m->h + (size_t)start * (size_t)r->dim,
			    .projector = projector_part(&m->projector, own)};
	rows.projector.p = m->p + (size_t)start * (size_t)r->config.projector_out;
	return rows;
}

/* In the passes of the way back. */
static void project(struct resnet18 *r)
{
	const struct blocks *b = &r->memory->shared.blocks;
	int most = r->memory->shared.gradients.most;
	for (int i = b->first, end; i < b->end; i = end) {
		end = b->end - i < most ? b->end : i + most;
		struct rows rows = rows_of(r, i, end);
		projector_forward(&r->tensors, &rows.projector, rows.h, rows.n);
	}
}

static void forward(struct resnet18 *r, const struct blocks *b, const float *x, const uint8_t *keep,
		    enum convnorm_mode mode)
{
	struct resnet18_memory *m = r->memory;
	const struct resnet18_block *last = &m->block[RESNET18_BLOCKS - 1];
	if (b->n_views < 1 || b->n_views > r->max_batch || blocks_own_views(b) > r->max_own)
		BUG("batch is not within 1..max_batch");
	m->shared.blocks = *b;
	m->x = x;
	m->keep = keep ? keep : m->all_kept;
	m->batch = blocks_own_views(b);
	stem_forward(r, mode);
	for (int i = 0; i < RESNET18_BLOCKS; i++)
		block_forward(r, &m->block[i], mode);

	float *h = m->h + (size_t)blocks_start(b, b->first) * (size_t)r->dim;
	r->ops->mean_time(h, last->out, m->batch, last->conv2.t_out, last->conv2.c_out);
	if (m->p)
		project(r);
}

void resnet18_forward(struct resnet18 *r, const struct blocks *b, const float *x, const uint8_t *keep)
{
	forward(r, b, x, keep, r->memory->is_training ? CONVNORM_BATCH : CONVNORM_RUNNING);
}

void resnet18_set_statistics(struct resnet18 *r, const struct blocks *b, const float *x, const uint8_t *keep)
{
	forward(r, b, x, keep, CONVNORM_SETTLE);
}

/* ---- backward: m->gradient holds the gradient of a block's output, then of its input ---- */

static void block_backward(struct resnet18 *r, const struct resnet18_block *b)
{
	struct resnet18_memory *m = r->memory;
	const struct tensors *t = &r->tensors;
	float *dy = m->work[0], *g = m->gradient, *other = m->work[1];
	convnorm_norm_backward(t, &b->conv2, &m->shared, dy, g, g, b->out);
	if (b->has_down) { /* g becomes the shortcut's, in other; g is free then */
		convnorm_norm_backward(t, &b->down, &m->shared, g, NULL, g, NULL);
		convnorm_conv_backward(t, &b->down, &m->shared, other, g, b->in);
	}
	convnorm_norm(t, &b->conv1, &m->shared, m->act, NULL, true, CONVNORM_BATCH, true);
	convnorm_conv_backward(t, &b->conv2, &m->shared, dy, dy, m->act);
	convnorm_norm_backward(t, &b->conv1, &m->shared, dy, NULL, dy, m->act);
	convnorm_conv_backward(t, &b->conv1, &m->shared, b->has_down ? g : other, dy, b->in);
	r->ops->add(g, g, other, (size_t)m->batch * (size_t)b->conv1.t_in * (size_t)b->conv1.c_in);
}

static void stem_backward(struct resnet18 *r)
{
	struct resnet18_memory *m = r->memory;
	const struct tensors *t = &r->tensors;
	const struct convnorm *c = &m->stem;
	float *dy = m->work[0];
	const float *out = m->block[0].in, *dout = m->gradient;
	if (r->config.has_pool) {
		r->ops->max_time_backward(dy, m->gradient, m->pool_at, m->batch, c->t_out, c->c_out,
					  m->block[0].conv1.t_in);
		convnorm_norm(t, c, &m->shared, m->act, NULL, true, CONVNORM_BATCH, true);
		out = m->act;
		dout = dy;
	}
	convnorm_norm_backward(t, c, &m->shared, dy, NULL, dout, out);
	convnorm_conv_signal_backward(t, c, &m->shared, dy, m->x, m->keep);
}

/* From m->gradient of the last block's output on. */
static void stages_backward(struct resnet18 *r)
{
	struct resnet18_memory *m = r->memory;
	for (int i = RESNET18_BLOCKS - 1; i >= 0; i--)
		block_backward(r, &m->block[i]);
	stem_backward(r);
	gradients_total(&m->shared.gradients);
	m->batch = 0; /* once per forward */
}

/* The projector's, where the loss does not reach it. */
static void give_no_gradients(struct resnet18 *r)
{
	struct gradients *g = &r->memory->shared.gradients;
	const struct blocks *b = &r->memory->shared.blocks;
	gradients_begin(g, b, r->stages_end, r->tensors.count - r->stages_end);
	for (int i = b->first; i < b->end;) {
		i = gradients_pass(g, i);
		gradients_push(g);
	}
}

void resnet18_backward_h(struct resnet18 *r, const float *dh)
{
	struct resnet18_memory *m = r->memory;
	const struct convnorm *last = &m->block[RESNET18_BLOCKS - 1].conv2;
	if (!m->is_training || !m->batch)
		BUG("backward without a forward that kept its activations");
	give_no_gradients(r);
	r->ops->mean_time_backward(m->gradient, dh, m->batch, last->t_out, last->c_out);
	stages_backward(r);
}

void resnet18_backward(struct resnet18 *r, const float *dp)
{
	struct resnet18_memory *m = r->memory;
	const struct convnorm *last = &m->block[RESNET18_BLOCKS - 1].conv2;
	const struct blocks *b = &m->shared.blocks;
	if (!m->p || !m->batch)
		BUG("backward from p without a projector or a forward");

	gradients_begin(&m->shared.gradients, b, r->stages_end, r->tensors.count - r->stages_end);
	for (int i = b->first, end; i < b->end; i = end) {
		end = gradients_pass(&m->shared.gradients, i);
		struct rows rows = rows_of(r, i, end);
		const float *dh =
			projector_backward(&r->tensors, &rows.projector,
					   dp + rows.own * (size_t)r->config.projector_out, rows.h, rows.n);
		r->ops->mean_time_backward(m->gradient + rows.own * (size_t)last->t_out * (size_t)last->c_out,
					   dh, rows.n, last->t_out, last->c_out);
		gradients_push(&m->shared.gradients);
	}
	stages_backward(r);
}

/* ---- configuration ---- */

int resnet18_preset(struct resnet18_config *c, const char *name)
{
	static const struct {
		const char *name;
		int width, stem_taps, taps;
		bool has_pool;
		int hidden, out;
	} presets[] = {{"resnet18", 64, 7, 3, false, 2048, 128},
		       {"resnet18-poster", 120, 15, 7, true, 480, 128}};

	for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
		if (!strcmp(name, presets[i].name)) {
			c->width = presets[i].width;
			c->stem_taps = presets[i].stem_taps;
			c->taps = presets[i].taps;
			c->has_pool = presets[i].has_pool;
			c->projector_hidden = presets[i].hidden;
			c->projector_out = presets[i].out;
			return 0;
		}

	return -1;
}

int resnet18_config_check(const struct resnet18_config *c, struct error *e)
{
	if (c->samples < 16 || c->samples > 100000)
		return error_set(e, NULL, 0, "samples %d: expected 16 to 100000", c->samples);
	if (c->width < 1 || c->width > 1024)
		return error_set(e, NULL, 0, "width %d of the first stage: expected 1 to 1024", c->width);
	if (c->stem_taps < 3 || c->taps < 3 || c->stem_taps % 2 == 0 || c->taps % 2 == 0 ||
	    c->stem_taps > 99 || c->taps > 99)
		return error_set(e, NULL, 0, "%d and %d taps: expected odd numbers from 3 to 99",
				 c->stem_taps, c->taps);
	if (c->projector_out < 0 || (c->projector_out && c->projector_hidden < 1))
		return error_set(e, NULL, 0, "projector sizes: expected at least 1");
	return 0;
}
