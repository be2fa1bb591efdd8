/*
 * cuDNN's backend on this CPU, for tests: what kernels/cuda/plan.c and fastconv.c use of libcudnn.so.9, with
 * its name, in the streams of the double of CUDA's runtime. It ranks engines as the real one does, those
 * first that must not be taken: one that gives other bits each time, one that rounds to bf16, one that has to
 * be compiled, one that refuses, one that takes too much workspace. Descriptors are checked when they are
 * finalised, arrays when a plan is executed.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cudnn.h"
#include "tests/cuda/double.h"

enum {
	HANDLE = 0x444e0001,
	NOT_FINALIZED = 2004,
	FULL = 4003,
	FAILED = 5000,
	MAX_VALUES = 12,
	MAX_ATTRIBUTES = 16
};
#define NEEDED ((int64_t)4096 + 4) /* bytes of workspace: no multiple of a page */

enum engine { RANDOM, BF16, COMPILED, REFUSES, LARGE, GOOD, N_ENGINES };

struct attribute {
	int name, type;
	int64_t n, values[MAX_VALUES]; /* of eight bytes at most */
};

struct descriptor {
	int type;
	bool is_final;
	enum engine engine; /* of a configuration, an engine, a plan */
	int n;
	struct attribute attribute[MAX_ATTRIBUTES];
	struct descriptor *graph; /* what a configuration is of; a copy */
};

struct handle {
	int magic;
	cudart_stream stream;
};

/* One convolution, as a plan has it. */
struct convolution {
	int type;
	enum engine engine;
	int64_t batch, c_in, c_out, k, stride, t, t_out, x_record, x_row, alignment[3];
	float *x, *w, *y, *workspace;
};

#define DECLARE(type, name, arguments) PUBLIC type cudnn##name arguments;
CUDNN_FUNCTIONS(DECLARE)

size_t cudnnGetVersion(void)
{
	return 91900;
}

const char *cudnnGetErrorString(int status)
{
	return status == DNN_SUCCESS	     ? "CUDNN_STATUS_SUCCESS"
	       : status == DNN_NOT_SUPPORTED ? "CUDNN_STATUS_NOT_SUPPORTED"
	       : status == NOT_FINALIZED     ? "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED"
	       : status == FULL		     ? "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED"
	       : status == FAILED	     ? "CUDNN_STATUS_EXECUTION_FAILED"
					     : "CUDNN_STATUS_BAD_PARAM";
}

int cudnnCreate(dnn_handle *h)
{
	struct handle *new = calloc(1, sizeof *new);
	new->magic = HANDLE;
	*h = new;
	return DNN_SUCCESS;
}

int cudnnSetStream(dnn_handle h, cudart_stream s)
{
	((struct handle *)h)->stream = s;
	return DNN_SUCCESS;
}

int cudnnBackendCreateDescriptor(int type, dnn_descriptor *d)
{
	struct descriptor *new = calloc(1, sizeof *new);
	new->type = type;
	*d = new;
	return DNN_SUCCESS;
}

/* Not given back: who uses it still is refused. */
int cudnnBackendDestroyDescriptor(dnn_descriptor d)
{
	if (!d || ((struct descriptor *)d)->type < 0)
		return DNN_BAD_PARAM;
	*(struct descriptor *)d = (struct descriptor){.type = -1};
	return DNN_SUCCESS;
}

static size_t size_of(int type)
{
	return type == DNN_TYPE_DATA_TYPE || type == DNN_TYPE_CONVOLUTION_MODE ||
			       type == DNN_TYPE_HEURISTIC || type == DNN_TYPE_FLOAT
		       ? 4
		       : 8;
}

static const struct attribute *find(const struct descriptor *d, int name)
{
	for (int i = 0; i < d->n; i++)
		if (d->attribute[i].name == name)
			return &d->attribute[i];
	return NULL;
}

