/*
 * Convolutions by cuDNN, in TF32. A plan is of one batch, and the leads kept of a batch are others in each
 * step: a batch is done in pieces, the powers of two that it is made of, so that a dozen plans of a layer
 * are all there are. The sum of a piece's weight gradients is added to the gradient.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/device.h"
#include "kernels/cuda/fast.h"
#include "kernels/cuda/plan.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/table.h"

static dnn_handle handle;
static struct plan *plans;

static void check(int status, const char *what)
{
	if (status != DNN_SUCCESS)
		table_host->die("cuDNN: %s: %s", what, dnn.GetErrorString(status));
}

size_t fastconv_open(void)
{
	static const char *const names[] = {"libcudnn.so.9", "/usr/local/cuda/lib64/libcudnn.so.9", NULL};
	void *library = runtime_open(names);
	if (!library)
		table_host->die(
			"%s: libcudnn.so.9, NVIDIA's cuDNN, is not here: install it (cudnn9-cuda-13), "
			"or %s",
			table_host->asked, table_host->otherwise);
#define FIND(type, name, arguments) runtime_find(library, "cudnn" #name, &dnn.name, "install cuDNN 9");
	CUDNN_FUNCTIONS(FIND)

	check(dnn.Create(&handle), "opening it");
	check(dnn.SetStream(handle, cuda.stream), "opening it");
	return dnn.GetVersion();
}

static struct plan *plan_of(const struct plan_shape *s)
{
	static const char *const names[] = {"forward", "for the data", "for the weights"};
	for (struct plan *p = plans; p; p = p->next)
		if (memcmp(&p->shape, s, sizeof *s) == 0)
			return p;

	struct plan *p = calloc(1, sizeof *p);
	if (!p)
		table_host->die("out of memory: plans of convolutions");
	p->shape = *s;
	int status = plan_make(p, handle, NULL);
	if (status != DNN_SUCCESS)
		table_host->die("cuDNN %s for a convolution %s of %d records, %d channels to %d, kernel %d, "
				"stride %d: %s; %s",
				status / 1000 == DNN_NOT_SUPPORTED / 1000
					? "has no plan that gives the same bits each time"
					: "could not make a plan",
				names[s->which], s->batch, s->c_in, s->c_out, s->k, s->stride,
				dnn.GetErrorString(status), table_host->otherwise);
	p->next = plans;
	return plans = p;
}

/* What cuDNN sees of T_pad: as much as gives T_out. */
static int times_of(const struct conv1d *c)
{
	bool is_exact = (c->t_pad - c->k) / c->stride + 1 == c->t_out;
	return is_exact ? c->t_pad : (c->t_out - 1) * c->stride + c->k;
}

/* One piece. x, w, y are these or, as `which` has it, one of them is its gradient. */
static void execute(enum plan_which which, const struct conv1d *c, int batch, const float *x, const float *w,
		    const float *y)
{
	struct plan_shape s = {.which = which,
			       .batch = batch,
			       .c_in = c->c_in,
			       .c_out = c->c_out,
			       .k = c->k,
			       .stride = c->stride,
			       .t = times_of(c),
			       .t_out = c->t_out,
			       .x_record = (int64_t)c->t_pad * c->c_in,
			       .alignment_x = (int32_t)fast_alignment(x),
			       .alignment_w = (int32_t)fast_alignment(w),
			       .alignment_y = (int32_t)fast_alignment(y)};
	struct plan *p = plan_of(&s);
	int64_t ids[] = {PLAN_X, PLAN_W, PLAN_Y};
	const void *pointers[] = {x, w, y};
	void *workspace =
		p->workspace ? device_workspace(((size_t)p->workspace + sizeof(float) - 1) / sizeof(float))
			     : NULL;
	dnn_descriptor pack;

	check(dnn.BackendCreateDescriptor(DNN_PACK, &pack), "naming arrays");
	check(dnn.BackendSetAttribute(pack, DNN_PACK_IDS, DNN_TYPE_INT64, 3, ids), "naming arrays");
	check(dnn.BackendSetAttribute(pack, DNN_PACK_POINTERS, DNN_TYPE_POINTER, 3, pointers),
	      "naming arrays");
	check(dnn.BackendSetAttribute(pack, DNN_PACK_WORKSPACE, DNN_TYPE_POINTER, 1, &workspace),
	      "naming arrays");
	check(dnn.BackendFinalize(pack), "naming arrays");
	check(dnn.BackendExecute(handle, p->plan, pack), "a convolution");
	check(dnn.BackendDestroyDescriptor(pack), "naming arrays");
}

/* The largest power of two up to n: the next piece. */
static int piece_of(int n)
{
	int piece = 1;
	while (piece <= n / 2)
		piece *= 2;
	return piece;
}

void fastconv_forward(const struct conv1d *c)
{
	size_t x_record = (size_t)c->t_pad * (size_t)c->c_in, y_record = (size_t)c->t_out * (size_t)c->c_out;
	for (int i = 0, n; i < c->batch; i += n) {
		n = piece_of(c->batch - i);
		execute(PLAN_FORWARD, c, n, c->x + (size_t)i * x_record, c->w, c->y + (size_t)i * y_record);
	}
	if (c->bias)
		tokens_add_position(c->y, c->y, c->bias, c->batch * c->t_out, 1, c->c_out);
}

size_t fastconv_scratch(const struct conv1d *c)
{
	return (size_t)c->c_out * (size_t)c->k * (size_t)c->c_in;
}

/* Sum i alone, as a batch of its own. */
static struct conv1d part_of(const struct conv1d *c, int i)
{
	const struct record_sums *s = c->sums;
	int32_t first[2] = {i * s->most, (i + 1) * s->most}, block = i;
	struct conv1d part = *c;
	if (s->first) {
		device_download(first, s->first + i, sizeof first);
		device_download(&block, s->block + i, sizeof block);
	}
	size_t from = (size_t)first[0], to = (size_t)block * s->stride;
	part.sums = NULL;
	part.batch = (first[1] < c->batch ? first[1] : c->batch) - first[0];
	part.x += from * (size_t)c->t_pad * (size_t)c->c_in;
	part.dy += from * (size_t)c->t_out * (size_t)c->c_out;
	part.dx = c->dx ? c->dx + from * (size_t)c->t_pad * (size_t)c->c_in : NULL;
	part.dw += to;
	part.dbias = c->dbias ? c->dbias + to : NULL;
	return part;
}

void fastconv_backward(const struct conv1d *c)
{
	for (int i = 0; c->sums && i < c->sums->n; i++) {
		struct conv1d part = part_of(c, i);
		fastconv_backward(&part);
	}
	if (c->sums)
		return;

	size_t x_record = (size_t)c->t_pad * (size_t)c->c_in, y_record = (size_t)c->t_out * (size_t)c->c_out;
	if (c->dx && times_of(c) < c->t_pad)
		device_zero(c->dx, (size_t)c->batch * x_record * sizeof(float));
	for (int i = 0, n; i < c->batch; i += n) {
		size_t x = (size_t)i * x_record;
		const float *dy = c->dy + (size_t)i * y_record;
		n = piece_of(c->batch - i);
		execute(PLAN_FILTER, c, n, c->x + x, c->scratch, dy);
		elementwise_add(c->dw, c->dw, c->scratch, fastconv_scratch(c));
		if (c->dx)
			execute(PLAN_DATA, c, n, c->dx + x, c->w, dy);
	}
	if (c->dbias && c->batch > 0)
		reduce_rows(c->dbias, c->dy, c->batch * c->t_out, c->c_out, c->c_out, (struct by_block){0});
}
