/* Products and sums against their definitions in kernels/ops.h, bit by bit, in every instruction set. */
#include "tests/unit/kernels_helper.h"

#include "kernels/cpu/math.h"

static float lane(v16 v)
{
	float x[16];
	v_store(x, v);
	return x[0];
}

/* struct gemm's comment as a loop. */
static void define(const struct gemm *g)
{
	int batch = g->batch > 1 ? g->batch : 1;
	bool is_chained = batch > 1 && g->stride_c == 0;
	for (int item = 0; item < batch; item++) {
		const float *a = g->a + (size_t)item * g->stride_a, *b = g->b + (size_t)item * g->stride_b;
		for (int i = 0; i < g->m; i++) {
			for (int j = 0; j < g->n; j++) {
				size_t e = (size_t)item * g->stride_c + (size_t)(i * g->ldc + j);
				float old = g->residual ? g->residual[e] : 0;
				float sum = g->is_accumulated || (is_chained && item > 0) ? g->c[e] : 0;
				for (int k = 0; k < g->k; k++)
					sum = fmaf(g->is_a_transposed ? a[k * g->lda + i] : a[i * g->lda + k],
						   g->is_b_transposed ? b[j * g->ldb + k] : b[k * g->ldb + j],
						   sum);
				if (!is_chained || item == batch - 1) {
					if (g->bias)
						sum += g->bias[j];
					if (g->before_gelu) {
						g->before_gelu[e] = sum;
						sum = lane(v_gelu(v_set(sum)));
					}
					if (g->gelu_argument)
						sum *= lane(v_gelu_gradient(v_set(g->gelu_argument[e])));
					if (g->residual)
						sum += old;
				}
				g->c[e] = sum;
			}
		}
	}
}

struct shape {
	int m, n, k, batch;
};

enum epilogue {
	PLAIN,
	BIAS,
	BIAS_GELU,
	GELU_GRADIENT,
	RESIDUAL,
	RESIDUAL_IN_PLACE,
	ACCUMULATED,
	ALL,
	N_EPILOGUES
};

struct arrays {
	float *a, *b, *c, *bias, *before, *argument, *residual;
	size_t n_c;
};

static struct gemm product(struct arrays *x, struct shape s, int transposed, enum epilogue e, bool is_chained)
{
	int lda = (transposed & 1 ? s.m : s.k) + 3, ldb = (transposed & 2 ? s.k : s.n) + 1, ldc = s.n + 2;
	size_t rows_a = (size_t)(transposed & 1 ? s.k : s.m), rows_b = (size_t)(transposed & 2 ? s.n : s.k);
	size_t batch = s.batch > 1 ? (size_t)s.batch : 1, size_c = (size_t)s.m * (size_t)ldc;

	x->n_c = is_chained ? size_c : batch * size_c;
	x->a = numbers(batch * rows_a * (size_t)lda, 1, 1);
	x->b = numbers(batch * rows_b * (size_t)ldb, 2, 1);
	x->c = numbers(x->n_c, 3, 1);
	x->bias = numbers((size_t)s.n, 4, 1);
	x->before = numbers(x->n_c, 5, 1);
	x->argument = numbers(x->n_c, 6, 1);
	x->residual = numbers(x->n_c, 7, 1);

	struct gemm g = {.m = s.m,
			 .n = s.n,
			 .k = s.k,
			 .a = x->a,
			 .lda = lda,
			 .is_a_transposed = transposed & 1,
			 .b = x->b,
			 .ldb = ldb,
			 .is_b_transposed = (transposed & 2) != 0,
			 .c = x->c,
			 .ldc = ldc,
			 .batch = s.batch,
			 .stride_a = rows_a * (size_t)lda,
			 .stride_b = rows_b * (size_t)ldb,
			 .stride_c = is_chained ? 0 : size_c};
	g.bias = e == BIAS || e == BIAS_GELU || e == ALL ? x->bias : NULL;
	g.before_gelu = e == BIAS_GELU || e == ALL ? x->before : NULL;
	g.gelu_argument = e == GELU_GRADIENT || e == ALL ? x->argument : NULL;
	g.residual = e == RESIDUAL || e == ALL ? x->residual : e == RESIDUAL_IN_PLACE ? x->c : NULL;
	g.is_accumulated = e == ACCUMULATED || e == ALL;

