/* BatchNorm with residual and ReLU, and pooling over time: definitions bit by bit, gradients by
 * central differences. */
#include "tests/unit/kernels_helper.h"

static const float eps = 1e-5f;

static const struct {
	int m, c;
	bool has_relu, has_residual;
	int sum_rows;
} shapes[] = {{2, 1, true, false, 0},	 {3, 7, false, false, 1},    {64, 16, true, true, 0},
	      {65, 33, true, false, 0},	 {200, 48, false, true, 64}, {331, 5, true, true, 0},
	      {331, 5, true, true, 100}, {900, 17, true, true, 192}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* ---- definitions: sums over rows in chunks of 64 and the tree ---- */

struct arrays {
	float *x, *w, *b, *residual, *dy, *y, *mean, *variance, *dx, *dresidual, *sums;
};

/* b > 0: no channel is dead, whose gradient would be a zero of a sign that valgrind gets wrong. */
static void revive(struct arrays *a, int c)
{
	for (int j = 0; j < c; j++)
		a->b[j] = fabsf(a->b[j]) + 0.1f;
}

static struct arrays arrays_of(int m, int c)
{
	size_t n = (size_t)m * (size_t)c, k = (size_t)c;
	struct arrays a = {.x = numbers(n, 1, 2),
			   .w = numbers(k, 2, 1),
			   .b = numbers(k, 3, 1),
			   .residual = numbers(n, 4, 1),
			   .dy = numbers(n, 5, 1),
			   .y = zeros(n),
			   .mean = zeros(k),
			   .variance = zeros(k),
			   .dx = zeros(n),
			   .dresidual = zeros(n),
			   .sums = zeros(2 * k * (size_t)m)};

	revive(&a, c);
	return a;
}

static void free_arrays(const struct arrays *a)
{
	float *all[] = {a->x,	 a->w,	      a->b,  a->residual,  a->dy,  a->y,
			a->mean, a->variance, a->dx, a->dresidual, a->sums};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static struct batchnorm norm_of(const struct arrays *a, int s)
{
	return (struct batchnorm){.m = shapes[s].m,
				  .c = shapes[s].c,
				  .sum_rows = shapes[s].sum_rows,
				  .n_rows = shapes[s].m,
				  .x = a->x,
				  .w = a->w,
				  .b = a->b,
				  .mean = a->mean,
				  .variance = a->variance,
				  .eps = eps,
				  .residual = shapes[s].has_residual ? a->residual : NULL,
				  .has_relu = shapes[s].has_relu,
				  .y = a->y,
				  .dy = a->dy,
				  .dx = a->dx,
				  .sums = a->sums,
				  .dresidual = shapes[s].has_residual ? a->dresidual : NULL};
}

/* The blocks' sums, [blocks,width], added up in their tree: in the first row. */
static void add_blocks(const struct ops *o, const struct batchnorm *n, float *sums, size_t width)
{
	size_t rows = (size_t)(n->sum_rows ? n->sum_rows : n->m), n_blocks = ((size_t)n->m + rows - 1) / rows;
	for (size_t step = 1; step < n_blocks; step *= 2)
		for (size_t i = 0; i + step < n_blocks; i += 2 * step)
			o->add(sums + i * width, sums + i * width, sums + (i + step) * width, width);
}

static void take_statistics(const struct ops *o, const struct arrays *a, const struct batchnorm *n)
{
	size_t c = (size_t)n->c;
	o->batchnorm_sums(n, a->sums);
	add_blocks(o, n, a->sums, c);
	o->divide(a->mean, a->sums, (float)n->m, c);
	o->batchnorm_square_sums(n, a->sums);
	add_blocks(o, n, a->sums, c);
	o->divide(a->variance, a->sums, (float)n->m, c);
}

static void run_backward(const struct ops *o, const struct arrays *a, const struct batchnorm *n)
{
	o->batchnorm_gradient_sums(n, a->sums);
	add_blocks(o, n, a->sums, 2 * (size_t)n->c);
	o->batchnorm_backward(n);
}

/* Sum over rows i of a[i] * b[i] by fma (b NULL: of a[i]), column j: the tree over blocks, of
 * trees over chunks. */
static float chunked(const struct batchnorm *n, const float *a, const float *b, int j)
{
	int rows = n->sum_rows ? n->sum_rows : n->m, c = n->c, n_blocks = 0;
	float *blocks = zeros((size_t)(n->m / rows) + 1), *parts = zeros((size_t)rows / 64 + 1);

	for (int from = 0; from < n->m; from += rows) {
		int end = from + rows < n->m ? from + rows : n->m;
		memset(parts, 0, ((size_t)rows / 64 + 1) * sizeof *parts);
		for (int i = from; i < end; i++) {
			float *sum = parts + (i - from) / 64, v = a[i * c + j];
			*sum = b ? fmaf(v, b[i * c + j], *sum) : *sum + v;
		}
		blocks[n_blocks++] = tree(parts, (size_t)(end - from + 63) / 64);
	}

	float total = tree(blocks, (size_t)n_blocks);
	free(blocks);
	free(parts);
	return total;
}

/* a: n's arrays. */
static void define(const struct batchnorm *n, const struct arrays *a)
{
	int m = n->m, c = n->c;
	float *hat = zeros((size_t)(m * c)), *dz = zeros((size_t)(m * c));

	for (int j = 0; j < c; j++) {
		a->mean[j] = chunked(n, n->x, NULL, j) / (float)m;
		for (int i = j; i < m * c; i += c)
			hat[i] = n->x[i] - n->mean[j];
		a->variance[j] = chunked(n, hat, hat, j) / (float)m;
		float rstd = 1 / sqrtf(n->variance[j] + n->eps);
		for (int i = j; i < m * c; i += c) {
			hat[i] *= rstd;
			float z = fmaf(hat[i], n->w[j], n->b[j]);
			z += n->residual ? n->residual[i] : 0;
			n->y[i] = n->has_relu && z < 0 ? 0 : z;
			dz[i] = !n->has_relu || n->y[i] > 0 ? n->dy[i] : 0;
			if (n->dresidual)
				n->dresidual[i] = dz[i];
		}
		float sum = chunked(n, dz, NULL, j), sum_hat = chunked(n, dz, hat, j);
		for (int i = j; i < m * c; i += c)
			n->dx[i] =
				fmaf(-hat[i], sum_hat / (float)m, dz[i] - sum / (float)m) * (n->w[j] * rstd);
		a->sums[j] = sum;
		a->sums[c + j] = sum_hat;
	}

	free(hat);
	free(dz);
}

static void batchnorm_equals_its_definition(void **state)
{
	(void)state;
	for (int s = 0; s < SHAPES; s++) {
		size_t n = (size_t)(shapes[s].m * shapes[s].c), c = (size_t)shapes[s].c;
		struct arrays want = arrays_of(shapes[s].m, shapes[s].c);
		struct batchnorm d = norm_of(&want, s);
		const struct ops *o;
		define(&d, &want);
		for (int k = 0; (o = table(k)); k++) {
			struct arrays have = arrays_of(shapes[s].m, shapes[s].c);
			struct batchnorm b = norm_of(&have, s);
			take_statistics(o, &have, &b);
			o->batchnorm(&b);
			run_backward(o, &have, &b);
			assert_same_bits(have.mean, want.mean, c, o->name, "mean");
			assert_same_bits(have.variance, want.variance, c, o->name, "variance");
			assert_same_bits(have.y, want.y, n, o->name, "y");
			assert_same_bits(have.dx, want.dx, n, o->name, "dx");
			assert_same_bits(have.dresidual, want.dresidual, n, o->name, "dresidual");
			assert_same_bits(have.sums, want.sums, 2 * c, o->name, "db and dw");
			free_arrays(&have);
		}
		free_arrays(&want);
	}
}

static void batchnorm_in_place_gives_the_same_bits(void **state)
{
	(void)state;
	const int s = 5;
	size_t n = (size_t)(shapes[s].m * shapes[s].c);
	struct arrays want = arrays_of(shapes[s].m, shapes[s].c), have = arrays_of(shapes[s].m, shapes[s].c);
	struct batchnorm a = norm_of(&want, s), b = norm_of(&have, s);
	const struct ops *o = table(0);
	take_statistics(o, &want, &a);
	o->batchnorm(&a);
	run_backward(o, &want, &a);
	b.y = have.residual;
	b.dresidual = have.dy;
	take_statistics(o, &have, &b);
	o->batchnorm(&b);
	assert_same_bits(have.residual, want.y, n, o->name, "y in place of the residual");
	run_backward(o, &have, &b);
	assert_same_bits(have.dy, want.dresidual, n, o->name, "dresidual in place of dy");
	assert_same_bits(have.dx, want.dx, n, o->name, "dx");
	free_arrays(&want);
	free_arrays(&have);
}

/* ---- central differences ---- */

struct objective {
	int s;
	double *x, *w, *b, *residual;
	const float *dy;
};

static double objective(void *context)
{
	const struct objective *f = context;
	int m = shapes[f->s].m, c = shapes[f->s].c;
	double total = 0;

	for (int j = 0; j < c; j++) {
		double mean = 0, variance = 0;
		for (int i = j; i < m * c; i += c)
			mean += f->x[i] / m;
		for (int i = j; i < m * c; i += c)
			variance += (f->x[i] - mean) * (f->x[i] - mean) / m;
		for (int i = j; i < m * c; i += c) {
			double z = (f->x[i] - mean) / sqrt(variance + (double)eps) * f->w[j] + f->b[j];
			z += shapes[f->s].has_residual ? f->residual[i] : 0;
			total += (double)f->dy[i] * (shapes[f->s].has_relu && z < 0 ? 0 : z);
		}
	}

	return total;
}

static void batchnorm_gradients_equal_central_differences(void **state)
{
	(void)state;
	for (int s = 1; s < SHAPES; s++) {
		size_t n = (size_t)(shapes[s].m * shapes[s].c), c = (size_t)shapes[s].c;
		struct arrays a = arrays_of(shapes[s].m, shapes[s].c);
		struct batchnorm b = norm_of(&a, s);
		struct objective f = {s,
				      doubles_of(a.x, n),
				      doubles_of(a.w, c),
				      doubles_of(a.b, c),
				      doubles_of(a.residual, n),
				      a.dy};
		const struct ops *o = ops_cpu();
		take_statistics(o, &a, &b);
		o->batchnorm(&b);
		run_backward(o, &a, &b);
		assert_gradient(objective, &f, f.x, n, a.dx, 3e-4, "x");
		assert_gradient(objective, &f, f.w, c, a.sums + c, 3e-4, "w");
		assert_gradient(objective, &f, f.b, c, a.sums, 3e-4, "b");
		if (shapes[s].has_residual)
			assert_gradient(objective, &f, f.residual, n, a.dresidual, 3e-4, "residual");
		free_arrays(&a);
		double *all[] = {f.x, f.w, f.b, f.residual};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
	}
}

static void running_statistics_move_as_in_pytorch(void **state)
{
	(void)state;
	float x[] = {1, 2, 4, 9}, mean, variance, sums[2], r_mean = 3, r_variance = 5;
	struct arrays a = {.mean = &mean, .variance = &variance, .sums = sums};
	const struct ops *o;

	for (int k = 0; (o = table(k)); k++) {
		struct batchnorm n = {
			.m = 4, .c = 1, .n_rows = 4, .x = x, .mean = &mean, .variance = &variance};
		take_statistics(o, &a, &n);
		r_mean = 3;
		r_variance = 5;
		o->batchnorm_running(&r_mean, &r_variance, &n, 0.1f);
		assert_true(fabsf(r_mean - 3.1f) < 1e-6f);	    /* 0.9 * 3 + 0.1 * 4 */
		assert_true(fabsf(r_variance - 5.766667f) < 1e-5f); /* 0.9 * 5 + 0.1 * 38/3 */
		o->batchnorm_running(&r_mean, &r_variance, &n, 1);
		assert_true(r_mean == mean);
		mean = NAN;
		o->batchnorm_running(&r_mean, &r_variance, &n, 1);
		assert_true(r_mean == 4 && isfinite(r_variance));
	}
}

static void a_large_offset_does_not_eat_the_variance_and_nan_comes_through(void **state)
{
	(void)state;
	enum { M = 130 };
	float x[M], y[M], mean, variance, sums[2], w = 1, b = 0;
	struct arrays a = {.mean = &mean, .variance = &variance, .sums = sums};
	const struct ops *o;

	for (int k = 0; (o = table(k)); k++) {
		struct batchnorm n = {.m = M,
				      .c = 1,
				      .x = x,
				      .w = &w,
				      .b = &b,
				      .y = y,
				      .mean = &mean,
				      .variance = &variance,
				      .has_relu = true};
		for (int i = 0; i < M; i++)
			x[i] = 1000 + (float)(i % 2);
		take_statistics(o, &a, &n);
		assert_true(fabsf(variance - 0.25f) < 1e-5f);
		x[77] = NAN;
		take_statistics(o, &a, &n);
		o->batchnorm(&n);
		assert_true(isnan(y[0]));
	}
}

/* ---- pooling over time ---- */

static const struct {
	int batch, t, c, k, stride;
} pools[] = {{1, 1, 1, 3, 2}, {2, 13, 6, 3, 2}, {3, 64, 17, 5, 3}, {2, 250, 40, 3, 2}, {1, 9, 3, 3, 1}};

static void max_over_windows_equals_its_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof pools / sizeof *pools; s++) {
		int batch = pools[s].batch, t = pools[s].t, c = pools[s].c, k = pools[s].k,
		    stride = pools[s].stride, t_out = (t - 1) / stride + 1;
		size_t n = (size_t)(batch * t * c), n_out = (size_t)(batch * t_out * c);
		float *x = numbers(n, 1, 1), *dy = numbers(n_out, 2, 1), *y = zeros(n_out), *dx = zeros(n);
		float *ey = zeros(n_out), *edx = zeros(n);
		int32_t *at = die_calloc(n_out, sizeof *at);
		const struct ops *o;
		for (size_t i = 0; i < n; i += 3)
			x[i] = 0.5f; /* ties: the first counts */
		for (int r = 0; r < batch; r++)
			for (int i = 0; i < t_out; i++)
				for (int j = 0; j < c; j++) {
					int best = -1;
					for (int p = i * stride - k / 2; p <= i * stride + k / 2; p++)
						if (p >= 0 && p < t &&
						    (best < 0 ||
						     x[(r * t + p) * c + j] > x[(r * t + best) * c + j]))
							best = p;
					ey[(r * t_out + i) * c + j] = x[(r * t + best) * c + j];
					edx[(r * t + best) * c + j] += dy[(r * t_out + i) * c + j];
				}
		for (int i = 0; (o = table(i)); i++) {
			o->max_time(y, at, x, batch, t, c, k, stride, t_out);
			o->max_time_backward(dx, dy, at, batch, t, c, t_out);
			assert_same_bits(y, ey, n_out, o->name, "y");
			assert_same_bits(dx, edx, n, o->name, "dx");
		}
		float *all[] = {x, dy, y, dx, ey, edx};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
		free(at);
	}
}

