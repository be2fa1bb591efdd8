/* Operations over several blocks at once (kernels/sums.h): as each block alone, whose definitions the other
 * tests of kernels hold. */
#include "kernels_helper.h"

enum { STRIDE = 400 }; /* floats between the gradients of two blocks */

static void expect_blocks(const float *found, const float *expected, int n_blocks, size_t n,
			  const struct ops *o, const char *what)
{
	for (int i = 0; i < n_blocks; i++)
		assert_same_bits(found + i * STRIDE, expected + i * STRIDE, n, o->name, what);
}

/* 2.6 blocks, of more than one chunk each. */
enum { ROWS = 333, OF_BLOCK = 130, WIDTH = 37, BLOCKS = 3 };

static int rows_of(int block, int of_block, int rows)
{
	int left = rows - block * of_block;
	return left < of_block ? left : of_block;
}

static void sums_of_rows(void **state)
{
	float *x = numbers(ROWS * WIDTH, 1, 1), *old = numbers(BLOCKS * STRIDE, 2, 1);
	const struct ops *o;
	(void)state;
	for (int k = 0; (o = table(k)); k++) {
		float *found = copy_of(old, BLOCKS * STRIDE), *expected = copy_of(old, BLOCKS * STRIDE);
		o->sum_rows(found, x, ROWS, WIDTH, WIDTH, (struct by_block){OF_BLOCK, STRIDE});
		for (int i = 0; i < BLOCKS; i++)
			o->sum_rows(expected + i * STRIDE, x + i * OF_BLOCK * WIDTH,
				    rows_of(i, OF_BLOCK, ROWS), WIDTH, WIDTH, (struct by_block){0});
		assert_same_bits(found, expected, BLOCKS * STRIDE, o->name, "sums");
		free(found);
		free(expected);
	}
	free(x);
	free(old);
}

static void layernorms(void **state)
{
	float *x = numbers(ROWS * WIDTH, 1, 1), *dy = numbers(ROWS * WIDTH, 2, 1), *w = numbers(WIDTH, 3, 1);
	float *y = zeros(ROWS * WIDTH), *mean = zeros(ROWS), *rstd = zeros(ROWS);
	float *dx = zeros(ROWS * WIDTH), *edx = zeros(ROWS * WIDTH);
	const struct ops *o;
	(void)state;
	for (int k = 0; (o = table(k)); k++) {
		float *dw = numbers(BLOCKS * STRIDE, 4, 1), *db = numbers(BLOCKS * STRIDE, 5, 1);
		float *edw = copy_of(dw, BLOCKS * STRIDE), *edb = copy_of(db, BLOCKS * STRIDE);
		o->layernorm(y, mean, rstd, x, w, w, ROWS, WIDTH, 1e-5f);
		o->layernorm_backward(dx, dw, db, dy, x, w, mean, rstd, dy, ROWS, WIDTH,
				      (struct by_block){OF_BLOCK, STRIDE});
		for (int i = 0; i < BLOCKS; i++) {
			size_t row = (size_t)i * OF_BLOCK, at = row * WIDTH;
			o->layernorm_backward(edx + at, edw + i * STRIDE, edb + i * STRIDE, dy + at, x + at,
					      w, mean + row, rstd + row, dy + at, rows_of(i, OF_BLOCK, ROWS),
					      WIDTH, (struct by_block){0});
		}
		assert_same_bits(dx, edx, ROWS * WIDTH, o->name, "dx");
		assert_same_bits(dw, edw, BLOCKS * STRIDE, o->name, "dw");
		assert_same_bits(db, edb, BLOCKS * STRIDE, o->name, "db");
		float *all[] = {dw, db, edw, edb};
		for (size_t i = 0; i < 4; i++)
			free(all[i]);
	}
	float *all[] = {x, dy, w, y, mean, rstd, dx, edx};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static void tokens(void **state)
{
	enum { BATCH = 9, OF_TOKENS = 4, N = 17, D = 20 };
	float *dy = numbers(BATCH * N * D, 1, 1), *dx = zeros(BATCH * N * D), *edx = zeros(BATCH * N * D);
	uint8_t keep[BATCH * N];
	struct by_block by = {OF_TOKENS, STRIDE}, one = {0};
	const struct ops *o;
	(void)state;
	for (int i = 0; i < BATCH * N; i++)
		keep[i] = i % 3 != 1;
	for (int k = 0; (o = table(k)); k++) {
		float *dp = numbers(BLOCKS * STRIDE, 2, 1), *edp = copy_of(dp, BLOCKS * STRIDE);
		float *token = copy_of(dp, BLOCKS * STRIDE), *etoken = copy_of(dp, BLOCKS * STRIDE);
		o->add_position_backward(dp, dy, BATCH, N, D, by);
		o->mask_tokens_backward(dx, token, dy, keep, BATCH, N, D, by);
		for (int i = 0; i < BLOCKS; i++) {
			int n = rows_of(i, OF_TOKENS, BATCH), record = i * OF_TOKENS;
			o->add_position_backward(edp + i * STRIDE, dy + record * N * D, n, N, D, one);
			o->mask_tokens_backward(edx + record * N * D, etoken + i * STRIDE,
						dy + record * N * D, keep + record * N, n, N, D, one);
		}
		assert_same_bits(dp, edp, BLOCKS * STRIDE, o->name, "dp");
		assert_same_bits(token, etoken, BLOCKS * STRIDE, o->name, "dtoken");
		assert_same_bits(dx, edx, BATCH * N * D, o->name, "dx");
		float *all[] = {dp, edp, token, etoken};
		for (size_t i = 0; i < 4; i++)
			free(all[i]);
	}
	free(dy);
	free(dx);
	free(edx);
}

/* Small ones, and such as go by tiles of their own and large ones. */
static void products(void **state)
{
	static const int sizes[][3] = {{19, 33, 40}, {5, 7, 300}, {130, 140, 70}};
	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		int m = sizes[s][0], n = sizes[s][1], k = sizes[s][2], last_k = k - 3;
		size_t rows = (size_t)(3 * k), n_c = (size_t)(m * n);
		float *a = numbers(rows * (size_t)m, 1, 1), *b = numbers(rows * (size_t)n, 2, 1);
		const struct ops *o;
		for (int t = 0; (o = table(t)); t++) {
			float *c = numbers(3 * n_c, 3, 1), *expected = copy_of(c, 3 * n_c);
			struct gemm g = {.m = m,
					 .n = n,
					 .k = k,
					 .a = a,
					 .lda = m,
					 .is_a_transposed = true,
					 .b = b,
					 .ldb = n,
					 .c = c,
					 .ldc = n,
					 .is_accumulated = true,
					 .batch = 3,
					 .last_k = last_k,
					 .stride_a = (size_t)(k * m),
					 .stride_b = (size_t)(k * n),
					 .stride_c = n_c};
			o->gemm(&g);
			g.batch = g.last_k = 0;
			for (int i = 0; i < 3; i++) {
				g.k = i == 2 ? last_k : k;
				g.a = a + (size_t)i * g.stride_a;
				g.b = b + (size_t)i * g.stride_b;
				g.c = expected + (size_t)i * n_c;
				o->gemm(&g);
			}
			assert_same_bits(c, expected, 3 * n_c, o->name, "c");
			free(c);
			free(expected);
		}
		free(a);
		free(b);
	}
}

