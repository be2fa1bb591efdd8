#include "model/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

/* ---- what it is ---- */

int encoder_preset(struct encoder_config *c, const char *name, int samples, float rate_hz)
{
	*c = (struct encoder_config){.kind = ENCODER_RESNET18, .resnet18.samples = samples};
	if (resnet18_preset(&c->resnet18, name) == 0)
		return 0;
	*c = (struct encoder_config){.kind = ENCODER_DVT};
	c->dvt = (struct dualview_config){.samples = samples, .rate_hz = rate_hz, .towers = TOWERS_BOTH};
	return dualview_preset(&c->dvt, name);
}

int encoder_set(struct encoder_config *c, const char *size, int value)
{
	struct dualview_config *d = &c->dvt;
	struct resnet18_config *r = &c->resnet18;

	const struct {
		const char *name;
		int *of_dvt, *of_resnet18;
	} sizes[] = {{"d_model", &d->d_model, &r->width},
		     {"n_heads", &d->n_heads, NULL},
		     {"n_time_layers", &d->n_time_layers, NULL},
		     {"n_channel_layers", &d->n_channel_layers, NULL},
		     {"n_cross", &d->n_cross, NULL},
		     {"projector_hidden", &d->projector_hidden, &r->projector_hidden},
		     {"projector_out", &d->projector_out, &r->projector_out}};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int *to = c->kind == ENCODER_DVT ? sizes[i].of_dvt : sizes[i].of_resnet18;
		if (strcmp(size, sizes[i].name) == 0 && to) {
			*to = value;
			return 0;
		}
	}

	return -1;
}

int encoder_set_towers(struct encoder_config *c, enum towers towers)
{
	if (c->kind != ENCODER_DVT)
		return towers == TOWERS_BOTH ? 0 : -1;
	c->dvt.towers = towers;
	return 0;
}

int encoder_config_check(const struct encoder_config *c, struct error *e)
{
	return c->kind == ENCODER_DVT ? dualview_config_check(&c->dvt, e)
				      : resnet18_config_check(&c->resnet18, e);
}

int encoder_samples(const struct encoder_config *c)
{
	return c->kind == ENCODER_DVT ? c->dvt.samples : c->resnet18.samples;
}

int encoder_projector_out(const struct encoder_config *c)
{
	return c->kind == ENCODER_DVT ? c->dvt.projector_out : c->resnet18.projector_out;
}

/* ---- life ---- */

/* Activations of blocks that have passed backward make room for sums of gradients: block
 * i - 1's for place i. */
static void lend_slots(struct encoder *e)
{
	for (int i = 1; i <= e->n_slots && i < BLOCKS_NODES; i++) {
		size_t n;
		float *p = dualview_spare(e->dvt, i - 1, &n);
		gradients_lend(&e->gradients, i, p, n);
	}
}

