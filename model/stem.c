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

void stem_plan(struct stem *s, struct arena *a, const struct ops *ops, int max_signals, bool is_training)
{
	if (s->chunk > max_signals)
		s->chunk = max_signals;
	size_t n = (size_t)s->chunk, n_features = 0, n_dpadded = 0, n_dw = 0;

	for (int i = 0; i < s->n_convs; i++) {
		struct stem_conv *c = &s->conv[i];
		c->y = arena_floats(a, n * n_out(c));
		c->padded = arena_floats(a, n * n_padded(c));
		c->before = arena_floats(a, n * n_out(c));
		c->stats = arena_floats(a, 2 * n * STEM_GROUPS);
		n_features = max(n_features, n_out(c));
		n_dpadded = i ? max(n_dpadded, n_padded(c)) : 0;
		n_dw = max(n_dw, ops->conv1d_scratch(s->chunk, c->t_pad, c->c_in, c->c_out, c->k, c->stride,
						     c->t_out));
	}

	s->features = arena_floats(a, n * n_features);
	if (!is_training)
		return;
	s->dy = arena_floats(a, n * n_features);
	s->dpadded = arena_floats(a, n * n_dpadded);
	s->dw_scratch = arena_floats(a, n_dw);
}

static void activate(const struct tensors *t, const struct stem *s, const struct stem_conv *c, const float *y,
		     int n)
{
	t->ops->groupnorm_gelu(s->features, c->before, c->stats, c->stats + n * STEM_GROUPS, y,
			       tensors_weight(t, c->norm_weight), tensors_weight(t, c->norm_bias), n,
			       c->t_out, c->c_out, STEM_GROUPS, eps);
}

int stem_run(const int *numbers, int n)
{
	int i = 1;
	while (i < n && numbers[i] == numbers[0] + i)
		i++;
	return i;
}

static void pack(const struct tensors *t, const struct stem_conv *c, const float *x, const uint8_t *keep,
		 const int *numbers, int first, int n)
{
	for (int i = 0, length; i < n; i += length) {
		size_t place = (size_t)c->c_in * (size_t)(numbers ? numbers[i] : first);
		length = numbers ? stem_run(numbers + i, n - i) : n;
		t->ops->pack_signal(c->padded + (size_t)i * n_padded(c), x + place * (size_t)c->t_in,
				    keep + place, length, c->c_in, c->t_in, c->pad, c->t_pad);
	}
}

void stem_forward(const struct tensors *t, const struct stem *s, const float *x, const uint8_t *keep,
		  const int *numbers, int first, int n)
{
	for (int i = 0; i < s->n_convs; i++) {
		const struct stem_conv *c = &s->conv[i];
		if (i)
			t->ops->pad_time(c->padded, s->features, n, c->t_in, c->c_in, c->pad, c->t_pad);
		else
			pack(t, c, x, keep, numbers, first, n);
		t->ops->conv1d(c->y, c->padded, tensors_weight(t, c->weight), tensors_weight(t, c->bias), n,
			       c->t_pad, c->c_in, c->c_out, c->k, c->stride, c->t_out);
		activate(t, s, c, c->y, n);
	}
}

void stem_backward(const struct tensors *t, const struct stem *s, int n)
{
	for (int i = s->n_convs - 1; i >= 0; i--) {
		const struct stem_conv *c = &s->conv[i];
		t->ops->groupnorm_gelu_backward(
			s->dy, tensors_gradient(t, c->norm_weight), tensors_gradient(t, c->norm_bias),
			s->features, c->before, c->y, tensors_weight(t, c->norm_weight), c->stats,
			c->stats + n * STEM_GROUPS, n, c->t_out, c->c_out, STEM_GROUPS);
		t->ops->conv1d_backward(i ? s->dpadded : NULL, tensors_gradient(t, c->weight),
					tensors_gradient(t, c->bias), s->dy, c->padded,
					tensors_weight(t, c->weight), s->dw_scratch, n, c->t_pad, c->c_in,
					c->c_out, c->k, c->stride, c->t_out);
		if (i)
			t->ops->pad_time_backward(s->features, s->dpadded, n, c->t_in, c->c_in, c->pad,
						  c->t_pad);
	}
}
