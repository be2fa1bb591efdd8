#include "kernels/cuda/plan.h"

#include <stdbool.h>

enum { MAX_MADE = 128, MAX_ENGINES = 64, MAX_NOTES = 32 };

struct plan_library dnn;

/* What describes a graph until its plan is there. */
struct maker {
	int status; /* of the first call that failed */
	dnn_handle handle;
	dnn_descriptor device, made[MAX_MADE];
	int n_made;
};

/* "Not supported": another engine may do it. On any other failure, such as full memory, the choice must not
 * depend: it would be of other bits under the same name. */
static bool is_refusal(int status)
{
	return status / 1000 == DNN_NOT_SUPPORTED / 1000;
}

static void keep(struct maker *m, int status)
{
	if (m->status == DNN_SUCCESS)
		m->status = status;
}

/* Of one engine. */
static void keep_failure(struct maker *m, int status)
{
	if (!is_refusal(status))
		keep(m, status);
}

static dnn_descriptor new_descriptor(struct maker *m, int type)
{
	dnn_descriptor d = NULL;
	keep(m, m->n_made < MAX_MADE ? dnn.BackendCreateDescriptor(type, &d) : DNN_BAD_PARAM);
	if (d)
		m->made[m->n_made++] = d;
	return d;
}

static void set(struct maker *m, dnn_descriptor d, int name, int type, int64_t n, const void *values)
{
	if (m->status == DNN_SUCCESS)
		keep(m, dnn.BackendSetAttribute(d, name, type, n, values));
}

static void set_descriptor(struct maker *m, dnn_descriptor d, int name, dnn_descriptor value)
{
	set(m, d, name, DNN_TYPE_DESCRIPTOR, 1, &value);
}

/* *n: how many there are, be there room for them or not. */
static void get(struct maker *m, dnn_descriptor d, int name, int type, int64_t room, int64_t *n, void *values)
{
	if (m->status == DNN_SUCCESS)
		keep(m, dnn.BackendGetAttribute(d, name, type, room, n, values));
}

static dnn_descriptor finished(struct maker *m, dnn_descriptor d)
{
	if (m->status == DNN_SUCCESS)
		keep(m, dnn.BackendFinalize(d));
	return d;
}

/* [records, c, 1, t], channels innermost */
static dnn_descriptor tensor(struct maker *m, int64_t id, int records, int c, int t, int64_t record,
			     int64_t alignment)
{
	dnn_descriptor d = new_descriptor(m, DNN_TENSOR);
	int64_t sizes[4] = {records, c, 1, t}, strides[4] = {record, 1, (int64_t)t * c, c};
	int type = DNN_FLOAT;
	set(m, d, DNN_TENSOR_TYPE, DNN_TYPE_DATA_TYPE, 1, &type);
	set(m, d, DNN_TENSOR_DIMENSIONS, DNN_TYPE_INT64, 4, sizes);
	set(m, d, DNN_TENSOR_STRIDES, DNN_TYPE_INT64, 4, strides);
	set(m, d, DNN_TENSOR_ID, DNN_TYPE_INT64, 1, &id);
	set(m, d, DNN_TENSOR_ALIGNMENT, DNN_TYPE_INT64, 1, &alignment);
	return finished(m, d);
}

static dnn_descriptor convolution(struct maker *m, int64_t stride)
{
	dnn_descriptor d = new_descriptor(m, DNN_CONVOLUTION);
	int compute = DNN_FLOAT, mode = DNN_CROSS_CORRELATION;
	int64_t none[2] = {0, 0}, one[2] = {1, 1}, strides[2] = {1, stride}, n = 2;
	set(m, d, DNN_CONVOLUTION_COMPUTE, DNN_TYPE_DATA_TYPE, 1, &compute);
	set(m, d, DNN_CONVOLUTION_MODE, DNN_TYPE_CONVOLUTION_MODE, 1, &mode);
	set(m, d, DNN_CONVOLUTION_DIMENSIONS, DNN_TYPE_INT64, 1, &n);
	set(m, d, DNN_CONVOLUTION_BEFORE, DNN_TYPE_INT64, 2, none);
	set(m, d, DNN_CONVOLUTION_AFTER, DNN_TYPE_INT64, 2, none);
	set(m, d, DNN_CONVOLUTION_STRIDES, DNN_TYPE_INT64, 2, strides);
	set(m, d, DNN_CONVOLUTION_DILATIONS, DNN_TYPE_INT64, 2, one);
	return finished(m, d);
}

