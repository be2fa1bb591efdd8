/*
 * cuBLASLt on this CPU, for tests: what kernels/cuda/product.c uses of libcublasLt.so.13, with its name, in
 * the streams of the double of CUDA's runtime. Factors are rounded to TF32 or bf16 where that is asked for.
 * What the real one refuses is refused, and what it would do wrong with goes wrong: a plan of another shape,
 * arrays that begin elsewhere than was said, a workspace that is too small; a sum that may be split comes out
 * in another order each time.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cublaslt.h"
#include "tests/cuda/double.h"

enum { HANDLE = 0x4c740001, PRODUCT, LAYOUT, PREFERENCE }; /* first word of what is alive */
enum { WORKSPACE = 8192, SPLIT = 2, REDUCTION_IN_PLACE = 1, ALL_REDUCTIONS = 7 };

struct product {
	int magic, compute;
	int32_t transpose_a, transpose_b;
	uint32_t epilogue;
	const float *bias;
};

struct layout {
	int magic, type;
	uint64_t rows, columns;
	int64_t ld, stride;
	int32_t batch;
};

struct preference {
	int magic;
	uint32_t reductions, alignment[4]; /* of A, B, C, D */
	uint64_t workspace;
};

/* What an algorithm says of itself, in its 64 bytes. */
struct algorithm {
	uint64_t shape; /* a hash */
	uint32_t alignment[4];
	uint32_t alignment_bias, reduction;
	int32_t split;
	uint32_t workspace, none[4];
};
_Static_assert(sizeof(struct algorithm) <= sizeof(struct lt_algorithm), "room for an algorithm");

struct call {
	struct product p;
	struct layout a, b, c;
	struct algorithm algorithm;
	const float *x, *y, *old;
	float *to, alpha, beta, *workspace;
};

#define DECLARE(type, name, arguments) PUBLIC type cublasLt##name arguments;
CUBLASLT_FUNCTIONS(DECLARE)

/* DOUBLE_CUBLASLT: another version. */
size_t cublasLtGetVersion(void)
{
	const char *text = getenv("DOUBLE_CUBLASLT");
	return text ? strtoul(text, NULL, 10) : 130100;
}

const char *cublasLtGetStatusString(int status)
{
	return status == LT_SUCCESS	    ? "CUBLAS_STATUS_SUCCESS"
	       : status == LT_NOT_SUPPORTED ? "CUBLAS_STATUS_NOT_SUPPORTED"
					    : "CUBLAS_STATUS_INVALID_VALUE";
}

static int made(void **to, const void *value, size_t n_bytes)
{
	*to = malloc(n_bytes);
	memcpy(*to, value, n_bytes);
	return LT_SUCCESS;
}

static bool is(const void *p, int magic)
{
	return p && *(const int *)p == magic;
}

int cublasLtCreate(lt_handle *h)
{
	return made(h, &(int){HANDLE}, sizeof(int));
}

int cublasLtMatmulDescCreate(lt_product *p, int compute, int scale_type)
{
	struct product new = {.magic = PRODUCT, .compute = compute, .epilogue = LT_EPILOGUE_PLAIN};
	if (scale_type != LT_FLOAT ||
	    (compute != LT_COMPUTE_TF32 && compute != LT_COMPUTE_BF16 && compute != 68))
		return LT_NOT_SUPPORTED;
	return made(p, &new, sizeof new);
}

static int set(void *field, size_t size, const void *value, size_t n_bytes)
{
	if (!value || n_bytes != size)
		return LT_INVALID_VALUE;
	memcpy(field, value, size);
	return LT_SUCCESS;
}
#define SET(field) set(&(field), sizeof(field), value, n_bytes)

int cublasLtMatmulDescSetAttribute(lt_product given, int which, const void *value, size_t n_bytes)
{
	struct product *p = given;
	if (!is(p, PRODUCT))
		return LT_INVALID_VALUE;
	switch (which) {
	case LT_TRANSPOSE_A:
		return SET(p->transpose_a);
	case LT_TRANSPOSE_B:
		return SET(p->transpose_b);
	case LT_EPILOGUE:
		return SET(p->epilogue);
	case LT_BIAS:
		return SET(p->bias);
	default:
		return LT_INVALID_VALUE;
	}
}

int cublasLtMatrixLayoutCreate(lt_layout *l, int type, uint64_t rows, uint64_t columns, int64_t ld)
{
	struct layout new = {LAYOUT, type, rows, columns, ld, 0, 1};
	return type == LT_FLOAT ? made(l, &new, sizeof new) : LT_NOT_SUPPORTED;
}

int cublasLtMatrixLayoutSetAttribute(lt_layout given, int which, const void *value, size_t n_bytes)
{
	struct layout *l = given;
	if (!is(l, LAYOUT))
		return LT_INVALID_VALUE;
	return which == LT_BATCH_COUNT	  ? SET(l->batch)
	       : which == LT_BATCH_STRIDE ? SET(l->stride)
					  : LT_INVALID_VALUE;
}

