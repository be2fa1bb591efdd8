/*
 * A block's tile of a product, by sums that lie in its threads' registers. Included once for each size of
 * tile, with TILE (its name's end), TILE_M, TILE_N, TILE_K and EACH, the rows and columns of a thread.
 *
 * Every element is one chain over ascending k, whatever the tile: sizes change speed only.
 */
#if defined TILE

#define TILE_JOIN_(a, b) a##b
#define TILE_JOIN(a, b)	 TILE_JOIN_(a, b)
#define TILE_NAME(name)	 TILE_JOIN(name, TILE)
#define TILE_THREADS	 (TILE_M / EACH * (TILE_N / EACH))

/* to[k][r] = element (first + r, k0 + k) of an operand, zeros beyond its ends. */
DEV void TILE_NAME(load_rows_)(float (*to)[TILE_M + 4], struct operand o, int first, int limit, int k0, int k)
{
	for (int e = (int)threadIdx.x; e < TILE_M * TILE_K; e += TILE_THREADS) {
		int depth = o.is_k_major ? e / TILE_M : e % TILE_K,
		    r = o.is_k_major ? e % TILE_M : e / TILE_K;
		int is_inside = first + r < limit && k0 + depth < k;
		to[depth][r] = is_inside ? operand_at(o, first + r, k0 + depth) : 0.0f;
	}
}

DEV void TILE_NAME(load_columns_)(float (*to)[TILE_N + 4], struct operand o, int first, int limit, int k0,
				  int k)
{
	for (int e = (int)threadIdx.x; e < TILE_N * TILE_K; e += TILE_THREADS) {
		int depth = o.is_k_major ? e / TILE_N : e % TILE_K,
		    r = o.is_k_major ? e % TILE_N : e / TILE_K;
		int is_inside = first + r < limit && k0 + depth < k;
		to[depth][r] = is_inside ? operand_at(o, first + r, k0 + depth) : 0.0f;
	}
}

/* The thread's first row and column in its tile. */
DEV int TILE_NAME(row_)(void)
{
	return (int)threadIdx.x / (TILE_N / EACH) * EACH;
}

DEV int TILE_NAME(column_)(void)
{
	return (int)threadIdx.x % (TILE_N / EACH) * EACH;
}

/* One step of k: a tail is never filled up with products by zero. */
DEV void TILE_NAME(step_)(float (*sum)[EACH], const float *rows, const float *columns)
{
	float x[EACH], y[EACH];
	UNROLL
	for (int r = 0; r < EACH; r++)
		x[r] = rows[r];
	UNROLL
	for (int c = 0; c < EACH; c++)
		y[c] = columns[c];
	UNROLL
	for (int r = 0; r < EACH; r++)
		UNROLL
	for (int c = 0; c < EACH; c++)
		sum[r][c] = FMA(x[r], y[c], sum[r][c]);
}

/* sum[EACH][EACH] goes on by k products; rows i0.. of m, columns j0.. of n. */
DEV void TILE_NAME(chain_)(float (*sum)[EACH], struct operand a, struct operand b, int i0, int m, int j0,
			   int n, int k)
{
	SHARED float rows[TILE_K][TILE_M + 4], columns[TILE_K][TILE_N + 4];
	int i = TILE_NAME(row_)(), j = TILE_NAME(column_)();

	for (int k0 = 0; k0 < k; k0 += TILE_K) {
		TILE_NAME(load_rows_)(rows, a, i0, m, k0, k);
		TILE_NAME(load_columns_)(columns, b, j0, n, k0, k);
		__syncthreads();
		if (k - k0 >= TILE_K) {
			UNROLL
			for (int depth = 0; depth < TILE_K; depth++)
				TILE_NAME(step_)(sum, rows[depth] + i, columns[depth] + j);
		} else {
			for (int depth = 0; depth < k - k0; depth++)
				TILE_NAME(step_)(sum, rows[depth] + i, columns[depth] + j);
		}
		__syncthreads();
	}
}

/* A product's tile, whole. */
DEV void TILE_NAME(product_)(const struct gemm_args *g, int i0, int j0, int item)
{
	float sum[EACH][EACH];
	int i = i0 + TILE_NAME(row_)(), j = j0 + TILE_NAME(column_)();
	int k = item == g->last ? g->last_k : g->k;
	size_t c = (size_t)item * g->stride_c;

	UNROLL
	for (int r = 0; r < EACH; r++)
		UNROLL
	for (int s = 0; s < EACH; s++) {
		int is_old = g->is_accumulated && i + r < g->m && j + s < g->n;
		sum[r][s] = is_old ? g->c[c + (size_t)(i + r) * (size_t)g->ldc + (size_t)(j + s)] : 0.0f;
	}
	for (int link = 0; link < g->n_chained; link++)
		TILE_NAME(chain_)
	(sum, operand_of(g->a, (size_t)(item + link) * g->stride_a),
	 operand_of(g->b, (size_t)(item + link) * g->stride_b), i0, g->m, j0, g->n, k);

	UNROLL
	for (int r = 0; r < EACH; r++)
		UNROLL
	for (int s = 0; s < EACH; s++)
		if (i + r < g->m && j + s < g->n)
			finish(g, c, i + r, j + s, sum[r][s]);
}

#undef TILE_THREADS
#undef TILE_NAME
#undef TILE_JOIN
#undef TILE_JOIN_
#undef TILE
#undef TILE_M
#undef TILE_N
#undef TILE_K
#undef EACH
#endif
