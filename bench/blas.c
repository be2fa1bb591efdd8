#include "bench/blas.h"

#include <dlfcn.h>
#include <stdlib.h>

enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };

static void (*sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
		     const float *b, int ldb, float beta, float *c, int ldc);
static const char *(*core_name)(void);

static void *symbol(void *library, const char *name)
{
	void *p = dlsym(library, name);
	return p;
}

bool blas_open(const char *core)
{
	setenv("OPENBLAS_CORETYPE", core, 1); /* read when the library is loaded */
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return false;
	*(void **)&sgemm = symbol(library, "cblas_sgemm");
	*(void **)&core_name = symbol(library, "openblas_get_corename");
	return sgemm && core_name;
}

const char *blas_core(void)
{
	return core_name();
}

void blas_gemm(const struct gemm *g)
{
	int items = g->batch > 1 ? g->batch : 1;
	for (int i = 0; i < items; i++)
		sgemm(ROW_MAJOR, g->is_a_transposed ? TRANSPOSED : AS_IS,
		      g->is_b_transposed ? TRANSPOSED : AS_IS, g->m, g->n, g->k, 1,
		      g->a + (size_t)i * g->stride_a, g->lda, g->b + (size_t)i * g->stride_b, g->ldb,
		      g->is_accumulated || (i > 0 && g->stride_c == 0) ? 1 : 0,
		      g->c + (size_t)i * g->stride_c, g->ldc);
}
