#include "onnx/layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

static const float eps = 1e-5f; /* of LayerNorm: model/norm.c */

/* ---- weights ---- */

const void *layer_values(const struct layer_source *s, int i)
{
	const struct tensor *t = &s->tensors->list[i];
	struct artifact_value v = artifact_get(s->holder, "tensor", t->name, strlen(t->name));
	if (!v.bytes || v.n_bytes != t->count * sizeof(float))
		die("%s %s: tensor %s has %zu bytes, but its attribute \"config\" says %zu",
		    artifact_kind(s->holder), artifact_id(s->holder), t->name, v.n_bytes,
		    t->count * sizeof(float));
	return v.bytes;
}

const char *layer_tensor(const struct layer_source *s, int i)
{
	const struct tensor *t = &s->tensors->list[i];
	return graph_floats(s->g, t->name, layer_values(s, i),
			    GRAPH_DIMS(t->shape[0], t->shape[1], t->shape[2], t->shape[3]));
}

const char *layer_column(const struct layer_source *s, int i)
{
	const struct tensor *t = &s->tensors->list[i];
	return graph_floats(s->g, t->name, layer_values(s, i), GRAPH_DIMS(t->shape[0], 1));
}

const char *layer_exchanged(const struct layer_source *s, int i)
{
	const struct tensor *t = &s->tensors->list[i];
	int last = t->shape[2] ? 2 : 1, dims[4] = {t->shape[0], t->shape[1], t->shape[2]};
	size_t rows = (size_t)t->shape[last - 1], columns = (size_t)t->shape[last], size = sizeof(float);
	const char *from = layer_values(s, i);
	char *to = die_malloc(t->count * size);

	for (size_t k = 0; k < t->count; k++) {
		size_t matrix = k / (rows * columns), row = k / columns % rows, column = k % columns;
		memcpy(to + ((matrix * columns + column) * rows + row) * size, from + k * size, size);
	}
	dims[last - 1] = (int)columns;
	dims[last] = (int)rows;

	const char *name = graph_floats(s->g, t->name, to, dims);
	free(to);
	return name;
}

/* ---- layers ---- */

const char *layer_linear(const struct layer_source *s, const struct linear *l, const char *x)
{
	const char *y = GRAPH_NODE(s->g, "MatMul", (x, layer_exchanged(s, l->weight)));
	return GRAPH_NODE(s->g, "Add", (y, layer_tensor(s, l->bias)));
}

const char *layer_norm(const struct layer_source *s, const struct norm *n, const char *x)
{
	return GRAPH_NODE_WITH(s->g, "LayerNormalization",
			       (x, layer_tensor(s, n->weight), layer_tensor(s, n->bias)),
			       GRAPH_INT("axis", -1), GRAPH_FLOAT("epsilon", eps));
}

const char *layer_gelu(struct graph *g, const char *x)
{
	const char *y = GRAPH_NODE(g, "Div", (x, graph_float(g, sqrtf(2))));
	y = GRAPH_NODE(g, "Erf", (y));
	y = GRAPH_NODE(g, "Add", (y, graph_float(g, 1)));
	y = GRAPH_NODE(g, "Mul", (x, y));
	return GRAPH_NODE(g, "Mul", (y, graph_float(g, 0.5f)));
}

const char *layer_mean_max(struct graph *g, const char *x, int axis)
{
	const char *mean =
		GRAPH_NODE_WITH(g, "ReduceMean", (x), GRAPH_LIST("axes", axis), GRAPH_INT("keepdims", 0));
	const char *max =
		GRAPH_NODE_WITH(g, "ReduceMax", (x), GRAPH_LIST("axes", axis), GRAPH_INT("keepdims", 0));
	return GRAPH_NODE_WITH(g, "Concat", (mean, max), GRAPH_INT("axis", -1));
}

const char *layer_conv(const struct layer_source *s, int weight, int bias, int k, int stride, const char *x)
{
	const char *w = layer_exchanged(s, weight), *b = bias < 0 ? NULL : layer_tensor(s, bias);
	int pad = (k - 1) / 2;
	return GRAPH_NODE_WITH(s->g, "Conv", (x, w, b), GRAPH_LIST("kernel_shape", k),
			       GRAPH_LIST("strides", stride), GRAPH_LIST("pads", pad, pad));
}

const char *layer_slice(struct graph *g, const char *x, int axis, int64_t start, int64_t end, int64_t step)
{
	return GRAPH_NODE(
		g, "Slice",
		(x, GRAPH_INTS(g, start), GRAPH_INTS(g, end), GRAPH_INTS(g, axis), GRAPH_INTS(g, step)));
}
