/*
 * Convolution over time as products. Signals are [T_pad,Cin] per record, so a window of K taps is K*Cin
 * consecutive floats and windows are the overlapping rows of one matrix. Backward: dw is a product with
 * those same rows, in chunks of 16 records; dx is a convolution of stride 1 of dy with the kernel cut into
 * its `stride` phases (tap = phase + stride * j).
 */
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/reduce.h"

enum { CHUNK = 16 }; /* records whose weight gradients extend one chain */

struct conv_args {
	const float *x, *w, *dy;
	float *dw, *dbias;
	float *partial; /* [n_chunks][Cout*K*Cin + Cout] */
	float *phases;	/* [J*Cout][stride*Cin]: row (j descending, o), column (phase, c) */
	float *padded;	/* [B][U + J - 1][Cout]: dy with J - 1 rows of zeros before and enough behind */
	int batch, t_pad, c_in, c_out, k, stride, t_out;
	int n_taps;		 /* J: taps per phase, ceil(K / stride) */
	int n_rows;		 /* U: ceil(T_pad / stride) */
	struct record_sums sums; /* each one's chunks are added up by one tree */
};

DEV int chunks_of_sum(const struct conv_args *c)
{
	return (c->sums.most + CHUNK - 1) / CHUNK;
}

DEV size_t weights_of(const struct conv_args *c)
{
	return (size_t)c->c_out * (size_t)c->k * (size_t)c->c_in;
}

DEV size_t padded_record(const struct conv_args *c)
{
	return (size_t)(c->n_rows + c->n_taps - 1) * (size_t)c->c_out;
}

/* None, if the sum has fewer chunks than most. */
DEV struct records records_of(const struct conv_args *c, int chunk)
{
	struct records sum = records_of_sum(&c->sums, chunk / chunks_of_sum(c), c->batch);
	int at = chunk % chunks_of_sum(c) * CHUNK;
	struct records r = {sum.from + at, sum.n - at < CHUNK ? sum.n - at : CHUNK};
	return r;
}

/* The bias's of one chunk of records. */
DEV void bias_of_chunk(const struct conv_args *a, float *to, struct records r)
{
	for (int o = (int)threadIdx.x; o < a->c_out; o += (int)blockDim.x) {
		const float *dy = a->dy + (size_t)r.from * (size_t)a->t_out * (size_t)a->c_out + (size_t)o;
		float sum = 0;
		for (int i = 0; i < r.n * a->t_out; i++)
			sum = ADD(sum, dy[(size_t)i * (size_t)a->c_out]);
		to[o] = sum;
	}
}

/* Weight gradients of one chunk of records, blockIdx.z: one chain over its records and their time. Blocks of
 * the last blockIdx.x add up the bias's, if there is one. */
KERNEL(conv_weights, conv_args)
{
	struct records r = records_of(&a, (int)blockIdx.z);
	int n = a.k * a.c_in, i0 = (int)blockIdx.y * GEMM_SMALL, j0 = (int)blockIdx.x * GEMM_SMALL;
	size_t dy_record = (size_t)a.t_out * (size_t)a.c_out, x_record = (size_t)a.t_pad * (size_t)a.c_in;
	struct operand dy = {a.dy, a.c_out, 1}, x = {a.x, a.stride * a.c_in, 1};
	float *to = a.partial + (size_t)blockIdx.z * (weights_of(&a) + (size_t)a.c_out), sum[4][4];
	int i = i0 + row_small(), j = j0 + column_small();
	if (r.n <= 0)
		return;
	if (a.dbias && blockIdx.x == gridDim.x - 1) {
		if (blockIdx.y == 0)
			bias_of_chunk(&a, to + weights_of(&a), r);
		return;
	}

	UNROLL
	for (int p = 0; p < 16; p++)
		sum[p / 4][p % 4] = 0.0f;
	for (int record = r.from; record < r.from + r.n; record++)
		chain_small(sum, operand_of(dy, (size_t)record * dy_record),
			    operand_of(x, (size_t)record * x_record), i0, a.c_out, j0, n, a.t_out);
	UNROLL
	for (int p = 0; p < 16; p++)
		if (i + p / 4 < a.c_out && j + p % 4 < n)
			to[(size_t)(i + p / 4) * (size_t)n + (size_t)(j + p % 4)] = sum[p / 4][p % 4];
}

/* Every sum of a block, blockIdx.y: its tree, then one addition. */
KERNEL(conv_tree, conv_args)
{
	size_t i = FIRST, n = weights_of(&a), row = n + (size_t)a.c_out;
	size_t block = (size_t)blockIdx.y * a.sums.stride;
	if (i >= row || (i >= n && !a.dbias))
		return;
	float *to = i < n ? a.dw + block + i : a.dbias + block + (i - n), *partial = a.partial + i;
	for (int sum = 0; sum < a.sums.n; sum++, partial += (size_t)chunks_of_sum(&a) * row) {
		struct records r = records_of_sum(&a.sums, sum, a.batch);
		if (is_sum_of_block(&a.sums, sum, (int)blockIdx.y))
			*to = ADD(*to, tree_of(partial, (r.n + CHUNK - 1) / CHUNK, row));
	}
}

DEV size_t phases_size(const struct conv_args *c)
{
	return (size_t)c->n_taps * (size_t)c->c_out * (size_t)c->stride * (size_t)c->c_in;
}