/* Each attribute belongs to a kind of descriptor and has one type. */
static int type_of(int kind, int name)
{
	static const struct {
		int kind, first, last, type;
	} known[] = {
		{DNN_CONVOLUTION, DNN_CONVOLUTION_COMPUTE, DNN_CONVOLUTION_COMPUTE, DNN_TYPE_DATA_TYPE},
		{DNN_CONVOLUTION, DNN_CONVOLUTION_MODE, DNN_CONVOLUTION_MODE, DNN_TYPE_CONVOLUTION_MODE},
		{DNN_CONVOLUTION, DNN_CONVOLUTION_DILATIONS, DNN_CONVOLUTION_DIMENSIONS, DNN_TYPE_INT64},
		{DNN_HEURISTIC, DNN_HEURISTIC_MODE, DNN_HEURISTIC_MODE, DNN_TYPE_HEURISTIC},
		{DNN_HEURISTIC, DNN_HEURISTIC_GRAPH, DNN_HEURISTIC_GRAPH, DNN_TYPE_DESCRIPTOR},
		{DNN_PLAN, DNN_PLAN_HANDLE, DNN_PLAN_HANDLE, DNN_TYPE_HANDLE},
		{DNN_PLAN, DNN_PLAN_CONFIG, DNN_PLAN_CONFIG, DNN_TYPE_DESCRIPTOR},
		{DNN_FORWARD, DNN_FORWARD_ALPHA, DNN_FORWARD_ALPHA + 1, DNN_TYPE_FLOAT},
		{DNN_FORWARD, DNN_FORWARD_ALPHA + 2, DNN_FORWARD_Y, DNN_TYPE_DESCRIPTOR},
		{DNN_BACKWARD_DATA, DNN_DATA_ALPHA, DNN_DATA_ALPHA + 1, DNN_TYPE_FLOAT},
		{DNN_BACKWARD_DATA, DNN_DATA_ALPHA + 2, DNN_DATA_DY, DNN_TYPE_DESCRIPTOR},
		{DNN_BACKWARD_FILTER, DNN_FILTER_ALPHA, DNN_FILTER_ALPHA + 1, DNN_TYPE_FLOAT},
		{DNN_BACKWARD_FILTER, DNN_FILTER_ALPHA + 2, DNN_FILTER_DY, DNN_TYPE_DESCRIPTOR},
		{DNN_GRAPH, DNN_GRAPH_HANDLE, DNN_GRAPH_HANDLE, DNN_TYPE_HANDLE},
		{DNN_GRAPH, DNN_GRAPH_OPERATIONS, DNN_GRAPH_OPERATIONS, DNN_TYPE_DESCRIPTOR},
		{DNN_TENSOR, DNN_TENSOR_TYPE, DNN_TENSOR_TYPE, DNN_TYPE_DATA_TYPE},
		{DNN_TENSOR, DNN_TENSOR_ALIGNMENT, DNN_TENSOR_ALIGNMENT, DNN_TYPE_INT64},
		{DNN_TENSOR, DNN_TENSOR_DIMENSIONS, DNN_TENSOR_STRIDES, DNN_TYPE_INT64},
		{DNN_TENSOR, DNN_TENSOR_ID, DNN_TENSOR_ID, DNN_TYPE_INT64},
		{DNN_PACK, DNN_PACK_IDS, DNN_PACK_IDS, DNN_TYPE_INT64},
		{DNN_PACK, DNN_PACK_POINTERS, DNN_PACK_WORKSPACE, DNN_TYPE_POINTER},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].kind == kind && name >= known[i].first && name <= known[i].last)
			return known[i].type;
	return -1;
}

int cudnnBackendSetAttribute(dnn_descriptor given, int name, int type, int64_t n, const void *values)
{
	struct descriptor *d = given;
	if (!d || d->is_final || type < 0 || type_of(d->type, name) != type || n < 1 || n > MAX_VALUES ||
	    !values || d->n == MAX_ATTRIBUTES || find(d, name))
		return DNN_BAD_PARAM;
	struct attribute *a = &d->attribute[d->n++];
	*a = (struct attribute){.name = name, .type = type, .n = n};
	for (int64_t i = 0; i < n; i++) {
		memcpy(&a->values[i], (const char *)values + (size_t)i * size_of(type), size_of(type));
		struct descriptor *of = type == DNN_TYPE_DESCRIPTOR ? (void *)a->values[i] : NULL;
		if (type == DNN_TYPE_DESCRIPTOR && (!of || !of->is_final))
			return NOT_FINALIZED;
		if (type == DNN_TYPE_HANDLE && ((struct handle *)a->values[i])->magic != HANDLE)
			return DNN_BAD_PARAM;
	}
	return DNN_SUCCESS;
}

/* ---- what descriptors say ---- */

static const int64_t *values(const struct descriptor *d, int name, int64_t n)
{
	static const int64_t none[MAX_VALUES];
	const struct attribute *a = find(d, name);
	return a && a->n == n ? a->values : none;
}

static struct descriptor *of(const struct descriptor *d, int name)
{
	const struct attribute *a = find(d, name);
	return a ? (struct descriptor *)a->values[0] : NULL;
}

static float float_of(const struct descriptor *d, int name)
{
	float x = NAN;
	const struct attribute *a = find(d, name);
	if (a)
		memcpy(&x, a->values, sizeof x);
	return x;
}

