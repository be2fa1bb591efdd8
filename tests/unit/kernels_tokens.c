/* Token operations, pooling and the gate against plain loops. */
#include "tests/unit/kernels_helper.h"

#include "kernels/cpu/math.h"

static const struct {
	int batch, n, d;
} shapes[] = {{1, 1, 1}, {3, 12, 16}, {2, 50, 33}, {70, 3, 7}, {5, 12, 64}, {130, 2, 48}};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

#define FOR_SHAPES                                                                                           \
	for (size_t s = 0; s < N_SHAPES; s++)                                                                \
		for (int batch = shapes[s].batch, n = shapes[s].n, d = shapes[s].d, once = 1; once; once = 0)

static void positions_are_added_to_every_record(void **state)
{
	(void)state;
	FOR_SHAPES
	{
		size_t all = (size_t)(batch * n * d), one = (size_t)(n * d);
		float *x = numbers(all, 1, 1), *p = numbers(one, 2, 1), *y = zeros(all),
		      *expected = zeros(all);
		float *old = numbers(one, 3, 1), *dp = zeros(one), *edp = zeros(one);
		const struct ops *o;
		for (size_t i = 0; i < all; i++)
			expected[i] = x[i] + p[i % one];
		for (size_t i = 0; i < one; i++)
			edp[i] = old[i] + chunked_sum(x + i, (size_t)batch, one, 64);
		for (int t = 0; (o = table(t)); t++) {
			o->add_position(y, x, p, batch, n, d);
			assert_same_bits(y, expected, all, o->name, "y");
			memcpy(y, x, all * sizeof *y);
			o->add_position(y, y, p, batch, n, d);
			assert_same_bits(y, expected, all, o->name, "y in place");
			memcpy(dp, old, one * sizeof *dp);
			o->add_position_backward(dp, x, batch, n, d, (struct by_block){0});
			assert_same_bits(dp, edp, one, o->name, "dp");
		}
		float *arrays[] = {x, p, y, expected, old, dp, edp};
		for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
			free(arrays[i]);
	}
}

static void a_record_vector_is_added_to_all_its_tokens(void **state)
{
	(void)state;
	FOR_SHAPES
	{
		size_t all = (size_t)(batch * n * d), rows = (size_t)(batch * d);
		float *x = numbers(all, 1, 1), *e = numbers(rows, 2, 1), *y = zeros(all),
		      *expected = zeros(all);
		float *de = zeros(rows), *ede = zeros(rows);
		const struct ops *o;
		for (size_t i = 0; i < all; i++) {
			size_t at = i / (size_t)(n * d) * (size_t)d + i % (size_t)d;
			expected[i] = x[i] + e[at];
			ede[at] += x[i];
		}
		for (int t = 0; (o = table(t)); t++) {
			o->add_record(y, x, e, batch, n, d);
			assert_same_bits(y, expected, all, o->name, "y");
			o->add_record_backward(de, x, batch, n, d);
			assert_same_bits(de, ede, rows, o->name, "de");
		}
		float *arrays[] = {x, e, y, expected, de, ede};
		for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
			free(arrays[i]);
	}
}

static void masked_tokens_are_replaced_and_their_gradient_goes_to_the_token(void **state)
{
	(void)state;
	FOR_SHAPES
	{
		size_t all = (size_t)(batch * n * d), tokens = (size_t)(batch * n), one = (size_t)d;
		float *x = numbers(all, 1, 1), *token = numbers(one, 2, 1), *y = zeros(all),
		      *expected = zeros(all);
		float *dx = zeros(all), *only = zeros(all), *edx = zeros(all), *dtoken = zeros(one);
		float *old = numbers(one, 4, 1), *edtoken = zeros(one);
		uint8_t *keep = die_calloc(tokens, 1);
		const struct ops *o;
		for (size_t i = 0; i < tokens; i++)
			keep[i] = i % 3 != 1;
		for (size_t i = 0; i < all; i++) {
			bool is_kept = keep[i / one];
			expected[i] = is_kept ? x[i] : token[i % one];
			edx[i] = is_kept ? x[i] : 0;
			only[i] = is_kept ? 0 : x[i];
		}
		for (size_t j = 0; j < one; j++)
			edtoken[j] = old[j] + chunked_sum(only + j, tokens, one, 64);
		for (int t = 0; (o = table(t)); t++) {
			o->mask_tokens(y, x, keep, token, batch, n, d);
			assert_same_bits(y, expected, all, o->name, "y");
			memcpy(y, x, all * sizeof *y);
			o->mask_tokens(y, y, keep, token, batch, n, d);
			assert_same_bits(y, expected, all, o->name, "y in place");
			memcpy(dtoken, old, one * sizeof *old);
			o->mask_tokens_backward(dx, dtoken, x, keep, batch, n, d, (struct by_block){0});
			assert_same_bits(dx, edx, all, o->name, "dx");
			assert_same_bits(dtoken, edtoken, one, o->name, "dtoken");
			memcpy(dx, x, all * sizeof *x);
			o->mask_tokens_backward(dx, dtoken, dx, keep, batch, n, d, (struct by_block){0});
			assert_same_bits(dx, edx, all, o->name, "dx in place");
		}
		float *arrays[] = {x, token, y, expected, dx, only, edx, dtoken, old, edtoken};
		for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
			free(arrays[i]);
		free(keep);
	}
}