DEV float phase_at(const struct conv_args *a, size_t i)
{
	size_t row = (size_t)(a->stride * a->c_in);
	int at = (int)(i / row), j = a->n_taps - 1 - at / a->c_out, o = at % a->c_out;
	int tap = (int)(i % row) / a->c_in + a->stride * j, c = (int)(i % row) % a->c_in;
	return tap < a->k ? a->w[(size_t)(o * a->k + tap) * (size_t)a->c_in + (size_t)c] : 0.0f;
}

DEV float padded_at(const struct conv_args *a, size_t i)
{
	size_t record = padded_record(a), at = i % record;
	size_t front = (size_t)(a->n_taps - 1) * (size_t)a->c_out, body = (size_t)a->t_out * (size_t)a->c_out;
	int is_inside = at >= front && at < front + body;
	return is_inside ? a->dy[i / record * body + at - front] : 0.0f;
}

/* What the gradient of x is a product of. */
KERNEL(conv_operands, conv_args)
{
	size_t n = phases_size(&a), size = n + (size_t)a.batch * padded_record(&a);
	for (size_t i = FIRST; i < size; i += STRIDE)
		if (i < n)
			a.phases[i] = phase_at(&a, i);
		else
			a.padded[i - n] = padded_at(&a, i - n);
}

#if GPU_HOST
#include "kernels/cuda/device.h"
#include "kernels/cuda/table.h"

static struct conv_args args_of(const struct conv1d *s)
{
	return (struct conv_args){.x = s->x,
				  .w = s->w,
				  .dy = s->dy,
				  .dw = s->dw,
				  .dbias = s->dbias,
				  .batch = s->batch,
				  .t_pad = s->t_pad,
				  .c_in = s->c_in,
				  .c_out = s->c_out,
				  .k = s->k,
				  .stride = s->stride,
				  .t_out = s->t_out,
				  .n_taps = (s->k + s->stride - 1) / s->stride,
				  .n_rows = (s->t_pad + s->stride - 1) / s->stride,
				  .sums = device_sums(s->sums, s->sum_records, s->batch)};
}

static size_t n_chunks_of(const struct conv_args *c)
{
	return (size_t)c->sums.n * (size_t)chunks_of_sum(c);
}

size_t conv_scratch(const struct conv1d *s)
{
	struct conv_args c = args_of(s);
	return n_chunks_of(&c) * (weights_of(&c) + (size_t)c.c_out) + phases_size(&c) +
	       (size_t)s->batch * padded_record(&c);
}

void conv_forward(const struct conv1d *s)
{
	gemm_run(&(struct gemm){.m = s->t_out,
				.n = s->c_out,
				.k = s->k * s->c_in,
				.a = s->x,
				.lda = s->stride * s->c_in,
				.b = s->w,
				.ldb = s->k * s->c_in,
				.is_b_transposed = true,
				.c = s->y,
				.ldc = s->c_out,
				.bias = s->bias,
				.batch = s->batch,
				.stride_a = (size_t)s->t_pad * (size_t)s->c_in,
				.stride_c = (size_t)s->t_out * (size_t)s->c_out});
}

static void weight_gradients(const struct conv_args *c)
{
	size_t side = GEMM_SMALL, n_chunks = n_chunks_of(c), row = weights_of(c) + (size_t)c->c_out;
	size_t n_bias = c->dbias != NULL;
	struct device_grid tiles = {((size_t)(c->k * c->c_in) + side - 1) / side + n_bias,
				    ((size_t)c->c_out + side - 1) / side, n_chunks};
	LAUNCH(conv_weights, tiles, GEMM_SMALL_THREADS, c);
	LAUNCH(conv_tree, ((struct device_grid){(row + 127) / 128, (size_t)c->sums.n_blocks, 1}), 128, c);
}

/* dx row u = phases of time u*stride..: sum over j descending (time ascending), o ascending, of
 * dy[u-j][o] w[o][.][c]. The last row of each record may have some phases only: those rows are one product of
 * their own. */
static void data_gradients(const struct conv_args *c, float *dx)
{
	int whole = c->t_pad / c->stride, row = c->stride * c->c_in;
	struct gemm g = {.m = whole,
			 .n = row,
			 .k = c->n_taps * c->c_out,
			 .a = c->padded,
			 .lda = c->c_out,
			 .b = c->phases,
			 .ldb = row,
			 .c = dx,
			 .ldc = row,
			 .batch = c->batch,
			 .stride_a = padded_record(c),
			 .stride_c = (size_t)c->t_pad * (size_t)c->c_in};

	LAUNCH(conv_operands, device_share(phases_size(c) + (size_t)c->batch * padded_record(c)), 256, c);
	gemm_run(&g);
	if (whole == c->n_rows)
		return;
	g.m = c->batch;
	g.n = (c->t_pad - whole * c->stride) * c->c_in;
	g.a += (size_t)whole * (size_t)c->c_out;
	g.lda = (int)padded_record(c);
	g.c += (size_t)whole * (size_t)row;
	g.ldc = c->t_pad * c->c_in;
	g.batch = 0;
	gemm_run(&g);
}

void conv_backward(const struct conv1d *s)
{
	struct conv_args c = args_of(s);
	if (s->batch <= 0)
		return;
	c.partial = s->scratch;
	c.phases = c.partial + n_chunks_of(&c) * (weights_of(&c) + (size_t)c.c_out);
	c.padded = c.phases + phases_size(&c);
	weight_gradients(&c);
	if (s->dx)
		data_gradients(&c, s->dx);
}
#endif
