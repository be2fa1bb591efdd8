#include "kernels/cpu/small.h"

#include "kernels/cpu/micro.h"

struct tile {
	float *c;
	const float *a, *b;
	ptrdiff_t ldc, rs, cs, ldb;
	int k;
	bool is_zero;
};

/* One function per height, so that each keeps its accumulators in registers. */
#define TILE(mr, nv)                                                                                         \
	static void tile_##mr##x##nv(const struct tile *t)                                                   \
	{                                                                                                    \
		micro_tile(mr, nv, t->k, t->a, t->rs, t->cs, t->b, t->ldb, t->c, t->ldc, t->is_zero);        \
	}
#define HEIGHTS_4(f, nv) f(1, nv) f(2, nv) f(3, nv) f(4, nv)
#define HEIGHTS_6(f, nv) HEIGHTS_4(f, nv) f(5, nv) f(6, nv)
#define HEIGHTS_14(f, nv)                                                                                    \
	HEIGHTS_6(f, nv) f(7, nv) f(8, nv) f(9, nv) f(10, nv) f(11, nv) f(12, nv) f(13, nv) f(14, nv)
#if defined __AVX512F__
#define HEIGHTS HEIGHTS_14
#elif defined __AVX2__
#define HEIGHTS HEIGHTS_6
#else
#define HEIGHTS HEIGHTS_4
#endif

HEIGHTS(TILE, 1)
#if defined __AVX512F__
HEIGHTS(TILE, 2)
#endif

#define NAME(mr, nv) tile_##mr##x##nv,
static void (*const tile_of[MICRO_NV][MICRO_MR])(const struct tile *t) = {
	{HEIGHTS(NAME, 1)},
#if defined __AVX512F__
	{HEIGHTS(NAME, 2)},
#endif
};

/* Columns that stick out of C go through a full-sized tile. */
static void run_tile(struct tile *t, int rows, int cols)
{
	float whole[MICRO_MR * MICRO_NR], *c = t->c;
	ptrdiff_t ldc = t->ldc;
	if (cols % 16 == 0) {
		tile_of[cols / 16 - 1][rows - 1](t);
		return;
	}
	if (!t->is_zero)
		micro_copy(whole, MICRO_NR, c, ldc, rows, cols);
	t->c = whole;
	t->ldc = MICRO_NR;
	tile_of[cols / 16][rows - 1](t);
	micro_copy(c, ldc, whole, MICRO_NR, rows, cols);
}

void ISA(small_product)(float *c, ptrdiff_t ldc, const float *a, ptrdiff_t rs, ptrdiff_t cs, const float *b,
			ptrdiff_t ldb, int m, int n, int k, bool is_accumulated)
{
	int n_tiles = (m + MICRO_MR - 1) / MICRO_MR;
	for (int j = 0; j < n; j += MICRO_NR) {
		for (int done = 0, tile = 0; tile < n_tiles; tile++) {
			int rows = (m - done + n_tiles - tile - 1) / (n_tiles - tile); /* even heights */
			struct tile t = {.c = c + done * ldc + j,
					 .a = a + done * rs,
					 .b = b + j,
					 .ldc = ldc,
					 .rs = rs,
					 .cs = cs,
					 .ldb = ldb,
					 .k = k,
					 .is_zero = !is_accumulated};
			run_tile(&t, rows, n - j < MICRO_NR ? n - j : MICRO_NR);
			done += rows;
		}
	}
}

void ISA(small_transpose)(float *to, ptrdiff_t ld, const float *from, ptrdiff_t ld_from, int n, int k)
{
	for (int p = 0; p < k; p++) {
		for (int i = 0; i < n; i++)
			to[p * ld + i] = from[i * ld_from + p];
		for (ptrdiff_t i = n; i < ld; i++)
			to[p * ld + i] = 0;
	}
}

void ISA(small_copy)(float *to, ptrdiff_t ld, const float *from, ptrdiff_t ld_from, int n, int k)
{
	for (int i = 0; i < n; i++) {
		memcpy(to + i * ld, from + i * ld_from, (size_t)k * sizeof *to);
		memset(to + i * ld + k, 0, (size_t)(ld - k) * sizeof *to);
	}
}
