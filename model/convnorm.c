#include "model/convnorm.h"

#include <math.h>

#include "common/die.h"

static const float eps = 1e-5f, momentum = 0.1f;

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

/* Of each block's records, to gradients of its own. */
static struct record_sums sums_of(const struct tensors *t, int batch)
{
	int n = (batch + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS;
	return (struct record_sums){.n = n, .most = BLOCKS_VIEWS, .n_blocks = n, .stride = t->aim_stride};
}

void convnorm_plan(struct convnorm *c, struct arena *a, struct convnorm_shared *s, const struct tensors *t,
		   int max_own, int max_batch, bool is_training, bool is_first)
{
	size_t n = (size_t)max_own * n_padded(c),
	       n_blocks = ((size_t)max_batch + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS;
	int most = max_own < BLOCKS_VIEWS || t->ops->is_wide ? max_own : BLOCKS_VIEWS;
	struct conv1d conv = sizes_of(c, most);
	const struct record_sums sums = sums_of(t, most);
	conv.sums = &sums;

	c->stats = arena_floats(a, 2 * (size_t)c->c_out);
	s->n_sums = max(s->n_sums, 2 * n_blocks * 2 * (size_t)c->c_out);
	if (c->pad || is_first)
		s->n_padded = max(s->n_padded, n);
	if (!is_training)
		return;
	if (!is_first)
		s->n_dpadded = max(s->n_dpadded, n);
	s->n_dw = max(s->n_dw, t->ops->conv1d_scratch(&conv));
	s->n_range = max(s->n_range, t->list[c->weight].count);
}

void convnorm_plan_scratch(struct convnorm_shared *s, struct arena *a, bool is_training)
{
	s->padded = arena_floats(a, s->n_padded);
	s->sums = arena_floats(a, s->n_sums);
	if (!is_training)
		return;
	s->dpadded = arena_floats(a, s->n_dpadded);
	s->dw = arena_floats(a, s->n_dw);
}

/* ---- convolution ---- */

/* x with the zeros around it. */
static const float *pad(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
			const float *x)
{
	if (c->t_pad == c->t_in)
		return x;
	t->ops->pad_time(s->padded, x, blocks_own_views(&s->blocks), c->t_in, c->c_in, c->pad, c->t_pad);
	return s->padded;
}

static const float *pack(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
			 const float *x, const uint8_t *keep)
{
	t->ops->pack_signal(s->padded, x, keep, NULL, blocks_own_views(&s->blocks), c->c_in, c->t_in, c->pad,
			    c->t_pad);
	return s->padded;
}

static void run(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
		const float *padded)
{
	struct conv1d conv = sizes_of(c, blocks_own_views(&s->blocks));
	conv.x = padded;
	conv.w = tensors_weight(t, c->weight);
	conv.y = c->y;
	t->ops->conv1d(&conv);
}

void convnorm_conv(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
		   const float *x)
{
	run(t, c, s, pad(t, c, s, x));
}

void convnorm_conv_signal(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
			  const float *x, const uint8_t *keep)
{
	run(t, c, s, pack(t, c, s, x, keep));
}

/* Pass by pass: the weight's gradient of each block begins with zeros. */
static void run_backward(const struct tensors *t, const struct convnorm *c, struct convnorm_shared *s,
			 float *dpadded, const float *dy, const float *padded)
{
	const struct tensor *weight = &t->list[c->weight];
	gradients_begin(&s->gradients, &s->blocks, weight->offset, weight->count);

	for (int i = s->blocks.first, end; i < s->blocks.end; i = end) {
		end = gradients_pass(&s->gradients, i);
		size_t first =
			(size_t)(blocks_start(&s->blocks, i) - blocks_start(&s->blocks, s->blocks.first));
		struct conv1d conv = sizes_of(c, blocks_start(&s->blocks, end) - blocks_start(&s->blocks, i));
		const struct record_sums sums = sums_of(t, conv.batch);
		conv.x = padded + first * n_padded(c);
		conv.w = tensors_weight(t, c->weight);
		conv.dy = dy + first * n_out(c);
		conv.dx = dpadded ? dpadded + first * n_padded(c) : NULL;
		conv.sums = &sums;
		conv.dw = tensors_gradient(t, c->weight);
		conv.scratch = s->dw;
		t->ops->conv1d_backward(&conv);
		gradients_push(&s->gradients);
	}
}

void convnorm_conv_backward(const struct tensors *t, const struct convnorm *c, struct convnorm_shared *s,
			    float *dx, const float *dy, const float *x)
{
	run_backward(t, c, s, s->dpadded, dy, pad(t, c, s, x));
	t->ops->pad_time_backward(dx, s->dpadded, blocks_own_views(&s->blocks), c->t_in, c->c_in, c->pad,
				  c->t_pad);
}

void convnorm_conv_signal_backward(const struct tensors *t, const struct convnorm *c,
				   struct convnorm_shared *s, const float *dy, const float *x,
				   const uint8_t *keep)
{
	run_backward(t, c, s, NULL, dy, pack(t, c, s, x, keep));
}

/* ---- normalisation ---- */

static struct batchnorm norm_of(const struct tensors *t, const struct convnorm *c,
				const struct convnorm_shared *s, bool is_running)
{
	return (struct batchnorm){.m = blocks_own_views(&s->blocks) * c->t_out,
				  .c = c->c_out,
				  .sum_rows = BLOCKS_VIEWS * c->t_out,
				  .n_rows = s->blocks.n_views * c->t_out,
				  .x = c->y,
				  .w = tensors_weight(t, c->norm_weight),
				  .b = tensors_weight(t, c->norm_bias),
				  .mean = is_running ? tensors_weight(t, c->mean) : c->stats,
				  .variance =
					  is_running ? tensors_weight(t, c->variance) : c->stats + c->c_out,
				  .eps = eps};
}

/* c->stats: mean and variance of the batch. */
static void take_statistics(const struct tensors *t, const struct convnorm *c,
			    const struct convnorm_shared *s, const struct batchnorm *n)
{
	size_t width = (size_t)c->c_out;
	t->ops->batchnorm_sums(n, s->sums);
	blocks_sum(&s->blocks, s->sums, width);
	t->ops->divide(c->stats, s->sums, (float)n->n_rows, width);
	t->ops->batchnorm_square_sums(n, s->sums);
	blocks_sum(&s->blocks, s->sums, width);
	t->ops->divide(c->stats + width, s->sums, (float)n->n_rows, width);
}

void convnorm_norm(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
		   float *out, const float *shortcut, bool has_relu, enum convnorm_mode mode, bool has_stats)
{
	struct batchnorm n = norm_of(t, c, s, mode == CONVNORM_RUNNING);
	n.y = out;
	n.residual = shortcut;
	n.has_relu = has_relu;
	if (mode != CONVNORM_RUNNING && !has_stats)
		take_statistics(t, c, s, &n);
	if (mode == CONVNORM_SETTLE)
		t->ops->batchnorm_running(tensors_weight(t, c->mean), tensors_weight(t, c->variance), &n, 1);
	t->ops->batchnorm(&n);
}

/* A block's sums are its gradients of the norm's bias and weight. */
static void give_gradients(const struct tensors *t, const struct convnorm *c, struct convnorm_shared *s)
{
	size_t width = (size_t)c->c_out;
	const float *sums = s->sums;
	const struct tensor *first = &t->list[c->norm_weight], *last = &t->list[c->norm_bias];
	gradients_begin(&s->gradients, &s->blocks, first->offset, last->offset + last->count - first->offset);

	for (int i = s->blocks.first, end; i < s->blocks.end;) {
		end = gradients_pass(&s->gradients, i);
		float *db = tensors_gradient(t, c->norm_bias), *dw = tensors_gradient(t, c->norm_weight);
		for (; i < end; i++, sums += 2 * width, db += t->aim_stride, dw += t->aim_stride) {
			t->ops->add(db, db, sums, width);
			t->ops->add(dw, dw, sums + width, width);
		}
		gradients_push(&s->gradients);
	}
}

/* Without a team the total of its sums is at hand. */
static void give_total(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s)
{
	size_t width = (size_t)c->c_out;
	float *db = t->gradients + t->list[c->norm_bias].offset,
	      *dw = t->gradients + t->list[c->norm_weight].offset;
	t->ops->sum_blocks(db, s->sums, 1, width);
	t->ops->sum_blocks(dw, s->sums + width, 1, width);
}

void convnorm_norm_backward(const struct tensors *t, const struct convnorm *c, struct convnorm_shared *s,
			    float *dx, float *dshortcut, const float *dy, const float *out)
{
	struct batchnorm n = norm_of(t, c, s, false);
	n.y = (float *)out;
	n.has_relu = out != NULL;
	n.dy = dy;
	n.dx = dx;
	n.dresidual = dshortcut;
	n.sums = s->sums;
	t->ops->batchnorm_running(tensors_weight(t, c->mean), tensors_weight(t, c->variance), &n, momentum);
	t->ops->batchnorm_gradient_sums(&n, s->sums);
	bool is_alone = team_size(s->blocks.team) == 1;
	if (!is_alone)
		give_gradients(t, c, s);
	blocks_sum(&s->blocks, s->sums, 2 * (size_t)c->c_out);
	if (is_alone)
		give_total(t, c, s);
	t->ops->batchnorm_backward(&n);
}