int cublasLtMatmulPreferenceCreate(lt_preference *p)
{
	struct preference new = {PREFERENCE, ALL_REDUCTIONS, {256, 256, 256, 256}, 0};
	return made(p, &new, sizeof new);
}

int cublasLtMatmulPreferenceSetAttribute(lt_preference given, int which, const void *value, size_t n_bytes)
{
	struct preference *p = given;
	if (!is(p, PREFERENCE))
		return LT_INVALID_VALUE;
	if (which >= LT_ALIGNMENT_A && which <= LT_ALIGNMENT_D)
		return SET(p->alignment[which - LT_ALIGNMENT_A]);
	return which == LT_MAX_WORKSPACE    ? SET(p->workspace)
	       : which == LT_REDUCTION_MASK ? SET(p->reductions)
					    : LT_INVALID_VALUE;
}

int cublasLtMatmulPreferenceDestroy(lt_preference p)
{
	if (!is(p, PREFERENCE))
		return LT_INVALID_VALUE;
	*(int *)p = 0;
	return LT_SUCCESS;
}

/* ---- what may be multiplied ---- */

static bool fits(const struct product *p, const struct layout *a, const struct layout *b,
		 const struct layout *c)
{
	if (!is(p, PRODUCT) || !is(a, LAYOUT) || !is(b, LAYOUT) || !is(c, LAYOUT))
		return false;
	bool is_a = p->transpose_a == LT_TRANSPOSED, is_b = p->transpose_b == LT_TRANSPOSED;
	bool is_sized = (is_a ? a->columns : a->rows) == c->rows &&
			(is_b ? b->rows : b->columns) == c->columns &&
			(is_a ? a->rows : a->columns) == (is_b ? b->columns : b->rows);
	bool is_dense = a->ld >= (int64_t)a->rows && b->ld >= (int64_t)b->rows && c->ld >= (int64_t)c->rows;
	bool is_apart = c->batch == 1 || c->stride != 0; /* items would be written one over the other */
	return is_sized && is_dense && is_apart && a->rows && a->columns && c->columns && c->rows &&
	       a->batch == c->batch && b->batch == c->batch && c->batch > 0 && c->batch <= 65535 &&
	       (p->epilogue == LT_EPILOGUE_PLAIN || p->epilogue == LT_EPILOGUE_BIAS);
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	return (h ^ x) * 0x100000001b3;
}

static uint64_t hash_of(const struct product *p, const struct layout *const l[3])
{
	uint64_t h = 0xcbf29ce484222325;
	h = mix(mix(mix(h, (uint64_t)p->transpose_a), (uint64_t)p->transpose_b), p->epilogue);
	h = mix(h, (uint64_t)p->compute);
	for (int i = 0; i < 3; i++) {
		h = mix(mix(mix(h, l[i]->rows), l[i]->columns), (uint64_t)l[i]->ld);
		h = mix(mix(h, (uint64_t)l[i]->stride), (uint64_t)l[i]->batch);
	}
	return h;
}

static uint32_t alignment_of(const void *p)
{
	size_t bits = (size_t)p | 256;
	return (uint32_t)(bits & -bits);
}

int cublasLtMatmulAlgoGetHeuristic(lt_handle h, lt_product p, lt_layout a, lt_layout b, lt_layout c,
				   lt_layout d, lt_preference preference, int room, struct lt_found *found,
				   int *n_found)
{
	const struct preference *f = preference;
	*n_found = 0;
	if (!is(h, HANDLE) || !is(f, PREFERENCE) || room < 1 || !fits(p, a, b, c) || !fits(p, a, b, d))
		return LT_INVALID_VALUE;
	if (f->workspace < WORKSPACE)
		return LT_NOT_SUPPORTED;
	struct algorithm chosen = {.shape = hash_of(p, (const struct layout *const[]){a, b, c}),
				   .alignment_bias = alignment_of(((struct product *)p)->bias),
				   .reduction = f->reductions ? REDUCTION_IN_PLACE : LT_REDUCTION_NONE,
				   .split = f->reductions ? SPLIT : 1,
				   .workspace = WORKSPACE};
	memcpy(chosen.alignment, f->alignment, sizeof chosen.alignment);
	memset(found, 0, sizeof *found);
	memcpy(&found->algorithm, &chosen, sizeof chosen);
	found->workspace = WORKSPACE;
	*n_found = 1;
	return LT_SUCCESS;
}

