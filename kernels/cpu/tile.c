#include "kernels/cpu/tile.h"

#include <string.h>

#include "kernels/cpu/micro.h"

/* One function per height and width, so that each keeps its accumulators in registers; `part`: the last vector is cut. */
#define TILE(mr, nv)                                                                                         \
	static void whole_##mr##x##nv(const struct micro *t)                                                 \
	{                                                                                                    \
		micro_tile(mr, nv, true, t);                                                                 \
	}                                                                                                    \
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
#define HEIGHTS HEIGHTS_14
HEIGHTS(TILE, 2)
#elif defined __AVX2__
#define HEIGHTS HEIGHTS_6
#else
#define HEIGHTS HEIGHTS_4
#endif
HEIGHTS(TILE, 1)

typedef void micro_function(const struct micro *t);
static micro_function *const whole[TILE_VECTORS][TILE_ROWS] = {
	{HEIGHTS(WHOLE, 1)},
#if defined __AVX512F__
	{HEIGHTS(WHOLE, 2)},
#endif
};
static micro_function *const part[TILE_VECTORS][TILE_ROWS] = {
	{HEIGHTS(PART, 1)},
#if defined __AVX512F__
	{HEIGHTS(PART, 2)},
#endif
};

static int n_tiles_of(int m)
{
	return (m + TILE_ROWS - 1) / TILE_ROWS;
}

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

/* What one tile asks for: up to k lines of two runs, else A's columns, for which a narrow tile has no load to spare. */
static void choose_asks(struct micro *t, int rows, bool is_narrow, struct tile_ahead *f)
{
	for (int i = 0; i < MICRO_ASKS; i++) {
		if (f && f->at < f->n) {
			struct tile_run *r = &f->runs[f->at];
			t->ask[i] = r->p;
			t->ask_step[i] = r->step;
			r->p += r->step * t->k;
			r->n -= t->k;
			f->at += r->n <= 0;
		} else {
			t->ask[i] =
				is_narrow ? NULL : at(t->a, A_AHEAD * t->cs + (i ? (rows - 1) * t->rs : 0));
			t->ask_step[i] = t->cs;
		}
	}
}

void ISA(tile_product)(const struct tile_c *c, struct tile_a a, const float *b, ptrdiff_t ldb, int m, int n,
		       int k)
{
	/* Heights are as even as can be: the first `higher` tiles have a row more. */
	int n_tiles = n_tiles_of(m), low = n_tiles ? m / n_tiles : 0, higher = m - low * n_tiles;
	struct micro t = {
		.ldc = c->ldc, .ld_from = c->ld_from, .rs = a.row, .cs = a.column, .ldb = ldb, .k = k};
	for (int j = 0; j < n; j += TILE_COLUMNS) {
		int cols = n - j < TILE_COLUMNS ? n - j : TILE_COLUMNS, vectors = (cols + 15) / 16;
		micro_function *const *of_height = cols % 16 ? part[vectors - 1] : whole[vectors - 1];
		t.last = cols - 16 * (vectors - 1);
		t.b = at(b, j); /* NULL, as a.p, if k is 0 */
		t.bias = at(c->bias, j);
		for (int done = 0, tile = 0; tile < n_tiles; tile++) {
			int rows = low + (tile < higher);
			t.c = c->c + done * c->ldc + j;
			t.from = at(c->from, done * c->ld_from + j);
			t.residual = at(c->residual, done * c->ldc + j);
			t.factor = at(c->factor, done);
			t.a = at(a.p, done * a.row);
			choose_asks(&t, rows, vectors < TILE_VECTORS, c->ahead);
			of_height[rows - 1](&t);
			done += rows;
		}
	}
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
