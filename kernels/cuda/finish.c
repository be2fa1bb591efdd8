/* What becomes of sums that a library has made: GELU, GELU', residual, as in gemm.h. */
#include "kernels/cuda/finish.h"

#include "kernels/cuda/math.h"

KERNEL(finish_sums, finish_args)
{
	size_t row = (size_t)a.n, item = (size_t)a.m * row, size = (size_t)a.batch * item;
	for (size_t i = FIRST; i < size; i += STRIDE) {
		size_t at = i / item * a.stride_c + i % item / row * (size_t)a.ldc + i % row;
		float x = a.sum[at];
		if (a.is_gelu)
			x = gelu_of(x);
		if (a.gelu_argument)
			x = MUL(x, gelu_gradient_of(a.gelu_argument[at]));
		if (a.residual)
			x = ADD(x, a.residual[at]);
		a.c[at] = x;
	}
}

#if GPU_HOST
#include "kernels/cuda/device.h"

void finish_run(const struct finish_args *a)
{
	LAUNCH(finish_sums, device_share((size_t)a->batch * (size_t)a->m * (size_t)a->n), 256, a);
}
#endif