static bool has(const struct descriptor *d, int first, int last)
{
	for (int name = first; name <= last; name++)
		if (!find(d, name))
			return false;
	return true;
}

/* The numbers of the operation's tensors, x, w, y. */
static void names_of(int type, int names[3])
{
	static const int of_type[][3] = {{DNN_FORWARD_X, DNN_FORWARD_W, DNN_FORWARD_Y},
					 {DNN_FILTER_X, DNN_FILTER_DW, DNN_FILTER_DY},
					 {DNN_DATA_DX, DNN_DATA_W, DNN_DATA_DY}};
	memcpy(names, of_type[type - DNN_FORWARD], sizeof of_type[0]);
}

/* Of channels innermost; only the distance of records is free. */
static bool is_dense(const int64_t *sizes, const int64_t *strides)
{
	return sizes[0] > 0 && sizes[1] > 0 && sizes[2] == 1 && sizes[3] > 0 && strides[1] == 1 &&
	       strides[3] == sizes[1] && strides[2] == sizes[3] * sizes[1] &&
	       strides[0] >= sizes[3] * sizes[1];
}

/* false: they do not fit together. */
static bool read_operation(struct convolution *c, const struct descriptor *o)
{
	int names[3], first = o->type == DNN_FORWARD	     ? DNN_FORWARD_ALPHA
			      : o->type == DNN_BACKWARD_DATA ? DNN_DATA_ALPHA
							     : DNN_FILTER_ALPHA;
	const int64_t *sizes[3], *strides[3], ids[3] = {'x', 'w', 'y'};
	if (!has(o, first, first + 5))
		return false;
	names_of(o->type, names);
	for (int i = 0; i < 3; i++) {
		struct descriptor *t = of(o, names[i]);
		sizes[i] = values(t, DNN_TENSOR_DIMENSIONS, 4);
		strides[i] = values(t, DNN_TENSOR_STRIDES, 4);
		c->alignment[i] = *values(t, DNN_TENSOR_ALIGNMENT, 1);
		if (t->type != DNN_TENSOR || *values(t, DNN_TENSOR_ID, 1) != ids[i])
			return false;
	}
	struct descriptor *by = of(o, first + 2);
	const int64_t *before = values(by, DNN_CONVOLUTION_BEFORE, 2),
		      *after = values(by, DNN_CONVOLUTION_AFTER, 2),
		      *dilations = values(by, DNN_CONVOLUTION_DILATIONS, 2);
	*c = (struct convolution){.type = o->type,
				  .batch = sizes[0][0],
				  .c_in = sizes[0][1],
				  .c_out = sizes[1][0],
				  .k = sizes[1][3],
				  .stride = values(by, DNN_CONVOLUTION_STRIDES, 2)[1],
				  .t = sizes[0][3],
				  .t_out = sizes[2][3],
				  .x_record = strides[0][0],
				  .alignment = {c->alignment[0], c->alignment[1], c->alignment[2]}};
	bool is_plain = before[0] + before[1] + after[0] + after[1] == 0 && dilations[0] == 1 &&
			dilations[1] == 1 && *values(by, DNN_CONVOLUTION_MODE, 1) == DNN_CROSS_CORRELATION;
	return is_plain && by->type == DNN_CONVOLUTION && c->stride > 0 && c->t >= c->k &&
	       (c->t - c->k) / c->stride + 1 == c->t_out && sizes[1][1] == c->c_in &&
	       sizes[2][0] == c->batch && sizes[2][1] == c->c_out && float_of(o, first) == 1 &&
	       float_of(o, first + 1) == 0 && strides[1][0] == c->k * c->c_in &&
	       strides[2][0] == c->t_out * c->c_out;
}