/* Every other row of twice as many: as all in order, and the rows between are left alone. */
static void check_numbered_pooling(const struct ops *o, const float *x, const float *dy, int batch, int n,
				   int d)
{
	size_t row = (size_t)d, rows = (size_t)batch * row, all = rows * (size_t)n;
	float *y = zeros(2 * rows), *apart = zeros(4 * rows), *dx = zeros(all), *dx_apart = zeros(all);
	float *dy_apart = zeros(4 * rows);
	int32_t *at = die_calloc(rows, sizeof *at), *at_apart = die_calloc(2 * rows, sizeof *at);
	int32_t *numbers = die_calloc((size_t)batch, sizeof *numbers);

	for (int b = 0; b < batch; b++) {
		numbers[b] = 2 * (batch - 1 - b) + 1;
		memcpy(dy_apart + 2 * row * (size_t)numbers[b], dy + 2 * row * (size_t)b,
		       2 * row * sizeof *dy);
	}
	o->pool_mean_max(y, at, x, NULL, batch, n, d);
	o->pool_mean_max(apart, at_apart, x, numbers, batch, n, d);
	o->pool_mean_max_backward(dx, dy, at, NULL, batch, n, d);
	o->pool_mean_max_backward(dx_apart, dy_apart, at_apart, numbers, batch, n, d);
	assert_same_bits(dx_apart, dx, all, o->name, "dx of numbered rows");
	for (int b = 0; b < batch; b++) {
		size_t to = (size_t)numbers[b] * row, from = (size_t)b * row;
		assert_same_bits(apart + 2 * to, y + 2 * from, 2 * row, o->name, "a numbered row");
		assert_memory_equal(at_apart + to, at + from, row * sizeof *at);
		for (size_t j = 0; j < 2 * row; j++)
			assert_true(apart[2 * (to - row) + j] == 0);
	}

	float *arrays[] = {y, apart, dx, dx_apart, dy_apart};
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
		free(arrays[i]);
	free(at);
	free(at_apart);
	free(numbers);
}

static void pooling_takes_mean_and_first_maximum(void **state)
{
	(void)state;
	FOR_SHAPES
	{
		size_t all = (size_t)(batch * n * d), rows = (size_t)(batch * d);
		float *x = numbers(all, 1, 1), *y = zeros(2 * rows), *ey = zeros(2 * rows), *dx = zeros(all),
		      *edx = zeros(all);
		float *dy = numbers(2 * rows, 3, 1);
		int32_t *at = die_calloc(rows, sizeof *at), *eat = die_calloc(rows, sizeof *at);
		const struct ops *o;
		for (size_t i = 0; i < all; i++)
			x[i] = roundf(x[i] * 2) / 2; /* ties */
		for (int b = 0; b < batch; b++)
			for (int j = 0; j < d; j++) {
				float sum = 0, top = -INFINITY;
				int32_t *where = &eat[b * d + j];
				for (int i = 0; i < n; i++) {
					float v = x[(b * n + i) * d + j];
					sum += v;
					if (v > top) {
						top = v;
						*where = i;
					}
				}
				ey[2 * b * d + j] = sum / (float)n;
				ey[(2 * b + 1) * d + j] = top;
				for (int i = 0; i < n; i++)
					edx[(b * n + i) * d + j] = dy[2 * b * d + j] / (float)n;
				edx[(b * n + *where) * d + j] += dy[(2 * b + 1) * d + j];
			}
		for (int t = 0; (o = table(t)); t++) {
			o->pool_mean_max(y, at, x, NULL, batch, n, d);
			assert_same_bits(y, ey, 2 * rows, o->name, "y");
			assert_memory_equal(at, eat, rows * sizeof *at);
			o->pool_mean_max_backward(dx, dy, at, NULL, batch, n, d);
			assert_same_bits(dx, edx, all, o->name, "dx");
			check_numbered_pooling(o, x, dy, batch, n, d);
		}
		float *arrays[] = {x, y, ey, dx, edx, dy};
		for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
			free(arrays[i]);
		free(at);
		free(eat);
	}
}

