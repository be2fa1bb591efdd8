/*
 * Attention of one record and one head at a time, in a thread's own buffer. Scores lie transposed, a row
 * per key and the queries on the lanes: then softmax needs no sums across lanes, and short rows of keys
 * leave no lanes empty. Products are fma chains over ascending width, keys or queries; sums over keys are
 * taken in four strands.
 */
#include <math.h>
#include <string.h>

#include "common/pool.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/tile.h"
#include "kernels/cpu/table.h"
#include "kernels/workspace.h"

static int round_up(int n)
{
	return (n + 15) / 16 * 16;
}

/* Lanes of the scores that are worked out: all, unless tiles do better without the few of the last
 * vector (tile.c). Of those that are not, softmax makes ones of zeros and zeros of ones: they begin as
 * zeros and are never read. */
static int width_of(int n)
{
	return n % 16 > 0 && n % 16 <= 4 ? n : round_up(n);
}

static void clear_unused(float *scores, int rows, int n)
{
	if (width_of(n) < round_up(n))
		memset(scores, 0, (size_t)rows * (size_t)round_up(n) * sizeof *scores);
}

static float scale_of(const struct attention *a)
{
	return (float)(1.0 / sqrt((double)a->d_head));
}

/* Scores are powers of two: scale times log2(e). */
static float scale2_of(const struct attention *a)
{
	return (float)(0x1.71547652b82fep+0 / sqrt((double)a->d_head));
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

/* The head after this one, in this record or the next; the last has itself behind it. */
static struct head head_after(const struct attention *a, int record, int head)
{
	if (head + 1 < a->n_heads)
		return head_of(a, record, head + 1);
	return record + 1 < a->batch ? head_of(a, record + 1, 0) : head_of(a, record, head);
}

/* to[d][ld] = factor * transposed from[n][d], zeros up to ld = round_up(n). */
static void gather_transposed(float *to, int ld, const float *from, int ld_from, int n, int d, float factor)
{
	v16 f = v_set(factor), r[16];
	for (int i = 0; i < n; i += 16) {
		for (int c = 0; c < d; c += 16) {
			const float *p = from + (ptrdiff_t)i * ld_from + c;
			int rows = n - i, cols = d - c;
			UNROLL
			for (int k = 0; k < 16; k++)
				r[k] = k < rows ? v_load_up_to(p + k * ld_from, cols) : v_set(0);
			v_transpose(r);
			UNROLL
			for (int k = 0; k < 16; k++)
				if (k < cols)
					v_store(to + (ptrdiff_t)(c + k) * ld + i, v_mul(r[k], f));
		}
	}
}

/* C = A B, row r times factor[r] (NULL: 1). */
static void product(float *c, int ldc, struct tile_a a, const float *b, int ldb, int m, int n, int k,
		    const float *factor, struct tile_ahead *ahead)
{
	ISA(tile_product)
	(&(struct tile_c){.c = c, .ldc = ldc, .factor = factor, .ahead = ahead}, a, b, ldb, m, n, k);
}

/* ---- softmax over the keys of sixteen queries ---- */

enum { STRANDS = 4 };

/* Strand 0 with 2, 1 with 3; then both. */
static v16 strands_sum(const v16 *s)
{
	return v_add(v_add(s[0], s[2]), v_add(s[1], s[3]));
}

static v16 column_maximum(const float *s, int ld, int n_keys)
{
	v16 m[STRANDS];
	for (int k = 0; k < STRANDS; k++)
		m[k] = v_load(s);
	int j = 0;
	for (; j + STRANDS <= n_keys; j += STRANDS, s += STRANDS * ld)
		UNROLL
	for (int k = 0; k < STRANDS; k++)
		m[k] = v_max(v_load(s + k * ld), m[k]);
	for (; j < n_keys; j++, s += ld)
		m[0] = v_max(v_load(s), m[0]);
	return v_max(v_max(m[0], m[1]), v_max(m[2], m[3]));
}

/* s becomes 2^(s - maximum); returns the sum. */
static v16 column_exponentials(float *s, int ld, int n_keys, v16 maximum)
{
	v16 sum[STRANDS] = {v_set(0), v_set(0), v_set(0), v_set(0)};
	int j = 0;

	for (; j + STRANDS <= n_keys; j += STRANDS, s += STRANDS * ld)
		UNROLL
	for (int k = 0; k < STRANDS; k++) {
		v16 e = v_exp2(v_sub(v_load(s + k * ld), maximum));
		v_store(s + k * ld, e);
		sum[k] = v_add(e, sum[k]);
	}

	UNROLL
	for (int k = 0; k < STRANDS - 1; k++) {
		if (k < n_keys - j) {
			v16 e = v_exp2(v_sub(v_load(s + k * ld), maximum));
			v_store(s + k * ld, e);
			sum[k] = v_add(e, sum[k]);
		}
	}

	return strands_sum(sum);
}

/* inverse[n up to ld] = 1 / sums; lse[n] = maximum + log2(sum), if wanted. */
static void softmax(float *scores, int ld, float *inverse, float *lse, int n, int n_keys)
{
	for (int i = 0; i < n; i += 16) {
		v16 maximum = column_maximum(scores + i, ld, n_keys);
		v16 sum = column_exponentials(scores + i, ld, n_keys, maximum);
		v_store(inverse + i, v_div(v_set(1), sum));
		if (lse)
			v_store_up_to(lse + i, v_fma(v_log(sum), v_set(1.44269504f), maximum), n - i);
	}
}

/* p[n][n_keys] = e transposed, row i times inverse[i]. */
static void export(float *p, const float *e, int ld, const float *inverse, int n, int n_keys)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n_keys; j++)
			p[(ptrdiff_t)i * n_keys + j] = e[(ptrdiff_t)j * ld + i] * inverse[i];
}

