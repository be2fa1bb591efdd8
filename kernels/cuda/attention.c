/*
 * Attention, a block a record and head. Scores lie transposed, a row per key and a column per query: in the
 * block's shared memory if there is room, else in global memory. Products are fma chains over ascending
 * width, keys or queries; sums over keys are taken in four strands.
 */
#include "kernels/cuda/math.h"

enum { STRANDS = 4 };

struct attention_args {
	const float *q, *k, *v, *dout, *kept_lse;
	float *out, *lse, *probability, *dq, *dk, *dv;
	float *scores; /* NULL: shared; [blocks][2][Nk][N] or, forward, [blocks][Nk + 1][N] */
	size_t scores_of_block;
	int n_all, n, n_keys, n_heads, d, ldq, ldk, ldv, ldo; /* n_all: records times heads */
	float scale, scale2;				      /* 1 / sqrt(d), and log2(e) times that */
};

/* Where the operands of one record and head begin. */
struct head {
	size_t q, k, v, out, row; /* row: first index into lse */
};

DEV struct head head_of(const struct attention_args *a, int number)
{
	size_t b = (size_t)(number / a->n_heads), h = (size_t)(number % a->n_heads) * (size_t)a->d;
	struct head s = {b * (size_t)a->n * (size_t)a->ldq + h, b * (size_t)a->n_keys * (size_t)a->ldk + h,
			 b * (size_t)a->n_keys * (size_t)a->ldv + h, b * (size_t)a->n * (size_t)a->ldo + h,
			 (size_t)number * (size_t)a->n};
	return s;
}

/* to[Nk][N] = rows of keys times rows of queries, these times factor. */
DEV void scores_of(const struct attention_args *a, float *to, const float *keys, int ld_keys,
		   const float *queries, int ld_queries, float factor)
{
	for (int e = (int)threadIdx.x; e < a->n_keys * a->n; e += (int)blockDim.x) {
		const float *k = keys + (size_t)(e / a->n) * (size_t)ld_keys;
		const float *q = queries + (size_t)(e % a->n) * (size_t)ld_queries;
		float sum = 0;
		for (int c = 0; c < a->d; c++)
			sum = FMA(k[c], MUL(q[c], factor), sum);
		to[e] = sum;
	}
}

DEV float strands_sum(const float *s)
{
	return ADD(ADD(s[0], s[2]), ADD(s[1], s[3]));
}

/* The largest of column i, found in four strands; what is left over belongs to the first. */
DEV float column_maximum(const float *e, int n, int n_keys)
{
	float m[STRANDS] = {e[0], e[0], e[0], e[0]};
	int whole = n_keys / STRANDS * STRANDS;
	for (int j = 0; j < whole; j += STRANDS)
		UNROLL
	for (int s = 0; s < STRANDS; s++)
		m[s] = larger(e[(j + s) * n], m[s]);
	for (int j = whole; j < n_keys; j++)
		m[0] = larger(e[j * n], m[0]);
	return larger(larger(m[0], m[1]), larger(m[2], m[3]));
}

/* e becomes 2^(e - maximum); returns the sum. */
DEV float column_exponentials(float *e, int n, int n_keys, float maximum)
{
	float sum[STRANDS] = {0, 0, 0, 0};
	for (int j = 0; j < n_keys; j += STRANDS)
		UNROLL
	for (int s = 0; s < STRANDS; s++) {
		if (j + s < n_keys) {
			float x = exp2_of(SUB(e[(j + s) * n], maximum));
			e[(j + s) * n] = x;
			sum[s] = ADD(x, sum[s]);
		}
	}
	return strands_sum(sum);
}

DEV void forward_head(const struct attention_args *a, struct head s, float *e, float *inverse)
{
	scores_of(a, e, a->k + s.k, a->ldk, a->q + s.q, a->ldq, a->scale2);
	__syncthreads();

	for (int i = (int)threadIdx.x; i < a->n; i += (int)blockDim.x) {
		float maximum = column_maximum(e + i, a->n, a->n_keys);
		float sum = column_exponentials(e + i, a->n, a->n_keys, maximum);
		inverse[i] = DIV(1.0f, sum);
		if (a->lse)
			a->lse[s.row + (size_t)i] = FMA(log_of(sum), 1.44269504f, maximum);
	}
	__syncthreads();

	for (int at = (int)threadIdx.x; at < a->n * a->d; at += (int)blockDim.x) {
		int i = at / a->d, c = at % a->d;
		const float *v = a->v + s.v + c;
		float sum = 0;
		for (int j = 0; j < a->n_keys; j++)
			sum = FMA(e[j * a->n + i], v[(size_t)j * (size_t)a->ldv], sum);
		a->out[s.out + (size_t)i * (size_t)a->ldo + (size_t)c] = MUL(sum, inverse[i]);
	}
	for (int at = (int)threadIdx.x; a->probability && at < a->n * a->n_keys; at += (int)blockDim.x) {
		int i = at / a->n_keys, j = at % a->n_keys;
		a->probability[s.row * (size_t)a->n_keys + (size_t)at] = MUL(e[j * a->n + i], inverse[i]);
	}
	__syncthreads(); /* the next head's scores take their place */
}

KERNEL(attention, attention_args)
{
	DYNAMIC_SHARED(shared);
	float *e = a.scores ? a.scores + (size_t)blockIdx.x * a.scores_of_block : shared;
	for (int number = (int)blockIdx.x; number < a.n_all; number += (int)gridDim.x)
		forward_head(&a, head_of(&a, number), e, e + a.n_keys * a.n);
}