static dnn_descriptor operation(struct maker *m, const struct plan_shape *s)
{
	static const struct {
		int type, alpha, x, w, y;
	} kinds[] = {
		[PLAN_FORWARD] = {DNN_FORWARD, DNN_FORWARD_ALPHA, DNN_FORWARD_X, DNN_FORWARD_W,
				  DNN_FORWARD_Y},
		[PLAN_DATA] = {DNN_BACKWARD_DATA, DNN_DATA_ALPHA, DNN_DATA_DX, DNN_DATA_W, DNN_DATA_DY},
		[PLAN_FILTER] = {DNN_BACKWARD_FILTER, DNN_FILTER_ALPHA, DNN_FILTER_X, DNN_FILTER_DW,
				 DNN_FILTER_DY},
	};
	int alpha = kinds[s->which].alpha; /* BETA and the convolution follow it */
	float one = 1, zero = 0;
	dnn_descriptor x = tensor(m, PLAN_X, s->batch, s->c_in, s->t, s->x_record, s->alignment_x);
	dnn_descriptor w =
		tensor(m, PLAN_W, s->c_out, s->c_in, s->k, (int64_t)s->k * s->c_in, s->alignment_w);
	dnn_descriptor y =
		tensor(m, PLAN_Y, s->batch, s->c_out, s->t_out, (int64_t)s->t_out * s->c_out, s->alignment_y);
	dnn_descriptor c = convolution(m, s->stride), d = new_descriptor(m, kinds[s->which].type);

	set(m, d, alpha, DNN_TYPE_FLOAT, 1, &one);
	set(m, d, alpha + 1, DNN_TYPE_FLOAT, 1, &zero);
	set_descriptor(m, d, alpha + 2, c);
	set_descriptor(m, d, kinds[s->which].x, x);
	set_descriptor(m, d, kinds[s->which].w, w);
	set_descriptor(m, d, kinds[s->which].y, y);
	return finished(m, d);
}

static dnn_descriptor graph(struct maker *m, const struct plan_shape *s)
{
	dnn_descriptor o = operation(m, s), d = new_descriptor(m, DNN_GRAPH);
	set_descriptor(m, d, DNN_GRAPH_OPERATIONS, o);
	if (m->handle)
		set(m, d, DNN_GRAPH_HANDLE, DNN_TYPE_HANDLE, 1, &m->handle);
	return finished(m, d);
}

/* ---- choosing an engine ---- */

/* Whether it gives the same bits each time and rounds factors to TF32 at most; and needs no compiler, whose
 * version would be one more thing that bits depend on. */
static bool is_wanted(struct maker *m, dnn_descriptor config)
{
	dnn_descriptor engine = NULL;
	int notes[MAX_NOTES], behaviors[MAX_NOTES];
	int64_t n = 0, n_notes = 0, n_behaviors = 0;
	struct maker trial = {0};
	keep(&trial, dnn.BackendCreateDescriptor(DNN_ENGINE, &engine));
	get(&trial, config, DNN_CONFIG_ENGINE, DNN_TYPE_DESCRIPTOR, 1, &n, &engine);
	get(&trial, engine, DNN_ENGINE_NOTES, DNN_TYPE_NOTE, MAX_NOTES, &n_notes, notes);
	get(&trial, engine, DNN_ENGINE_BEHAVIORS, DNN_TYPE_BEHAVIOR, MAX_NOTES, &n_behaviors, behaviors);
	keep_failure(m, trial.status);
	bool is_good = trial.status == DNN_SUCCESS && n_notes <= MAX_NOTES && n_behaviors <= MAX_NOTES;
	for (int i = 0; is_good && i < n_notes; i++)
		is_good = notes[i] < DNN_NOTE_DOWN_CONVERT || notes[i] > DNN_NOTE_WINOGRAD_13X13;
	for (int i = 0; is_good && i < n_behaviors; i++)
		is_good = behaviors[i] != DNN_BEHAVIOR_COMPILES;
	if (engine)
		dnn.BackendDestroyDescriptor(engine);
	return is_good;
}

