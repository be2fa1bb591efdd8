/*
 * What kernels are written in: C that nvcc compiles for a card and gcc or clang for a CPU
 * (kernels/emulated/gpu.h).
 *
 *	struct scale_args { float *y; const float *x; float by; size_t n; };
 *	KERNEL(scale, scale_args)
 *	{
 *		for (size_t i = FIRST; i < a.n; i += STRIDE)
 *			a.y[i] = MUL(a.x[i], a.by);
 *	}
 *
 * A kernel takes one struct, `a`, so that all are launched alike (device.h). Arithmetic on floats is
 * written with these names alone: what they stand for is rounded once, never contracted and never
 * approximate, whatever the compiler's flags. A file is first the kernels and then, under `#if GPU_HOST`,
 * how they are launched.
 */
#ifndef KERNELS_CUDA_GPU_H
#define KERNELS_CUDA_GPU_H

#include <stddef.h>
#include <stdint.h>

#if defined __CUDACC__
#define GPU_HOST	     0
#define KERNEL(name, type)   extern "C" __global__ void name(const __grid_constant__ struct type a)
#define DEV		     static __device__ __forceinline__
#define TABLE		     static __device__ const
#define SHARED		     __shared__
#define DYNAMIC_SHARED(name) extern __shared__ float name[]
#define UNROLL		     _Pragma("unroll")

#define ADD(x, y)    __fadd_rn(x, y)
#define SUB(x, y)    __fsub_rn(x, y)
#define MUL(x, y)    __fmul_rn(x, y)
#define FMA(x, y, z) __fmaf_rn(x, y, z)
#define DIV(x, y)    __fdiv_rn(x, y)
#define SQRT(x)	     __fsqrt_rn(x)
#define BITS(x)	     __float_as_uint(x)
#define FLOAT(bits)  __uint_as_float(bits)
#else
#define GPU_HOST 1
#include "kernels/emulated/gpu.h"
#endif

/* The elements of this thread, if a grid of one dimension shares out many. */
#define FIRST  ((size_t)blockIdx.x * blockDim.x + threadIdx.x)
#define STRIDE ((size_t)gridDim.x * blockDim.x)

#endif
