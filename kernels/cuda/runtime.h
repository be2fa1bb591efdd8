/* What runtime.c shares with the other files of the host side: CUDA's runtime, and the one stream in which
 * all is done. */
#ifndef KERNELS_CUDA_RUNTIME_H
#define KERNELS_CUDA_RUNTIME_H

#include "kernels/cuda/cudart.h"

#define RUNTIME_MEMBER(type, name, arguments) type(*name) arguments;

extern struct runtime {
	CUDART_FUNCTIONS(RUNTIME_MEMBER)
	cudart_stream stream;
} cuda;

/* Dies if error is one. what: what was being done. */
void runtime_check(int error, const char *what);

/* For all that is in the stream; what is being recorded is not. */
void runtime_wait(const char *what);

/* A cudaDeviceAttr of the card that is in use. */
int runtime_attribute(int which);

/* The first of the libraries named, the last name being NULL; NULL if none is here. */
void *runtime_open(const char *const *names);
/* *pointer, a pointer to a function, from a library; dies if it has no such name, with `advice`. */
void runtime_find(void *library, const char *name, void *pointer, const char *advice);

#endif
