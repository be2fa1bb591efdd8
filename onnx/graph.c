#include "onnx/graph.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/file.h"
#include "onnx/protobuf.h"

/* Numbers of fields, from the public onnx.proto of format version 8, which is that of opset 17. */
enum { FORMAT = 8, OPSET = 17 };
enum { MODEL_FORMAT = 1, MODEL_PRODUCER = 2, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_METADATA = 14 };
enum { OPSET_VERSION = 2 };
enum { PAIR_KEY = 1, PAIR_VALUE = 2 };
enum { GRAPH_NODES = 1, GRAPH_NAME = 2, GRAPH_CONSTANTS = 5, GRAPH_INPUTS = 11, GRAPH_OUTPUTS = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TENSOR_DIM = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { TYPE_FLOAT = 1, TYPE_INT64 = 7 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, OF_TENSOR = 1, ELEMENT = 1, SHAPE = 2, SHAPE_DIM = 1 };
enum { DIM_VALUE = 1, DIM_NAME = 2 };

struct graph {
	struct protobuf nodes, constants, inputs, outputs, metadata;
	char **names;
	size_t n_names, room;
	char *scope;
};

struct graph *graph_new(void)
{
	struct graph *g = die_calloc(1, sizeof *g);
	g->scope = die_strdup("graph");
	return g;
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	protobuf_release(&g->nodes);
	protobuf_release(&g->constants);
	protobuf_release(&g->inputs);
	protobuf_release(&g->outputs);
	protobuf_release(&g->metadata);
	for (size_t i = 0; i < g->n_names; i++)
		free(g->names[i]);
	free(g->names);
	free(g->scope);
	free(g);
}

void graph_scope(struct graph *g, const char *name)
{
	free(g->scope);
	g->scope = die_strdup(name);
}

/* Takes the text. */
static const char *own(struct graph *g, char *text)
{
	if (g->n_names == g->room) {
		g->room = 2 * g->room + 256;
		g->names = die_realloc(g->names, g->room * sizeof *g->names);
	}
	return g->names[g->n_names++] = text;
}

/* "time.layers.0/MatMul.12" */
static const char *new_name(struct graph *g, const char *what)
{
	return own(g, die_printf("%s/%s.%zu", g->scope, what, g->n_names));
}

/* ---- inputs and outputs ---- */

static void add_value(struct protobuf *list, int field, const char *name, const int *dims)
{
	struct protobuf shape = {0}, tensor = {0}, type = {0}, value = {0};
	for (; *dims; dims++) {
		struct protobuf dim = {0};
		if (*dims == GRAPH_N)
			protobuf_text(&dim, DIM_NAME, "N");
		else
			protobuf_integer(&dim, DIM_VALUE, *dims);
		protobuf_message(&shape, SHAPE_DIM, &dim);
	}

	protobuf_integer(&tensor, ELEMENT, TYPE_FLOAT);
	protobuf_message(&tensor, SHAPE, &shape);
	protobuf_message(&type, OF_TENSOR, &tensor);
	protobuf_text(&value, VALUE_NAME, name);
	protobuf_message(&value, VALUE_TYPE, &type);
	protobuf_message(list, field, &value);
}

const char *graph_input(struct graph *g, const char *name, const int *dims)
{
	add_value(&g->inputs, GRAPH_INPUTS, name, dims);
	return own(g, die_strdup(name));
}

/* A constant of an input's name is what it is unless it is given. */
const char *graph_optional(struct graph *g, const char *name, const int *dims, const float *otherwise,
			   const int *dims_otherwise)
{
	add_value(&g->inputs, GRAPH_INPUTS, name, dims);
	return graph_floats(g, name, otherwise, dims_otherwise);
}

void graph_output(struct graph *g, const char *name, const char *value, const int *dims)
{
	struct protobuf node = {0};
	protobuf_text(&node, NODE_INPUT, value);
	protobuf_text(&node, NODE_OUTPUT, name);
	protobuf_text(&node, NODE_NAME, name);
	protobuf_text(&node, NODE_OP, "Identity");
	protobuf_message(&g->nodes, GRAPH_NODES, &node);
	add_value(&g->outputs, GRAPH_OUTPUTS, name, dims);
}

/* ---- constants ---- */

static void add_constant(struct graph *g, const char *name, int type, struct protobuf *dims, const void *x,
			 size_t n_bytes)
{
	struct protobuf tensor = {0};
	protobuf_join(&tensor, dims);
	protobuf_integer(&tensor, TENSOR_TYPE, type);
	protobuf_text(&tensor, TENSOR_NAME, name);
	protobuf_bytes(&tensor, TENSOR_RAW, x, n_bytes);
	protobuf_message(&g->constants, GRAPH_CONSTANTS, &tensor);
}

const char *graph_floats(struct graph *g, const char *name, const void *x, const int *dims)
{
	struct protobuf written = {0};
	size_t n = 1;
	for (; *dims; dims++) {
		protobuf_integer(&written, TENSOR_DIM, *dims);
		n *= (size_t)*dims;
	}
	const char *as = name ? own(g, die_strdup(name)) : new_name(g, "floats");
	add_constant(g, as, TYPE_FLOAT, &written, x, n * sizeof(float));
	return as;
}

const char *graph_float(struct graph *g, float x)
{
	return graph_floats(g, NULL, &x, GRAPH_DIMS(1));
}

const char *graph_ints(struct graph *g, const int64_t *x, size_t n)
{
	struct protobuf dims = {0};
	const char *name = new_name(g, "ints");
	protobuf_integer(&dims, TENSOR_DIM, (int64_t)n);
	add_constant(g, name, TYPE_INT64, &dims, x, n * sizeof *x);
	return name;
}

const char *graph_index(struct graph *g, int64_t x)
{
	struct protobuf none = {0};
	const char *name = new_name(g, "index");
	add_constant(g, name, TYPE_INT64, &none, &x, sizeof x);
	return name;
}

/* ---- nodes ---- */

static void add_attribute(struct protobuf *node, const struct graph_attribute *a)
{
	struct protobuf m = {0};
	protobuf_text(&m, ATTRIBUTE_NAME, a->name);
	if (a->type == GRAPH_IS_FLOAT)
		protobuf_float(&m, ATTRIBUTE_F, a->f);
	if (a->type == GRAPH_IS_INT)
		protobuf_integer(&m, ATTRIBUTE_I, a->i);
	for (size_t i = 0; i < a->n_ints; i++)
		protobuf_integer(&m, ATTRIBUTE_INTS, a->ints[i]);
	protobuf_integer(&m, ATTRIBUTE_TYPE, a->type);
	protobuf_message(node, NODE_ATTRIBUTE, &m);
}

const char *graph_node(struct graph *g, const char *op, const char *const *inputs,
		       const struct graph_attribute *attributes)
{
	struct protobuf node = {0};
	const char *name = new_name(g, op);

	for (; *inputs; inputs++)
		protobuf_text(&node, NODE_INPUT, *inputs);
	protobuf_text(&node, NODE_OUTPUT, name);
	protobuf_text(&node, NODE_NAME, name);
	protobuf_text(&node, NODE_OP, op);
	for (; attributes && attributes->name; attributes++)
		add_attribute(&node, attributes);
	protobuf_message(&g->nodes, GRAPH_NODES, &node);

	return name;
}

/* ---- the file ---- */

void graph_metadata(struct graph *g, const char *key, const char *text)
{
	struct protobuf pair = {0};
	protobuf_text(&pair, PAIR_KEY, key);
	protobuf_text(&pair, PAIR_VALUE, text);
	protobuf_message(&g->metadata, MODEL_METADATA, &pair);
}

static struct protobuf model_of(struct graph *g)
{
	struct protobuf model = {0}, opset = {0}, graph = {0};
	protobuf_join(&graph, &g->nodes);
	protobuf_text(&graph, GRAPH_NAME, "einthoven");
	protobuf_join(&graph, &g->constants);
	protobuf_join(&graph, &g->inputs);
	protobuf_join(&graph, &g->outputs);

	protobuf_integer(&model, MODEL_FORMAT, FORMAT);
	protobuf_text(&model, MODEL_PRODUCER, "einthoven");
	protobuf_message(&model, MODEL_GRAPH, &graph);
	protobuf_integer(&opset, OPSET_VERSION, OPSET);
	protobuf_message(&model, MODEL_OPSET, &opset);
	protobuf_join(&model, &g->metadata);
	return model;
}

int graph_write(struct graph *g, const char *path, struct error *e)
{
	struct protobuf model = model_of(g);
	int status = model.n > INT32_MAX
			     ? error_set(e, path, 0, "over 2 GB, more than a file of ONNX can hold")
			     : file_replace(path, model.bytes, model.n, e);
	protobuf_release(&model);
	return status;
}
