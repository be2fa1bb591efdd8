/* The kernels as nvcc compiled them for all architectures, one image a file; made by the Makefile. */
#ifndef KERNELS_CUDA_IMAGES_H
#define KERNELS_CUDA_IMAGES_H

/* NULL ends. */
extern const void *const images[];

#endif
