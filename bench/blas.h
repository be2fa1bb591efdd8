/* OpenBLAS, opened only here and only for comparison, on one thread and with its core type pinned: its own
 * detection falls back to SSE on processors younger than itself. */
#ifndef BENCH_BLAS_H
#define BENCH_BLAS_H

#include <stdbool.h>

#include "kernels/ops.h"

/* False if the library is not there. core: OPENBLAS_CORETYPE, as SkylakeX or Haswell. */
bool blas_open(const char *core);
const char *blas_core(void);
/* The product alone, without epilogue, item by item. */
void blas_gemm(const struct gemm *g);

#endif
