/* LayerNorm and GroupNorm with GELU: definitions bit by bit, gradients by central differences. */
#include "tests/unit/kernels_helper.h"

#include "kernels/cpu/math.h"

static float lane(v16 v)
{
	float x[16];
	v_store(x, v);
	return x[0];
}

static const struct {
	int m, d;
} layers[] = {{1, 1}, {3, 7}, {5, 16}, {64, 33}, {65, 64}, {150, 48}, {7, 192}};

/* Sums over D: element j goes to lane j % 16, then the fold. */
static float lane_sum(const float *x, int d)
{
	float lanes[16] = {0};
	for (int j = 0; j < d; j++)
		lanes[j % 16] += x[j];
	return fold(lanes);
}

static float lane_dot(const float *x, const float *y, int d)
{
	float lanes[16] = {0};
	for (int j = 0; j < d; j++)
		lanes[j % 16] = fmaf(x[j], y[j], lanes[j % 16]);
	return fold(lanes);
}

static void define_layernorm(float *y, float *mean, float *rstd, const float *x, const float *w,
			     const float *b, int d)
{
	float *centred = zeros((size_t)d);
	*mean = lane_sum(x, d) / (float)d;
	for (int j = 0; j < d; j++)
		centred[j] = x[j] - *mean;
	*rstd = 1.0f / sqrtf(lane_dot(centred, centred, d) / (float)d + 1e-5f);
	for (int j = 0; j < d; j++)
		y[j] = fmaf(centred[j] * *rstd, w[j], b[j]);
	free(centred);
}

static void layernorm_equals_its_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof layers / sizeof *layers; s++) {
		int m = layers[s].m, d = layers[s].d;
		size_t n = (size_t)m * (size_t)d;
		float *x = numbers(n, 1, 3), *w = numbers((size_t)d, 2, 1), *b = numbers((size_t)d, 3, 1);
		float *y = zeros(n), *mean = zeros((size_t)m), *rstd = zeros((size_t)m);
		float *ey = zeros(n), *emean = zeros((size_t)m), *erstd = zeros((size_t)m);
		const struct ops *o;
		for (int i = 0; i < m; i++)
			define_layernorm(ey + i * d, emean + i, erstd + i, x + i * d, w, b, d);
		for (int k = 0; (o = table(k)); k++) {
			o->layernorm(y, mean, rstd, x, w, b, m, d, 1e-5f);
			assert_same_bits(mean, emean, (size_t)m, o->name, "mean");
			assert_same_bits(rstd, erstd, (size_t)m, o->name, "rstd");
			assert_same_bits(y, ey, n, o->name, "y");
		}
		float *all[] = {x, w, b, y, mean, rstd, ey, emean, erstd};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
	}
}

static void define_layernorm_dx(float *dx, const float *dy, const float *x, const float *w, float mean,
				float rstd, int d)
{
	float *g = zeros((size_t)d), *hat = zeros((size_t)d);
	for (int j = 0; j < d; j++) {
		g[j] = dy[j] * w[j];
		hat[j] = (x[j] - mean) * rstd;
	}
	float m1 = lane_sum(g, d) / (float)d, m2 = lane_dot(g, hat, d) / (float)d;
	for (int j = 0; j < d; j++)
		dx[j] = fmaf(-hat[j], m2, g[j] - m1) * rstd;
	free(g);
	free(hat);
}

/* Chunks of 64 rows, each one chain from zero, then the tree. */
static void define_layernorm_dw(float *dw, float *db, const float *dy, const float *x, const float *mean,
				const float *rstd, int m, int d)
{
	size_t n_chunks = (size_t)(m + 63) / 64;
	float *w = zeros(n_chunks), *b = zeros(n_chunks);
	for (int j = 0; j < d; j++) {
		memset(w, 0, n_chunks * sizeof *w);
		memset(b, 0, n_chunks * sizeof *b);
		for (int i = 0; i < m; i++) {
			w[i / 64] = fmaf(dy[i * d + j], (x[i * d + j] - mean[i]) * rstd[i], w[i / 64]);
			b[i / 64] += dy[i * d + j];
		}
		dw[j] += tree(w, n_chunks);
		db[j] += tree(b, n_chunks);
	}
	free(w);
	free(b);
}