static void sums_of_blocks_are_a_tree(void **state)
{
	enum { N = 77, MOST = 9 };
	float *from = numbers(MOST * N, 1, 1), *to = zeros(N);
	const struct ops *o;
	(void)state;
	for (int k = 0; (o = table(k)); k++)
		for (int m = 1; m <= MOST; m++) {
			o->sum_blocks(to, from, m, N);
			for (int j = 0; j < N; j++) {
				float column[MOST];
				for (int i = 0; i < m; i++)
					column[i] = from[i * N + j];
				float expected = tree(column, (size_t)m);
				assert_same_bits(to + j, &expected, 1, o->name, "a sum");
			}
			float *in_place = copy_of(from, MOST * N);
			o->sum_blocks(in_place, in_place, m, N);
			assert_same_bits(in_place, to, N, o->name, "in place");
			assert_same_bits(in_place + N, from + N, (MOST - 1) * N, o->name, "the rest");
			free(in_place);
		}
	free(from);
	free(to);
}

/* 41 records: sums of different lengths, two of them of one block, and one of each block. */
enum { RECORDS = 41 };
static const int32_t first[] = {0, 18, 20, 41}, block[] = {0, 0, 1};
static const struct record_sums listed = {3, 21, 2, first, block, STRIDE},
				even = {3, 18, 3, NULL, NULL, STRIDE};

static int first_of(const struct record_sums *s, int i)
{
	int from = s->first ? s->first[i] : i * s->most;
	return from < RECORDS ? from : RECORDS;
}

static size_t place_of(const struct record_sums *s, int i)
{
	return (size_t)(s->block ? s->block[i] : i) * s->stride;
}

