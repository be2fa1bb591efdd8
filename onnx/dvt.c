#include "onnx/dvt.h"

#include <math.h>
#include <stdlib.h>

#include "common/die.h"
#include "model/dualview_memory.h"

enum { TIME = DUALVIEW_TIME, CHANNEL = DUALVIEW_CHANNEL };

static const float eps = 1e-5f; /* of GroupNorm: model/stem.c */

/* ---- stems ---- */

/* x [B,C,T]: as an array [B,groups,...] an instance is a group, which leaves the channels' own weights. */
static const char *group_norm(const struct layer_source *s, const struct stem_conv *c, const char *x)
{
	struct graph *g = s->g;
	static const float ones[STEM_GROUPS] = {1, 1, 1, 1}, zeros[STEM_GROUPS];
	const char *scale = graph_floats(g, NULL, ones, GRAPH_DIMS(STEM_GROUPS)),
		   *shift = graph_floats(g, NULL, zeros, GRAPH_DIMS(STEM_GROUPS));

	x = GRAPH_NODE(g, "Reshape", (x, GRAPH_INTS(g, 0, STEM_GROUPS, -1)));
	x = GRAPH_NODE_WITH(g, "InstanceNormalization", (x, scale, shift), GRAPH_FLOAT("epsilon", eps));
	x = GRAPH_NODE(g, "Reshape", (x, GRAPH_INTS(g, 0, c->c_out, -1)));
	x = GRAPH_NODE(g, "Mul", (x, layer_column(s, c->norm_weight)));
	return GRAPH_NODE(g, "Add", (x, layer_column(s, c->norm_bias)));
}

/* x [signals,c_in,T] -> [signals,c_out,t_out] of the last convolution */
static const char *stem(const struct layer_source *s, const struct stem *stem, const char *x)
{
	for (int i = 0; i < stem->n_convs; i++) {
		const struct stem_conv *c = &stem->conv[i];
		x = layer_conv(s, c->weight, c->bias, c->k, c->stride, x);
		x = layer_gelu(s->g, group_norm(s, c, x));
	}
	return x;
}

/* ---- tokens ---- */

/* e [B,1,D]: the sum of the masks of the leads that are not there. */
static const char *masks_of(const struct layer_source *s, int mask, const char *keep)
{
	const char *absent = GRAPH_NODE(s->g, "Sub", (graph_float(s->g, 1), keep));
	const char *e = GRAPH_NODE(s->g, "MatMul", (absent, layer_tensor(s, mask)));
	return GRAPH_NODE(s->g, "Unsqueeze", (e, GRAPH_INTS(s->g, 1)));
}

static const char *time_tokens(const struct layer_source *s, const struct tokenizer_time *k, const char *x,
			       const char *keep)
{
	struct graph *g = s->g;
	float *position = die_malloc((size_t)k->n * (size_t)k->d * sizeof *position);
	tokenizer_position(position, k->n, k->d, k->rate_hz);
	graph_scope(g, "time.tokens");

	x = GRAPH_NODE_WITH(g, "Transpose", (stem(s, &k->stem, x)), GRAPH_LIST("perm", 0, 2, 1));
	x = layer_linear(s, &k->linear, x);
	x = GRAPH_NODE(g, "Add", (x, masks_of(s, k->mask, keep)));
	x = GRAPH_NODE(g, "Add", (x, graph_floats(g, "time.position", position, GRAPH_DIMS(k->n, k->d))));
	free(position);

	return x;
}

static const char *channel_tokens(const struct layer_source *s, const struct tokenizer_channel *k,
				  const char *x, const char *kept)
{
	struct graph *g = s->g;
	graph_scope(g, "channel.tokens");
	x = GRAPH_NODE(g, "Reshape", (x, GRAPH_INTS(g, -1, 1, k->stem.conv[0].t_in)));
	x = layer_mean_max(g, stem(s, &k->stem, x), 2);
	x = layer_linear(s, &k->linear, x);
	x = GRAPH_NODE(g, "Reshape", (x, GRAPH_INTS(g, -1, TOKENIZER_LEADS, k->d)));
	x = GRAPH_NODE(g, "Where", (kept, x, layer_tensor(s, k->mask)));
	return GRAPH_NODE(g, "Add", (x, layer_tensor(s, k->lead)));
}

/* ---- transformer layers ---- */

/* [B,H,N,D/H] each: queries, keys, values */
struct projected {
	const char *of[3];
};

static struct projected project(const struct layer_source *s, const struct transformer_layer *l,
				const char *x)
{
	struct graph *g = s->g;
	struct projected p;
	x = layer_linear(s, &l->qkv, layer_norm(s, &l->norm1, x));
	x = GRAPH_NODE(g, "Reshape", (x, GRAPH_INTS(g, 0, 0, 3, l->n_heads, l->d / l->n_heads)));
	x = GRAPH_NODE_WITH(g, "Transpose", (x), GRAPH_LIST("perm", 2, 0, 3, 1, 4));
	for (int i = 0; i < 3; i++)
		p.of[i] = GRAPH_NODE_WITH(g, "Gather", (x, graph_index(g, i)), GRAPH_INT("axis", 0));
	return p;
}

