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

static struct head head_of(const struct attention *a, int task)
{
	size_t b = (size_t)(task / a->n_heads), h = (size_t)(task % a->n_heads), d = (size_t)a->d_head;
	struct head s = {.q_at = b * (size_t)a->n * (size_t)a->ldq + h * d,
			 .k_at = b * (size_t)a->n_keys * (size_t)a->ldk + h * d,
			 .v_at = b * (size_t)a->n_keys * (size_t)a->ldv + h * d,
			 .out = b * (size_t)a->n * (size_t)a->ldo + h * d,
			 .row = (size_t)task * (size_t)a->n};
	s.q = a->q + s.q_at;
	s.k = a->k + s.k_at;
	s.v = a->v + s.v_at;
	s.dout = a->dout ? a->dout + s.out : NULL;
	return s;
}

/* Rows of width d as a right-hand operand: in place if vectors cannot run over the end, else copied to
 * buffer. */
struct rows {
	const float *p;
	ptrdiff_t ld;
};

static struct rows rows_of(float *buffer, const float *from, int ld_from, int n, int d)
{
	if (d % 16 == 0)
		return (struct rows){from, ld_from};
	ISA(tile_rows)(buffer, round_up(d), from, ld_from, 1, d, n);
	return (struct rows){buffer, round_up(d)};
}

static struct tile_a rows_as_a(const float *p, int ld)
{
	return (struct tile_a){.p = p, .row = ld, .column = 1};
}

static struct tile_a columns_as_a(const float *p, int ld)
{
	return (struct tile_a){.p = p, .row = 1, .column = ld};
}

/* s[n_keys] becomes exp(s*scale - max) / sum; lanes beyond n_keys become 0. Returns the log-sum-exp. */
static float softmax_row(float *s, int n_keys, v16 scale)
{
	v16 largest = v_set(-INFINITY), sum = v_set(0);
	for (int j = 0; j < n_keys; j += 16) {
		int left = n_keys - j;
		v16 x = v_mul(v_load(s + j), scale);
		if (left < 16)
			x = v_select(v_first(left), x, v_set(-INFINITY));
		v_store(s + j, x);
		largest = v_max(x, largest);
	}
	float maximum = v_maximum(largest);
	for (int j = 0; j < n_keys; j += 16) {
		v16 e = v_exp(v_sub(v_load(s + j), v_set(maximum)));
		v_store(s + j, e);
		sum = v_add(sum, e);
	}
	float total = v_sum(sum), log_total[16];
	v16 inverse = v_set(1.0f / total);
	for (int j = 0; j < n_keys; j += 16)
		v_store(s + j, v_mul(v_load(s + j), inverse));
	v_store(log_total, v_log(v_set(total)));
	return maximum + log_total[0];
}

static void forward_task(void *context, int task)
{
	const struct attention *a = context;
	struct head s = head_of(a, task);
	int ld = round_up(a->n_keys), d = a->d_head;
	float *transposed = workspace_thread(WORKSPACE_TILE);
	float *scores = transposed + (size_t)d * (size_t)ld;
	struct rows v = rows_of(scores + (size_t)a->n * (size_t)ld, s.v, a->ldv, a->n_keys, d);
	v16 scale = v_set(scale_of(a));
	ISA(tile_rows)(transposed, ld, s.k, 1, a->ldk, a->n_keys, d);
	ISA(tile_product)(scores, ld, rows_as_a(s.q, a->ldq), transposed, ld, a->n, ld, d, false);
	for (int i = 0; i < a->n; i++) {
		float lse = softmax_row(scores + (ptrdiff_t)i * ld, a->n_keys, scale);
		if (a->lse)
			a->lse[s.row + (size_t)i] = lse;
		if (a->probability)
			memcpy(a->probability + (s.row + (size_t)i) * (size_t)a->n_keys,
			       scores + (ptrdiff_t)i * ld, (size_t)a->n_keys * sizeof *scores);
	}
	ISA(tile_product)
	(a->out + s.out, a->ldo, rows_as_a(scores, ld), v.p, v.ld, a->n, d, a->n_keys, false);
}

void ISA(attention_forward)(const struct attention *a)
{
	size_t ld = (size_t)round_up(a->n_keys);
	workspace_reserve(WORKSPACE_TILE,
			  (size_t)(a->d_head + a->n) * ld + (size_t)a->n_keys * (size_t)round_up(a->d_head));
	pool_run(forward_task, (void *)(uintptr_t)a, a->batch * a->n_heads);
}

/* p: scores in, exp(s*scale - lse) out; dp in, ds = p (dp - sum(p dp)) scale out. Lanes beyond n_keys become
 * 0. */
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

static void backward_task(void *context, int task)
{
	const struct attention *a = context;
	struct head s = head_of(a, task);
	int ld = round_up(a->n_keys), d = a->d_head, n = a->n, n_keys = a->n_keys;
	size_t wide = (size_t)round_up(d);
	float *transposed = workspace_thread(WORKSPACE_TILE);
	float *p = transposed + (size_t)d * (size_t)ld, *dp = p + (size_t)n * (size_t)ld;
	float *copies = dp + (size_t)n * (size_t)ld;
	struct rows q = rows_of(copies, s.q, a->ldq, n, d);
	struct rows dout = rows_of(copies + (size_t)n * wide, s.dout, a->ldo, n, d);
	struct rows k = rows_of(copies + 2 * (size_t)n * wide, s.k, a->ldk, n_keys, d);
	v16 scale = v_set(scale_of(a));
	ISA(tile_rows)(transposed, ld, s.k, 1, a->ldk, n_keys, d);
	ISA(tile_product)(p, ld, rows_as_a(s.q, a->ldq), transposed, ld, n, ld, d, false);
	ISA(tile_rows)(transposed, ld, s.v, 1, a->ldv, n_keys, d);
	ISA(tile_product)(dp, ld, rows_as_a(s.dout, a->ldo), transposed, ld, n, ld, d, false);
	for (int i = 0; i < n; i++)
		backward_row(p + (ptrdiff_t)i * ld, dp + (ptrdiff_t)i * ld, n_keys, scale,
			     a->lse[s.row + (size_t)i]);
	ISA(tile_product)(a->dv + s.v_at, a->ldv, columns_as_a(p, ld), dout.p, dout.ld, n_keys, d, n, false);
	ISA(tile_product)(a->dq + s.q_at, a->ldq, rows_as_a(dp, ld), k.p, k.ld, n, d, n_keys, false);
	ISA(tile_product)(a->dk + s.k_at, a->ldk, columns_as_a(dp, ld), q.p, q.ld, n_keys, d, n, false);
}

void ISA(attention_backward)(const struct attention *a)
{
	size_t ld = (size_t)round_up(a->n_keys), wide = (size_t)round_up(a->d_head);
	workspace_reserve(WORKSPACE_TILE,
			  (size_t)(a->d_head + 2 * a->n) * ld + (size_t)(2 * a->n + a->n_keys) * wide);
	pool_run(backward_task, (void *)(uintptr_t)a, a->batch * a->n_heads);
}
