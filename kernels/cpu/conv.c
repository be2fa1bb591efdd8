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
	struct conv1d s;
	float *partial; /* [n_chunks][Cout*K*Cin + Cout] */
	float *phases;	/* [J*Cout][stride*Cin]: row (j descending, o), column (phase, c) */
	float *padded;	/* [B][U + J - 1][Cout]: dy with J - 1 rows of zeros before and enough behind */
	int n_taps;	/* J: taps per phase, ceil(K / stride) */
	int n_rows;	/* U: ceil(T_pad / stride) */
	int sum_records;
};

static struct conv conv_of(const struct conv1d *s)
{
	return (struct conv){.s = *s,
			     .n_taps = (s->k + s->stride - 1) / s->stride,
			     .n_rows = (s->t_pad + s->stride - 1) / s->stride,
			     .sum_records = s->sum_records ? s->sum_records : s->batch};
}

static struct narrow narrow_of(const struct conv1d *s, int batch)
{
	return (struct narrow){batch, s->t_pad, s->c_in, s->c_out, s->k, s->stride, s->t_out};
}

void ISA(conv_forward)(const struct conv1d *s)
{
	struct narrow narrow = narrow_of(s, s->batch);
	if (ISA(narrow_has_forward)(&narrow)) {
		ISA(narrow_forward)(s->y, s->x, s->w, s->bias, &narrow);
		return;
	}

	ISA(gemm_run)
	(&(struct gemm){.m = s->t_out,
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

/* Chunks of the first n records: a sum's last chunk may be short. */
static size_t n_chunks_of(const struct conv *c, int n)
{
	int of_sum = (c->sum_records + CHUNK - 1) / CHUNK;
	return (size_t)(n / c->sum_records * of_sum + (n % c->sum_records + CHUNK - 1) / CHUNK);
}

static size_t weights_of(const struct conv *c)
{
	return (size_t)c->s.c_out * (size_t)c->s.k * (size_t)c->s.c_in;
}

static size_t partial_row(const struct conv *c)
{
	return weights_of(c) + (size_t)c->s.c_out;
}

static size_t phases_size(const struct conv *c)
{
	return (size_t)c->n_taps * (size_t)c->s.c_out * (size_t)c->s.stride * (size_t)c->s.c_in;
}

static size_t padded_record(const struct conv *c)
{
	return (size_t)(c->n_rows + c->n_taps - 1) * (size_t)c->s.c_out;
}

size_t ISA(conv_scratch)(const struct conv1d *s)
{
	struct conv c = conv_of(s);
	return n_chunks_of(&c, s->batch) * partial_row(&c) + phases_size(&c) +
	       (size_t)s->batch * padded_record(&c);
}

/* Weight and bias gradients of one chunk of records, into its row of partial. */
static void chunk_task(void *context, int chunk)
{
	const struct conv *c = context;
	int of_sum = (c->sum_records + CHUNK - 1) / CHUNK, first = chunk / of_sum * c->sum_records;
	int end = first + c->sum_records < c->s.batch ? first + c->sum_records : c->s.batch;
	int from = first + chunk % of_sum * CHUNK, n = end - from < CHUNK ? end - from : CHUNK;
	float *dw = c->partial + (size_t)chunk * partial_row(c);
	size_t dy_record = (size_t)c->s.t_out * (size_t)c->s.c_out,
	       x_record = (size_t)c->s.t_pad * (size_t)c->s.c_in;
	const float *dy = c->s.dy + (size_t)from * dy_record, *x = c->s.x + (size_t)from * x_record;
	struct narrow narrow = narrow_of(&c->s, n);

	if (ISA(narrow_has_weights)(&narrow)) {
		ISA(narrow_weights)(dw, dw + weights_of(c), dy, x, &narrow);
		return;
	}

	ISA(gemm_serial)
	(&(struct gemm){.m = c->s.c_out,
			.n = c->s.k * c->s.c_in,
			.k = c->s.t_out,
			.a = dy,
			.lda = c->s.c_out,
			.is_a_transposed = true,
			.b = x,
			.ldb = c->s.stride * c->s.c_in,
			.c = dw,
			.ldc = c->s.k * c->s.c_in,
			.batch = n,
			.stride_a = dy_record,
			.stride_b = x_record});
	ISA(reduce_rows_serial)
	(dw + weights_of(c), dy, (size_t)n * (size_t)c->s.t_out, c->s.c_out, (size_t)c->s.c_out,
	 CHUNK * (size_t)c->s.t_out, false);
}

enum { SPAN = 256 }; /* weights summed over chunks per task */

/* Weights from..from+n of every sum: its tree, then one addition. */
static void tree_task(void *context, int task)
{
	const struct conv *c = context;
	size_t n = weights_of(c), from = (size_t)task * SPAN, left = partial_row(c) - from,
	       width = left < SPAN ? left : SPAN, chunk = 0, end;
	for (int first = 0; first < c->s.batch; first += c->sum_records, chunk = end) {
		int records = c->s.batch - first < c->sum_records ? c->s.batch - first : c->sum_records;
		float *sum = c->partial + chunk * partial_row(c) + from;
		end = chunk + n_chunks_of(c, records);
		reduce_tree(sum, end - chunk, width, partial_row(c));
		for (size_t i = 0; i < width; i++)
			if (from + i < n)
				c->s.dw[from + i] += sum[i];
			else if (c->s.dbias)
				c->s.dbias[from + i - n] += sum[i];
	}
}

static void weight_gradients(struct conv *c)
{
	const struct gemm largest = {.m = c->s.c_out,
				     .n = c->s.k * c->s.c_in,
				     .k = c->s.t_out,
				     .lda = c->s.c_out,
				     .is_a_transposed = true};
	ISA(gemm_reserve)(&largest);
	pool_run(chunk_task, c, (int)n_chunks_of(c, c->s.batch));
	pool_run(tree_task, c, (int)((partial_row(c) + SPAN - 1) / SPAN));
}

static void pad_task(void *context, int record)
{
	const struct conv *c = context;
	float *padded = c->padded + (size_t)record * padded_record(c);
	size_t front = (size_t)(c->n_taps - 1) * (size_t)c->s.c_out,
	       body = (size_t)c->s.t_out * (size_t)c->s.c_out;
	memset(padded, 0, front * sizeof *padded);
	memcpy(padded + front, c->s.dy + (size_t)record * body, body * sizeof *padded);
	memset(padded + front + body, 0, (padded_record(c) - front - body) * sizeof *padded);
}

static void fill_phases(const struct conv *c)
{
	size_t row = (size_t)(c->s.stride * c->s.c_in);
	for (int j = 0; j < c->n_taps; j++) {
		int taps = c->s.k - j * c->s.stride < c->s.stride ? c->s.k - j * c->s.stride : c->s.stride;
		size_t n = (size_t)(taps * c->s.c_in);
		for (int o = 0; o < c->s.c_out; o++) {
			float *to = c->phases + (size_t)((c->n_taps - 1 - j) * c->s.c_out + o) * row;
			memcpy(to, c->s.w + (size_t)(o * c->s.k + j * c->s.stride) * (size_t)c->s.c_in,
			       n * sizeof *to);
			memset(to + n, 0, (row - n) * sizeof *to);
		}
	}
}

/* Phases that lack the last tap start with products by zero: +0 stays +0, so they may be left out. That pays
 * where it is a tenth of the work and no vector is cut. */
static void whole_rows(const struct conv *c, struct gemm g)
{
	int complete = (c->s.k - (c->n_taps - 1) * c->s.stride) * c->s.c_in, rest = g.n - complete;
	if (rest * 10 < g.n * c->n_taps || complete % 16 || rest % 16) {
		ISA(gemm_run)(&g);
		return;
	}
	g.n = complete;
	ISA(gemm_run)(&g);
	g.n = rest;
	g.k -= c->s.c_out;
	g.a += c->s.c_out;
	g.b += (size_t)c->s.c_out * (size_t)g.ldb + (size_t)complete;
	g.c += complete;
	ISA(gemm_run)(&g);
}

/* dx row u = phases of time u*stride..: sum over j descending (time ascending), o ascending, of
 * dy[u-j][o] w[o][.][c]. The last row of each record may have some phases only: those rows are one
 * product of their own. */
static void data_gradients(struct conv *c)
{
	int whole = c->s.t_pad / c->s.stride, row = c->s.stride * c->s.c_in;
	struct gemm g = {.m = whole,
			 .n = row,
			 .k = c->n_taps * c->s.c_out,
			 .a = c->padded,
			 .lda = c->s.c_out,
			 .b = c->phases,
			 .ldb = row,
			 .c = c->s.dx,
			 .ldc = row,
			 .batch = c->s.batch,
			 .stride_a = padded_record(c),
			 .stride_c = (size_t)c->s.t_pad * (size_t)c->s.c_in};

	fill_phases(c);
	pool_run(pad_task, c, c->s.batch);
	whole_rows(c, g);
	if (whole == c->n_rows)
		return;
	g.m = c->s.batch;
	g.n = (c->s.t_pad - whole * c->s.stride) * c->s.c_in;
	g.a += (size_t)whole * (size_t)c->s.c_out;
	g.lda = (int)padded_record(c);
	g.c += (size_t)whole * (size_t)row;
	g.ldc = c->s.t_pad * c->s.c_in;
	g.batch = 0;
	ISA(gemm_run)(&g);
}

/* Sum i alone, as a batch of its own. */
static void backward_of_sum(const struct conv1d *s, int i)
{
	const struct record_sums *sums = s->sums;
	int first = sums->first ? sums->first[i] : i * sums->most;
	int end = sums->first ? sums->first[i + 1] : first + sums->most;
	size_t to = (size_t)(sums->block ? sums->block[i] : i) * sums->stride;
	struct conv1d one = *s;
	one.sums = NULL;
	one.sum_records = 0;
	one.batch = (end < s->batch ? end : s->batch) - first;
	one.x += (size_t)first * (size_t)s->t_pad * (size_t)s->c_in;
	one.dy += (size_t)first * (size_t)s->t_out * (size_t)s->c_out;
	one.dx = s->dx ? s->dx + (size_t)first * (size_t)s->t_pad * (size_t)s->c_in : NULL;
	one.dw += to;
	one.dbias = s->dbias ? s->dbias + to : NULL;
	ISA(conv_backward)(&one);
}

void ISA(conv_backward)(const struct conv1d *s)
{
	struct conv c = conv_of(s);
	for (int i = 0; s->sums && i < s->sums->n; i++)
		backward_of_sum(s, i);
	if (s->sums)
		return;
	if (s->batch <= 0)
		return;
	c.partial = s->scratch;
	c.phases = c.partial + n_chunks_of(&c, s->batch) * partial_row(&c);
	c.padded = c.phases + phases_size(&c);
	weight_gradients(&c);
	if (s->dx)
		data_gradients(&c);
}