static void mean_over_time_equals_its_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof pools / sizeof *pools; s++) {
		int batch = pools[s].batch, t = pools[s].t, c = pools[s].c;
		size_t n = (size_t)(batch * t * c), n_out = (size_t)(batch * c);
		float *x = numbers(n, 1, 1), *dy = numbers(n_out, 2, 1), *y = zeros(n_out), *dx = zeros(n);
		float *ey = zeros(n_out), *edx = zeros(n);
		const struct ops *o;
		for (int i = 0; i < batch * t * c; i++) {
			ey[i / (t * c) * c + i % c] += x[i];
			edx[i] = dy[i / (t * c) * c + i % c] / (float)t;
		}
		for (size_t i = 0; i < n_out; i++)
			ey[i] /= (float)t;
		for (int i = 0; (o = table(i)); i++) {
			o->mean_time(y, x, batch, t, c);
			o->mean_time_backward(dx, dy, batch, t, c);
			assert_same_bits(y, ey, n_out, o->name, "y");
			assert_same_bits(dx, edx, n, o->name, "dx");
		}
		float *all[] = {x, dy, y, dx, ey, edx};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batchnorm_equals_its_definition),
		cmocka_unit_test(batchnorm_in_place_gives_the_same_bits),
		cmocka_unit_test(batchnorm_gradients_equal_central_differences),
		cmocka_unit_test(running_statistics_move_as_in_pytorch),
		cmocka_unit_test(a_large_offset_does_not_eat_the_variance_and_nan_comes_through),
		cmocka_unit_test(max_over_windows_equals_its_definition),
		cmocka_unit_test(mean_over_time_equals_its_definition),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
