/*
 * The one table of operations. Model code sees arrays of float32 through a struct ops and nothing else;
 * cpu/ fills the table under contract cpu/2 (docs/numerics.md): every output element is a fixed sequence of
 * IEEE float32 operations, so results do not depend on threads, instruction set or compiler. A card's
 * (kernels/cuda/) computes the same sequences. What alloc gives is a device's: the host reaches it through
 * upload and download alone (tests/stages/fence.sh).
 *
 *	const struct ops *o = ops_chosen();  // that of EINTHOVEN_DEVICE; cpu: the best this CPU has
 *	float *y = o->alloc(m * n * sizeof *y);
 *	o->gemm(&(struct gemm){.m = m, .n = n, .k = k, .a = x, .lda = k, .b = w, .ldb = k,
 *			       .is_b_transposed = true, .c = y, .ldc = n, .bias = b});
 *
 * Letters: B records (views count as records), N tokens, T time samples, C channels, D width, H heads, L
 * leads, M rows = B*N. Arrays are row-major and dense unless a stride (ld*) is given; the last letter is
 * contiguous. Signals inside the model are time-major, [B,T,C], so that a convolution's window is one
 * contiguous run. dx is the loss gradient of x. "+=" marks gradients that accumulate (parameters); all
 * others are overwritten. In and out arrays may not overlap unless the comment says "may be x".
 */
#ifndef KERNELS_OPS_H
#define KERNELS_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/decide.h"
#include "kernels/sums.h"

struct team;
struct team_piece;

/* C[m,n] = op(A)[m,k] op(B)[k,n] (+ bias[n]) (then GELU) (times GELU') (+ residual[m,n]).
 * Each element: one fma chain over ascending k, starting from 0, or from C's old value if is_accumulated;
 * then one add for the bias; then GELU; then one product with GELU'(gelu_argument); then one add for the
 * residual. op(A) is A[m][k] with row stride lda, or A[k][m] if is_a_transposed; B likewise: B[k][n], or
 * B[n][k] if is_b_transposed. Rows of A may overlap (lda < k): that is how a convolution is one GEMM.
 * batch > 1 repeats over batch with the strides given (bias is shared; stride 0 shares an operand). With
 * is_accumulated and stride_c 0 the batches extend the same chains in ascending batch order. */
struct gemm {
	int m, n, k;
	const float *a;
	int lda;
	bool is_a_transposed;
	const float *b;
	int ldb;
	bool is_b_transposed;
	float *c;
	int ldc;
	bool is_accumulated;
	const float *bias; /* NULL: none */
	/* [m,n], ldc, stride_c: if not NULL, GELU is applied and its argument kept here */
	float *before_gelu;
	/* [m,n], ldc, stride_c, NULL: none: C is multiplied by GELU'(this), GELU's backward */
	const float *gelu_argument;
	/* [m,n], ldc, stride_c: NULL: none; may be c if C is not read otherwise (is_accumulated,
	 * gelu_argument, a chain) */
	const float *residual;
	int batch;  /* 0 counts as 1 */
	int last_k; /* k of the last item, at most k; 0: k. Not for a chain */
	size_t stride_a, stride_b, stride_c;
};

/* Multi-head scaled dot-product attention (Vaswani et al. 2017, eq. 1), per record b and
 * head h of width d = D/H:
 *	P = softmax(Q K^T / sqrt(d)) [N,Nk],  out = P V
 * Rows of Q: q + (b*n + i)*ldq + h*d; of K and V: k + (b*n_keys + j)*ldk + h*d. */
struct attention {
	int batch, n, n_keys, n_heads, d_head;
	const float *q, *k, *v;
	int ldq, ldk, ldv;
	float *out; /* [B,N,H*d], row stride ldo */
	int ldo;
	float *lse; /* [B,H,N] log2(e) times the log-sum-exp of the scaled scores, for the backward pass */
	float *probability; /* [B,H,N,Nk], or NULL: not wanted */
	/* backward only: */
	const float *dout;   /* as out */
	float *dq, *dk, *dv; /* as q, k, v, same strides; overwritten */
};