static void forward_head(const struct attention *a, int record, int head)
{
	struct head s = head_of(a, record, head), next = head_after(a, record, head);
	int n = a->n, n_keys = a->n_keys, d = a->d_head, ld = round_up(n), width = width_of(n);
	float *across = workspace_thread(WORKSPACE_TILE), *e = across + (size_t)d * (size_t)ld,
	      *inverse = e + (size_t)n_keys * (size_t)ld;

	gather_transposed(across, ld, s.q, a->ldq, n, d, scale2_of(a));
	struct tile_ahead ahead = {.n = 0};
	ISA(tile_foresee)(&ahead, next.q, a->ldq, n, d);
	ISA(tile_foresee)(&ahead, next.k, a->ldk, n_keys, d);
	ISA(tile_foresee)(&ahead, next.v, a->ldv, n_keys, d);
	ISA(tile_foresee)(&ahead, a->out + next.out, a->ldo, n, d);
	product(e, ld, tile_rows_of(s.k, a->ldk), across, ld, n_keys, width, d, NULL, &ahead);
	softmax(e, ld, inverse, a->lse ? a->lse + s.row : NULL, n, n_keys);
	if (a->probability)
		export(a->probability + s.row * (size_t)n_keys, e, ld, inverse, n, n_keys);
	product(a->out + s.out, a->ldo, tile_columns_of(e, ld), s.v, a->ldv, n, d, n_keys, inverse, &ahead);
	tile_ask_rest(&ahead);
}

static void forward_task(void *context, int record)
{
	const struct attention *a = context;
	clear_unused(workspace_thread(WORKSPACE_TILE) + (ptrdiff_t)a->d_head * round_up(a->n), a->n_keys,
		     a->n);
	for (int head = 0; head < a->n_heads; head++)
		forward_head(a, record, head);
}

void ISA(attention_forward)(const struct attention *a)
{
	size_t ld = (size_t)round_up(a->n);
	workspace_reserve(WORKSPACE_TILE, (size_t)(a->d_head + a->n_keys + 1) * ld);
	pool_run(forward_task, (void *)(uintptr_t)a, a->batch);
}

/* p: scores in, 2^(s - lse) out, at most 1 however lse was rounded; dp in, ds = p (dp - sum over
 * keys of p dp) out. */
