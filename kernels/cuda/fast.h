/*
 * The fast class: the table of a card whose products are cuBLASLt's (product.c), in TF32 or bf16 (factors are
 * rounded to 11 or 8 bits, sums are float32), and whose convolutions are cuDNN's (fastconv.c), in TF32. All
 * else is as in table.c.
 *
 * Nothing in it depends on when something is done: no sum is split among blocks that add to one place, plans
 * are those the libraries rank first, without trying any. So a machine gives the same bits each time. They do
 * depend on the shape of what is done at once, so on how many processes share a batch: that is in the class.
 */
#ifndef KERNELS_CUDA_FAST_H
#define KERNELS_CUDA_FAST_H

#include <stddef.h>

#include "kernels/ops.h"

/* Both open their library, and die if it is not there. After device_open. The library's version. */
size_t product_open(void);
size_t fastconv_open(void);

/* As struct ops has them. A product whose rows overlap is left to gemm_run. */
void product_gemm(const struct gemm *g);
void fastconv_forward(const struct conv1d *c);
void fastconv_backward(const struct conv1d *c);
size_t fastconv_scratch(const struct conv1d *c);

/* The largest power of two up to 16 that divides the address: what a library may count on. More than 16 no
 * load wants, and where in its memory a run keeps an array must not change its plan. */
static inline unsigned fast_alignment(const void *p)
{
	size_t bits = (size_t)p | 16;
	return (unsigned)(bits & -bits);
}

#endif
