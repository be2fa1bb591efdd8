/* Convolution over time and the layouts around it, against plain loops and central differences. */
#include "tests/unit/kernels_helper.h"

struct shape {
	int batch, t_pad, c_in, c_out, k, stride, t_out, sum_records;
};

static const struct shape shapes[] = {
	{1, 1, 1, 1, 1, 1, 1, 0},	{2, 17, 3, 5, 4, 3, 5, 0},    {3, 40, 12, 16, 15, 2, 13, 0},
	{33, 23, 1, 7, 15, 2, 5, 0},	{2, 31, 16, 33, 11, 5, 5, 0}, {17, 11, 4, 6, 3, 1, 9, 0},
	{2, 29, 5, 16, 3, 4, 7, 0},	{50, 9, 2, 3, 2, 2, 4, 0},    {1, 64, 24, 48, 11, 5, 11, 0},
	{18, 40, 1, 24, 15, 2, 13, 0},	{5, 45, 1, 8, 7, 1, 39, 0},   {3, 50, 3, 24, 5, 2, 22, 0},
	{2, 30, 20, 8, 6, 1, 24, 0},	{2, 40, 7, 16, 2, 3, 12, 0},  {17, 9, 2, 40, 7, 1, 3, 0},
	{1, 12, 2, 32, 3, 2, 4, 0},	{2, 22, 16, 8, 3, 4, 5, 0},   {50, 9, 2, 3, 2, 2, 4, 20},
	{40, 40, 1, 24, 15, 2, 13, 32}, {9, 20, 3, 16, 5, 1, 7, 4},   {2, 40, 16, 101, 5, 1, 30, 0},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct arrays {
	float *x, *w, *bias, *dy;
	size_t n_x, n_w, n_y;
};

static struct arrays arrays_of(const struct shape *s)
{
	struct arrays a = {.n_x = (size_t)(s->batch * s->t_pad * s->c_in),
			   .n_w = (size_t)(s->c_out * s->k * s->c_in),
			   .n_y = (size_t)(s->batch * s->t_out * s->c_out)};
	a.x = numbers(a.n_x, 1, 1);
	a.w = numbers(a.n_w, 2, 0.3);
	a.bias = numbers((size_t)s->c_out, 3, 1);
	a.dy = numbers(a.n_y, 4, 1);
	return a;
}

static struct conv1d conv_of(const struct shape *s, const struct arrays *a)
{
	return (struct conv1d){.batch = s->batch,
			       .t_pad = s->t_pad,
			       .c_in = s->c_in,
			       .c_out = s->c_out,
			       .k = s->k,
			       .stride = s->stride,
			       .t_out = s->t_out,
			       .x = a->x,
			       .w = a->w,
			       .bias = a->bias,
			       .sum_records = s->sum_records,
			       .dy = a->dy};
}

static void release(struct arrays *a)
{
	free(a->x);
	free(a->w);
	free(a->bias);
	free(a->dy);
}

static void forward_equals_its_definition(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++) {
		const struct shape *s = &shapes[i];
		struct arrays a = arrays_of(s);
		float *expected = zeros(a.n_y), *y = zeros(a.n_y);
		const struct ops *ops;
		for (size_t e = 0; e < a.n_y; e++) {
			int o = (int)e % s->c_out, t = (int)e / s->c_out % s->t_out,
			    b = (int)e / s->c_out / s->t_out;
			float sum = 0;
			for (int tap = 0; tap < s->k; tap++)
				for (int c = 0; c < s->c_in; c++)
					sum = fmaf(a.x[(b * s->t_pad + t * s->stride + tap) * s->c_in + c],
						   a.w[(o * s->k + tap) * s->c_in + c], sum);
			expected[e] = sum + a.bias[o];
		}
		for (int t = 0; (ops = table(t)); t++) {
			struct conv1d conv = conv_of(s, &a);
			conv.y = y;
			ops->conv1d(&conv);
			assert_same_bits(y, expected, a.n_y, ops->name, "y");
		}
		free(expected);
		free(y);
		release(&a);
	}
}

/* dx[pos,c]: taps of pos's phase from the last to the first (time ascending), channels ascending; a tap or a
 * time outside counts as zero. */
