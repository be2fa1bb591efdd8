/*
 * Convolution over time as products. Signals are [T_pad,Cin] per record, so a window of K taps is K*Cin
 * consecutive floats and windows are the overlapping rows of one matrix. Backward: dw is a product with those
 * same rows; dx is a convolution of stride 1 of dy with the kernel cut into its `stride` phases (tap = phase
 * + stride * j).
 */
#include "common/pool.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/narrow.h"
#include "kernels/cpu/reduce.h"
#include "kernels/cpu/table.h"

enum { CHUNK = 16 }; /* records whose weight gradients extend one chain */

struct conv {
	float *dx;
	const float *dy, *x;
	float *partial; /* [n_chunks][Cout*K*Cin + Cout] */
	float *phases;	/* [J*Cout][stride*Cin]: row (j descending, o), column (phase, c) */
	float *padded;	/* [B][U + J - 1][Cout]: dy with J - 1 rows of zeros before and enough behind */
	const float *w;
	int batch, t_pad, c_in, c_out, k, stride, t_out;
	int n_taps; /* J: taps per phase, ceil(K / stride) */
	int n_rows; /* U: ceil(T_pad / stride) */
};

static struct conv conv_of(int batch, int t_pad, int c_in, int c_out, int k, int stride, int t_out)
{
	return (struct conv){.batch = batch,
			     .t_pad = t_pad,
			     .c_in = c_in,
			     .c_out = c_out,
			     .k = k,
			     .stride = stride,
			     .t_out = t_out,
			     .n_taps = (k + stride - 1) / stride,
			     .n_rows = (t_pad + stride - 1) / stride};
}

void ISA(conv_forward)(float *y, const float *x, const float *w, const float *bias, int batch, int t_pad,
		       int c_in, int c_out, int k, int stride, int t_out)
{
	struct narrow narrow = {batch, t_pad, c_in, c_out, k, stride, t_out};
	if (ISA(narrow_has_forward)(&narrow)) {
		ISA(narrow_forward)(y, x, w, bias, &narrow);
		return;
	}

	ISA(gemm_run)
	(&(struct gemm){.m = t_out,
			.n = c_out,
			.k = k * c_in,
			.a = x,
			.lda = stride * c_in,
			.b = w,
			.ldb = k * c_in,
			.is_b_transposed = true,
			.c = y,
			.ldc = c_out,
			.bias = bias,
			.batch = batch,
			.stride_a = (size_t)t_pad * (size_t)c_in,
			.stride_c = (size_t)t_out * (size_t)c_out});
}

static size_t n_chunks_of(const struct conv *c)
{
	return ((size_t)c->batch + CHUNK - 1) / CHUNK;
}

static size_t weights_of(const struct conv *c)
{
	return (size_t)c->c_out * (size_t)c->k * (size_t)c->c_in;
}

static size_t partial_row(const struct conv *c)
{
	return weights_of(c) + (size_t)c->c_out;
}

static size_t phases_size(const struct conv *c)
{
	return (size_t)c->n_taps * (size_t)c->c_out * (size_t)c->stride * (size_t)c->c_in;
}

static size_t padded_record(const struct conv *c)
{
	return (size_t)(c->n_rows + c->n_taps - 1) * (size_t)c->c_out;
}

size_t ISA(conv_scratch)(int batch, int t_pad, int c_in, int c_out, int k, int stride, int t_out)
{
	struct conv c = conv_of(batch, t_pad, c_in, c_out, k, stride, t_out);
	return n_chunks_of(&c) * partial_row(&c) + phases_size(&c) + (size_t)batch * padded_record(&c);
}

/* Weight and bias gradients of one chunk of records, into its row of partial. */
static void chunk_task(void *context, int chunk)
{
	const struct conv *c = context;
	int from = chunk * CHUNK, n = c->batch - from < CHUNK ? c->batch - from : CHUNK;
	float *dw = c->partial + (size_t)chunk * partial_row(c);
	size_t dy_record = (size_t)c->t_out * (size_t)c->c_out, x_record = (size_t)c->t_pad * (size_t)c->c_in;
	const float *dy = c->dy + (size_t)from * dy_record, *x = c->x + (size_t)from * x_record;
	struct narrow narrow = {n, c->t_pad, c->c_in, c->c_out, c->k, c->stride, c->t_out};

	if (ISA(narrow_has_weights)(&narrow)) {
		ISA(narrow_weights)(dw, dw + weights_of(c), dy, x, &narrow);
		return;
	}

	ISA(gemm_serial)
	(&(struct gemm){.m = c->c_out,
			.n = c->k * c->c_in,
			.k = c->t_out,
			.a = dy,
			.lda = c->c_out,
			.is_a_transposed = true,
			.b = x,
			.ldb = c->stride * c->c_in,
			.c = dw,
			.ldc = c->k * c->c_in,
			.batch = n,
			.stride_a = dy_record,
			.stride_b = x_record});
	ISA(reduce_rows_serial)
	(dw + weights_of(c), dy, (size_t)n * (size_t)c->t_out, c->c_out, (size_t)c->c_out,
	 CHUNK * (size_t)c->t_out, false);
}

