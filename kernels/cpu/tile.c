#include "kernels/cpu/tile.h"

#include <string.h>

#include "kernels/cpu/micro.h"

/* One function per height and width, so that each keeps its accumulators in registers; `part`: the
 * last vector is cut. */
#define WHOLE_TILE(mr, nv)                                                                                   \
	static void whole_##mr##x##nv(const struct micro *t)                                                 \
	{                                                                                                    \
		micro_tile(mr, nv, true, t);                                                                 \
	}
#define TILE(mr, nv)                                                                                         \
	WHOLE_TILE(mr, nv)                                                                                   \
	static void part_##mr##x##nv(const struct micro *t)                                                  \
	{                                                                                                    \
		micro_tile(mr, nv, false, t);                                                                \
	}
#define WHOLE(mr, nv)	 whole_##mr##x##nv,
#define PART(mr, nv)	 part_##mr##x##nv,
#define HEIGHTS_4(f, nv) f(1, nv) f(2, nv) f(3, nv) f(4, nv)
#define HEIGHTS_6(f, nv) HEIGHTS_4(f, nv) f(5, nv) f(6, nv)
#define HEIGHTS_14(f, nv)                                                                                    \
	HEIGHTS_6(f, nv) f(7, nv) f(8, nv) f(9, nv) f(10, nv) f(11, nv) f(12, nv) f(13, nv) f(14, nv)
#if defined __AVX512F__
#define HEIGHTS		 HEIGHTS_14
#define HEIGHTS_9(f, nv) HEIGHTS_6(f, nv) f(7, nv) f(8, nv) f(9, nv)
HEIGHTS(TILE, 2)
HEIGHTS_9(WHOLE_TILE, 3)
#elif defined HAS_VECTORS
#define HEIGHTS HEIGHTS_6
#else
#define HEIGHTS HEIGHTS_4
#endif
HEIGHTS(TILE, 1)

typedef void micro_function(const struct micro *t);
static micro_function *const whole[MICRO_VECTORS][TILE_ROWS] = {
	{HEIGHTS(WHOLE, 1)},
#if defined __AVX512F__
	{HEIGHTS(WHOLE, 2)},
	{HEIGHTS_9(WHOLE, 3)},
#endif
};
static micro_function *const part[TILE_VECTORS][TILE_ROWS] = {
	{HEIGHTS(PART, 1)},
#if defined __AVX512F__
	{HEIGHTS(PART, 2)},
#endif
};

static const float *at(const float *p, ptrdiff_t offset)
{
	return p ? p + offset : NULL;
}

enum { A_AHEAD = 16 }; /* steps of k: columns of A lie at strides that hardware does not foresee */

void ISA(tile_foresee)(struct tile_ahead *f, const float *p, ptrdiff_t ld, int rows, int columns)
{
	bool is_dense = ld < columns + 16;
	if (is_dense && f->n < TILE_RUNS)
		f->runs[f->n++] = (struct tile_run){p, 16, (int)((rows * ld + 15) / 16)};
	for (int j = 0; !is_dense && j < columns && f->n < TILE_RUNS; j += 16)
		f->runs[f->n++] = (struct tile_run){p + j, ld, rows};
}

/* What one tile asks for: two lines of a run at a time, else A's columns, for which a narrow tile has no load
 * to spare, nor has any with AVX2. */
static void choose_asks(struct micro *t, int rows, bool is_narrow, struct tile_ahead *f)
{
	if (f && f->at < f->n) {
		struct tile_run *r = &f->runs[f->at];
		int times = t->k / MICRO_ASK_STEPS;
		t->ask = r->p;
		t->ask_step = r->step;
		t->ask_apart = r->step * times;
		r->p += 2 * t->ask_apart;
		r->n -= 2 * times;
		f->at += r->n <= 0;
	} else {
		t->ask = is_narrow || MICRO_ASK_STEPS > 1 ? NULL : at(t->a, A_AHEAD * t->cs);
		t->ask_step = t->cs;
		t->ask_apart = (rows - 1) * t->rs;
	}
}

/* A panel of columns, in tiles of at most max_rows. */
static void panel_product(const struct tile_c *c, struct tile_a a, const float *b, ptrdiff_t ldb, int m,
			  int cols, int k, int max_rows)
{
	/* Heights are as even as can be: the first `higher` tiles have a row more. */
	int n_tiles = (m + max_rows - 1) / max_rows, low = n_tiles ? m / n_tiles : 0,
	    higher = m - low * n_tiles;
	int vectors = (cols + 15) / 16;
	micro_function *const *of_height = cols % 16 ? part[vectors - 1] : whole[vectors - 1];

	struct micro t = {.ldc = c->ldc,
			  .ld_from = c->ld_from,
			  .bias = c->bias,
			  .b = b,
			  .rs = a.row,
			  .cs = a.column,
			  .ldb = ldb,
			  .k = k,
			  .last = cols - 16 * (vectors - 1)};

	for (int done = 0, tile = 0; tile < n_tiles; tile++) {
		int rows = low + (tile < higher);
		t.c = c->c + done * c->ldc;
		t.from = at(c->from, done * c->ld_from);
		t.residual = at(c->residual, done * c->ldc);
		t.factor = at(c->factor, done);
		t.a = at(a.p, done * a.row);
		choose_asks(&t, rows, vectors < TILE_VECTORS, c->ahead);
		of_height[rows - 1](&t);
		done += rows;
	}
}