static void layernorm_backward_equals_its_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof layers / sizeof *layers; s++) {
		int m = layers[s].m, d = layers[s].d;
		size_t n = (size_t)m * (size_t)d;
		float *x = numbers(n, 1, 3), *w = numbers((size_t)d, 2, 1), *b = zeros((size_t)d),
		      *dy = numbers(n, 4, 1);
		float *y = zeros(n), *mean = zeros((size_t)m), *rstd = zeros((size_t)m),
		      *residual = numbers(n, 5, 1);
		float *dx = zeros(n), *dw = numbers((size_t)d, 6, 1), *db = numbers((size_t)d, 7, 1);
		float *old_w = copy_of(dw, (size_t)d), *old_b = copy_of(db, (size_t)d);
		const struct ops *o;
		for (int i = 0; i < m; i++) {
			define_layernorm(y + i * d, mean + i, rstd + i, x + i * d, w, b, d);
			define_layernorm_dx(dx + i * d, dy + i * d, x + i * d, w, mean[i], rstd[i], d);
		}
		define_layernorm_dw(dw, db, dy, x, mean, rstd, m, d);
		for (int k = 0; (o = table(k)); k++) {
			float *fw = copy_of(old_w, (size_t)d), *fb = copy_of(old_b, (size_t)d),
			      *fx = copy_of(residual, n);
			o->layernorm_backward(y, fw, fb, dy, x, w, mean, rstd, NULL, m, d,
					      (struct by_block){0});
			assert_same_bits(y, dx, n, o->name, "dx");
			assert_same_bits(fw, dw, (size_t)d, o->name, "dw");
			assert_same_bits(fb, db, (size_t)d, o->name, "db");
			o->layernorm_backward(fx, fw, fb, dy, x, w, mean, rstd, fx, m, d,
					      (struct by_block){0});
			for (size_t i = 0; i < n; i++)
				y[i] = dx[i] + residual[i];
			assert_same_bits(fx, y, n, o->name, "dx with residual");
			free(fw);
			free(fb);
			free(fx);
		}
		float *all[] = {x, w, b, dy, y, mean, rstd, residual, dx, dw, db, old_w, old_b};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
	}
}

static double gelu(double x)
{
	return 0.5 * x * erfc(-x * sqrt(0.5));
}

/* Both norms in double: rows of D, or groups of channels over time with GELU behind. */
struct objective {
	int batch, t, c, groups;
	bool is_layer;
	double *x, *w, *b;
	const float *dy;
};

static double norm_objective(void *context)
{
	const struct objective *f = context;
	int width = f->c / f->groups;
	double total = 0;

	for (int b = 0; b < f->batch; b++)
		for (int g = 0; g < f->groups; g++) {
			double mean = 0, variance = 0, n = f->t * width;
			for (int i = 0; i < f->t * width; i++)
				mean += f->x[(b * f->t + i / width) * f->c + g * width + i % width] / n;
			for (int i = 0; i < f->t * width; i++) {
				double x = f->x[(b * f->t + i / width) * f->c + g * width + i % width] - mean;
				variance += x * x / n;
			}
			for (int i = 0; i < f->t * width; i++) {
				int c = g * width + i % width, at = (b * f->t + i / width) * f->c + c;
				double z = (f->x[at] - mean) / sqrt(variance + (double)1e-5f) * f->w[c] +
					   f->b[c];
				total += (f->is_layer ? z : gelu(z)) * (double)f->dy[at];
			}
		}

	return total;
}

static void norm_gradients_equal_central_differences(void **state)
{
	static const struct {
		int batch, t, c, groups;
		bool is_layer;
	} shapes[] = {{70, 1, 19, 1, true},
		      {3, 1, 48, 1, true},
		      {2, 9, 12, 4, false},
		      {3, 70, 6, 2, false},
		      {1, 5, 7, 7, false}};

	const struct ops *o = ops_cpu_named("scalar");
	(void)state;
	for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
		int batch = shapes[s].batch, t = shapes[s].t, c = shapes[s].c, groups = shapes[s].groups;
		size_t n = (size_t)(batch * t * c), n_stats = (size_t)(batch * groups);
		float *x = numbers(n, 1, 2), *w = numbers((size_t)c, 2, 1), *b = numbers((size_t)c, 3, 1);
		float *dy = numbers(n, 4, 1), *y = zeros(n), *before = zeros(n), *dx = zeros(n);
		float *mean = zeros(n_stats), *rstd = zeros(n_stats), *dw = zeros((size_t)c),
		      *db = zeros((size_t)c);
		struct objective f = {batch,
				      t,
				      c,
				      groups,
				      shapes[s].is_layer,
				      doubles_of(x, n),
				      doubles_of(w, (size_t)c),
				      doubles_of(b, (size_t)c),
				      dy};
		if (shapes[s].is_layer) {
			o->layernorm(y, mean, rstd, x, w, b, batch, c, 1e-5f);
			o->layernorm_backward(dx, dw, db, dy, x, w, mean, rstd, NULL, batch, c,
					      (struct by_block){0});
		} else {
			struct groupnorm norm = {.batch = batch,
						 .t = t,
						 .c = c,
						 .groups = groups,
						 .eps = 1e-5f,
						 .x = x,
						 .w = w,
						 .b = b,
						 .y = y,
						 .before_gelu = before,
						 .mean = mean,
						 .rstd = rstd,
						 .dy = dy,
						 .dx = dx,
						 .dw = dw,
						 .db = db};
			o->groupnorm_gelu(&norm);
			o->groupnorm_gelu_backward(&norm);
		}
		assert_gradient(norm_objective, &f, f.x, n, dx, 2e-4, "x");
		assert_gradient(norm_objective, &f, f.w, (size_t)c, dw, 2e-4, "w");
		assert_gradient(norm_objective, &f, f.b, (size_t)c, db, 2e-4, "b");
		float *all[] = {x, w, b, dy, y, before, dx, mean, rstd, dw, db};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
		free(f.x);
		free(f.w);
		free(f.b);
	}
}