static void check_convolution(const struct ops *o, const struct record_sums *s)
{
	enum { T_PAD = 20, T_OUT = 8, IN = 3, OUT = 8, K = 5, N_X = T_PAD * IN, N_Y = T_OUT * OUT };
	float *x = numbers(RECORDS * N_X, 1, 1), *w = numbers(OUT * K * IN, 2, 1),
	      *dy = numbers(RECORDS * N_Y, 3, 1);
	float *dw = numbers(BLOCKS * STRIDE, 4, 1), *dbias = copy_of(dw, BLOCKS * STRIDE);
	float *edw = copy_of(dw, BLOCKS * STRIDE), *edbias = copy_of(dw, BLOCKS * STRIDE);
	float *dx = zeros(RECORDS * N_X), *edx = zeros(RECORDS * N_X);
	struct conv1d c = {.batch = RECORDS,
			   .t_pad = T_PAD,
			   .c_in = IN,
			   .c_out = OUT,
			   .k = K,
			   .stride = 2,
			   .t_out = T_OUT,
			   .x = x,
			   .w = w,
			   .sums = s,
			   .dy = dy,
			   .dx = dx,
			   .dw = dw,
			   .dbias = dbias};
	c.scratch = zeros(o->conv1d_scratch(&c));
	o->conv1d_backward(&c);
	c.sums = NULL;
	for (int i = 0; i < s->n; i++) {
		int from = first_of(s, i);
		c.batch = first_of(s, i + 1) - from;
		c.x = x + from * N_X;
		c.dy = dy + from * N_Y;
		c.dx = edx + from * N_X;
		c.dw = edw + place_of(s, i);
		c.dbias = edbias + place_of(s, i);
		o->conv1d_backward(&c);
	}
	expect_blocks(dw, edw, s->n_blocks, OUT * K * IN, o, "dw of a convolution");
	expect_blocks(dbias, edbias, s->n_blocks, OUT, o, "dbias");
	assert_same_bits(dx, edx, RECORDS * N_X, o->name, "dx");
	float *all[] = {x, w, dy, dw, dbias, edw, edbias, dx, edx, c.scratch};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static void check_groupnorm(const struct ops *o, const struct record_sums *s)
{
	enum { T = 70, C = 12, GROUPS = 4, N = T * C };
	float *x = numbers(RECORDS * N, 1, 1), *w = numbers(C, 2, 1), *dy = numbers(RECORDS * N, 3, 1);
	float *dw = numbers(BLOCKS * STRIDE, 4, 1), *db = copy_of(dw, BLOCKS * STRIDE);
	float *edw = copy_of(dw, BLOCKS * STRIDE), *edb = copy_of(dw, BLOCKS * STRIDE);
	float *y = zeros(RECORDS * N), *before = zeros(RECORDS * N), *mean = zeros(RECORDS * GROUPS),
	      *rstd = zeros(RECORDS * GROUPS), *dx = zeros(RECORDS * N), *edx = zeros(RECORDS * N);
	struct groupnorm n = {.batch = RECORDS,
			      .t = T,
			      .c = C,
			      .groups = GROUPS,
			      .eps = 1e-5f,
			      .x = x,
			      .w = w,
			      .b = w,
			      .y = y,
			      .before_gelu = before,
			      .mean = mean,
			      .rstd = rstd,
			      .sums = s,
			      .dy = dy,
			      .dx = dx,
			      .dw = dw,
			      .db = db};
	o->groupnorm_gelu(&n);
	o->groupnorm_gelu_backward(&n);
	n.sums = NULL;
	for (int i = 0; i < s->n; i++) {
		int from = first_of(s, i);
		n.batch = first_of(s, i + 1) - from;
		n.x = x + from * N;
		n.before_gelu = before + from * N;
		n.mean = mean + from * GROUPS;
		n.rstd = rstd + from * GROUPS;
		n.dy = dy + from * N;
		n.dx = edx + from * N;
		n.dw = edw + place_of(s, i);
		n.db = edb + place_of(s, i);
		o->groupnorm_gelu_backward(&n);
	}
	expect_blocks(dw, edw, s->n_blocks, C, o, "dw of a GroupNorm");
	expect_blocks(db, edb, s->n_blocks, C, o, "db");
	assert_same_bits(dx, edx, RECORDS * N, o->name, "dx");
	float *all[] = {x, w, dy, dw, db, edw, edb, y, before, mean, rstd, dx, edx};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static void sums_of_records(void **state)
{
	const struct ops *o;
	(void)state;
	for (int k = 0; (o = table(k)); k++) {
		check_convolution(o, &listed);
		check_convolution(o, &even);
		check_groupnorm(o, &listed);
		check_groupnorm(o, &even);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_of_rows),
		cmocka_unit_test(layernorms),
		cmocka_unit_test(tokens),
		cmocka_unit_test(products),
		cmocka_unit_test(sums_of_blocks_are_a_tree),
		cmocka_unit_test(sums_of_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
