/*
 * Products of matrices that lie in the first-level cache: no packing, no threads. For use inside a task.
 */
#ifndef KERNELS_CPU_SMALL_H
#define KERNELS_CPU_SMALL_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cpu/isa.h"

/* C[m,n] = A B, or += if is_accumulated: one fma chain over ascending k each. A's element (i, k) is a[i*rs +
 * k*cs]; rows of B and C have strides ldb, ldc. B must be readable up to the next multiple of 16 columns; C
 * is stored exactly. */
void ISA(small_product)(float *c, ptrdiff_t ldc, const float *a, ptrdiff_t rs, ptrdiff_t cs, const float *b,
			ptrdiff_t ldb, int m, int n, int k, bool is_accumulated);

/* to[k][ld] = transpose of from[n][k] (row stride ld_from), zeros in columns n..ld. */
void ISA(small_transpose)(float *to, ptrdiff_t ld, const float *from, ptrdiff_t ld_from, int n, int k);

/* to[n][ld] = from[n][k] (row stride ld_from), zeros in columns k..ld. */
void ISA(small_copy)(float *to, ptrdiff_t ld, const float *from, ptrdiff_t ld_from, int n, int k);

#endif