static const struct {
	int batch, t, c, groups, sum_records;
} groups_of[] = {{1, 1, 1, 1, 0},  {2, 13, 6, 3, 0},	{3, 64, 16, 4, 2}, {2, 65, 48, 8, 2},
		 {66, 5, 7, 1, 0}, {2, 300, 33, 11, 1}, {150, 3, 8, 2, 70}};

/* Per channel over time in chunks of 64 and the tree, then the group's channels ascending,
 * then over the count. */
static float group_mean(const float *of_channel, int g, int width, int t)
{
	float sum = 0;
	for (int j = 0; j < width; j++)
		sum += of_channel[g * width + j];
	return sum / (float)(t * width);
}

static void define_groupnorm(float *y, float *before, float *mean, float *rstd, const float *x,
			     const float *w, const float *b, int t, int c, int groups)
{
	int width = c / groups;
	float *sums = zeros((size_t)c), *parts = zeros((size_t)(t + 63) / 64);

	for (int j = 0; j < c; j++)
		sums[j] = chunked_sum(x + j, (size_t)t, (size_t)c, 64);
	for (int g = 0; g < groups; g++)
		mean[g] = group_mean(sums, g, width, t);

	for (int j = 0; j < c; j++) {
		memset(parts, 0, (size_t)(t + 63) / 64 * sizeof *parts);
		for (int i = 0; i < t; i++) {
			float centred = x[i * c + j] - mean[j / width];
			parts[i / 64] = fmaf(centred, centred, parts[i / 64]);
		}
		sums[j] = tree(parts, (size_t)(t + 63) / 64);
	}

	for (int g = 0; g < groups; g++)
		rstd[g] = 1.0f / sqrtf(group_mean(sums, g, width, t) + 1e-5f);
	for (int i = 0; i < t * c; i++) {
		int j = i % c;
		before[i] = fmaf((x[i] - mean[j / width]) * rstd[j / width], w[j], b[j]);
		y[i] = lane(v_gelu(v_set(before[i])));
	}

	free(sums);
	free(parts);
}

/* Record by record: dz = dy GELU'; sums of dz and dz xhat over time (chunks, tree) weighed and
 * averaged per group. */
static void define_groupnorm_backward(float *dx, float *dw, float *db, const float *dy, const float *before,
				      const float *x, const float *w, const float *mean, const float *rstd,
				      int t, int c, int groups)
{
	int width = c / groups;
	float *dz = zeros((size_t)(t * c)), *hat = zeros((size_t)(t * c)),
	      *parts = zeros((size_t)(t + 63) / 64);
	float *ww = zeros((size_t)c), *wb = zeros((size_t)c);

	for (int i = 0; i < t * c; i++) {
		dz[i] = dy[i] * lane(v_gelu_gradient(v_set(before[i])));
		hat[i] = (x[i] - mean[i % c / width]) * rstd[i % c / width];
	}

	for (int j = 0; j < c; j++) {
		memset(parts, 0, (size_t)(t + 63) / 64 * sizeof *parts);
		for (int i = 0; i < t; i++)
			parts[i / 64] = fmaf(dz[i * c + j], hat[i * c + j], parts[i / 64]);
		dw[j] = tree(parts, (size_t)(t + 63) / 64);
		db[j] = chunked_sum(dz + j, (size_t)t, (size_t)c, 64);
		ww[j] = w[j] * dw[j];
		wb[j] = w[j] * db[j];
	}

	for (int i = 0; i < t * c; i++) {
		int j = i % c, g = j / width;
		float m1 = group_mean(wb, g, width, t), m2 = group_mean(ww, g, width, t);
		dx[i] = fmaf(-hat[i], m2, dz[i] * w[j] - m1) * rstd[g];
	}

	free(dz);
	free(hat);
	free(parts);
	free(ww);
	free(wb);
}