/* NT-Xent (Chen et al. 2020, eq. 1) over M = VN rows z[M,D], rows i, i + N, i + 2N ... being the V views of
 * one record, P(i) those of row i's record without itself:
 * u = z/|z|, s_ij = u_i.u_j / tau, s_ii = -inf; loss = mean_i [lse_j s_ij - mean of s_ip over p in P(i)], row
 * maximum subtracted: the mean over all ordered pairs of views, each against all other rows (Khosla et al.
 * 2020, eq. 2, a record being a class); with two views Chen's. Rows of one patient but different records
 * (patient[i] == patient[j], record differs; i mod N is the record's index): MASK leaves them out of the sum,
 * POSITIVE averages the log-probability over all of the patient's rows, IGNORE takes them as negatives. |z|
 * is floored at 1e-12.
 *
 * is_across, of two views: only rows of the other view are in row i's sum (CLOCS: Kiyasseh, Zhu and Clifton
 * 2021, eq. 2):
 * the rows and columns of the one [N,N] matrix of similarities between view 1 and view 2. There POSITIVE is
 * CLOCS's as well (eq. 3): with J the pairs (i, k) of different records of one patient, in both directions,
 *	loss = 1/2 mean_i [lse_i - s_i,p(i)] + 1/2 mean_J [lse_i - s_ik],
 * or the first mean alone where J is empty. */
enum same_patient { SAME_PATIENT_MASK, SAME_PATIENT_POSITIVE, SAME_PATIENT_IGNORE };
struct ntxent {
	int n, d;		 /* N records, width */
	int n_views;		 /* V, of a record; 0 counts as 2 */
	const float *z;		 /* [VN,D] */
	const uint64_t *patient; /* [N], or NULL: all differ */
	enum same_patient same_patient;
	bool is_across;
	float temperature;
	float *dz; /* [VN,D] or NULL: loss only */
	/* [2] out, in the table's memory: loss, and top1, the share of rows whose nearest row, of those in
	 * their sum, is of their own record */
	float *result;
};

struct adamw {
	size_t n;
	float *w, *m, *v; /* weights, first and second moment */
	const float *dw;
	/* Of each 16 floats whether weight_decay applies; NULL: to all. */
	const uint8_t *has_decay;
	float lr, beta1, beta2, eps, weight_decay;
	float scale;  /* multiplies dw (clipping) */
	int64_t step; /* from 1: bias correction */
	/* As decide made them, in place of scale and step; nothing changes if the step is not taken. NULL:
	 * it is taken, and those two count. */
	const float *rates;
};

/* Convolution over time. x [B,T_pad,Cin] holds pad zeros in front of and enough behind each record; w
 * [Cout,K,Cin]; y[b,t,o] = bias[o] + sum over (tap, c) ascending of
 * x[b, t*stride + tap, c] * w[o, tap, c]. */
struct conv1d {
	int batch, t_pad, c_in, c_out, k, stride, t_out;
	const float *x, *w;
	const float *bias; /* [Cout], NULL: none */
	float *y;	   /* [B,T_out,Cout] */
	/* backward only: dw and dbias are summed over records in chunks of 16, then a pairwise tree over
	 * chunks; records form such a sum sum_records at a time (0: all of them), the sums being added
	 * in ascending order. sums, if not NULL, says it instead. */
	int sum_records;
	const struct record_sums *sums;
	const float *dy;   /* as y */
	float *dx;	   /* as x, overwritten; NULL: not wanted */
	float *dw, *dbias; /* as w, bias: += ; dbias NULL: not wanted */
	float *scratch;	   /* conv1d_scratch() floats */
};

/* GroupNorm (Wu and He 2018) over T and C/G channels of each record, then GELU. */
struct groupnorm {
	int batch, t, c, groups; /* groups: G */
	float eps;
	const float *x;		/* [B,T,C] */
	const float *w, *b;	/* [C] */
	float *y, *before_gelu; /* as x; y may not be x; before_gelu NULL: not wanted */
	float *mean, *rstd;	/* [B,G], forward writes and backward reads them, as before_gelu */
	/* backward only: dw and db are summed over records in chunks of 64 and a tree; sum_records as
	 * and sums in struct conv1d. */
	int sum_records;
	const struct record_sums *sums;
	const float *dy;
	float *dx;	/* overwritten; may be dy */
	float *dw, *db; /* += */
};

/* BatchNorm (Ioffe and Szegedy 2015) per channel over all rows of a batch, of which [M,C] are here; a
 * residual and a ReLU behind it: y = relu((x - mean) / sqrt(variance + eps) * w + b + residual). A row given
 * NaN gives NaN: the ReLU lets it through. Sums over the batch are made in blocks of sum_rows rows, by the
 * batchnorm_*sums; adding up the blocks, which may be elsewhere, and dividing by n_rows is the caller's. */
