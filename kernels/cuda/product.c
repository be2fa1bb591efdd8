/*
 * Products by cuBLASLt, in TF32 or bf16, to which it rounds the factors itself. It knows columns where we
 * know rows: C = A B is computed as C' = B' A', of the same memory. A plan (descriptors and the algorithm
 * that the library ranks first) is made once for each shape, with no sum split, and kept.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/cublaslt.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/fast.h"
#include "kernels/cuda/finish.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/table.h"

static struct {
	CUBLASLT_FUNCTIONS(RUNTIME_MEMBER)
} lt;

enum { MAX_ITEMS = 65535 };
#define WORKSPACE ((size_t)32 << 20)

static lt_handle handle;
static void *workspace; /* of the device: one stream, so one is enough */

/* What a plan depends on, without holes: compared as bytes. */
struct shape {
	int64_t stride_a, stride_b, stride_c;
	int32_t m, n, k, lda, ldb, ldc, batch;
	int32_t is_a_transposed, is_b_transposed, has_bias;
	uint32_t alignment_a, alignment_b, alignment_c, alignment_d, alignment_bias, none;
};

struct plan {
	struct shape shape;
	lt_product product;
	lt_layout a, b, c;
	struct lt_algorithm algorithm;
	struct plan *next;
};

static struct plan *plans;

static void check(int status, const char *what)
{
	if (status != LT_SUCCESS)
		table_host->die("cuBLASLt: %s: %s", what, lt.GetStatusString(status));
}

