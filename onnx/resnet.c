#include "onnx/resnet.h"

#include <stdlib.h>

#include "common/die.h"
#include "model/resnet18_memory.h"

static const float eps = 1e-5f; /* of BatchNorm: model/convnorm.c */

/* Convolution without bias, then BatchNorm. */
static const char *convnorm(const struct layer_source *s, const struct convnorm *c, const char *x)
{
	x = layer_conv(s, c->weight, -1, c->k, c->stride, x);
	return GRAPH_NODE_WITH(s->g, "BatchNormalization",
			       (x, layer_tensor(s, c->norm_weight), layer_tensor(s, c->norm_bias),
				layer_tensor(s, c->mean), layer_tensor(s, c->variance)),
			       GRAPH_FLOAT("epsilon", eps));
}

static const char *stem(const struct layer_source *s, const struct resnet18 *r, const char *x)
{
	const int pad = RESNET18_POOL_TAPS / 2;
	graph_scope(s->g, "stem");
	x = GRAPH_NODE(s->g, "Relu", (convnorm(s, &r->memory->stem, x)));
	if (!r->config.has_pool)
		return x;
	return GRAPH_NODE_WITH(s->g, "MaxPool", (x), GRAPH_LIST("kernel_shape", RESNET18_POOL_TAPS),
			       GRAPH_LIST("strides", RESNET18_POOL_STRIDE), GRAPH_LIST("pads", pad, pad));
}

static const char *block(const struct layer_source *s, const struct resnet18_block *b, const char *x)
{
	const char *y = GRAPH_NODE(s->g, "Relu", (convnorm(s, &b->conv1, x)));
	y = convnorm(s, &b->conv2, y);
	y = GRAPH_NODE(s->g, "Add", (y, b->has_down ? convnorm(s, &b->down, x) : x));
	return GRAPH_NODE(s->g, "Relu", (y));
}

const char *resnet_graph(const struct layer_source *s, const struct resnet18 *r, const char *x,
			 const char *keep)
{
	graph_scope(s->g, "leads");
	const char *kept = GRAPH_NODE(s->g, "Unsqueeze", (keep, GRAPH_INTS(s->g, 2)));
	kept = GRAPH_NODE(s->g, "Greater", (kept, graph_float(s->g, 0.5f)));
	x = stem(s, r, GRAPH_NODE(s->g, "Where", (kept, x, graph_float(s->g, 0))));

	for (int i = 0; i < RESNET18_BLOCKS; i++) {
		char *name = die_printf("stages.%d.%d", i / 2, i % 2);
		graph_scope(s->g, name);
		free(name);
		x = block(s, &r->memory->block[i], x);
	}

	graph_scope(s->g, "head");
	return GRAPH_NODE_WITH(s->g, "ReduceMean", (x), GRAPH_LIST("axes", 2), GRAPH_INT("keepdims", 0));
}
