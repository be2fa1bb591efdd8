#include "model/convnorm.h"

#include <math.h>

#include "common/die.h"

static const float eps = 1e-5f, momentum = 0.1f;

/* Records whose weight gradients are summed by one call of the kernel, which keeps partial sums of its own; part of the
 * definition of a gradient's bits. */
enum { CHUNK = 64 };

struct convnorm convnorm_declare(struct tensors *t, const char *name, const char *suffix, int t_in, int c_in,
				 int c_out, int k, int stride)
{
	struct convnorm c = {.c_in = c_in, .c_out = c_out, .k = k, .stride = stride, .t_in = t_in};
	if (k % 2 == 0)
		BUG("convolution with an even number of taps");
	c.pad = (k - 1) / 2;
	c.t_out = (t_in - 1) / stride + 1;
	c.t_pad = (c.t_out - 1) * stride + k;
	if (c.t_pad < c.pad + t_in)
		c.t_pad = c.pad + t_in;

	/* He et al. 2015: variance 2/fan_in */
	float spread = sqrtf(2.0f / (float)(k * c_in));
	c.weight = tensors_add(
		t, &(struct tensor){.shape = {c_out, k, c_in}, .spread = spread, .has_decay = true},
		"%s.conv%s.weight", name, suffix);

	const struct tensor ones = {.shape = {c_out}, .start = 1}, zeros = {.shape = {c_out}};
	c.norm_weight = tensors_add(t, &ones, "%s.norm%s.weight", name, suffix);
	c.norm_bias = tensors_add(t, &zeros, "%s.norm%s.bias", name, suffix);
	c.mean = tensors_add(t, &zeros, "%s.norm%s.running_mean", name, suffix);
	c.variance = tensors_add(t, &ones, "%s.norm%s.running_variance", name, suffix);

	return c;
}

/* ---- memory ---- */

static size_t n_padded(const struct convnorm *c)
{
	return (size_t)c->t_pad * (size_t)c->c_in;
}

static size_t n_out(const struct convnorm *c)
{
	return (size_t)c->t_out * (size_t)c->c_out;
}

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static struct conv1d sizes_of(const struct convnorm *c, int batch)
{
	return (struct conv1d){.batch = batch,
			       .t_pad = c->t_pad,
			       .c_in = c->c_in,
			       .c_out = c->c_out,
			       .k = c->k,
			       .stride = c->stride,
			       .t_out = c->t_out};
}

void convnorm_plan(struct convnorm *c, struct arena *a, struct convnorm_scratch *s, const struct ops *ops,
		   int max_batch, bool is_training, bool is_first)
{
	size_t n = (size_t)max_batch * n_padded(c);
	int chunk = max_batch < CHUNK ? max_batch : CHUNK;
	c->stats = arena_floats(a, 2 * (size_t)c->c_out);
	if (c->pad || is_first)
		s->n_padded = max(s->n_padded, n);
	if (!is_training)
		return;
	if (!is_first)
		s->n_dpadded = max(s->n_dpadded, n);
	struct conv1d conv = sizes_of(c, chunk);
	s->n_dw = max(s->n_dw, ops->conv1d_scratch(&conv));
}

void convnorm_plan_scratch(struct convnorm_scratch *s, struct arena *a, bool is_training)
{
	s->padded = arena_floats(a, s->n_padded);
	if (!is_training)
		return;
	s->dpadded = arena_floats(a, s->n_dpadded);
	s->dw = arena_floats(a, s->n_dw);
}

/* ---- convolution ---- */

/* x with the zeros around it. */
static const float *pad(const struct tensors *t, const struct convnorm *c, const struct convnorm_scratch *s,
			const float *x, int batch)
{
	if (c->t_pad == c->t_in)
		return x;
	t->ops->pad_time(s->padded, x, batch, c->t_in, c->c_in, c->pad, c->t_pad);
	return s->padded;
}

static void run(const struct tensors *t, const struct convnorm *c, const float *padded, int batch)
{
	struct conv1d conv = sizes_of(c, batch);
	conv.x = padded;
	conv.w = tensors_weight(t, c->weight);
	conv.y = c->y;
	t->ops->conv1d(&conv);
}

