/*
 * A graph of ONNX operators (onnx.ai/onnx/operators, opset 17), put together node by node and written as a
 * file. Values go by their names, which the graph owns.
 *
 *	struct graph *g = graph_new();
 *	const char *x = graph_input(g, "signal", GRAPH_DIMS(GRAPH_N, 12, 1000));
 *	const char *w = graph_floats(g, "weight", data, GRAPH_DIMS(1000, 5));   // [1000][5]
 *	const char *y = GRAPH_NODE(g, "MatMul", (x, w));
 *	y = GRAPH_NODE_WITH(g, "Softmax", (y), GRAPH_INT("axis", -1));
 *	graph_output(g, "probability", y, GRAPH_DIMS(GRAPH_N, 12, 5));
 *	if (graph_write(g, "file.onnx", &e) < 0) ...
 *	graph_free(g);
 *
 * All values are float32, but for the integers that shapes, axes and places are. The same calls give the same
 * bytes. That a graph makes sense is for its reader to check.
 */
#ifndef ONNX_GRAPH_H
#define ONNX_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct graph;

struct graph *graph_new(void);
void graph_free(struct graph *g);

/* Sizes of an array, ended by 0; GRAPH_N: as many as the caller of the file has. */
enum { GRAPH_N = -1 };
#define GRAPH_DIMS(...) ((const int[]){__VA_ARGS__, 0})

/* What the nodes that follow belong to: "time.layers.0", a beginning of their outputs' names. */
void graph_scope(struct graph *g, const char *name);

/* An input of the file. */
const char *graph_input(struct graph *g, const char *name, const int *dims);
/* One that need not be given; it is then `otherwise`, of dims_otherwise, which is to fit by broadcasting. */
const char *graph_optional(struct graph *g, const char *name, const int *dims, const float *otherwise,
			   const int *dims_otherwise);
/* An output of the file under this name. */
void graph_output(struct graph *g, const char *name, const char *value, const int *dims);

/* Constants. name NULL: one is made up. dims may not have GRAPH_N; x need not be aligned. */
const char *graph_floats(struct graph *g, const char *name, const void *x, const int *dims);
const char *graph_float(struct graph *g, float x); /* [1] */
const char *graph_ints(struct graph *g, const int64_t *x, size_t n);
const char *graph_index(struct graph *g, int64_t x); /* a scalar, for Gather */
#define GRAPH_INTS(g, ...)                                                                                   \
	graph_ints(g, (const int64_t[]){__VA_ARGS__},                                                        \
		   sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* Attributes of a node, ended by one without a name. */
enum graph_type { GRAPH_IS_FLOAT = 1, GRAPH_IS_INT = 2, GRAPH_IS_INTS = 7 }; /* AttributeProto.type */
struct graph_attribute {
	const char *name;
	enum graph_type type;
	int64_t i;
	float f;
	const int64_t *ints;
	size_t n_ints;
};
#define GRAPH_INT(called, x)   ((struct graph_attribute){.name = (called), .type = GRAPH_IS_INT, .i = (x)})
#define GRAPH_FLOAT(called, x) ((struct graph_attribute){.name = (called), .type = GRAPH_IS_FLOAT, .f = (x)})
#define GRAPH_LIST(called, ...)                                                                              \
	((struct graph_attribute){.name = (called),                                                          \
				  .type = GRAPH_IS_INTS,                                                     \
				  .ints = (const int64_t[]){__VA_ARGS__},                                    \
				  .n_ints = sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)})

/* One node with one output, whose name is returned. inputs end with NULL; attributes may be NULL. */
const char *graph_node(struct graph *g, const char *op, const char *const *inputs,
		       const struct graph_attribute *attributes);
#define GRAPH_NODE(g, op, inputs) graph_node(g, op, GRAPH_LISTED inputs, NULL)
#define GRAPH_NODE_WITH(g, op, inputs, ...)                                                                  \
	graph_node(g, op, GRAPH_LISTED inputs, (const struct graph_attribute[]){__VA_ARGS__, {0}})
#define GRAPH_LISTED(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A pair of the file's metadata. */
void graph_metadata(struct graph *g, const char *key, const char *text);

/* Write path anew, whole or not at all. 0, or -1 with e filled: over 2 GB, which protobuf cannot hold, or it
 * cannot be written. The graph is empty then. */
int graph_write(struct graph *g, const char *path, struct error *e);

#endif