/* Whether it became p's plan. An engine that refuses, or takes too much workspace, is passed over; what fails
 * otherwise is m's status. */
static bool take(struct maker *m, struct plan *p, dnn_descriptor config)
{
	int64_t n = 0;
	dnn_descriptor d = NULL;
	struct maker trial = {.handle = m->handle};
	keep(&trial, dnn.BackendCreateDescriptor(DNN_PLAN, &d));
	if (m->handle)
		set(&trial, d, DNN_PLAN_HANDLE, DNN_TYPE_HANDLE, 1, &m->handle);
	else
		set_descriptor(&trial, d, DNN_PLAN_DEVICE, m->device);
	set_descriptor(&trial, d, DNN_PLAN_CONFIG, config);
	finished(&trial, d);
	get(&trial, d, DNN_PLAN_WORKSPACE, DNN_TYPE_INT64, 1, &n, &p->workspace);
	keep_failure(m, trial.status);
	if (trial.status == DNN_SUCCESS && p->workspace <= PLAN_WORKSPACE) {
		p->plan = d;
		return true;
	}
	if (d)
		dnn.BackendDestroyDescriptor(d);
	return false;
}

/* Of those that one way of ranking gives, in its order. */
static bool choose(struct maker *m, struct plan *p, dnn_descriptor of, int mode)
{
	dnn_descriptor ranking = new_descriptor(m, DNN_HEURISTIC), configs[MAX_ENGINES];
	int64_t n = 0;
	set_descriptor(m, ranking, DNN_HEURISTIC_GRAPH, of);
	set(m, ranking, DNN_HEURISTIC_MODE, DNN_TYPE_HEURISTIC, 1, &mode);
	if (!m->handle)
		set_descriptor(m, ranking, DNN_HEURISTIC_DEVICE, m->device);
	finished(m, ranking);
	for (int i = 0; i < MAX_ENGINES && m->status == DNN_SUCCESS; i++)
		keep(m, dnn.BackendCreateDescriptor(DNN_CONFIG, &configs[i]));
	if (m->status != DNN_SUCCESS)
		return false;
	get(m, ranking, DNN_HEURISTIC_RESULTS, DNN_TYPE_DESCRIPTOR, MAX_ENGINES, &n, configs);
	if (n > MAX_ENGINES)
		n = MAX_ENGINES;

	p->n_engines += (int)n;
	for (int i = 0; i < n && !p->plan && m->status == DNN_SUCCESS; i++)
		if (is_wanted(m, configs[i]) && take(m, p, configs[i]))
			p->config = configs[i];
	for (int i = 0; i < MAX_ENGINES; i++)
		if (configs[i] != p->config)
			dnn.BackendDestroyDescriptor(configs[i]);
	return p->plan != NULL;
}

int plan_make(struct plan *p, dnn_handle handle, dnn_descriptor device)
{
	struct maker m = {.handle = handle, .device = device};
	dnn_descriptor g = graph(&m, &p->shape);
	bool is_described = m.status == DNN_SUCCESS;
	if (is_described)
		choose(&m, p, g, DNN_HEURISTIC_A);
	if (is_described && !p->plan && (m.status == DNN_SUCCESS || is_refusal(m.status))) {
		m.status = DNN_SUCCESS;
		choose(&m, p, g, DNN_HEURISTIC_FALLBACK);
	}
	int status = m.status;
	while (m.n_made > 0)
		dnn.BackendDestroyDescriptor(m.made[--m.n_made]);
	return p->plan ? DNN_SUCCESS : status != DNN_SUCCESS ? status : DNN_NOT_SUPPORTED;
}
