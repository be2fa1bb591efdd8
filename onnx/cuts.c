#include "onnx/cuts.h"

#include <stdlib.h>

#include "common/die.h"
#include "ecg/interleave.h"
#include "ecg/lead.h"
#include "onnx/layer.h"

enum { REACH = INTERLEAVE_REACH, TAPS = 2 * REACH + 1, TIME_AXIS = 2 };

/* ---- interleaved ---- */

/* REACH samples more beyond one end, by point reflection: twice the last one minus those at `places`. */
static const char *beyond(struct graph *g, const char *signal, int last, const int64_t places[REACH])
{
	const char *end = layer_slice(g, signal, TIME_AXIS, last, last + 1, 1);
	const char *mirrored = GRAPH_NODE_WITH(g, "Gather", (signal, graph_ints(g, places, REACH)),
					       GRAPH_INT("axis", TIME_AXIS));
	return GRAPH_NODE(g, "Sub", (GRAPH_NODE(g, "Add", (end, end)), mirrored));
}

/* [N,12,REACH+samples+REACH] */
static const char *continued(struct graph *g, const char *signal, int n)
{
	int64_t before[REACH], behind[REACH];
	for (int i = 0; i < REACH; i++) {
		before[i] = REACH - i < n ? REACH - i : n - 1;
		behind[i] = n - 2 - i > 0 ? n - 2 - i : 0;
	}
	const char *start = beyond(g, signal, 0, before), *end = beyond(g, signal, n - 1, behind);
	return GRAPH_NODE_WITH(g, "Concat", (start, signal, end), GRAPH_INT("axis", TIME_AXIS));
}

/* Every second sample of the low-passed signal: only these are computed. */
static const char *low_pass(struct graph *g, const char *x, int phase, int n)
{
	float kernel[TAPS];
	const double *taps = interleave_taps();
	for (int i = 0; i < TAPS; i++)
		kernel[i] = (float)taps[abs(i - REACH)];
	const char *w = graph_floats(g, NULL, kernel, GRAPH_DIMS(1, 1, TAPS));

	int length = 2 * (n - 1) + TAPS;
	x = layer_slice(g, x, TIME_AXIS, phase, phase + length, 1);
	x = GRAPH_NODE(g, "Reshape", (x, GRAPH_INTS(g, -1, 1, length)));
	x = GRAPH_NODE_WITH(g, "Conv", (x, w), GRAPH_LIST("kernel_shape", TAPS), GRAPH_LIST("strides", 2));
	return GRAPH_NODE(g, "Reshape", (x, GRAPH_INTS(g, -1, LEADS, n)));
}

static const char *interleaved(struct graph *g, const struct views *v, const char *signal)
{
	int n = views_input_samples(v);
	const char *view[2], *x = v->is_antialiased ? continued(g, signal, v->samples) : signal;
	for (int i = 0; i < 2; i++)
		view[i] = v->is_antialiased ? low_pass(g, x, i, n)
					    : layer_slice(g, x, TIME_AXIS, i, i + 2 * (n - 1) + 1, 2);
	return GRAPH_NODE_WITH(g, "Concat", (view[0], view[1]), GRAPH_INT("axis", 0));
}

/* ---- all ---- */

/* To mean 0 and deviation 1 per lead, the deviation at least 1e-6 (views_standardize). */
static const char *standardized(struct graph *g, const char *x)
{
	const char *mean = GRAPH_NODE_WITH(g, "ReduceMean", (x), GRAPH_LIST("axes", TIME_AXIS));
	x = GRAPH_NODE(g, "Sub", (x, mean));
	const char *variance = GRAPH_NODE_WITH(g, "ReduceMean", (GRAPH_NODE(g, "Mul", (x, x))),
					       GRAPH_LIST("axes", TIME_AXIS));
	const char *deviation = GRAPH_NODE(g, "Sqrt", (variance));
	return GRAPH_NODE(g, "Div", (x, GRAPH_NODE(g, "Max", (deviation, graph_float(g, 1e-6f)))));
}

/* View after view. */
static const char *segments(struct graph *g, const struct views *v, const char *signal)
{
	const char *all = NULL;
	for (int k = 0; k < views_n_fixed(v); k++) {
		int from = views_fixed_start(v, k);
		const char *x = layer_slice(g, signal, TIME_AXIS, from, from + v->segment, 1);
		all = all ? GRAPH_NODE_WITH(g, "Concat", (all, x), GRAPH_INT("axis", 0)) : x;
	}
	return all;
}

const char *cuts_views(struct graph *g, const struct views *v, const char *signal)
{
	graph_scope(g, "views");
	const char *x = views_has_segments(v) ? segments(g, v, signal)
			: v->strategy == VIEWS_INTERLEAVED
				? interleaved(g, v, signal)
				: layer_slice(g, signal, TIME_AXIS, 0, views_input_samples(v), 1);
	return v->is_standardized ? standardized(g, x) : x;
}

const char *cuts_keep(struct graph *g, const struct views *v, const char *keep, const char *signal)
{
	graph_scope(g, "keep");
	const char *n = layer_slice(g, GRAPH_NODE(g, "Shape", (signal)), 0, 0, 1, 1);
	const char *shape = GRAPH_NODE_WITH(g, "Concat", (n, GRAPH_INTS(g, LEADS)), GRAPH_INT("axis", 0));
	const char *all = GRAPH_NODE(g, "Expand", (keep, shape));
	const char *views = all;
	for (int k = 1; k < views_n_fixed(v); k++)
		views = GRAPH_NODE_WITH(g, "Concat", (views, all), GRAPH_INT("axis", 0));
	return views;
}

const char *cuts_mean(struct graph *g, const struct views *v, const char *h, int dim)
{
	graph_scope(g, "views");
	h = GRAPH_NODE(g, "Reshape", (h, GRAPH_INTS(g, views_n_fixed(v), -1, dim)));
	return GRAPH_NODE_WITH(g, "ReduceMean", (h), GRAPH_LIST("axes", 0), GRAPH_INT("keepdims", 0));
}