int cublasLtMatmulAlgoConfigGetAttribute(const struct lt_algorithm *a, int which, void *value, size_t n_bytes,
					 size_t *n_written)
{
	struct algorithm of;
	memcpy(&of, a, sizeof of);
	*n_written = sizeof(int32_t);
	if (n_bytes != sizeof(int32_t) || (which != LT_ALGORITHM_SPLIT && which != LT_ALGORITHM_REDUCTION))
		return LT_INVALID_VALUE;
	memcpy(value, which == LT_ALGORITHM_SPLIT ? (void *)&of.split : (void *)&of.reduction, n_bytes);
	return LT_SUCCESS;
}

/* ---- products ---- */

/* As cvt.rna.tf32: to the nearest of ten bits behind the first, ties away from zero; as cvt.rn.bf16: of
 * seven, ties to even. */
static float rounded(float x, int compute)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	if ((bits & 0x7f800000) == 0x7f800000)
		return x;
	if (compute == LT_COMPUTE_TF32)
		bits = (bits + 0x1000) & ~0x1fffu;
	if (compute == LT_COMPUTE_BF16)
		bits = (bits + 0x7fff + (bits >> 16 & 1)) & ~0xffffu;
	memcpy(&x, &bits, sizeof x);
	return x;
}

static float sum_of(const struct call *c, size_t item, int64_t row, int64_t column, int64_t from, int64_t end)
{
	const float *x = c->x + (int64_t)item * c->a.stride, *y = c->y + (int64_t)item * c->b.stride;
	bool is_a = c->p.transpose_a == LT_TRANSPOSED, is_b = c->p.transpose_b == LT_TRANSPOSED;
	float sum = 0;
	for (int64_t k = from; k < end; k++)
		sum = fmaf(rounded(x[is_a ? row * c->a.ld + k : k * c->a.ld + row], c->p.compute),
			   rounded(y[is_b ? k * c->b.ld + column : column * c->b.ld + k], c->p.compute), sum);
	return sum;
}

/* A split sum is made of parts that come as it happens. */
static float product_at(const struct call *c, size_t item, int64_t row, int64_t column)
{
	static unsigned n_calls;
	int64_t k = (int64_t)(c->p.transpose_a == LT_TRANSPOSED ? c->a.rows : c->a.columns);
	int64_t cut = c->algorithm.split > 1 && k > 2 ? 1 + (int64_t)(n_calls++ % (unsigned)(k - 1)) : k;
	return sum_of(c, item, row, column, 0, cut) + sum_of(c, item, row, column, cut, k);
}

static bool multiply(void *arguments)
{
	const struct call *c = arguments;
	memset(c->workspace, 0xff, c->algorithm.workspace);
	for (size_t item = 0; item < (size_t)c->c.batch; item++)
		for (int64_t column = 0; column < (int64_t)c->c.columns; column++)
			for (int64_t row = 0; row < (int64_t)c->c.rows; row++) {
				int64_t at = (int64_t)item * c->c.stride + column * c->c.ld + row;
				float x = c->alpha * product_at(c, item, row, column);
				if (c->beta != 0)
					x += c->beta * c->old[at];
				c->to[at] = c->p.epilogue == LT_EPILOGUE_BIAS ? x + c->p.bias[row] : x;
			}
	return true;
}

static bool is_aligned(const struct call *c)
{
	const void *const arrays[] = {c->x, c->y, c->old, c->to};
	for (int i = 0; i < 4; i++)
		if (!arrays[i] || alignment_of(arrays[i]) < c->algorithm.alignment[i])
			return false;
	return c->p.epilogue != LT_EPILOGUE_BIAS ||
	       (c->p.bias && alignment_of(c->p.bias) >= c->algorithm.alignment_bias);
}

int cublasLtMatmul(lt_handle h, lt_product p, const void *alpha, const void *a, lt_layout la, const void *b,
		   lt_layout lb, const void *beta, const void *c, lt_layout lc, void *d, lt_layout ld,
		   const struct lt_algorithm *algorithm, void *workspace, size_t n_workspace, cudart_stream s)
{
	struct call call = {.x = a, .y = b, .old = c, .to = d, .workspace = workspace};
	if (!is(h, HANDLE) || !fits(p, la, lb, lc) || lc != ld || !alpha || !beta || !algorithm)
		return LT_INVALID_VALUE;
	call.p = *(struct product *)p;
	call.a = *(struct layout *)la;
	call.b = *(struct layout *)lb;
	call.c = *(struct layout *)lc;
	call.alpha = *(const float *)alpha;
	call.beta = *(const float *)beta;
	memcpy(&call.algorithm, algorithm, sizeof call.algorithm);
	if (call.algorithm.shape != hash_of(p, (const struct layout *const[]){la, lb, lc}) ||
	    n_workspace < call.algorithm.workspace || !workspace || alignment_of(workspace) < 256 ||
	    !is_aligned(&call))
		return LT_INVALID_VALUE;
	return double_enqueue(s, multiply, &call, sizeof call) ? LT_INVALID_VALUE : LT_SUCCESS;
}