struct batchnorm {
	int m, c;
	int sum_rows;	       /* rows of a block, the last may be shorter; 0: all M are one */
	int n_rows;	       /* of the batch */
	const float *x;	       /* [M,C] */
	const float *w, *b;    /* [C] */
	const float *mean;     /* [C] of the batch, or running ones; batchnorm_sums does not read it */
	const float *variance; /* [C] biased; the sums do not read it, but for batchnorm_gradient_sums */
	float eps;
	const float *residual; /* [M,C], NULL: none */
	bool has_relu;
	float *y; /* [M,C]; may be x or residual */
	/* backward only, from the batch's statistics and y (if has_relu): */
	const float *dy;   /* [M,C] */
	const float *sums; /* [2,C] batchnorm_gradient_sums over the batch: the gradients of b, and of w */
	float *dx;	   /* [M,C] overwritten; may be dy, x or y */
	/* [M,C] dy behind the ReLU, overwritten; NULL: not wanted; may be dy unless dx is */
	float *dresidual;
};

struct ops {
	const char *name; /* "cpu/" and an instruction set: scalar, avx2, avx512, neon */
	/* An operation costs much to begin: better few of many blocks at once, at the price of memory. */
	bool is_wide;
	/* Operations may be done after they return: only what brings numbers to the host waits for them. */
	bool is_deferred;

	/* ---- memory: 64-byte aligned; alloc dies when out of memory; zeroed ---- */
	void *(*alloc)(size_t n_bytes);
	/* Bytes that alloc may still give, about; SIZE_MAX: as many as the system lets it. */
	size_t (*room)(void);
	void (*release)(void *p);
	void (*upload)(void *device, const void *host, size_t n_bytes);
	void (*download)(void *host, const void *device, size_t n_bytes);
	void (*zero)(void *p, size_t n_bytes);
	/* Host memory, zeroed, and an upload from it that need not wait: until a mark that was set behind it
	 * is reached, what is there must stay as it is. Marks are 0 and 1; one never set is reached. */
	void *(*alloc_host)(size_t n_bytes);
	void (*release_host)(void *p);
	void (*send)(void *device, const void *host, size_t n_bytes);
	void (*mark)(int i);
	void (*reach)(int i);
	/* What is asked for between both, in the same order each time, is one piece of work and costs less to
	 * begin. What must wait or needs memory ends the piece before it: nothing is forbidden. */
	void (*begin)(void);
	void (*end)(void);

	/* ---- between the processes of a team, as team_exchange and team_gather (common/team.h) but in
	 * memory of alloc and in order with the operations before and after. Bytes are moved, never added. */
	void (*exchange)(struct team *t, const struct team_piece *send, int n_send,
			 const struct team_piece *receive, int n_receive);
	void (*gather)(struct team *t, void *all, const size_t *n_bytes);

	/* ---- linear algebra ---- */
	void (*gemm)(const struct gemm *g);
	/* db[n] += sum over rows of dy[m,n] (row stride ld): fixed chunks of 64 rows, each summed in
	 * ascending order, then a fixed pairwise tree over chunks; then one add to db. by: of rows. */
	void (*sum_rows)(float *db, const float *dy, int m, int n, int ld, struct by_block by);
	/* to[n] = the pairwise tree over the rows of from[m,n], m at least 1; to may be from. */
	void (*sum_blocks)(float *to, const float *from, int m, size_t n);
	/* y = a + b, n elements; y may be a or b. */
	void (*add)(float *y, const float *a, const float *b, size_t n);
	/* y = x / by, n elements; y may be x. */
	void (*divide)(float *y, const float *x, float by, size_t n);
	/* y = fma(share, x - y, y), n elements: y moves that share of its way towards x. */
	void (*mix)(float *y, const float *x, float share, size_t n);