static int check(struct descriptor *d)
{
	struct convolution c;
	switch (d->type) {
	case DNN_TENSOR:
		return has(d, DNN_TENSOR_ALIGNMENT, DNN_TENSOR_STRIDES) && find(d, DNN_TENSOR_ID) &&
				       *values(d, DNN_TENSOR_ALIGNMENT, 1) >= 4 &&
				       is_dense(values(d, DNN_TENSOR_DIMENSIONS, 4),
						values(d, DNN_TENSOR_STRIDES, 4))
			       ? DNN_SUCCESS
			       : DNN_BAD_PARAM;
	case DNN_CONVOLUTION:
		return has(d, DNN_CONVOLUTION_COMPUTE, DNN_CONVOLUTION_DIMENSIONS) &&
				       *values(d, DNN_CONVOLUTION_DIMENSIONS, 1) == 2
			       ? DNN_SUCCESS
			       : DNN_BAD_PARAM;
	case DNN_FORWARD:
	case DNN_BACKWARD_FILTER:
	case DNN_BACKWARD_DATA:
		return read_operation(&c, d) ? DNN_SUCCESS : DNN_BAD_PARAM;
	case DNN_GRAPH:
		return has(d, DNN_GRAPH_HANDLE, DNN_GRAPH_OPERATIONS) ? DNN_SUCCESS : DNN_BAD_PARAM;
	case DNN_HEURISTIC:
		return has(d, DNN_HEURISTIC_MODE, DNN_HEURISTIC_GRAPH) ? DNN_SUCCESS : DNN_BAD_PARAM;
	case DNN_PLAN:
		if (!has(d, DNN_PLAN_HANDLE, DNN_PLAN_CONFIG))
			return DNN_BAD_PARAM;
		d->engine = of(d, DNN_PLAN_CONFIG)->engine;
		d->graph = of(d, DNN_PLAN_CONFIG)->graph;
		return d->engine != REFUSES	     ? DNN_SUCCESS
		       : getenv("DOUBLE_CUDNN_FULL") ? FULL
						     : DNN_NOT_SUPPORTED;
	case DNN_PACK:
		return has(d, DNN_PACK_IDS, DNN_PACK_POINTERS) && find(d, DNN_PACK_WORKSPACE) ? DNN_SUCCESS
											      : DNN_BAD_PARAM;
	default:
		return DNN_BAD_PARAM;
	}
}

int cudnnBackendFinalize(dnn_descriptor given)
{
	struct descriptor *d = given;
	if (!d || d->type < 0)
		return DNN_BAD_PARAM;
	int status = check(d);
	d->is_final = status == DNN_SUCCESS;
	return status;
}

/* ---- engines ---- */

/* What a plan keeps of its graph, which may be destroyed before it. */
static struct descriptor *kept(const struct descriptor *graph)
{
	struct convolution *c = calloc(1, sizeof *c);
	struct descriptor *d = calloc(1, sizeof *d);
	read_operation(c, of(graph, DNN_GRAPH_OPERATIONS));
	d->type = DNN_GRAPH;
	d->attribute[0].values[0] = (int64_t)c;
	return d;
}

/* For the weights the better ranking has more engines than anybody's room, none of them good. As the real
 * one, it gives as many as there is room for, and says how many there are. */
static int rank(const struct descriptor *d, int64_t room, int64_t *n, dnn_descriptor *configs)
{
	struct descriptor *graph = kept(of(d, DNN_HEURISTIC_GRAPH));
	const struct convolution *of_graph = (void *)graph->attribute[0].values[0];
	bool is_crowded =
		*values(d, DNN_HEURISTIC_MODE, 1) == DNN_HEURISTIC_A && of_graph->type == DNN_BACKWARD_FILTER;
	*n = is_crowded ? 1000 : N_ENGINES;
	for (int64_t i = 0; i < *n && i < room; i++) {
		struct descriptor *c = configs[i];
		if (!c || c->type != DNN_CONFIG)
			return DNN_BAD_PARAM;
		c->is_final = true;
		c->engine = (enum engine)(is_crowded ? i % GOOD : i);
		c->graph = graph;
	}
	return DNN_SUCCESS;
}

static int notes_of(const struct descriptor *d, int64_t *n, int *notes)
{
	*n = 0;
	notes[(*n)++] = DNN_NOTE_TENSOR_CORE;
	if (d->engine == RANDOM)
		notes[(*n)++] = DNN_NOTE_NONDETERMINISTIC;
	if (d->engine == BF16)
		notes[(*n)++] = DNN_NOTE_DOWN_CONVERT;
	return DNN_SUCCESS;
}

