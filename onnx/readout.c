#include "onnx/readout.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/lead.h"

static const char *const arrays[] = {"bias", "mean", "scale", "weight"};

static struct artifact_value array_of(const struct readout *r, const char *name)
{
	return artifact_get(r->scores, "weight", name, strlen(name));
}

static size_t count_of(const struct readout *r, const char *name)
{
	size_t width = (size_t)(r->dim + r->n_scale), n = (size_t)r->n_classes;
	return !strcmp(name, "bias") ? n : !strcmp(name, "weight") ? n * width : width;
}

int readout_open(struct readout *r, const struct artifact *scores, int dim, struct error *e)
{
	*r = (struct readout){.scores = scores,
			      .n_classes = (int)json_array_size(artifact_get_attribute(scores, "classes")),
			      .dim = dim,
			      .n_scale = !strcmp(artifact_text(scores, "features"), "embedding+scale") ? LEADS
												       : 0,
			      .is_multi = !strcmp(artifact_text(scores, "labels"), "multi")};
	if (r->n_classes < 1 || !artifact_has_table(scores, "weight"))
		return error_set(e, NULL, 0, "scores %s: no classes, or no classifier; make them again",
				 artifact_id(scores));

	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
		size_t n_bytes = array_of(r, arrays[i]).n_bytes;
		if (n_bytes != count_of(r, arrays[i]) * sizeof(float))
			return error_set(
				e, NULL, 0,
				"scores %s: array %s of the classifier has %zu bytes, expected %zu for %d "
				"classes and an embedding of %d numbers",
				artifact_id(scores), arrays[i], n_bytes,
				count_of(r, arrays[i]) * sizeof(float), r->n_classes, dim);
	}

	return 0;
}

/* 1 / deviation of each feature, or 0. */
static const char *inverse(struct graph *g, const struct readout *r)
{
	int n = r->dim + r->n_scale;
	float *x = die_malloc((size_t)n * sizeof *x);
	memcpy(x, array_of(r, "scale").bytes, (size_t)n * sizeof *x);
	for (int i = 0; i < n; i++)
		x[i] = x[i] > 0 ? 1 / x[i] : 0;
	const char *name = graph_floats(g, "classifier.inverse", x, GRAPH_DIMS(n));
	free(x);
	return name;
}

/* W [n_classes,width] as [width,n_classes]. */
static const char *weight(struct graph *g, const struct readout *r)
{
	size_t n = (size_t)r->n_classes, width = (size_t)(r->dim + r->n_scale), size = sizeof(float);
	const char *from = array_of(r, "weight").bytes;
	char *to = die_malloc(n * width * size);
	for (size_t i = 0; i < n * width; i++)
		memcpy(to + (i % width * n + i / width) * size, from + i * size, size);
	const char *name = graph_floats(g, "classifier.weight", to, GRAPH_DIMS((int)width, (int)n));
	free(to);
	return name;
}

const char *readout_graph(struct graph *g, const struct readout *r, const char *h, const char *scale)
{
	graph_scope(g, "classifier");
	const char *u = r->n_scale ? GRAPH_NODE_WITH(g, "Concat", (h, scale), GRAPH_INT("axis", 1)) : h;
	const char *mean = graph_floats(g, "classifier.mean", array_of(r, "mean").bytes,
					GRAPH_DIMS(r->dim + r->n_scale));
	const char *bias =
		graph_floats(g, "classifier.bias", array_of(r, "bias").bytes, GRAPH_DIMS(r->n_classes));

	u = GRAPH_NODE(g, "Mul", (GRAPH_NODE(g, "Sub", (u, mean)), inverse(g, r)));
	u = GRAPH_NODE(g, "Add", (GRAPH_NODE(g, "MatMul", (u, weight(g, r))), bias));
	if (r->is_multi)
		return GRAPH_NODE(g, "Sigmoid", (u));
	return GRAPH_NODE_WITH(g, "Softmax", (u), GRAPH_INT("axis", -1));
}
