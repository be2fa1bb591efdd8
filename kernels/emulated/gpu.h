/*
 * What kernels/cuda/gpu.h offers to kernels, on a CPU: a thread is a fiber (block.h). Kernels are found by
 * their names (launch.h) if they are compiled with -DGPU_EMULATED; without, only what launches them is in
 * the object.
 */
#ifndef KERNELS_EMULATED_GPU_H
#define KERNELS_EMULATED_GPU_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gpu_size {
	unsigned x, y, z;
};

/* A thread as its kernel sees it. */
struct gpu_thread {
	struct gpu_size thread, block, block_size, grid_size;
	int number, lane; /* in the block, in the warp */
};

extern struct gpu_thread *gpu_self; /* the one that runs */
extern float *gpu_shared_of_block;  /* what the launch asked for */
#define threadIdx (gpu_self->thread)
#define blockIdx  (gpu_self->block)
#define blockDim  (gpu_self->block_size)
#define gridDim	  (gpu_self->grid_size)

/* file: the source that has it */
void gpu_register(const char *name, const char *file, void (*run)(const void *arguments), size_t n_bytes);

#if defined GPU_EMULATED
#define KERNEL(name, type)                                                                                   \
	static void name##_body(const struct type a);                                                        \
	static void name##_run(const void *arguments)                                                        \
	{                                                                                                    \
		name##_body(*(const struct type *)arguments);                                                \
	}                                                                                                    \
	__attribute__((constructor)) static void name##_register(void)                                       \
	{                                                                                                    \
		gpu_register(#name, __FILE__, name##_run, sizeof(struct type));                              \
	}                                                                                                    \
	static void name##_body(const struct type a)
#else
#define KERNEL(name, type) static __attribute__((unused)) void name##_body(const struct type a)
#endif

#define DEV		     static inline __attribute__((always_inline, unused))
#define TABLE		     static const __attribute__((unused))
#define SHARED		     static __attribute__((section("gpu_shared")))
#define DYNAMIC_SHARED(name) float *name = gpu_shared_of_block
#define UNROLL

#define ADD(x, y)    ((float)((float)(x) + (float)(y)))
#define SUB(x, y)    ((float)((float)(x) - (float)(y)))
#define MUL(x, y)    ((float)((float)(x) * (float)(y)))
#define FMA(x, y, z) __builtin_fmaf(x, y, z)
#define DIV(x, y)    ((float)((float)(x) / (float)(y)))
#define SQRT(x)	     __builtin_sqrtf(x)

static inline uint32_t BITS(float x)
{
	uint32_t u;
	memcpy(&u, &x, sizeof u);
	return u;
}

static inline float FLOAT(uint32_t u)
{
	float x;
	memcpy(&x, &u, sizeof x);
	return x;
}

/* site: a text that names the place in the source */
void gpu_barrier(const char *site);
void gpu_warp_barrier(uint32_t mask, const char *site);
/* What the thread of lane `from` gives; a mask that names this thread and that one. */
uint32_t gpu_exchange(uint32_t mask, uint32_t value, int from, const char *site);

#define GPU_TEXT_(x) #x
#define GPU_TEXT(x)  GPU_TEXT_(x)
#define GPU_SITE     (__FILE__ ":" GPU_TEXT(__LINE__))

/* width: lanes of a group, a power of two */
static inline float gpu_exchange_xor(uint32_t mask, float x, int by, int width, const char *site)
{
	int lane = gpu_self->lane, from = lane ^ by;
	return FLOAT(gpu_exchange(mask, BITS(x), from / width == lane / width ? from : lane, site));
}

static inline float gpu_exchange_from(uint32_t mask, float x, int from, int width, const char *site)
{
	int first = gpu_self->lane / width * width;
	return FLOAT(gpu_exchange(mask, BITS(x), first + (from & (width - 1)), site));
}

#define __syncthreads()			    gpu_barrier(GPU_SITE)
#define __syncwarp(mask)		    gpu_warp_barrier(mask, GPU_SITE)
#define __shfl_xor_sync(mask, x, by, width) gpu_exchange_xor(mask, x, by, width, GPU_SITE)
#define __shfl_sync(mask, x, from, width)   gpu_exchange_from(mask, x, from, width, GPU_SITE)

#endif