static void groupnorm_equals_its_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof groups_of / sizeof *groups_of; s++) {
		int batch = groups_of[s].batch, t = groups_of[s].t, c = groups_of[s].c,
		    groups = groups_of[s].groups;
		int record = t * c;
		size_t n = (size_t)(batch * record), n_stats = (size_t)(batch * groups), nc = (size_t)c;
		float *x = numbers(n, 1, 2), *w = numbers(nc, 2, 1), *b = numbers(nc, 3, 1),
		      *dy = numbers(n, 4, 1);
		float *y = zeros(n), *before = zeros(n), *mean = zeros(n_stats), *rstd = zeros(n_stats),
		      *dx = zeros(n);
		float *ey = zeros(n), *ebefore = zeros(n), *emean = zeros(n_stats), *erstd = zeros(n_stats);
		float *edx = zeros(n), *rows_w = zeros((size_t)batch * nc),
		      *rows_b = zeros((size_t)batch * nc);
		const struct ops *o;
		for (int i = 0; i < batch; i++) {
			int at = i * record;
			define_groupnorm(ey + at, ebefore + at, emean + i * groups, erstd + i * groups,
					 x + at, w, b, t, c, groups);
			define_groupnorm_backward(edx + at, rows_w + i * c, rows_b + i * c, dy + at,
						  ebefore + at, x + at, w, emean + i * groups,
						  erstd + i * groups, t, c, groups);
		}
		for (int k = 0; (o = table(k)); k++) {
			float *dw = numbers(nc, 5, 1), *db = numbers(nc, 6, 1), *edw = copy_of(dw, nc),
			      *edb = copy_of(db, nc);
			struct groupnorm norm = {.batch = batch,
						 .t = t,
						 .c = c,
						 .groups = groups,
						 .eps = 1e-5f,
						 .x = x,
						 .w = w,
						 .b = b,
						 .y = y,
						 .before_gelu = before,
						 .mean = mean,
						 .rstd = rstd,
						 .sum_records = groups_of[s].sum_records,
						 .dy = dy,
						 .dx = dx,
						 .dw = dw,
						 .db = db};
			int step = norm.sum_records ? norm.sum_records : batch;
			for (int from = 0; from < batch; from += step) {
				size_t m = (size_t)(batch - from < step ? batch - from : step);
				for (int j = 0; j < c; j++) {
					edw[j] += chunked_sum(rows_w + from * c + j, m, nc, 64);
					edb[j] += chunked_sum(rows_b + from * c + j, m, nc, 64);
				}
			}
			o->groupnorm_gelu(&norm);
			assert_same_bits(mean, emean, n_stats, o->name, "mean");
			assert_same_bits(rstd, erstd, n_stats, o->name, "rstd");
			assert_same_bits(before, ebefore, n, o->name, "before_gelu");
			assert_same_bits(y, ey, n, o->name, "y");
			o->groupnorm_gelu_backward(&norm);
			assert_same_bits(dx, edx, n, o->name, "dx");
			assert_same_bits(dw, edw, nc, o->name, "dw");
			assert_same_bits(db, edb, nc, o->name, "db");
			memcpy(dx, dy, n * sizeof *dx);
			norm.dy = dx;
			o->groupnorm_gelu_backward(&norm);
			assert_same_bits(dx, edx, n, o->name, "dx in place of dy");
			free(dw);
			free(db);
			free(edw);
			free(edb);
		}
		float *all[] = {x,  w,	b,	 dy,	y,     before, mean,   rstd,
				dx, ey, ebefore, emean, erstd, edx,    rows_w, rows_b};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
	}
}

/* An offset far larger than the spread must not eat the variance (a one-pass sum of squares would). */
static void variance_survives_a_large_offset(void **state)
{
	enum { D = 64 };
	float x[D], y[D], mean, rstd, w[D], b[D];
	const struct ops *o;
	(void)state;
	for (int j = 0; j < D; j++) {
		x[j] = 1000.0f + (float)(j % 2);
		w[j] = 1;
		b[j] = 0;
	}
	for (int k = 0; (o = table(k)); k++) {
		o->layernorm(y, &mean, &rstd, x, w, b, 1, D, 0x1p-30f);
		assert_true(fabsf(rstd - 2) < 1e-4f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layernorm_equals_its_definition),
		cmocka_unit_test(layernorm_backward_equals_its_definition),
		cmocka_unit_test(groupnorm_equals_its_definition),
		cmocka_unit_test(norm_gradients_equal_central_differences),
		cmocka_unit_test(variance_survives_a_large_offset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