static float define_dx(const struct shape *s, const struct arrays *a, int b, int pos, int c)
{
	int phase = pos % s->stride, u = pos / s->stride, n_taps = (s->k + s->stride - 1) / s->stride;
	float sum = 0;
	for (int j = n_taps - 1; j >= 0; j--) {
		int tap = phase + s->stride * j, t = u - j;
		for (int o = 0; o < s->c_out; o++) {
			float dy = t >= 0 && t < s->t_out ? a->dy[(b * s->t_out + t) * s->c_out + o] : 0;
			float w = tap < s->k ? a->w[(o * s->k + tap) * s->c_in + c] : 0;
			sum = fmaf(dy, w, sum);
		}
	}
	return sum;
}

/* Of records first..end-1: what they form is one sum. */
static void define_sum(const struct shape *s, const struct arrays *a, float *dw, float *dbias, int first,
		       int end)
{
	size_t n_chunks = (size_t)(end - first + 15) / 16;
	float *parts = zeros(n_chunks);

	for (int e = 0; e < (int)a->n_w; e++) {
		int o = e / (s->k * s->c_in), at = e % (s->k * s->c_in);
		memset(parts, 0, n_chunks * sizeof *parts);
		for (int b = first; b < end; b++)
			for (int t = 0; t < s->t_out; t++) {
				float *part = &parts[(b - first) / 16];
				*part = fmaf(a->dy[(b * s->t_out + t) * s->c_out + o],
					     a->x[(b * s->t_pad + t * s->stride) * s->c_in + at], *part);
			}
		dw[e] += tree(parts, n_chunks);
	}

	for (int o = 0; o < s->c_out; o++)
		dbias[o] += chunked_sum(a->dy + first * s->t_out * s->c_out + o,
					(size_t)((end - first) * s->t_out), (size_t)s->c_out,
					16 * (size_t)s->t_out);
	free(parts);
}

static void define_dw(const struct shape *s, const struct arrays *a, float *dw, float *dbias)
{
	int step = s->sum_records ? s->sum_records : s->batch;
	for (int first = 0; first < s->batch; first += step)
		define_sum(s, a, dw, dbias, first, first + step < s->batch ? first + step : s->batch);
}

static void backward_equals_its_definition(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++) {
		const struct shape *s = &shapes[i];
		struct arrays a = arrays_of(s);
		float *dw = numbers(a.n_w, 6, 1), *dbias = numbers((size_t)s->c_out, 7, 1),
		      *dx = zeros(a.n_x);
		float *old_dw = copy_of(dw, a.n_w), *old_dbias = copy_of(dbias, (size_t)s->c_out);
		const struct ops *o;
		for (int e = 0; e < (int)a.n_x; e++)
			dx[e] = define_dx(s, &a, e / (s->c_in * s->t_pad), e / s->c_in % s->t_pad,
					  e % s->c_in);
		define_dw(s, &a, dw, dbias);
		for (int t = 0; (o = table(t)); t++) {
			float *x = numbers(a.n_x, 9, 1), *w = copy_of(old_dw, a.n_w);
			float *bias = copy_of(old_dbias, (size_t)s->c_out);
			struct conv1d conv = conv_of(s, &a);
			conv.dx = x;
			conv.dw = w;
			conv.dbias = bias;
			conv.scratch = numbers(o->conv1d_scratch(&conv), 8, 1);
			o->conv1d_backward(&conv);
			assert_same_bits(x, dx, a.n_x, o->name, "dx");
			assert_same_bits(w, dw, a.n_w, o->name, "dw");
			assert_same_bits(bias, dbias, (size_t)s->c_out, o->name, "dbias");
			memcpy(w, old_dw, a.n_w * sizeof *w);
			conv.dx = conv.dbias = NULL;
			o->conv1d_backward(&conv);
			assert_same_bits(w, dw, a.n_w, o->name, "dw alone");
			free(x);
			free(w);
			free(bias);
			free(conv.scratch);
		}
		free(dw);
		free(dbias);
		free(dx);
		free(old_dw);
		free(old_dbias);
		release(&a);
	}
}

struct forward {
	const struct shape *s;
	double *x, *w, *bias;
	const float *dy;
};

static double objective(void *context)
{
	const struct forward *f = context;
	const struct shape *s = f->s;
	double total = 0;
	for (int b = 0; b < s->batch; b++)
		for (int t = 0; t < s->t_out; t++)
			for (int o = 0; o < s->c_out; o++) {
				double y = f->bias[o];
				for (int e = 0; e < s->k * s->c_in; e++)
					y += f->x[(b * s->t_pad + t * s->stride) * s->c_in + e] *
					     f->w[o * s->k * s->c_in + e];
				total += y * (double)f->dy[(b * s->t_out + t) * s->c_out + o];
			}
	return total;
}

