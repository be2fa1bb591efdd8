/*
 * The part of CUDA's runtime that runtime.c uses, declared here so that nothing of CUDA is needed to build:
 * the library is opened when a card is asked for. Names without their "cuda"; tests/cuda/headers.sh holds
 * the types to NVIDIA's own where they are installed. cudaLibrary* came with CUDA 12.8.
 */
#ifndef KERNELS_CUDA_CUDART_H
#define KERNELS_CUDA_CUDART_H

#include <stddef.h>

/* cudaError_t, cudaMemcpyKind, cudaDeviceAttr: enumerations, the values used. */
enum { CUDART_SUCCESS = 0, CUDART_OUT_OF_MEMORY = 2, CUDART_NOT_READY = 600 };
enum { CUDART_TO_DEVICE = 1, CUDART_TO_HOST = 2, CUDART_ON_DEVICE = 3 };
enum { CUDART_PROCESSORS = 16, CUDART_INTEGRATED = 18, CUDART_MAJOR = 75, CUDART_MINOR = 76 };
enum { CUDART_NON_BLOCKING = 1 };      /* a stream that waits for no other */
enum { CUDART_NO_TIMING = 2 };	       /* an event that only tells whether it was reached */
enum { CUDART_CAPTURE_OF_THREAD = 1 }; /* what other threads ask for is not looked at */
enum { CUDART_UPDATE_FAILED = 910 };   /* the graph has other nodes than before */

struct cudart_size {
	unsigned x, y, z;
};

/* cudaDeviceProp begins with the name; how much follows depends on CUDA's version. */
struct cudart_properties {
	char name[256], others[3840];
};

typedef void *cudart_stream, *cudart_library, *cudart_kernel, *cudart_event, *cudart_graph, *cudart_exec;

/* cudaGraphExecUpdateResultInfo */
struct cudart_update {
	int result;
	void *node, *from;
};

#define CUDART_FUNCTIONS(F)                                                                                  \
	F(int, GetDeviceCount, (int *n))                                                                     \
	F(int, GetDevice, (int *device))                                                                     \
	F(int, DeviceGetAttribute, (int *value, int which, int device))                                      \
	F(int, GetDeviceProperties, (struct cudart_properties * p, int device))                              \
	F(int, DeviceGetPCIBusId, (char *text, int n_text, int device))                                      \
	F(int, SetDevice, (int device))                                                                      \
	F(const char *, GetErrorString, (int error))                                                         \
	F(int, StreamCreateWithFlags, (cudart_stream * s, unsigned flags))                                   \
	F(int, StreamQuery, (cudart_stream s))                                                               \
	F(int, StreamSynchronize, (cudart_stream s))                                                         \
	F(int, MemGetInfo, (size_t * free, size_t * total))                                                  \
	F(int, Malloc, (void **p, size_t n_bytes))                                                           \
	F(int, Free, (void *p))                                                                              \
	F(int, MallocHost, (void **p, size_t n_bytes))                                                       \
	F(int, FreeHost, (void *p))                                                                          \
	F(int, EventCreateWithFlags, (cudart_event * e, unsigned flags))                                     \
	F(int, EventRecord, (cudart_event e, cudart_stream s))                                               \
	F(int, EventQuery, (cudart_event e))                                                                 \
	F(int, EventSynchronize, (cudart_event e))                                                           \
	F(int, StreamBeginCapture, (cudart_stream s, int mode))                                              \
	F(int, StreamEndCapture, (cudart_stream s, cudart_graph * g))                                        \
	F(int, GraphInstantiate, (cudart_exec * e, cudart_graph g, unsigned long long flags))                \
	F(int, GraphExecUpdate, (cudart_exec e, cudart_graph g, struct cudart_update * u))                   \
	F(int, GraphLaunch, (cudart_exec e, cudart_stream s))                                                \
	F(int, GraphDestroy, (cudart_graph g))                                                               \
	F(int, GraphExecDestroy, (cudart_exec e))                                                            \
	F(int, MemcpyAsync, (void *to, const void *from, size_t n_bytes, int kind, cudart_stream s))         \
	F(int, MemsetAsync, (void *p, int value, size_t n_bytes, cudart_stream s))                           \
	F(int, LibraryLoadData,                                                                              \
	  (cudart_library * l, const void *code, int *jit, void **jit_values, unsigned n_jit, int *options,  \
	   void **option_values, unsigned n_options))                                                        \
	F(int, LibraryGetKernel, (cudart_kernel * k, cudart_library l, const char *name))                    \
	F(int, LaunchKernel,                                                                                 \
	  (const void *kernel, struct cudart_size grid, struct cudart_size block, void **arguments,          \
	   size_t n_shared, cudart_stream s))

#endif
