#include "model/stem.h"

#include <math.h>

#include "common/die.h"

static const float eps = 1e-5f;

void stem_declare(struct stem *s, struct tensors *t, const char *name, int t_in, int c_in, int c_out, int k,
		  int stride)
{
	if (s->n_convs == STEM_CONVS || c_out % STEM_GROUPS || k % 2 == 0 || stride > (k + 1) / 2)
		BUG("stem: too many convolutions, or sizes that do not fit");
	struct stem_conv *c = &s->conv[s->n_convs];
	*c = (struct stem_conv){.c_in = c_in, .c_out = c_out, .k = k, .stride = stride, .t_in = t_in};
	c->pad = (k - 1) / 2;
	c->t_out = (t_in - 1) / stride + 1;
	c->t_pad = (c->t_out - 1) * stride + k; /* >= pad + t_in because stride <= pad + 1 */

	/* He et al. 2015: variance 2/fan_in */
	float spread = sqrtf(2.0f / (float)(k * c_in));
	c->weight = tensors_add(
		t, &(struct tensor){.shape = {c_out, k, c_in}, .spread = spread, .has_decay = true},
		"%s.conv%d.weight", name, s->n_convs + 1);
	c->bias = tensors_add(t, &(struct tensor){.shape = {c_out}}, "%s.conv%d.bias", name, s->n_convs + 1);
	c->norm_weight = tensors_add(t, &(struct tensor){.shape = {c_out}, .start = 1}, "%s.norm%d.weight",
				     name, s->n_convs + 1);
	c->norm_bias =
		tensors_add(t, &(struct tensor){.shape = {c_out}}, "%s.norm%d.bias", name, s->n_convs + 1);
	s->n_convs++;
}

const struct stem_conv *stem_last(const struct stem *s)
{
	return &s->conv[s->n_convs - 1];
}

static size_t n_out(const struct stem_conv *c)
{
	return (size_t)c->t_out * (size_t)c->c_out;
}

static size_t n_padded(const struct stem_conv *c)
{
	return (size_t)c->t_pad * (size_t)c->c_in;
}

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static struct conv1d sizes_of(const struct stem *s, const struct stem_conv *c, int n)
{
	return (struct conv1d){.batch = n,
			       .t_pad = c->t_pad,
			       .c_in = c->c_in,
			       .c_out = c->c_out,
			       .k = c->k,
			       .stride = c->stride,
			       .t_out = c->t_out,
			       .sum_records = s->group};
}

static struct conv1d conv_of(const struct tensors *t, const struct stem *s, const struct stem_conv *c, int n)
{
	struct conv1d conv = sizes_of(s, c, n);
	conv.x = c->padded;
	conv.w = tensors_weight(t, c->weight);
	conv.bias = tensors_weight(t, c->bias);
	conv.y = c->y;
	return conv;
}

static struct groupnorm norm_of(const struct tensors *t, const struct stem *s, const struct stem_conv *c,
				int n)
{
	return (struct groupnorm){.batch = n,
				  .t = c->t_out,
				  .c = c->c_out,
				  .groups = STEM_GROUPS,
				  .eps = eps,
				  .x = c->y,
				  .w = tensors_weight(t, c->norm_weight),
				  .b = tensors_weight(t, c->norm_bias),
				  .y = s->features,
				  .before_gelu = c->before,
				  .mean = c->stats,
				  .rstd = c->stats + n * STEM_GROUPS,
				  .sum_records = s->group};
}

void stem_plan(struct stem *s, struct arena *a, const struct ops *ops, int max_signals, bool is_training)
{
	int most = s->group < max_signals && !ops->is_wide ? s->group : max_signals;
	const struct record_sums sums = {.n = (most + s->group - 1) / s->group, .most = s->group};
	size_t n = (size_t)most, n_features = 0, n_dw = 0;

	for (int i = 0; i < s->n_convs; i++) {
		struct stem_conv *c = &s->conv[i];
		struct conv1d conv = sizes_of(s, c, most);
		conv.sums = &sums;
		c->y = arena_floats(a, n * n_out(c));
		c->padded = arena_floats(a, n * n_padded(c));
		c->before = arena_floats(a, n * (i && is_training ? max(n_out(c), n_padded(c)) : n_out(c)));
		c->stats = arena_floats(a, 2 * n * STEM_GROUPS);
		n_features = max(n_features, n_out(c));
		n_dw = max(n_dw, ops->conv1d_scratch(&conv));
	}

	s->features = arena_floats(a, n * n_features);
	if (is_training)
		s->dw_scratch = arena_floats(a, n_dw);
}

void stem_forward(const struct tensors *t, const struct stem *s, const float *x, const uint8_t *keep,
		  const int32_t *numbers, int first, int n)
{
	size_t place = numbers ? 0 : (size_t)s->conv[0].c_in * (size_t)first;
	for (int i = 0; i < s->n_convs; i++) {
		const struct stem_conv *c = &s->conv[i];
		if (i)
			t->ops->pad_time(c->padded, s->features, n, c->t_in, c->c_in, c->pad, c->t_pad);
		else
			t->ops->pack_signal(c->padded, x + place * (size_t)c->t_in, keep + place, numbers, n,
					    c->c_in, c->t_in, c->pad, c->t_pad);
		struct conv1d conv = conv_of(t, s, c, n);
		struct groupnorm norm = norm_of(t, s, c, n);
		t->ops->conv1d(&conv);
		t->ops->groupnorm_gelu(&norm);
	}
}

void stem_backward(const struct tensors *t, const struct stem *s, int n, const struct record_sums *sums)
{
	for (int i = s->n_convs - 1; i >= 0; i--) {
		const struct stem_conv *c = &s->conv[i];
		struct groupnorm norm = norm_of(t, s, c, n);
		norm.dy = s->features;
		norm.dx = s->features;
		norm.sums = sums;
		norm.dw = tensors_gradient(t, c->norm_weight);
		norm.db = tensors_gradient(t, c->norm_bias);
		t->ops->groupnorm_gelu_backward(&norm);

		struct conv1d conv = conv_of(t, s, c, n);
		conv.dy = s->features;
		conv.dx = i ? c->before : NULL; /* GELU's argument is not needed any more */
		conv.sums = sums;
		conv.dw = tensors_gradient(t, c->weight);
		conv.dbias = tensors_gradient(t, c->bias);
		conv.scratch = s->dw_scratch;
		t->ops->conv1d_backward(&conv);
		if (i)
			t->ops->pad_time_backward(s->features, c->before, n, c->t_in, c->c_in, c->pad,
						  c->t_pad);
	}
}