	/* ---- convolution over time, as one GEMM per record ---- */
	void (*conv1d)(const struct conv1d *c);
	void (*conv1d_backward)(const struct conv1d *c);
	size_t (*conv1d_scratch)(const struct conv1d *c); /* floats: of the sizes and sum_records */
	/* y [B,T_pad,C] = x [B,C,T] transposed to time-major, pad zeros before, the rest behind; a lead with
	 * keep[b*C+c] == 0 is written as zeros whatever x holds. keep NULL: all kept. numbers [B]: x and
	 * keep have more records, and record b of y is their record numbers[b]; NULL: b. */
	void (*pack_signal)(float *y, const float *x, const uint8_t *keep, const int32_t *numbers, int batch,
			    int c, int t, int pad, int t_pad);
	/* The same for the transformer's inner signals: y [B,T_pad,C] from x [B,T,C]; and its
	 * backward, dx from dy. */
	void (*pad_time)(float *y, const float *x, int batch, int t, int c, int pad, int t_pad);
	void (*pad_time_backward)(float *dx, const float *dy, int batch, int t, int c, int pad, int t_pad);

	/* ---- normalisation and activation ---- */
	/* y = (x - mean) * rstd * w + b over D; x, y: [M,D], w, b: [D], mean, rstd: [M], eps > 0.
	 * Two passes. */
	void (*layernorm)(float *y, float *mean, float *rstd, const float *x, const float *w, const float *b,
			  int m, int d, float eps);
	/* dx overwritten (+ dresidual[M,D] if not NULL: the gradient that by-passes the norm; may be
	 * dx); dw +=, db +=. by: of rows. */
	void (*layernorm_backward)(float *dx, float *dw, float *db, const float *dy, const float *x,
				   const float *w, const float *mean, const float *rstd,
				   const float *dresidual, int m, int d, struct by_block by);
	void (*groupnorm_gelu)(const struct groupnorm *n);
	void (*groupnorm_gelu_backward)(const struct groupnorm *n);
	/* y = x Phi(x), exact (erf) form; dx = dy * GELU'(x). In place allowed (y may be x, dx may be dy). */
	void (*gelu)(float *y, const float *x, size_t n);
	void (*gelu_backward)(float *dx, const float *dy, const float *x, size_t n);
	/* y = max(x, 0); dx = y > 0 ? dy : 0. In place allowed. */
	void (*relu)(float *y, const float *x, size_t n);
	void (*relu_backward)(float *dx, const float *dy, const float *y, size_t n);
	/* sums [blocks,C] of x; of the squares of x - mean by fma; sums [blocks,2,C] of dz and of dz
	 * xhat by fma, dz the gradient in front of the ReLU. A block's rows in chunks of 64 and a
	 * tree, as in sum_rows. */
	void (*batchnorm_sums)(const struct batchnorm *n, float *sums);
	void (*batchnorm_square_sums)(const struct batchnorm *n, float *sums);
	void (*batchnorm_gradient_sums)(const struct batchnorm *n, float *sums);
	void (*batchnorm)(const struct batchnorm *n);
	/* dx through the statistics too, which are functions of x. */
	void (*batchnorm_backward)(const struct batchnorm *n);
	/* Running mean and variance, [C]: r = (1 - momentum) r + momentum * the batch's, the
	 * variance unbiased (times n_rows/(n_rows-1)), as in PyTorch; a channel whose batch is not
	 * finite keeps its own. */
	void (*batchnorm_running)(float *mean, float *variance, const struct batchnorm *n, float momentum);

	/* ---- pooling over time ---- */
	/* y [B,T_out,C] = maximum of x [B,T,C] over windows of k (odd) at t_out*stride - k/2, cut at the
	 * ends; at: the first maximum's t. T_out = (T - 1)/stride + 1. Backward: dx [B,T,C]
	 * overwritten, += in ascending t_out. */
	void (*max_time)(float *y, int32_t *at, const float *x, int batch, int t, int c, int k, int stride,
			 int t_out);
	void (*max_time_backward)(float *dx, const float *dy, const int32_t *at, int batch, int t, int c,
				  int t_out);
	/* y [B,C] = mean over T of x [B,T,C], one ascending chain; dx = dy / T. */
	void (*mean_time)(float *y, const float *x, int batch, int t, int c);
	void (*mean_time_backward)(float *dx, const float *dy, int batch, int t, int c);

	/* ---- attention ---- */
	void (*attention)(const struct attention *a);
	void (*attention_backward)(const struct attention *a);

