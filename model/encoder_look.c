/* What to log of an encoder and to look at: parts, depths, attention. */
#include "model/encoder.h"

#include <stdio.h>
#include <string.h>

#include "common/die.h"
#include "model/rollout.h"

void encoder_gradient_squares(const struct encoder *e, float *to)
{
	const float *g = e->tensors->gradients;
	const struct resnet18 *r = e->resnet18;
	if (e->dvt) {
		dualview_gradient_squares(e->dvt, to);
		return;
	}
	e->ops->squares(to, g, r->stem_end);
	e->ops->squares(to + 1, g + r->stem_end, r->stages_end - r->stem_end);
}

const char *encoder_part(const struct encoder_config *c, int part)
{
	static const char *const names[][ENCODER_PARTS] = {
		[ENCODER_DVT] = {"time", "channel"}, [ENCODER_RESNET18] = {"stem", "stages"}};
	return names[c->kind][part];
}

/* Of the longer tower; the layers of the shorter one stand beside its first ones. */
static int n_layers(const struct dualview_config *c)
{
	return c->n_time_layers > c->n_channel_layers ? c->n_time_layers : c->n_channel_layers;
}

int encoder_depths(const struct encoder_config *c)
{
	if (c->kind == ENCODER_RESNET18)
		return 1 + RESNET18_BLOCKS + 1;
	return 1 + n_layers(&c->dvt) + c->dvt.n_cross + 1;
}

int encoder_depth(const struct encoder *e, int tensor)
{
	const char *name = e->tensors->list[tensor].name;
	int i, j;
	if (sscanf(name, "stages.%d.%d", &i, &j) == 2)
		return 1 + 2 * i + j;
	if (sscanf(name, "time.layers.%d", &i) == 1 || sscanf(name, "channel.layers.%d", &i) == 1)
		return 1 + i;
	if (sscanf(name, "time.cross.%d", &i) == 1 || sscanf(name, "channel.cross.%d", &i) == 1)
		return 1 + n_layers(&e->config.dvt) + i;
	bool is_late = strstr(name, ".head.") || !strncmp(name, "gate", 4) || !strncmp(name, "projector", 9);
	return is_late ? encoder_depths(&e->config) - 1 : 0;
}

bool encoder_has_attention(const struct encoder_config *c, int *n_heads, int *n_tokens)
{
	if (c->kind != ENCODER_DVT || c->dvt.towers != TOWERS_BOTH || c->dvt.n_cross == 0)
		return false;
	*n_heads = c->dvt.n_heads;
	*n_tokens = c->dvt.samples / 10;
	return true;
}

void encoder_attention(struct encoder *e, float *time_to_lead, float *lead_to_time)
{
	if (e->blocks.n_blocks != 1)
		BUG("attention maps of more than one block");
	dualview_attention(e->dvt, time_to_lead, lead_to_time);
}

void encoder_rollout(struct encoder *e, float *relevance, int batch)
{
	if (e->blocks.n_blocks != 1)
		BUG("rollout of more than one block");
	rollout_relevance(relevance, e->dvt, batch);
}
