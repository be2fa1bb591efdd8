/*
 * Attention of one record and one head at a time: scores, softmax and both products stay in a thread's own
 * buffer. Row sums over keys are taken in 16 lanes; products are fma chains over ascending width, keys or
 * queries.
 */
#include <math.h>

#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/tile.h"
#include "kernels/cpu/table.h"
#include "kernels/workspace.h"

static int round_up(int n)
{
	return (n + 15) / 16 * 16;
}

static float scale_of(const struct attention *a)
{
	return (float)(1.0 / sqrt((double)a->d_head));
}

/* Operands of one (record, head). */
struct head {
	const float *q, *k, *v, *dout;
	size_t out;		      /* offset of out and dout; dq, dk, dv lie as q, k, v */
	size_t q_at, k_at, v_at, row; /* row: first index into lse */
};

static struct head head_of(const struct attention *a, int record, int head)
{
	size_t b = (size_t)record, h = (size_t)head, d = (size_t)a->d_head;
	struct head s = {.q_at = b * (size_t)a->n * (size_t)a->ldq + h * d,
			 .k_at = b * (size_t)a->n_keys * (size_t)a->ldk + h * d,
			 .v_at = b * (size_t)a->n_keys * (size_t)a->ldv + h * d,
			 .out = b * (size_t)a->n * (size_t)a->ldo + h * d,
			 .row = (b * (size_t)a->n_heads + h) * (size_t)a->n};
	s.q = a->q + s.q_at;
	s.k = a->k + s.k_at;
	s.v = a->v + s.v_at;
	s.dout = a->dout ? a->dout + s.out : NULL;
	return s;
}

/* A head's rows are short runs far apart, which hardware does not foresee: ask for n rows of d floats. Inline, because gcc takes
 * a function that only prefetches for one without effect and drops the call. */
INLINE void foresee(const float *p, int ld, int n, int d)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < d; j += 16)
			__builtin_prefetch(p + (ptrdiff_t)i * ld + j, 0, 2);
}

/* The operands of the head after this one, in this record or the next. */
INLINE void foresee_next(const struct attention *a, int record, int head)
{
	int next = head + 1 < a->n_heads ? record : record + 1;
	if (next >= a->batch)
		return;
	struct head s = head_of(a, next, next == record ? head + 1 : 0);
	foresee(s.q, a->ldq, a->n, a->d_head);
	foresee(s.k, a->ldk, a->n_keys, a->d_head);
	foresee(s.v, a->ldv, a->n_keys, a->d_head);
	if (s.dout)
		foresee(s.dout, a->ldo, a->n, a->d_head);
}

/* C = A B. */
static void product(float *c, int ldc, struct tile_a a, const float *b, ptrdiff_t ldb, int m, int n, int k)
{
	ISA(tile_product)(&(struct tile_c){.c = c, .ldc = ldc}, a, b, ldb, m, n, k);
}

/* A row of up to VECTORS * 16 scores is held in registers. */
enum { VECTORS = 4 };

/* s[n_keys] becomes exp(s*scale - max) / sum, lanes beyond n_keys 0; n_keys <= 16 vectors, a constant. Returns the maximum
 * and the sum. */
INLINE void softmax_short(float *s, const int vectors, int n_keys, v16 scale, float *maximum, float *total)
{
	v16 x[VECTORS], largest = v_set(-INFINITY), sum = v_set(0);
	UNROLL
	for (int j = 0; j < vectors; j++) {
		x[j] = v_mul(v_load(s + 16 * j), scale);
		if (j == vectors - 1)
			x[j] = v_select(v_first(n_keys - 16 * j), x[j], v_set(-INFINITY));
		largest = v_max(x[j], largest);
	}
	*maximum = v_maximum(largest);
	UNROLL
	for (int j = 0; j < vectors; j++) {
		x[j] = v_exp(v_sub(x[j], v_set(*maximum)));
		sum = v_add(sum, x[j]);
	}
	*total = v_sum(sum);
	v16 inverse = v_set(1.0f / *total);
	UNROLL
	for (int j = 0; j < vectors; j++)
		v_store(s + 16 * j, v_mul(x[j], inverse));
}

/* The same for any n_keys. */
static void softmax_long(float *s, int n_keys, v16 scale, float *maximum, float *total)
{
	v16 largest = v_set(-INFINITY), sum = v_set(0);
	for (int j = 0; j < n_keys; j += 16) {
		v16 x = v_mul(v_load(s + j), scale);
		if (n_keys - j < 16)
			x = v_select(v_first(n_keys - j), x, v_set(-INFINITY));
		v_store(s + j, x);
		largest = v_max(x, largest);
	}
	*maximum = v_maximum(largest);
	for (int j = 0; j < n_keys; j += 16) {
		v16 e = v_exp(v_sub(v_load(s + j), v_set(*maximum)));
		v_store(s + j, e);
		sum = v_add(sum, e);
	}
	*total = v_sum(sum);
	v16 inverse = v_set(1.0f / *total);
	for (int j = 0; j < n_keys; j += 16)
		v_store(s + j, v_mul(v_load(s + j), inverse));
}