static void backward_columns(float *p, float *dp, int ld, int n_keys, v16 lse)
{
	v16 sum[STRANDS] = {v_set(0), v_set(0), v_set(0), v_set(0)};
	int j = 0;

	for (; j + STRANDS <= n_keys; j += STRANDS)
		UNROLL
	for (int k = 0; k < STRANDS; k++) {
		ptrdiff_t at = (ptrdiff_t)(j + k) * ld;
		v16 e = v_exp2(v_min(v_set(0), v_sub(v_load(p + at), lse)));
		v_store(p + at, e);
		sum[k] = v_fma(e, v_load(dp + at), sum[k]);
	}

	UNROLL
	for (int k = 0; k < STRANDS - 1; k++) {
		if (k < n_keys - j) {
			ptrdiff_t at = (ptrdiff_t)(j + k) * ld;
			v16 e = v_exp2(v_min(v_set(0), v_sub(v_load(p + at), lse)));
			v_store(p + at, e);
			sum[k] = v_fma(e, v_load(dp + at), sum[k]);
		}
	}

	v16 delta = strands_sum(sum);
	for (j = 0; j < n_keys; j++, p += ld, dp += ld)
		v_store(dp, v_mul(v_load(p), v_sub(v_load(dp), delta)));
}

/* The scale of ds is taken into dout before dp is made. */
static void backward_head(const struct attention *a, int record, int head)
{
	struct head s = head_of(a, record, head), next = head_after(a, record, head);
	int n = a->n, n_keys = a->n_keys, d = a->d_head, ld = round_up(n), width = width_of(n);
	float *across = workspace_thread(WORKSPACE_TILE), *p = across + (size_t)d * (size_t)ld,
	      *dp = p + (size_t)n_keys * (size_t)ld;
	struct tile_ahead ahead = {.n = 0};

	ISA(tile_foresee)(&ahead, next.q, a->ldq, n, d);
	ISA(tile_foresee)(&ahead, next.k, a->ldk, n_keys, d);
	ISA(tile_foresee)(&ahead, next.v, a->ldv, n_keys, d);
	ISA(tile_foresee)(&ahead, next.dout, a->ldo, n, d);
	ISA(tile_foresee)(&ahead, a->dv + next.v_at, a->ldv, n_keys, d);
	ISA(tile_foresee)(&ahead, a->dk + next.k_at, a->ldk, n_keys, d);
	ISA(tile_foresee)(&ahead, a->dq + next.q_at, a->ldq, n, d);
	gather_transposed(across, ld, s.q, a->ldq, n, d, scale2_of(a));
	product(p, ld, tile_rows_of(s.k, a->ldk), across, ld, n_keys, width, d, NULL, &ahead);
	gather_transposed(across, ld, s.dout, a->ldo, n, d, scale_of(a));
	product(dp, ld, tile_rows_of(s.v, a->ldv), across, ld, n_keys, width, d, NULL, &ahead);
	for (int i = 0; i < n; i += 16)
		backward_columns(p + i, dp + i, ld, n_keys, v_load_up_to(a->lse + s.row + (size_t)i, n - i));
	product(a->dv + s.v_at, a->ldv, tile_rows_of(p, ld), s.dout, a->ldo, n_keys, d, n, NULL, &ahead);
	product(a->dk + s.k_at, a->ldk, tile_rows_of(dp, ld), s.q, a->ldq, n_keys, d, n, NULL, &ahead);
	product(a->dq + s.q_at, a->ldq, tile_columns_of(dp, ld), s.k, a->ldk, n, d, n_keys, NULL, &ahead);
	tile_ask_rest(&ahead);
}

static void backward_task(void *context, int record)
{
	const struct attention *a = context;
	clear_unused(workspace_thread(WORKSPACE_TILE) + (ptrdiff_t)a->d_head * round_up(a->n), 2 * a->n_keys,
		     a->n);
	for (int head = 0; head < a->n_heads; head++)
		backward_head(a, record, head);
}

void ISA(attention_backward)(const struct attention *a)
{
	size_t ld = (size_t)round_up(a->n);
	workspace_reserve(WORKSPACE_TILE, (size_t)(a->d_head + 2 * a->n_keys) * ld);
	pool_run(backward_task, (void *)(uintptr_t)a, a->batch);
}