void convnorm_conv(const struct tensors *t, const struct convnorm *c, const struct convnorm_scratch *s,
		   const float *x, int batch)
{
	run(t, c, pad(t, c, s, x, batch), batch);
}

void convnorm_conv_signal(const struct tensors *t, const struct convnorm *c, const struct convnorm_scratch *s,
			  const float *x, const uint8_t *keep, int batch)
{
	t->ops->pack_signal(s->padded, x, keep, batch, c->c_in, c->t_in, c->pad, c->t_pad);
	run(t, c, s->padded, batch);
}

static void run_backward(const struct tensors *t, const struct convnorm *c, const struct convnorm_scratch *s,
			 float *dpadded, const float *dy, const float *padded, int batch)
{
	for (int i = 0; i < batch; i += CHUNK) {
		size_t at = (size_t)i * n_padded(c);
		struct conv1d conv = sizes_of(c, batch - i < CHUNK ? batch - i : CHUNK);
		conv.x = padded + at;
		conv.w = tensors_weight(t, c->weight);
		conv.dy = dy + (size_t)i * n_out(c);
		conv.dx = dpadded ? dpadded + at : NULL;
		conv.dw = tensors_gradient(t, c->weight);
		conv.scratch = s->dw;
		t->ops->conv1d_backward(&conv);
	}
}

void convnorm_conv_backward(const struct tensors *t, const struct convnorm *c,
			    const struct convnorm_scratch *s, float *dx, const float *dy, const float *x,
			    int batch)
{
	run_backward(t, c, s, s->dpadded, dy, pad(t, c, s, x, batch), batch);
	t->ops->pad_time_backward(dx, s->dpadded, batch, c->t_in, c->c_in, c->pad, c->t_pad);
}

void convnorm_conv_signal_backward(const struct tensors *t, const struct convnorm *c,
				   const struct convnorm_scratch *s, const float *dy, const float *x,
				   const uint8_t *keep, int batch)
{
	t->ops->pack_signal(s->padded, x, keep, batch, c->c_in, c->t_in, c->pad, c->t_pad);
	run_backward(t, c, s, NULL, dy, s->padded, batch);
}

/* ---- normalisation ---- */

static struct batchnorm norm_of(const struct tensors *t, const struct convnorm *c, bool is_running, int batch)
{
	return (struct batchnorm){.m = batch * c->t_out,
				  .c = c->c_out,
				  .x = c->y,
				  .w = tensors_weight(t, c->norm_weight),
				  .b = tensors_weight(t, c->norm_bias),
				  .mean = is_running ? tensors_weight(t, c->mean) : c->stats,
				  .variance =
					  is_running ? tensors_weight(t, c->variance) : c->stats + c->c_out,
				  .eps = eps};
}

void convnorm_norm(const struct tensors *t, const struct convnorm *c, float *out, const float *shortcut,
		   bool has_relu, enum convnorm_mode mode, bool has_stats, int batch)
{
	struct batchnorm n = norm_of(t, c, mode == CONVNORM_RUNNING, batch);
	n.y = out;
	n.residual = shortcut;
	n.has_relu = has_relu;
	if (mode != CONVNORM_RUNNING && !has_stats)
		t->ops->batchnorm_statistics(&n);
	if (mode == CONVNORM_SETTLE)
		t->ops->batchnorm_running(tensors_weight(t, c->mean), tensors_weight(t, c->variance), &n, 1);
	t->ops->batchnorm(&n);
}

void convnorm_norm_backward(const struct tensors *t, const struct convnorm *c, float *dx, float *dshortcut,
			    const float *dy, const float *out, int batch)
{
	struct batchnorm n = norm_of(t, c, false, batch);
	n.y = (float *)out;
	n.has_relu = out != NULL;
	n.dy = dy;
	n.dx = dx;
	n.dresidual = dshortcut;
	n.dw = tensors_gradient(t, c->norm_weight);
	n.db = tensors_gradient(t, c->norm_bias);
	t->ops->batchnorm_running(tensors_weight(t, c->mean), tensors_weight(t, c->variance), &n, momentum);
	t->ops->batchnorm_backward(&n);
}
