#include "model/encoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

/* ---- what it is ---- */

int encoder_preset(struct encoder_config *c, const char *name, int samples, float rate_hz)
{
	*c = (struct encoder_config){.kind = ENCODER_DVT};
	c->dvt = (struct dualview_config){.samples = samples, .rate_hz = rate_hz, .towers = TOWERS_BOTH};
	return dualview_preset(&c->dvt, name);
}

int encoder_set(struct encoder_config *c, const char *size, int value)
{
	struct dualview_config *d = &c->dvt;
	const struct {
		const char *name;
		int *size;
	} sizes[] = {{"d_model", &d->d_model},
		     {"n_heads", &d->n_heads},
		     {"n_time_layers", &d->n_time_layers},
		     {"n_channel_layers", &d->n_channel_layers},
		     {"n_cross", &d->n_cross},
		     {"projector_hidden", &d->projector_hidden},
		     {"projector_out", &d->projector_out}};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (strcmp(size, sizes[i].name) == 0) {
			*sizes[i].size = value;
			return 0;
		}
	return -1;
}

int encoder_set_towers(struct encoder_config *c, enum towers towers)
{
	c->dvt.towers = towers;
	return 0;
}

int encoder_config_check(const struct encoder_config *c, struct error *e)
{
	return dualview_config_check(&c->dvt, e);
}

int encoder_samples(const struct encoder_config *c)
{
	return c->dvt.samples;
}

int encoder_projector_out(const struct encoder_config *c)
{
	return c->dvt.projector_out;
}

/* ---- life ---- */

struct encoder *encoder_new(const struct ops *ops, const struct encoder_config *c, int max_batch,
			    bool is_training)
{
	struct encoder *e = die_calloc(1, sizeof *e);
	struct dualview *d = e->dvt = dualview_new(ops, &c->dvt, max_batch, is_training);
	e->ops = ops;
	e->config = *c;
	e->max_batch = max_batch;
	e->tensors = &d->tensors;
	e->dim = d->dim;
	e->arena_bytes = d->arena_bytes;
	e->h = d->h;
	e->p = d->p;
	e->z_time = d->z_time;
	e->z_channel = d->z_channel;
	e->tower_dim = d->config.d_model;
	return e;
}

void encoder_free(struct encoder *e)
{
	if (!e)
		return;
	dualview_free(e->dvt);
	free(e);
}

void encoder_init(struct encoder *e, uint64_t seed)
{
	tensors_draw(e->tensors, seed);
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

void encoder_forward(struct encoder *e, const float *x, const uint8_t *keep, int batch)
{
	dualview_forward(e->dvt, x, keep, batch);
}

void encoder_backward(struct encoder *e, const float *dp)
{
	dualview_backward(e->dvt, dp);
}

void encoder_backward_h(struct encoder *e, const float *dh)
{
	dualview_backward_h(e->dvt, dh);
}

/* ---- what to log and look at ---- */

struct encoder_norms encoder_gradient_norms(const struct encoder *e)
{
	struct dualview_norms n = dualview_gradient_norms(e->dvt);
	return (struct encoder_norms){{n.time, n.channel}};
}

const char *encoder_part(const struct encoder_config *c, int part)
{
	(void)c;
	return part == 0 ? "time" : "channel";
}

/* Of the longer tower; the layers of the shorter one stand beside its first ones. */
static int n_layers(const struct dualview_config *c)
{
	return c->n_time_layers > c->n_channel_layers ? c->n_time_layers : c->n_channel_layers;
}

int encoder_depths(const struct encoder_config *c)
{
	return 1 + n_layers(&c->dvt) + c->dvt.n_cross + 1;
}

int encoder_depth(const struct encoder *e, int tensor)
{
	const char *name = e->tensors->list[tensor].name;
	int i;
	if (sscanf(name, "time.layers.%d", &i) == 1 || sscanf(name, "channel.layers.%d", &i) == 1)
		return 1 + i;
	if (sscanf(name, "time.cross.%d", &i) == 1 || sscanf(name, "channel.cross.%d", &i) == 1)
		return 1 + n_layers(&e->config.dvt) + i;
	bool is_late = strstr(name, ".head.") || !strncmp(name, "gate", 4) || !strncmp(name, "projector", 9);
	return is_late ? encoder_depths(&e->config) - 1 : 0;
}

bool encoder_has_attention(const struct encoder_config *c, int *n_heads, int *n_tokens)
{
	if (c->dvt.towers != TOWERS_BOTH || c->dvt.n_cross == 0)
		return false;
	*n_heads = c->dvt.n_heads;
	*n_tokens = c->dvt.samples / 10;
	return true;
}

void encoder_attention(struct encoder *e, float *time_to_lead, float *lead_to_time)
{
	dualview_attention(e->dvt, time_to_lead, lead_to_time);
}