static void open_dvt(struct encoder *e, int micro_batch, bool is_training)
{
	struct blocks b = blocks_of(e->ops, e->team, e->max_batch);
	int n_own = (blocks_most_views(e->team, e->max_batch) + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS,
	    n_micro = micro_batch / BLOCKS_VIEWS;
	int n_kept = n_micro && n_micro < n_own ? n_micro : n_own;
	e->n_slots = is_training && !e->ops->is_wide ? n_kept : 1;
	e->n_pass = e->ops->is_wide ? n_kept : 1;

	struct dualview *d = e->dvt = dualview_new(e->ops, &e->config.dvt, e->max_batch, e->n_slots,
						   e->n_pass * BLOCKS_VIEWS, is_training);
	e->tensors = &d->tensors;
	e->dim = d->dim;
	e->arena_bytes = d->arena_bytes;
	e->h = d->h;
	e->p = d->p;
	e->z_time = d->z_time;
	e->z_channel = d->z_channel;
	e->tower_dim = d->config.d_model;
	if (!is_training)
		return;
	gradients_init(&e->gradients, e->tensors, e->tensors->count);
	gradients_widen(&e->gradients, e->n_pass);
	if (e->n_pass == 1 && e->n_slots == n_own)
		lend_slots(e);
	gradients_reserve(&e->gradients, &b);
}

static void open_resnet18(struct encoder *e, bool is_training)
{
	struct resnet18 *r = e->resnet18 =
		resnet18_new(e->ops, &e->config.resnet18, e->max_batch, is_training, e->team);
	e->tensors = &r->tensors;
	e->dim = r->dim;
	e->arena_bytes = r->arena_bytes;
	e->h = r->h;
	e->p = r->p;
}

static struct encoder *open(const struct ops *ops, const struct encoder_config *c, int max_batch,
			    int micro_batch, bool is_training, struct team *team)
{
	struct encoder *e = die_calloc(1, sizeof *e);
	e->ops = ops;
	e->config = *c;
	e->max_batch = max_batch;
	e->team = team;
	if (c->kind == ENCODER_DVT)
		open_dvt(e, micro_batch, is_training);
	else
		open_resnet18(e, is_training);
	return e;
}

struct encoder *encoder_new(const struct ops *ops, const struct encoder_config *c, int max_batch,
			    bool is_training)
{
	return open(ops, c, max_batch, 0, is_training, NULL);
}

int encoder_micro_batch_check(const struct encoder_config *c, int micro_batch, struct error *e)
{
	if (micro_batch < 0 || micro_batch % BLOCKS_VIEWS)
		return error_set(e, NULL, 0,
				 "micro-batch of %d views: expected a multiple of %d, or 0 for all",
				 micro_batch, BLOCKS_VIEWS);
	if (micro_batch && encoder_has_statistics(c))
		return error_set(e, NULL, 0,
				 "BatchNorm needs a batch in one piece: no micro-batches with this encoder, "
				 "expected 0");
	return 0;
}

static void check_micro_batch(const struct encoder_config *c, int micro_batch)
{
	struct error e = {0};
	if (encoder_micro_batch_check(c, micro_batch, &e) < 0)
		die_bug(__FILE__, error_text(&e));
}

struct encoder *encoder_new_frozen(const struct ops *ops, const struct encoder_config *c, int max_batch,
				   int micro_batch)
{
	check_micro_batch(c, micro_batch);
	return open(ops, c, max_batch, micro_batch, false, NULL);
}

struct encoder *encoder_new_shared(const struct ops *ops, const struct encoder_config *c, int max_batch,
				   int micro_batch, struct team *team)
{
	check_micro_batch(c, micro_batch);
	return open(ops, c, max_batch, micro_batch, true, team);
}

void encoder_free(struct encoder *e)
{
	if (!e)
		return;
	if (e->gradients.tensors)
		gradients_release(&e->gradients);
	dualview_free(e->dvt);
	resnet18_free(e->resnet18);
	free(e);
}

void encoder_init(struct encoder *e, uint64_t seed)
{
	tensors_draw(e->tensors, seed);
}

bool encoder_has_statistics(const struct encoder_config *c)
{
	return c->kind == ENCODER_RESNET18;
}

void encoder_set_statistics(struct encoder *e, const float *x, const uint8_t *keep, int batch)
{
	struct blocks b = blocks_of(e->ops, e->team, batch);
	if (e->resnet18)
		resnet18_set_statistics(e->resnet18, &b, x, keep);
}

void encoder_copy(struct encoder *e, const struct encoder *from)
{
	for (int i = 0; i < e->tensors->n; i++) {
		const struct tensor *to = &e->tensors->list[i], *t = tensors_find(from->tensors, to->name);
		if (!t)
			continue;
		if (t->count != to->count)
			BUG("weights copied between encoders of different sizes");
		float *host = die_malloc(t->count * sizeof *host);
		e->ops->download(host, from->tensors->weights + t->offset, t->count * sizeof *host);
		e->ops->upload(e->tensors->weights + to->offset, host, t->count * sizeof *host);
		free(host);
	}
}

/* ---- passes ---- */

static int n_passes(const struct encoder *e)
{
	return (e->blocks.end - e->blocks.first + e->n_pass - 1) / e->n_pass;
}

/* Blocks first..end-1 of a pass of this process's. */
struct pass {
	int slot, first, end, n_views;
	size_t at; /* its first view among this process's */
};

static struct pass pass_of(const struct encoder *e, int i)
{
	const struct blocks *b = &e->blocks;
	struct pass p = {.slot = i % e->n_slots, .first = b->first + i * e->n_pass};
	p.end = p.first + e->n_pass < b->end ? p.first + e->n_pass : b->end;
	p.n_views = blocks_start(b, p.end) - blocks_start(b, p.first);
	p.at = (size_t)(blocks_start(b, p.first) - blocks_start(b, b->first));
	return p;
}

static void forward_pass(struct encoder *e, int i)
{
	struct pass p = pass_of(e, i);
	size_t n_input = ENCODER_LEADS * (size_t)encoder_samples(&e->config);
	dualview_forward(e->dvt, p.slot, e->x + p.at * n_input,
			 e->keep ? e->keep + p.at * ENCODER_LEADS : NULL, blocks_start(&e->blocks, p.first),
			 p.n_views);
}

/* From the last pass to the first, whose activations are then there for the backward pass to begin with. */
static void forward_dvt(struct encoder *e)
{
	for (int i = n_passes(e) - 1; i >= 0; i--)
		forward_pass(e, i);
}

/* dp and dh: this process's rows of one of them, the other NULL. */
static void backward_dvt(struct encoder *e, const float *dp, const float *dh)
{
	gradients_begin(&e->gradients, &e->blocks, 0, e->tensors->count);

	for (int i = 0; i < n_passes(e); i++) {
		struct pass p = pass_of(e, i);
		if (i >= e->n_slots)
			forward_pass(e, i);
		gradients_leaves(&e->gradients, p.end - p.first, p.n_views);
		if (dp)
			dualview_backward(e->dvt, p.slot,
					  dp + p.at * (size_t)encoder_projector_out(&e->config));
		else
			dualview_backward_h(e->dvt, p.slot, dh + p.at * (size_t)e->dim);
		gradients_push(&e->gradients);
	}

	gradients_total(&e->gradients);
}

void encoder_list(struct encoder *e, const uint8_t *keep, int batch)
{
	e->blocks = blocks_of(e->ops, e->team, batch);
	if (e->dvt && n_passes(e) == 1)
		dualview_list(e->dvt, keep, blocks_own_views(&e->blocks));
}

void encoder_forward(struct encoder *e, const float *x, const uint8_t *keep, int batch)
{
	if (batch < 1 || batch > e->max_batch)
		BUG("batch is not within 1..max_batch");
	e->blocks = blocks_of(e->ops, e->team, batch);
	e->x = x;
	e->keep = keep;
	if (e->dvt)
		forward_dvt(e);
	else
		resnet18_forward(e->resnet18, &e->blocks, x, keep);
}

void encoder_backward(struct encoder *e, const float *dp)
{
	if (e->dvt)
		backward_dvt(e, dp, NULL);
	else
		resnet18_backward(e->resnet18, dp);
}

void encoder_backward_h(struct encoder *e, const float *dh)
{
	if (e->dvt)
		backward_dvt(e, NULL, dh);
	else
		resnet18_backward_h(e->resnet18, dh);
}

void encoder_gather(struct encoder *e, enum encoder_rows which)
{
	int width = which == ENCODER_H ? e->dim : encoder_projector_out(&e->config);
	blocks_gather(&e->blocks, (float *)(which == ENCODER_H ? e->h : e->p), (size_t)width);
}

void encoder_mean_views(float *mean, const float *rows, int n_views, int width)
{
	for (int k = 0; k < width; k++) {
		float sum = rows[k];
		for (int v = 1; v < n_views; v++)
			sum += rows[v * width + k];
		mean[k] = sum / (float)n_views;
	}
}