enum { SPAN = 256 }; /* weights summed over chunks per task */

static void tree_task(void *context, int task)
{
	const struct conv *c = context;
	size_t from = (size_t)task * SPAN, left = partial_row(c) - from;
	reduce_tree(c->partial + from, n_chunks_of(c), left < SPAN ? left : SPAN, partial_row(c));
}

static void weight_gradients(struct conv *c, float *dw, float *dbias)
{
	size_t n = weights_of(c);
	ISA(gemm_reserve)(&(struct gemm){.m = c->c_out, .n = c->k * c->c_in, .k = c->t_out});
	pool_run(chunk_task, c, (int)n_chunks_of(c));
	pool_run(tree_task, c, (int)((partial_row(c) + SPAN - 1) / SPAN));
	for (size_t i = 0; i < n; i++)
		dw[i] += c->partial[i];
	for (int o = 0; dbias && o < c->c_out; o++)
		dbias[o] += c->partial[n + (size_t)o];
}

static void pad_task(void *context, int record)
{
	const struct conv *c = context;
	float *padded = c->padded + (size_t)record * padded_record(c);
	size_t front = (size_t)(c->n_taps - 1) * (size_t)c->c_out, body = (size_t)c->t_out * (size_t)c->c_out;
	memset(padded, 0, front * sizeof *padded);
	memcpy(padded + front, c->dy + (size_t)record * body, body * sizeof *padded);
	memset(padded + front + body, 0, (padded_record(c) - front - body) * sizeof *padded);
}

static void fill_phases(const struct conv *c)
{
	size_t row = (size_t)(c->stride * c->c_in);
	for (int j = 0; j < c->n_taps; j++) {
		int taps = c->k - j * c->stride < c->stride ? c->k - j * c->stride : c->stride;
		size_t n = (size_t)(taps * c->c_in);
		for (int o = 0; o < c->c_out; o++) {
			float *to = c->phases + (size_t)((c->n_taps - 1 - j) * c->c_out + o) * row;
			memcpy(to, c->w + (size_t)(o * c->k + j * c->stride) * (size_t)c->c_in,
			       n * sizeof *to);
			memset(to + n, 0, (row - n) * sizeof *to);
		}
	}
}

/* Phases that lack the last tap start with products by zero: +0 stays +0, so they may be left out. That pays where it is a tenth
 * of the work and no vector is cut. */
static void whole_rows(const struct conv *c, struct gemm g)
{
	int complete = (c->k - (c->n_taps - 1) * c->stride) * c->c_in, rest = g.n - complete;
	if (rest * 10 < g.n * c->n_taps || complete % 16 || rest % 16) {
		ISA(gemm_run)(&g);
		return;
	}
	g.n = complete;
	ISA(gemm_run)(&g);
	g.n = rest;
	g.k -= c->c_out;
	g.a += c->c_out;
	g.b += (size_t)c->c_out * (size_t)g.ldb + (size_t)complete;
	g.c += complete;
	ISA(gemm_run)(&g);
}

/* dx row u = phases of time u*stride..: sum over j descending (time ascending), o ascending, of dy[u-j][o] w[o][.][c]. The
 * last row of each record may have some phases only: those rows are one product of their own. */
static void data_gradients(struct conv *c)
{
	int whole = c->t_pad / c->stride, row = c->stride * c->c_in;
	struct gemm g = {.m = whole,
			 .n = row,
			 .k = c->n_taps * c->c_out,
			 .a = c->padded,
			 .lda = c->c_out,
			 .b = c->phases,
			 .ldb = row,
			 .c = c->dx,
			 .ldc = row,
			 .batch = c->batch,
			 .stride_a = padded_record(c),
			 .stride_c = (size_t)c->t_pad * (size_t)c->c_in};

	fill_phases(c);
	pool_run(pad_task, c, c->batch);
	whole_rows(c, g);
	if (whole == c->n_rows)
		return;
	g.m = c->batch;
	g.n = (c->t_pad - whole * c->stride) * c->c_in;
	g.a += (size_t)whole * (size_t)c->c_out;
	g.lda = (int)padded_record(c);
	g.c += (size_t)whole * (size_t)row;
	g.ldc = c->t_pad * c->c_in;
	g.batch = 0;
	ISA(gemm_run)(&g);
}

void ISA(conv_backward)(float *dx, float *dw, float *dbias, const float *dy, const float *x, const float *w,
			float *scratch, int batch, int t_pad, int c_in, int c_out, int k, int stride,
			int t_out)
{
	struct conv c = conv_of(batch, t_pad, c_in, c_out, k, stride, t_out);
	c.dx = dx;
	c.dy = dy;
	c.x = x;
	c.w = w;
	c.partial = scratch;
	c.phases = scratch + n_chunks_of(&c) * partial_row(&c);
	c.padded = c.phases + phases_size(&c);
	weight_gradients(&c, dw, dbias);
	if (dx)
		data_gradients(&c);
}