static void softmax_row(float *s, int n_keys, v16 scale, float *maximum, float *total)
{
	switch ((n_keys + 15) / 16) {
	case 1:
		softmax_short(s, 1, n_keys, scale, maximum, total);
		break;
	case 4:
		softmax_short(s, 4, n_keys, scale, maximum, total);
		break;
	default:
		softmax_long(s, n_keys, scale, maximum, total);
	}
}

/* Rows of scores to probabilities; lse[n] = maximum + log(sum). */
static void softmax_rows(float *scores, int ld, float *lse, int n, int n_keys, float scale)
{
	float maximum[16], total[16];
	for (int i = 0; i < n; i += 16) {
		int rows = n - i < 16 ? n - i : 16;
		for (int r = 0; r < rows; r++)
			softmax_row(scores + (ptrdiff_t)(i + r) * ld, n_keys, v_set(scale), &maximum[r],
				    &total[r]);
		if (lse)
			v_store_up_to(lse + i,
				      v_add(v_load_up_to(maximum, rows), v_log(v_load_up_to(total, rows))),
				      rows);
	}
}

static void forward_head(const struct attention *a, int record, int head)
{
	struct head s = head_of(a, record, head);
	int ld = round_up(a->n_keys), d = a->d_head;
	float *transposed = workspace_thread(WORKSPACE_TILE), *scores = transposed + (size_t)d * (size_t)ld;
	ISA(tile_rows)(transposed, ld, s.k, 1, a->ldk, a->n_keys, d);
	product(scores, ld, tile_rows_of(s.q, a->ldq), transposed, ld, a->n, ld, d);
	softmax_rows(scores, ld, a->lse ? a->lse + s.row : NULL, a->n, a->n_keys, scale_of(a));
	for (int i = 0; a->probability && i < a->n; i++)
		memcpy(a->probability + (s.row + (size_t)i) * (size_t)a->n_keys, scores + (ptrdiff_t)i * ld,
		       (size_t)a->n_keys * sizeof *scores);
	product(a->out + s.out, a->ldo, tile_rows_of(scores, ld), s.v, a->ldv, a->n, d, a->n_keys);
}

static void forward_task(void *context, int record)
{
	const struct attention *a = context;
	for (int head = 0; head < a->n_heads; head++) {
		foresee_next(a, record, head);
		forward_head(a, record, head);
	}
}

void ISA(attention_forward)(const struct attention *a)
{
	workspace_reserve(WORKSPACE_TILE, (size_t)(a->d_head + a->n) * (size_t)round_up(a->n_keys));
	pool_run(forward_task, (void *)(uintptr_t)a, a->batch);
}

/* p: scores in, exp(s*scale - lse) out; dp in, ds = p (dp - sum(p dp)) scale out. Lanes beyond n_keys become 0. */
static void backward_row(float *p, float *dp, int n_keys, v16 scale, float lse)
{
	v16 sum = v_set(0);
	for (int j = 0; j < n_keys; j += 16) {
		v16 e = v_exp(v_fma(v_load(p + j), scale, v_set(-lse)));
		if (n_keys - j < 16)
			e = v_select(v_first(n_keys - j), e, v_set(0));
		v_store(p + j, e);
		sum = v_fma(e, v_load(dp + j), sum);
	}
	v16 delta = v_set(v_sum(sum));
	for (int j = 0; j < n_keys; j += 16) {
		v16 ds = v_mul(v_load(p + j), v_sub(v_load(dp + j), delta));
		v_store(dp + j, v_mul(ds, scale));
	}
}

static void backward_head(const struct attention *a, int record, int head)
{
	struct head s = head_of(a, record, head);
	int ld = round_up(a->n_keys), d = a->d_head, n = a->n, n_keys = a->n_keys;
	float *transposed = workspace_thread(WORKSPACE_TILE);
	float *p = transposed + (size_t)d * (size_t)ld, *dp = p + (size_t)n * (size_t)ld;
	v16 scale = v_set(scale_of(a));
	ISA(tile_rows)(transposed, ld, s.k, 1, a->ldk, n_keys, d);
	product(p, ld, tile_rows_of(s.q, a->ldq), transposed, ld, n, ld, d);
	ISA(tile_rows)(transposed, ld, s.v, 1, a->ldv, n_keys, d);
	product(dp, ld, tile_rows_of(s.dout, a->ldo), transposed, ld, n, ld, d);
	for (int i = 0; i < n; i++)
		backward_row(p + (ptrdiff_t)i * ld, dp + (ptrdiff_t)i * ld, n_keys, scale,
			     a->lse[s.row + (size_t)i]);
	product(a->dv + s.v_at, a->ldv, tile_columns_of(p, ld), s.dout, a->ldo, n_keys, d, n);
	product(a->dq + s.q_at, a->ldq, tile_rows_of(dp, ld), s.k, a->ldk, n, d, n_keys);
	product(a->dk + s.k_at, a->ldk, tile_columns_of(dp, ld), s.q, a->ldq, n_keys, d, n);
}

static void backward_task(void *context, int record)
{
	const struct attention *a = context;
	for (int head = 0; head < a->n_heads; head++) {
		foresee_next(a, record, head);
		backward_head(a, record, head);
	}
}

void ISA(attention_backward)(const struct attention *a)
{
	workspace_reserve(WORKSPACE_TILE, (size_t)(a->d_head + 2 * a->n) * (size_t)round_up(a->n_keys));
	pool_run(backward_task, (void *)(uintptr_t)a, a->batch);
}