int cudnnBackendGetAttribute(dnn_descriptor given, int name, int type, int64_t room, int64_t *n, void *to)
{
	struct descriptor *d = given;
	if (!d || !d->is_final || room < 1)
		return NOT_FINALIZED;
	if (d->type == DNN_HEURISTIC && name == DNN_HEURISTIC_RESULTS && type == DNN_TYPE_DESCRIPTOR)
		return rank(d, room, n, to);
	*n = 1;
	if (d->type == DNN_CONFIG && name == DNN_CONFIG_ENGINE && type == DNN_TYPE_DESCRIPTOR) {
		struct descriptor *engine = *(dnn_descriptor *)to;
		if (!engine || engine->type != DNN_ENGINE)
			return DNN_BAD_PARAM;
		engine->engine = d->engine;
		engine->is_final = true;
		return DNN_SUCCESS;
	}
	if (d->type == DNN_ENGINE && name == DNN_ENGINE_NOTES && type == DNN_TYPE_NOTE && room >= 3)
		return notes_of(d, n, to);
	if (d->type == DNN_ENGINE && name == DNN_ENGINE_BEHAVIORS && type == DNN_TYPE_BEHAVIOR) {
		*n = d->engine == COMPILED;
		*(int *)to = DNN_BEHAVIOR_COMPILES;
		return DNN_SUCCESS;
	}
	if (d->type == DNN_PLAN && name == DNN_PLAN_WORKSPACE && type == DNN_TYPE_INT64) {
		*(int64_t *)to = d->engine == LARGE ? (int64_t)32 << 30 : NEEDED;
		return DNN_SUCCESS;
	}
	return DNN_BAD_PARAM;
}

/* ---- convolutions ---- */

static float rounded(float x, enum engine engine)
{
	uint32_t bits, half = engine == BF16 ? 0x8000 : 0x1000;
	memcpy(&bits, &x, sizeof bits);
	if ((bits & 0x7f800000) != 0x7f800000)
		bits = (bits + half) & ~(2 * half - 1);
	memcpy(&x, &bits, sizeof x);
	return x;
}

/* to += a b, where a sum's last bits may be whatever they are this time. */
static void step(const struct convolution *c, float *to, float a, float b)
{
	static unsigned n_steps;
	*to = fmaf(rounded(a, c->engine), rounded(b, c->engine), *to);
	if (c->engine == RANDOM && ++n_steps % 97 == 0)
		*to = nextafterf(*to, INFINITY);
}

static bool convolve(void *arguments)
{
	const struct convolution *c = arguments;
	size_t n_weights = (size_t)(c->c_out * c->k * c->c_in);
	memset(c->workspace, 0xff, (size_t)NEEDED);
	if (c->type == DNN_BACKWARD_FILTER)
		memset(c->w, 0, n_weights * sizeof(float));
	for (int64_t b = 0; b < c->batch && c->type == DNN_BACKWARD_DATA; b++)
		memset(c->x + b * c->x_record, 0, (size_t)(c->t * c->c_in) * sizeof(float));

	for (int64_t b = 0; b < c->batch; b++)
		for (int64_t t = 0; t < c->t_out; t++)
			for (int64_t o = 0; o < c->c_out; o++) {
				float *y = &c->y[(b * c->t_out + t) * c->c_out + o], sum = 0;
				float *x = c->x + b * c->x_record + t * c->stride * c->c_in,
				      *w = c->w + o * c->k * c->c_in;
				for (int64_t i = 0; i < c->k * c->c_in; i++)
					if (c->type == DNN_FORWARD)
						step(c, &sum, x[i], w[i]);
					else if (c->type == DNN_BACKWARD_FILTER)
						step(c, &w[i], x[i], *y);
					else
						step(c, &x[i], *y, w[i]);
				if (c->type == DNN_FORWARD)
					*y = sum;
			}
	return true;
}

int cudnnBackendExecute(dnn_handle h, dnn_descriptor plan, dnn_descriptor pack)
{
	const struct handle *handle = h;
	const struct descriptor *p = plan, *v = pack;
	if (!handle || handle->magic != HANDLE || !p || p->type != DNN_PLAN || !p->is_final || !v ||
	    v->type != DNN_PACK || !v->is_final)
		return DNN_BAD_PARAM;

	struct convolution c = *(struct convolution *)p->graph->attribute[0].values[0];
	const int64_t *ids = values(v, DNN_PACK_IDS, 3), *pointers = values(v, DNN_PACK_POINTERS, 3);
	c.engine = p->engine;
	c.workspace = (float *)*values(v, DNN_PACK_WORKSPACE, 1);
	for (int i = 0; i < 3; i++) {
		float **to = ids[i] == 'x' ? &c.x : ids[i] == 'w' ? &c.w : ids[i] == 'y' ? &c.y : NULL;
		int64_t alignment = c.alignment[ids[i] == 'x' ? 0 : ids[i] == 'w' ? 1 : 2];
		if (!to || *to || !pointers[i] || pointers[i] % alignment)
			return DNN_BAD_PARAM;
		*to = (float *)pointers[i];
	}
	if (!c.workspace)
		return DNN_BAD_PARAM;
	if (c.engine == COMPILED)
		return FAILED; /* there is no compiler here */
	return double_enqueue(handle->stream, convolve, &c, sizeof c) ? FAILED : DNN_SUCCESS;
}