static void gradients_equal_central_differences(void **state)
{
	const struct ops *o = ops_cpu_named("scalar");
	(void)state;
	for (size_t i = 1; i < N_SHAPES; i += 2) {
		const struct shape *s = &shapes[i];
		struct arrays a = arrays_of(s);
		float *dx = zeros(a.n_x), *dw = zeros(a.n_w), *dbias = zeros((size_t)s->c_out);
		struct conv1d conv = conv_of(s, &a);
		struct forward f = {s, doubles_of(a.x, a.n_x), doubles_of(a.w, a.n_w),
				    doubles_of(a.bias, (size_t)s->c_out), a.dy};
		conv.dx = dx;
		conv.dw = dw;
		conv.dbias = dbias;
		conv.scratch = zeros(o->conv1d_scratch(&conv));
		o->conv1d_backward(&conv);
		assert_gradient(objective, &f, f.x, a.n_x, dx, 1e-4, "x");
		assert_gradient(objective, &f, f.w, a.n_w, dw, 1e-4, "w");
		assert_gradient(objective, &f, f.bias, (size_t)s->c_out, dbias, 1e-4, "bias");
		free(dx);
		free(dw);
		free(dbias);
		free(conv.scratch);
		free(f.x);
		free(f.w);
		free(f.bias);
		release(&a);
	}
}

static void packing_transposes_pads_and_masks(void **state)
{
	enum { B = 3, C = 12, T = 37, PAD = 7, T_PAD = 50 };
	float *x = numbers(B * C * T, 1, 1), *y = numbers(B * C * T_PAD, 2, 1);
	uint8_t keep[B * C];
	static const int32_t order[B] = {2, 0, 1};
	const struct ops *o;
	(void)state;
	for (int i = 0; i < B * C; i++)
		keep[i] = i % 5 != 2;
	for (int i = 0; i < T; i++)
		x[(0 * C + 2) * T + i] = NAN; /* a masked lead never reaches the output, whatever it holds */

	for (int k = 0; (o = table(k)); k++) {
		for (int way = 0; way < 4; way++) {
			bool is_masked = way % 2, is_numbered = way / 2;
			o->pack_signal(y, x, is_masked ? keep : NULL, is_numbered ? order : NULL, B, C, T,
				       PAD, T_PAD);
			for (int e = 0; e < B * T_PAD * C; e++) {
				int c = e % C, t = e / C % T_PAD - PAD;
				int b = is_numbered ? order[e / C / T_PAD] : e / C / T_PAD;
				bool is_there = t >= 0 && t < T && (!is_masked || keep[b * C + c]);
				float expected = is_there ? x[(b * C + c) * T + t] : 0;
				assert_same_bits(y + e, &expected, 1, o->name, "y");
			}
		}
	}

	free(x);
	free(y);
}

static void padding_in_time_and_back(void **state)
{
	enum { B = 3, C = 5, T = 11, PAD = 4, T_PAD = 20 };
	float *x = numbers(B * C * T, 1, 1), *y = numbers(B * C * T_PAD, 2, 1), *back = zeros(B * C * T);
	const struct ops *o;
	(void)state;

	for (int k = 0; (o = table(k)); k++) {
		o->pad_time(y, x, B, T, C, PAD, T_PAD);
		for (int e = 0; e < B * T_PAD * C; e++) {
			int c = e % C, t = e / C % T_PAD - PAD, b = e / C / T_PAD;
			float expected = t >= 0 && t < T ? x[(b * T + t) * C + c] : 0;
			assert_same_bits(y + e, &expected, 1, o->name, "y");
		}
		o->pad_time_backward(back, y, B, T, C, PAD, T_PAD);
		assert_same_bits(back, x, B * C * T, o->name, "dx");
	}

	free(x);
	free(y);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forward_equals_its_definition),
		cmocka_unit_test(backward_equals_its_definition),
		cmocka_unit_test(gradients_equal_central_differences),
		cmocka_unit_test(packing_transposes_pads_and_masks),
		cmocka_unit_test(padding_in_time_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