/* softmax(q k^T / sqrt(D/H)) v, heads side by side: [B,N,D] */
static const char *attend(const struct layer_source *s, const struct transformer_layer *l, const char *q,
			  const char *k, const char *v)
{
	struct graph *g = s->g;
	float scale = 1 / sqrtf((float)(l->d / l->n_heads));
	k = GRAPH_NODE_WITH(g, "Transpose", (k), GRAPH_LIST("perm", 0, 1, 3, 2));
	q = GRAPH_NODE(g, "Mul", (GRAPH_NODE(g, "MatMul", (q, k)), graph_float(g, scale)));
	q = GRAPH_NODE_WITH(g, "Softmax", (q), GRAPH_INT("axis", -1));
	q = GRAPH_NODE(g, "MatMul", (q, v));
	q = GRAPH_NODE_WITH(g, "Transpose", (q), GRAPH_LIST("perm", 0, 2, 1, 3));
	return GRAPH_NODE(g, "Reshape", (q, GRAPH_INTS(g, 0, 0, l->d)));
}

static const char *finish(const struct layer_source *s, const struct transformer_layer *l, const char *x,
			  const char *attended)
{
	const char *u = GRAPH_NODE(s->g, "Add", (x, layer_linear(s, &l->out, attended)));
	const char *wide = layer_gelu(s->g, layer_linear(s, &l->up, layer_norm(s, &l->norm2, u)));
	return GRAPH_NODE(s->g, "Add", (u, layer_linear(s, &l->down, wide)));
}

static void scope_of(const struct layer_source *s, int tower, const char *what, int i)
{
	char *name = die_printf("%s.%s.%d", tower == TIME ? "time" : "channel", what, i);
	graph_scope(s->g, name);
	free(name);
}

static const char *layers(const struct layer_source *s, const struct dualview_tower *w, int tower,
			  const char *x)
{
	for (int i = 0; i < w->n_layers; i++) {
		const struct transformer_layer *l = &w->layers[i];
		scope_of(s, tower, "layers", i);
		struct projected p = project(s, l, x);
		x = finish(s, l, x, attend(s, l, p.of[0], p.of[1], p.of[2]));
	}
	return x;
}

/* Both towers' block i: each asks the other. x: of both, changed. */
static void cross(const struct layer_source *s, const struct dualview_slot *parts, int i, const char *x[2])
{
	struct projected p[2];
	for (int k = 0; k < 2; k++) {
		scope_of(s, k, "cross", i);
		p[k] = project(s, &parts->tower[k].crosses[i], x[k]);
	}
	for (int k = 0; k < 2; k++) {
		const struct transformer_layer *l = &parts->tower[k].crosses[i];
		scope_of(s, k, "cross", i);
		x[k] = finish(s, l, x[k], attend(s, l, p[k].of[0], p[1 - k].of[1], p[1 - k].of[2]));
	}
}

/* ---- from tokens to h ---- */

static const char *head(const struct layer_source *s, const struct head *h, const char *x)
{
	return layer_linear(s, &h->linear, layer_mean_max(s->g, layer_norm(s, &h->norm, x), 1));
}

static const char *gate(const struct layer_source *s, const struct head_gate *gate, const char *z[2])
{
	struct graph *g = s->g;
	const char *both = GRAPH_NODE_WITH(g, "Concat", (z[TIME], z[CHANNEL]), GRAPH_INT("axis", 1)),
		   *part[2];
	const char *alpha = GRAPH_NODE(g, "MatMul", (both, layer_exchanged(s, gate->weight)));
	alpha = GRAPH_NODE(g, "Add", (alpha, layer_tensor(s, gate->bias)));
	alpha = GRAPH_NODE_WITH(g, "Softmax", (alpha), GRAPH_INT("axis", -1));
	for (int i = 0; i < 2; i++)
		part[i] = GRAPH_NODE(g, "Mul", (z[i], layer_slice(g, alpha, 1, i, i + 1, 1)));
	return GRAPH_NODE_WITH(g, "Concat", (part[TIME], part[CHANNEL]), GRAPH_INT("axis", 1));
}

const char *dvt_graph(const struct layer_source *s, const struct dualview *d, const char *x, const char *keep)
{
	struct graph *g = s->g;
	const struct dualview_slot *parts = &d->memory->slot[0];
	const char *t[2] = {NULL, NULL};
	graph_scope(g, "leads");

	const char *kept = GRAPH_NODE(g, "Unsqueeze", (keep, GRAPH_INTS(g, 2)));
	kept = GRAPH_NODE(g, "Greater", (kept, graph_float(g, 0.5f)));
	x = GRAPH_NODE(g, "Where", (kept, x, graph_float(g, 0)));
	if (parts->tower[TIME].is_on)
		t[TIME] = time_tokens(s, &parts->time_tokens, x, keep);
	if (parts->tower[CHANNEL].is_on)
		t[CHANNEL] = channel_tokens(s, &parts->channel_tokens, x, kept);

	for (int i = 0; i < 2; i++)
		if (t[i])
			t[i] = layers(s, &parts->tower[i], i, t[i]);
	for (int i = 0; i < d->memory->n_cross; i++)
		cross(s, parts, i, t);
	graph_scope(g, "head");
	for (int i = 0; i < 2; i++)
		if (t[i])
			t[i] = head(s, &parts->tower[i].head, t[i]);

	return t[TIME] && t[CHANNEL] ? gate(s, &parts->gate, t) : t[TIME] ? t[TIME] : t[CHANNEL];
}