/* Column i: p, scores in, 2^(s - lse) out, at most 1 however lse was rounded; dp in, ds = p (dp - sum over
 * keys of p dp) out. */
DEV void backward_column(float *p, float *dp, int n, int n_keys, float lse)
{
	float sum[STRANDS] = {0, 0, 0, 0};
	for (int j = 0; j < n_keys; j += STRANDS)
		UNROLL
	for (int s = 0; s < STRANDS; s++) {
		if (j + s < n_keys) {
			float e = exp2_of(smaller(0.0f, SUB(p[(j + s) * n], lse)));
			p[(j + s) * n] = e;
			sum[s] = FMA(e, dp[(j + s) * n], sum[s]);
		}
	}
	float delta = strands_sum(sum);
	for (int j = 0; j < n_keys; j++)
		dp[j * n] = MUL(p[j * n], SUB(dp[j * n], delta));
}

/* to[Nk][d] = rows of scores times rows of queries. */
DEV void gradient_of_keys(const struct attention_args *a, float *to, int ld, const float *scores,
			  const float *queries, int ld_queries)
{
	for (int at = (int)threadIdx.x; at < a->n_keys * a->d; at += (int)blockDim.x) {
		int j = at / a->d, c = at % a->d;
		float sum = 0;
		for (int i = 0; i < a->n; i++)
			sum = FMA(scores[j * a->n + i], queries[(size_t)i * (size_t)ld_queries + (size_t)c],
				  sum);
		to[(size_t)j * (size_t)ld + (size_t)c] = sum;
	}
}

DEV void backward_head(const struct attention_args *a, struct head s, float *p, float *dp)
{
	scores_of(a, p, a->k + s.k, a->ldk, a->q + s.q, a->ldq, a->scale2);
	scores_of(a, dp, a->v + s.v, a->ldv, a->dout + s.out, a->ldo, a->scale);
	__syncthreads();
	for (int i = (int)threadIdx.x; i < a->n; i += (int)blockDim.x)
		backward_column(p + i, dp + i, a->n, a->n_keys, a->kept_lse[s.row + (size_t)i]);
	__syncthreads();

	gradient_of_keys(a, a->dv + s.v, a->ldv, p, a->dout + s.out, a->ldo);
	gradient_of_keys(a, a->dk + s.k, a->ldk, dp, a->q + s.q, a->ldq);
	for (int at = (int)threadIdx.x; at < a->n * a->d; at += (int)blockDim.x) {
		int i = at / a->d, c = at % a->d;
		float sum = 0;
		for (int j = 0; j < a->n_keys; j++)
			sum = FMA(dp[j * a->n + i], a->k[s.k + (size_t)j * (size_t)a->ldk + (size_t)c], sum);
		a->dq[s.q + (size_t)i * (size_t)a->ldq + (size_t)c] = sum;
	}
	__syncthreads();
}

KERNEL(attention_backward, attention_args)
{
	DYNAMIC_SHARED(shared);
	float *p = a.scores ? a.scores + (size_t)blockIdx.x * a.scores_of_block : shared;
	for (int number = (int)blockIdx.x; number < a.n_all; number += (int)gridDim.x)
		backward_head(&a, head_of(&a, number), p, p + a.n_keys * a.n);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

enum { BLOCKS = 1024 }; /* with scores in global memory: no more of them than a card runs at once */

static struct attention_args args_of(const struct attention *s)
{
	double d = (double)s->d_head;
	return (struct attention_args){.q = s->q,
				       .k = s->k,
				       .v = s->v,
				       .dout = s->dout,
				       .kept_lse = s->lse,
				       .out = s->out,
				       .lse = s->lse,
				       .probability = s->probability,
				       .dq = s->dq,
				       .dk = s->dk,
				       .dv = s->dv,
				       .n_all = s->batch * s->n_heads,
				       .n = s->n,
				       .n_keys = s->n_keys,
				       .n_heads = s->n_heads,
				       .d = s->d_head,
				       .ldq = s->ldq,
				       .ldk = s->ldk,
				       .ldv = s->ldv,
				       .ldo = s->ldo,
				       .scale = (float)(1.0 / sqrt(d)),
				       .scale2 = (float)(0x1.71547652b82fep+0 / sqrt(d))};
}

/* Room for n floats a block; returns the bytes of shared memory, and the number of blocks in *n_blocks. */
static size_t place_scores(struct attention_args *a, size_t n_floats, size_t *n_blocks)
{
	*n_blocks = (size_t)a->n_all;
	if (n_floats * sizeof(float) <= DEVICE_SHARED)
		return n_floats * sizeof(float);
	*n_blocks = *n_blocks < BLOCKS ? *n_blocks : BLOCKS;
	a->scores_of_block = n_floats;
	a->scores = device_workspace(*n_blocks * n_floats);
	return 0;
}

void attention_forward(const struct attention *s)
{
	struct attention_args a = args_of(s);
	size_t n_blocks, n_shared = place_scores(&a, ((size_t)a.n_keys + 1) * (size_t)a.n, &n_blocks);
	LAUNCH_SHARED(attention, device_blocks(n_blocks, 1), 128, n_shared, &a);
}

void attention_backward(const struct attention *s)
{
	struct attention_args a = args_of(s);
	size_t n_blocks, n_shared = place_scores(&a, 2 * (size_t)a.n_keys * (size_t)a.n, &n_blocks);
	LAUNCH_SHARED(attention_backward, device_blocks(n_blocks, 1), 128, n_shared, &a);
}
#endif