struct gate {
	int batch, d;
	double *zt, *zc, *logits;
	const float *dh;
};

static double gate_objective(void *context)
{
	const struct gate *g = context;
	double total = 0;
	for (int b = 0; b < g->batch; b++) {
		double alpha = 1 / (1 + exp(g->logits[2 * b + 1] - g->logits[2 * b]));
		for (int j = 0; j < g->d; j++) {
			total += alpha * g->zt[b * g->d + j] * (double)g->dh[2 * b * g->d + j];
			total += (1 - alpha) * g->zc[b * g->d + j] * (double)g->dh[(2 * b + 1) * g->d + j];
		}
	}
	return total;
}

static void the_gate_is_a_softmax_and_has_its_gradient(void **state)
{
	(void)state;
	FOR_SHAPES
	{
		size_t rows = (size_t)(batch * d), pairs = 2 * (size_t)batch;
		float *zt = numbers(rows, 1, 1), *zc = numbers(rows, 2, 1), *logits = numbers(pairs, 3, 2);
		float *h = zeros(2 * rows), *alpha = zeros(pairs), *dh = numbers(2 * rows, 4, 1);
		float *first_h = zeros(2 * rows), *dzt = zeros(rows), *dzc = zeros(rows),
		      *dlogits = zeros(pairs), *first = zeros(pairs);
		struct gate g = {
			batch, d, doubles_of(zt, rows), doubles_of(zc, rows), doubles_of(logits, pairs), dh};
		const struct ops *o;
		(void)n;
		for (int t = 0; (o = table(t)); t++) {
			o->gate(h, alpha, zt, zc, logits, batch, d);
			o->gate_backward(dzt, dzc, dlogits, dh, zt, zc, alpha, batch, d);
			for (int b = 0; b < batch; b++) {
				assert_true(fabsf(alpha[2 * b] + alpha[2 * b + 1] - 1) < 1e-6f);
				for (int j = 0; j < d; j++) {
					float y[2] = {alpha[2 * b] * zt[b * d + j],
						      alpha[2 * b + 1] * zc[b * d + j]};
					assert_same_bits(&h[2 * b * d + j], &y[0], 1, o->name, "h");
					assert_same_bits(&h[(2 * b + 1) * d + j], &y[1], 1, o->name, "h");
				}
			}
			assert_gradient(gate_objective, &g, g.zt, rows, dzt, 1e-4, "zt");
			assert_gradient(gate_objective, &g, g.zc, rows, dzc, 1e-4, "zc");
			assert_gradient(gate_objective, &g, g.logits, pairs, dlogits, 1e-4, "logits");
			if (t > 0) {
				assert_same_bits(h, first_h, 2 * rows, o->name, "h");
				assert_same_bits(dlogits, first, pairs, o->name, "dlogits");
			}
			memcpy(first_h, h, 2 * rows * sizeof *h);
			memcpy(first, dlogits, pairs * sizeof *first);
		}
		float *arrays[] = {zt, zc, logits, h, alpha, dh, first_h, dzt, dzc, dlogits, first};
		for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
			free(arrays[i]);
		free(g.zt);
		free(g.zc);
		free(g.logits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_are_added_to_every_record),
		cmocka_unit_test(a_record_vector_is_added_to_all_its_tokens),
		cmocka_unit_test(masked_tokens_are_replaced_and_their_gradient_goes_to_the_token),
		cmocka_unit_test(pooling_takes_mean_and_first_maximum),
		cmocka_unit_test(the_gate_is_a_softmax_and_has_its_gradient),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