size_t product_open(void)
{
	static const char *const names[] = {"libcublasLt.so.13", "/usr/local/cuda/lib64/libcublasLt.so.13",
					    "libcublasLt.so.12", "/usr/local/cuda/lib64/libcublasLt.so.12",
					    NULL};
	void *library = runtime_open(names);
	if (!library)
		table_host->die("%s: libcublasLt.so.13 of NVIDIA's cuBLAS is not here: install it "
				"(libcublas-13-0), or %s",
				table_host->asked, table_host->otherwise);
#define FIND(type, name, arguments)                                                                          \
	runtime_find(library, "cublasLt" #name, &lt.name, "install cuBLAS of CUDA 12.8 or later");
	CUBLASLT_FUNCTIONS(FIND)

	check(lt.Create(&handle), "opening it");
	workspace = device_alloc(WORKSPACE);
	return lt.GetVersion();
}

/* ---- plans ---- */

static void set(lt_product p, int which, const void *value, size_t n_bytes)
{
	check(lt.MatmulDescSetAttribute(p, which, value, n_bytes), "describing a product");
}

static lt_layout layout(int rows, int columns, int ld, int batch, int64_t stride)
{
	int32_t n_items = batch;
	lt_layout l;
	check(lt.MatrixLayoutCreate(&l, LT_FLOAT, (uint64_t)rows, (uint64_t)columns, ld),
	      "describing a matrix");
	check(lt.MatrixLayoutSetAttribute(l, LT_BATCH_COUNT, &n_items, sizeof n_items), "describing a batch");
	check(lt.MatrixLayoutSetAttribute(l, LT_BATCH_STRIDE, &stride, sizeof stride), "describing a batch");
	return l;
}

/* The library's A is our B and its columns our rows. Of the bias it looks at how the address is aligned. */
static void describe(struct plan *p)
{
	const struct shape *s = &p->shape;
	int32_t first = s->is_b_transposed ? LT_TRANSPOSED : LT_PLAIN,
		second = s->is_a_transposed ? LT_TRANSPOSED : LT_PLAIN;
	uint32_t epilogue = s->has_bias ? LT_EPILOGUE_BIAS : LT_EPILOGUE_PLAIN;

	check(lt.MatmulDescCreate(&p->product,
				  table_host->numbers == OPS_BF16 ? LT_COMPUTE_BF16 : LT_COMPUTE_TF32,
				  LT_FLOAT),
	      "describing a product");
	set(p->product, LT_TRANSPOSE_A, &first, sizeof first);
	set(p->product, LT_TRANSPOSE_B, &second, sizeof second);
	set(p->product, LT_EPILOGUE, &epilogue, sizeof epilogue);
	if (s->has_bias)
		set(p->product, LT_BIAS, &(const void *){(const void *)(size_t)s->alignment_bias},
		    sizeof(const void *));
	p->a = layout(first == LT_PLAIN ? s->n : s->k, first == LT_PLAIN ? s->k : s->n, s->ldb, s->batch,
		      s->stride_b);
	p->b = layout(second == LT_PLAIN ? s->k : s->m, second == LT_PLAIN ? s->m : s->k, s->lda, s->batch,
		      s->stride_a);
	p->c = layout(s->n, s->m, s->ldc, s->batch, s->stride_c);
}

static lt_preference preference_of(const struct shape *s)
{
	const struct {
		int which;
		uint32_t value;
	} of[] = {{LT_REDUCTION_MASK, LT_REDUCTION_NONE},
		  {LT_ALIGNMENT_A, s->alignment_b},
		  {LT_ALIGNMENT_B, s->alignment_a},
		  {LT_ALIGNMENT_C, s->alignment_c},
		  {LT_ALIGNMENT_D, s->alignment_d}};
	uint64_t room = WORKSPACE;
	lt_preference p;
	check(lt.MatmulPreferenceCreate(&p), "asking for plans");
	check(lt.MatmulPreferenceSetAttribute(p, LT_MAX_WORKSPACE, &room, sizeof room), "asking for plans");
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
		check(lt.MatmulPreferenceSetAttribute(p, of[i].which, &of[i].value, sizeof of[i].value),
		      "asking for plans");
	return p;
}

/* Whether every sum is made in one place. */
static bool is_whole(const struct lt_algorithm *a)
{
	int32_t split = 0;
	uint32_t reduction = 0;
	size_t n;
	check(lt.MatmulAlgoConfigGetAttribute(a, LT_ALGORITHM_SPLIT, &split, sizeof split, &n),
	      "asking an algorithm");
	check(lt.MatmulAlgoConfigGetAttribute(a, LT_ALGORITHM_REDUCTION, &reduction, sizeof reduction, &n),
	      "asking an algorithm");
	return split <= 1 && reduction == LT_REDUCTION_NONE;
}

static struct plan *make_plan(const struct shape *s)
{
	struct lt_found found = {0};
	struct plan *p = calloc(1, sizeof *p);
	int n_found = 0;
	if (!p)
		table_host->die("out of memory: plans of products");
	p->shape = *s;
	describe(p);
	lt_preference preference = preference_of(s);
	int status = lt.MatmulAlgoGetHeuristic(handle, p->product, p->a, p->b, p->c, p->c, preference, 1,
					       &found, &n_found);
	check(lt.MatmulPreferenceDestroy(preference), "asking for plans");
	if (status != LT_SUCCESS || n_found < 1 || found.state != LT_SUCCESS || !is_whole(&found.algorithm))
		table_host->die("cuBLASLt has no plan that gives the same bits each time for a product of %d "
				"x %d x %d: %s; %s",
				s->m, s->n, s->k, lt.GetStatusString(status), table_host->otherwise);
	p->algorithm = found.algorithm;
	p->next = plans;
	return plans = p;
}

static struct plan *plan_of(const struct shape *s)
{
	for (struct plan *p = plans; p; p = p->next)
		if (memcmp(&p->shape, s, sizeof *s) == 0)
			return p;
	return make_plan(s);
}

/* ---- products ---- */

/* to = A B, plus `from` if it is not NULL, plus g's bias; of the first `batch` items. */
static void multiply(const struct gemm *g, float *to, const float *from, int batch)
{
	float one = 1, beta = from ? 1 : 0;
	const float *old = from ? from : to;
	struct shape s = {.stride_a = (int64_t)g->stride_a,
			  .stride_b = (int64_t)g->stride_b,
			  .stride_c = (int64_t)g->stride_c,
			  .m = g->m,
			  .n = g->n,
			  .k = g->k,
			  .lda = g->lda,
			  .ldb = g->ldb,
			  .ldc = g->ldc,
			  .batch = batch,
			  .is_a_transposed = g->is_a_transposed,
			  .is_b_transposed = g->is_b_transposed,
			  .has_bias = g->bias != NULL,
			  .alignment_a = fast_alignment(g->a),
			  .alignment_b = fast_alignment(g->b),
			  .alignment_c = fast_alignment(old),
			  .alignment_d = fast_alignment(to),
			  .alignment_bias = fast_alignment(g->bias)};
	if (batch == 1)
		s.stride_a = s.stride_b = s.stride_c = 0;
	struct plan *p = plan_of(&s);
	if (g->bias)
		set(p->product, LT_BIAS, &g->bias, sizeof g->bias);
	check(lt.Matmul(handle, p->product, &one, g->b, p->a, g->a, p->b, &beta, old, p->c, to, p->c,
			&p->algorithm, workspace, WORKSPACE, cuda.stream),
	      "a product");
}

/* g without its batch's first n items. */
static void skip(struct gemm *g, int n)
{
	size_t c = (size_t)n * g->stride_c;
	g->a += (size_t)n * g->stride_a;
	g->b += (size_t)n * g->stride_b;
	g->c += c;
	g->before_gelu = g->before_gelu ? g->before_gelu + c : NULL;
	g->gelu_argument = g->gelu_argument ? g->gelu_argument + c : NULL;
	g->residual = g->residual ? g->residual + c : NULL;
}

/* One product of `batch` items and what becomes of it. A residual is what the library adds to, where no
 * function comes before it. */
static void run_items(const struct gemm *g, int batch)
{
	bool is_added = g->residual && !g->is_accumulated && !g->before_gelu && !g->gelu_argument;
	struct finish_args f = {.sum = g->before_gelu ? g->before_gelu : g->c,
				.gelu_argument = g->gelu_argument,
				.residual = is_added ? NULL : g->residual,
				.c = g->c,
				.m = g->m,
				.n = g->n,
				.ldc = g->ldc,
				.batch = batch,
				.is_gelu = g->before_gelu != NULL,
				.stride_c = g->stride_c};
	multiply(g, g->before_gelu ? g->before_gelu : g->c,
		 is_added	     ? g->residual
		 : g->is_accumulated ? g->c
				     : NULL,
		 batch);
	if (f.is_gelu || f.gelu_argument || f.residual)
		finish_run(&f);
}

/* Items that extend one chain: all but the last only add to C; what C becomes is the last one's. */
static void run_chain(struct gemm g, int n_items)
{
	struct gemm inner = g;
	inner.bias = inner.residual = inner.gelu_argument = NULL;
	inner.before_gelu = NULL;
	for (int i = 0; i < n_items - 1; i++) {
		run_items(&inner, 1);
		skip(&inner, 1);
	}
	g.a = inner.a;
	g.b = inner.b;
	run_items(&g, 1);
}

void product_gemm(const struct gemm *given)
{
	struct gemm g = *given;
	int n_items = g.batch > 1 ? g.batch : 1;
	bool is_overlapping =
		g.lda < (g.is_a_transposed ? g.m : g.k) || g.ldb < (g.is_b_transposed ? g.k : g.n);
	if (g.m <= 0 || g.n <= 0)
		return;
	if (is_overlapping || g.k <= 0) {
		gemm_run(given);
		return;
	}
	if (n_items > 1 && g.last_k && g.last_k != g.k) {
		g.last_k = 0;
		g.batch = n_items - 1;
		product_gemm(&g);
		skip(&g, n_items - 1);
		g.batch = 1;
		g.k = given->last_k;
		product_gemm(&g);
		return;
	}
	if (n_items > 1 && g.stride_c == 0) {
		run_chain(g, n_items);
		return;
	}

	for (int item = 0, n; item < n_items; item += n) {
		n = n_items - item < MAX_ITEMS ? n_items - item : MAX_ITEMS;
		run_items(&g, n);
		skip(&g, n);
	}
}