/* The product of some columns from `first` on; pointers that are not there stay NULL, as
 * a.p and b if k is 0. */
static void columns_product(const struct tile_c *c, struct tile_a a, const float *b, ptrdiff_t ldb, int m,
			    int first, int cols, int k, int max_rows)
{
	struct tile_c panel = *c;
	panel.c += first;
	panel.from = at(c->from, first);
	panel.bias = at(c->bias, first);
	panel.residual = at(c->residual, first);
	panel_product(&panel, a, at(b, first), ldb, m, cols, k, max_rows);
}

#if defined __AVX512F__
/* ---- 50 columns: 48 in wide tiles, and of the few that are left four rows in a vector ---- */

enum { WIDE = 48, WIDE_ROWS = 9, QUADS = 7 };

static bool is_fifty(const struct tile_c *c, struct tile_a a, int m, int n, int k)
{
	return n > WIDE && n <= WIDE + 4 && a.column == 1 && k % 4 == 0 && m >= 4 * QUADS && !c->from &&
	       !c->factor && !c->bias && !c->residual;
}

/* C[4*QUADS, n] = A B, n <= 4. */
static void quads_product(float *c, ptrdiff_t ldc, const float *a, ptrdiff_t lda, const float *b,
			  ptrdiff_t ldb, int n, int k)
{
	v16 acc[QUADS], x[QUADS];
	UNROLL
	for (int q = 0; q < QUADS; q++)
		acc[q] = v_set(0);

	for (; k > 0; k -= 4, a += 4) {
		UNROLL
		for (int q = 0; q < QUADS; q++)
			x[q] = v_quads(a + 4 * q * lda, lda);
		UNROLL
		for (int i = 0; i < 4; i++, b += ldb) {
			v16 row = v_quad(b, n);
			UNROLL
			for (int q = 0; q < QUADS; q++)
				acc[q] = v_fma(v_in_quads(x[q], i), row, acc[q]);
		}
	}

	UNROLL
	for (int q = 0; q < QUADS; q++)
		v_store_quads(c + 4 * q * ldc, ldc, acc[q], n);
}

/* Some rows are worked out twice if m is no multiple. */
static void fifty_product(const struct tile_c *c, struct tile_a a, const float *b, ptrdiff_t ldb, int m,
			  int n, int k)
{
	columns_product(c, a, b, ldb, m, 0, WIDE, k, WIDE_ROWS);
	for (int i = 0; i < m; i += 4 * QUADS) {
		int row = i + 4 * QUADS <= m ? i : m - 4 * QUADS;
		quads_product(c->c + row * c->ldc + WIDE, c->ldc, a.p + row * a.row, a.row, b + WIDE, ldb,
			      n - WIDE, k);
	}
}
#endif

void ISA(tile_product)(const struct tile_c *c, struct tile_a a, const float *b, ptrdiff_t ldb, int m, int n,
		       int k)
{
#if defined __AVX512F__
	if (is_fifty(c, a, m, n, k)) {
		fifty_product(c, a, b, ldb, m, n, k);
		return;
	}
#endif
	for (int j = 0; j < n; j += TILE_COLUMNS)
		columns_product(c, a, b, ldb, m, j, n - j < TILE_COLUMNS ? n - j : TILE_COLUMNS, k,
				TILE_ROWS);
}

/* Sixteen columns of k rows, `cols` of them there. */
static void copy_columns(float *to, ptrdiff_t ld, const float *p, ptrdiff_t row, int cols, int k)
{
	if (cols >= 16)
		for (int i = 0; i < k; i++, to += ld, p += row)
			v_store(to, v_load(p));
	else
		for (int i = 0; i < k; i++, to += ld, p += row)
			v_store(to, v_load_n(p, cols));
}

void ISA(tile_rows)(float *to, ptrdiff_t ld, const float *p, ptrdiff_t row, ptrdiff_t column, int n, int k)
{
	for (int j = 0; j < ld; j += 16) {
		int cols = n - j < 16 ? n - j : 16;
		if (cols <= 0)
			for (int i = 0; i < k; i++)
				v_store(to + i * ld + j, v_set(0));
		else if (column == 1)
			copy_columns(to + j, ld, p + j, row, cols, k);
		else
			for (int i = 0; i < k; i += 16)
				v_transpose_block(to + i * ld + j, ld, p + i + j * column, column, cols,
						  k - i < 16 ? k - i : 16);
	}
}