	/* ---- tokens ---- */
	/* y[b,n,:] = x[b,n,:] + p[n,:]; y may be x. Backward of p: dp[n,:] += sum over b of dy
	 * (chunks as sum_rows), by: of records. */
	void (*add_position)(float *y, const float *x, const float *p, int batch, int n, int d);
	void (*add_position_backward)(float *dp, const float *dy, int batch, int n, int d,
				      struct by_block by);
	/* y[b,n,:] = x[b,n,:] + e[b,:]; y may be x. Backward: de[b,:] = sum over n of dy, ascending. */
	void (*add_record)(float *y, const float *x, const float *e, int batch, int n, int d);
	void (*add_record_backward)(float *de, const float *dy, int batch, int n, int d);
	/* y[b,l,:] = keep[b,l] ? x[b,l,:] : token[:]; y may be x. Backward: dx = keep ? dy : 0 (may be dy);
	 * dtoken[:] += sum of dy where not kept (chunks as sum_rows), by: of records. */
	void (*mask_tokens)(float *y, const float *x, const uint8_t *keep, const float *token, int batch,
			    int n, int d);
	void (*mask_tokens_backward)(float *dx, float *dtoken, const float *dy, const uint8_t *keep,
				     int batch, int n, int d, struct by_block by);
	/* y [B,2D] = [mean over N, max over N] of x [B,N,D]; at [B,D] the index of the first maximum.
	 * numbers [B]: y and at (backward: dy and at) have more rows, and record b's is numbers[b], no
	 * two alike; NULL: b. */
	void (*pool_mean_max)(float *y, int32_t *at, const float *x, const int32_t *numbers, int batch, int n,
			      int d);
	void (*pool_mean_max_backward)(float *dx, const float *dy, const int32_t *at, const int32_t *numbers,
				       int batch, int n, int d);
	/* Softmax gate over two towers: alpha [B,2] = softmax(logits [B,2]); h
	 * [B,2D] = [alpha_0 zt, alpha_1 zc], zt, zc [B,D]. */
	void (*gate)(float *h, float *alpha, const float *zt, const float *zc, const float *logits, int batch,
		     int d);
	void (*gate_backward)(float *dzt, float *dzc, float *dlogits, const float *dh, const float *zt,
			      const float *zc, const float *alpha, int batch, int d);

	/* ---- loss and optimiser ---- */
	void (*ntxent)(const struct ntxent *l, float *scratch);
	size_t (*ntxent_scratch)(int m, int d); /* floats, for M rows */
	/* Sum of squares, fixed chunks of 4096 and a fixed tree. NaN or infinity in x gives
	 * a non-finite sum. */
	float (*sum_squares)(const float *x, size_t n);
	/* *sum = the same, in the table's memory: nobody waits for it. */
	void (*squares)(float *sum, const float *x, size_t n);
	/* Whether a step is taken, and AdamW's rates (kernels/decide.h). */
	void (*decide)(const struct decide *d);
	/* Decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2). */
	void (*adamw)(const struct adamw *a);
};

/* The fastest CPU table this machine can run, or the one EINTHOVEN_ISA names (scalar; avx2, avx512 on x86-64;
 * neon on arm64): dies if that one is unknown or not runnable here. Every choice gives the same bits. A quick
 * self-test against the plain definitions runs at the first call and dies on a difference. */
const struct ops *ops_cpu(void);

/* The table of one instruction set, without self-test; NULL if unknown or not runnable here. For
 * tests and benchmarks that compare tables. */
const struct ops *ops_cpu_named(const char *isa);

/* Numerics class for the action key: "cpu/2", in the exact class on every device (docs/gpu.md). */
const char *ops_numerics(const struct ops *o);

/* `numerics:` of params: the contract's, or those of a card's fast class, by what factors of products are
 * rounded to. */
enum ops_numbers { OPS_EXACT, OPS_TF32, OPS_BF16 };

/* `device:` and `numerics:` of params, for all that is chosen below. Before the first of them. device is
 * borrowed for good: "auto", or a device's name. */
void ops_choose(const char *device, enum ops_numbers numbers);

/* The table of the device that EINTHOVEN_DEVICE names; unset or empty: that of ops_choose; "auto", or
 * neither: "cpu", in the fast class "cuda". Every stage takes its table here. Dies if the device is unknown,
 * or has no fast class and should. */
const struct ops *ops_chosen(void);

/* The class of ops_chosen(), without a self-test; exact: without opening the device, for a cache hit needs
 * only this. The fast class names the card and its libraries, which are opened for that. */
const char *ops_chosen_numerics(void);

#endif
