/* What becomes of sums that a library has made. */
#ifndef KERNELS_CUDA_FINISH_H
#define KERNELS_CUDA_FINISH_H

#include <stddef.h>

/* C = GELU(sum) if is_gelu, times GELU' of gelu_argument, plus residual; these two as in struct
 * gemm. sum: as C, may be C. */
struct finish_args {
	const float *sum, *gelu_argument, *residual;
	float *c;
	int m, n, ldc, batch, is_gelu;
	size_t stride_c;
};
void finish_run(const struct finish_args *a);

#endif