	return g;
}

static void release(struct arrays *x)
{
	float *all[] = {x->a, x->b, x->c, x->bias, x->before, x->argument, x->residual};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static void check(struct shape s, int transposed, enum epilogue e, bool is_chained, bool is_shared)
{
	struct arrays x;
	struct gemm g = product(&x, s, transposed, e, is_chained);

	if (is_shared)
		g.stride_b = 0;
	float *old = copy_of(x.c, x.n_c), *before = copy_of(x.before, x.n_c);
	define(&g);

	float *c = copy_of(x.c, x.n_c), *argument = copy_of(x.before, x.n_c);
	const struct ops *o;
	for (int i = 0; (o = table(i)); i++) {
		char what[120];
		snprintf(what, sizeof what, "%dx%dx%d batch %d transposed %d epilogue %d chained %d: c", s.m,
			 s.n, s.k, s.batch, transposed, (int)e, is_chained);
		memcpy(x.c, old, x.n_c * sizeof *old);
		memcpy(x.before, before, x.n_c * sizeof *old);
		o->gemm(&g);
		assert_same_bits(x.c, c, x.n_c, o->name, what);
		assert_same_bits(x.before, argument, x.n_c, o->name, "before_gelu");
	}

	free(old);
	free(before);
	free(c);
	free(argument);
	release(&x);
}

static void products_equal_their_definition(void **state)
{
	static const struct shape shapes[] = {
		{1, 1, 1, 0},	  {1, 1, 7, 0},	    {3, 5, 7, 0},     {13, 17, 19, 0}, {14, 32, 16, 0},
		{15, 33, 31, 0},  {28, 64, 256, 0}, {29, 31, 257, 0}, {6, 16, 300, 0}, {97, 101, 103, 0},
		{2, 127, 600, 0}, {127, 2, 65, 0},  {50, 50, 32, 3},  {7, 12, 5, 4},   {1, 40, 3, 2},
		{33, 7, 1, 5},	  {50, 32, 50, 9},  {64, 64, 64, 2},  {16, 20, 20, 2}, {61, 51, 64, 2},
		{28, 49, 8, 2},	  {37, 52, 20, 3},
	};
	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (int transposed = 0; transposed < 4; transposed++)
			check(shapes[i], transposed, PLAIN, false, false);
}

static void epilogues_equal_their_definition(void **state)
{
	static const struct shape shapes[] = {{5, 3, 4, 0}, {31, 45, 300, 0}, {9, 33, 21, 3}};
	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (int e = 0; e < N_EPILOGUES; e++)
			check(shapes[i], (int)i, (enum epilogue)e, false, false);
}

static void batches_may_extend_one_chain(void **state)
{
	(void)state;
	check((struct shape){23, 37, 11, 5}, 1, PLAIN, true, false);
	check((struct shape){3, 50, 300, 3}, 1, ACCUMULATED, true, false);
	check((struct shape){40, 5, 9, 2}, 0, BIAS_GELU, true, false);
}

static void batches_may_share_an_operand(void **state)
{
	(void)state;
	check((struct shape){23, 37, 11, 3}, 2, BIAS, false, true);
	check((struct shape){23, 37, 11, 40}, 0, PLAIN, false, true);
	/* too large to be packed once for all threads */
	check((struct shape){2, 300, 900, 3}, 2, PLAIN, false, true);
	check((struct shape){2, 300, 900, 2}, 0, BIAS, false, true);
}

/* More columns than are packed at a time, more depth than is packed at once. */
static void large_products_equal_their_definition(void **state)
{
	(void)state;
	check((struct shape){20, 1061, 40, 0}, 0, BIAS, false, false);
	check((struct shape){3, 1030, 1300, 0}, 1, RESIDUAL_IN_PLACE, false, false);
	check((struct shape){3, 1030, 1300, 0}, 2, PLAIN, false, false);
	/* columns of A that are packed, in several blocks of rows and of k */
	check((struct shape){211, 71, 530, 0}, 1, ACCUMULATED, false, false);
	check((struct shape){101, 70, 260, 0}, 1, ALL, false, false);
	check((struct shape){103, 66, 300, 2}, 3, ACCUMULATED, true, false);
	/* many tiles of a card's larger size */
	check((struct shape){1030, 1030, 11, 0}, 2, ACCUMULATED, false, false);
	check((struct shape){70, 101, 9, 64}, 0, ALL, false, false);
	if (!is_emulated())
		check((struct shape){390, 400, 700, 0}, 1, PLAIN, false, false);
}

static void an_empty_product_is_zero_or_the_old_value(void **state)
{
	(void)state;
	check((struct shape){5, 20, 0, 0}, 0, PLAIN, false, false);
	check((struct shape){5, 20, 0, 0}, 0, ACCUMULATED, false, false);
	check((struct shape){5, 20, 0, 3}, 0, BIAS, false, false);
	check((struct shape){5, 20, 0, 19}, 0, ALL, true, false);
}

/* A size from 1 on, most of them small, some beyond any block. */
static int draw_size(struct philox *r)
{
	static const int limits[] = {16, 40, 70, 70, 300, 450, 1100};
	return 1 + (int)(philox_uniform(r) * limits[philox_u32(r) % 7]);
}

static void drawn_products_equal_their_definition(void **state)
{
	struct philox r = philox_open(8, PURPOSE_NOISE, 0, 0);
	(void)state;
	for (int i = 0, n = is_emulated() ? 60 : 200; i < n;) {
		struct shape s = {draw_size(&r), draw_size(&r), draw_size(&r), 0};
		if (philox_u32(&r) % 2)
			s.batch = (int)(philox_u32(&r) % 20);
		if ((double)s.m * s.n * s.k * (s.batch > 1 ? s.batch : 1) > 1e6)
			continue;
		enum epilogue e = philox_u32(&r) % N_EPILOGUES;
		bool is_chained = s.batch > 1 && e != RESIDUAL_IN_PLACE && philox_u32(&r) % 3 == 0;
		check(s, (int)(philox_u32(&r) % 4), e, is_chained, s.batch > 1 && philox_u32(&r) % 2);
		i++;
	}
}

/* A card's grid ends at 65,535 tiles of 32 rows. */
static void more_rows_than_a_grid_has(void **state)
{
	(void)state;
	check((struct shape){65535 * 32 + 1, 1, 1, 0}, 0, ALL, false, false);
	check((struct shape){65535 * 32 + 33, 1, 2, 0}, 1, BIAS_GELU, false, false);
}

static void rows_of_a_may_overlap(void **state)
{
	enum { M = 40, K = 33, N = 19, STEP = 5 };
	float *a = numbers(STEP * (M - 1) + K, 1, 1), *b = numbers(N * K, 2, 1);
	float *c = zeros(M * N), *expected = zeros(M * N);
	struct gemm g = {.m = M,
			 .n = N,
			 .k = K,
			 .a = a,
			 .lda = STEP,
			 .b = b,
			 .ldb = K,
			 .is_b_transposed = true,
			 .ldc = N};
	const struct ops *o;
	(void)state;
	g.c = expected;
	define(&g);
	g.c = c;

	for (int i = 0; (o = table(i)); i++) {
		o->gemm(&g);
		assert_same_bits(c, expected, M * N, o->name, "c");
	}

	free(a);
	free(b);
	free(c);
	free(expected);
}

static void a_product_is_near_the_real_one(void **state)
{
	enum { M = 30, N = 20, K = 500 };
	float *a = numbers(M * K, 1, 1), *b = numbers(K * N, 2, 1), c[M * N];
	double expected[M * N];
	(void)state;

	for (int i = 0; i < M; i++)
		for (int j = 0; j < N; j++) {
			double sum = 0;
			for (int k = 0; k < K; k++)
				sum += (double)a[i * K + k] * (double)b[k * N + j];
			expected[i * N + j] = sum;
		}

	ops_cpu_named("scalar")->gemm(
		&(struct gemm){.m = M, .n = N, .k = K, .a = a, .lda = K, .b = b, .ldb = N, .c = c, .ldc = N});
	assert_near(c, expected, M * N, 1e-4, "c");
	free(a);
	free(b);
}

static void sum_rows_adds_chunks_in_a_tree(void **state)
{
	static const int m[] = {0, 1, 63, 64, 65, 200, 449, 700}, n[] = {1, 16, 33, 70};
	(void)state;
	for (size_t i = 0; i < sizeof m / sizeof *m; i++) {
		for (size_t j = 0; j < sizeof n / sizeof *n; j++) {
			size_t ld = (size_t)n[j] + 3;
			float *x = numbers((size_t)m[i] * ld, 5, 3), *old = numbers((size_t)n[j], 6, 1);
			float *expected = copy_of(old, (size_t)n[j]);
			const struct ops *o;
			for (int c = 0; c < n[j]; c++)
				expected[c] += chunked_sum(x + c, (size_t)m[i], ld, 64);
			for (int t = 0; (o = table(t)); t++) {
				float *db = copy_of(old, (size_t)n[j]);
				o->sum_rows(db, x, m[i], n[j], (int)ld, (struct by_block){0});
				assert_same_bits(db, expected, (size_t)n[j], o->name, "db");
				free(db);
			}
			free(x);
			free(old);
			free(expected);
		}
	}
}

static void sum_squares_adds_lanes_and_chunks(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 17, 4095, 4096, 4097, 50000};
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t n = sizes[i], n_chunks = (n + 4095) / 4096;
		float *x = numbers(n, 8, 1), *parts = zeros(n_chunks);
		double exact = 0;
		const struct ops *o;
		for (size_t c = 0; c < n_chunks; c++) {
			float lanes[16] = {0};
			for (size_t e = c * 4096; e < n && e < (c + 1) * 4096; e++)
				lanes[e % 16] = fmaf(x[e], x[e], lanes[e % 16]);
			parts[c] = fold(lanes);
		}
		for (size_t e = 0; e < n; e++)
			exact += (double)x[e] * (double)x[e];
		float expected = tree(parts, n_chunks);
		assert_near(&expected, &exact, 1, 1e-5, "sum");
		for (int t = 0; (o = table(t)); t++) {
			float sum = o->sum_squares(x, n), there = -1;
			o->squares(&there, x, n);
			assert_memory_equal(&there, &sum, sizeof sum);
			assert_same_bits(&sum, &expected, 1, o->name, "sum");
			if (n > 100) {
				float kept = x[n / 2];
				x[n / 2] = NAN;
				assert_false(isfinite(o->sum_squares(x, n)));
				x[n / 2] = kept;
			}
		}
		free(x);
		free(parts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_equal_their_definition),
		cmocka_unit_test(epilogues_equal_their_definition),
		cmocka_unit_test(batches_may_extend_one_chain),
		cmocka_unit_test(batches_may_share_an_operand),
		cmocka_unit_test(more_rows_than_a_grid_has),
		cmocka_unit_test(large_products_equal_their_definition),
		cmocka_unit_test(an_empty_product_is_zero_or_the_old_value),
		cmocka_unit_test(drawn_products_equal_their_definition),
		cmocka_unit_test(rows_of_a_may_overlap),
		cmocka_unit_test(a_product_is_near_the_real_one),
		cmocka_unit_test(sum_rows_adds_chunks_in_a_tree),
		cmocka_unit_test(sum_squares_adds_lanes_and_chunks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
