/*
 * CUDA's runtime on this CPU, for tests: what runtime.c uses of libcudart.so.13, with its name. Kernels are
 * those of the emulation. A stream is lazy: its work is done when somebody waits for it and no sooner, so
 * that a wait that was forgotten shows. Memory of the device can be touched by that work alone: a host that
 * reads or writes it dies. Fresh memory is NaN, and so is what was given back. While a stream is captured
 * whatever waits, copies or wants memory is refused, and spoils the graph.
 */
#include "tests/cuda/cudart_parts.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* DOUBLE_DEVICES: how many there are; 1 if it is not set. CUDA_VISIBLE_DEVICES: those that are shown. */
static int device_of(int i)
{
	const char *shown = getenv("CUDA_VISIBLE_DEVICES");
	for (; shown && i > 0 && *shown; i--)
		shown += strcspn(shown, ",") + (strchr(shown, ',') != NULL);
	return shown ? *shown ? atoi(shown) : -1 : i;
}

int cudaGetDeviceCount(int *n)
{
	const char *text = getenv("DOUBLE_DEVICES");
	int n_there = text ? atoi(text) : 1;
	for (*n = 0; *n < n_there && device_of(*n) >= 0; ++*n)
		;
	return *n ? CUDART_SUCCESS : NO_DEVICE;
}

int cudaGetDevice(int *device)
{
	*device = 0;
	return CUDART_SUCCESS;
}

/* DOUBLE_PROCESSORS: how many it has; 132 if it is not set. DOUBLE_INTEGRATED: 1, it has the system's
 * memory. */
int cudaDeviceGetAttribute(int *value, int which, int device)
{
	const char *text = getenv("DOUBLE_PROCESSORS");
	int n_processors = text ? atoi(text) : 132;
	*value = which == CUDART_MAJOR	      ? 9
		 : which == CUDART_PROCESSORS ? n_processors
		 : which == CUDART_INTEGRATED ? getenv("DOUBLE_INTEGRATED") != NULL
					      : 0;
	return device == 0 ? CUDART_SUCCESS : INVALID;
}

/* DOUBLE_NAME: what it is called. */
int cudaGetDeviceProperties(struct cudart_properties *p, int device)
{
	const char *name = getenv("DOUBLE_NAME");
	memset(p, 0xff, sizeof *p);
	snprintf(p->name, sizeof p->name, "%s", name ? name : "A Double (80 GB)");
	return device == 0 ? CUDART_SUCCESS : INVALID;
}

int cudaDeviceGetPCIBusId(char *text, int n_text, int device)
{
	snprintf(text, (size_t)n_text, "0000:%02x:00.0", (unsigned)device_of(device));
	return CUDART_SUCCESS;
}

static int chosen;

int cudaSetDevice(int device)
{
	int n;
	if (cudaGetDeviceCount(&n) != CUDART_SUCCESS || device < 0 || device >= n)
		return INVALID;
	chosen = device;
	return CUDART_SUCCESS;
}

int double_device(void)
{
	return device_of(chosen);
}

const char *cudaGetErrorString(int error)
{
	return error == NO_DEVICE	       ? "no CUDA-capable device is detected"
	       : error == WRONG_WAY	       ? "invalid copy direction for memcpy"
	       : error == INVALID	       ? "invalid argument"
	       : error == NO_SYMBOL	       ? "named symbol not found"
	       : error == NOT_IN_CAPTURE       ? "operation not permitted when stream is capturing"
	       : error == CUDART_UPDATE_FAILED ? "the graph update was not performed because it included "
						 "changes which violated constraints"
	       : error == CAPTURE_SPOILED      ? "operation failed due to a previous error during capture"
					       : "an error of the double";
}

int cudaLibraryLoadData(cudart_library *l, const void *code, int *jit, void **jit_values, unsigned n_jit,
			int *options, void **option_values, unsigned n_options)
{
	(void)jit, (void)jit_values, (void)n_jit, (void)options, (void)option_values, (void)n_options;
	*l = (void *)(uintptr_t)code; /* its source's name (tests/doubles.sh) */
	return code ? CUDART_SUCCESS : INVALID;
}

int cudaLibraryGetKernel(cudart_kernel *k, cudart_library l, const char *name)
{
	const char *file = launch_file(name);
	char expected[64];
	if (graph_refuses())
		return NOT_IN_CAPTURE;
	snprintf(expected, sizeof expected, "kernels/cuda/%s.c", (const char *)l);
	if (!file || strcmp(file, expected) != 0)
		return NO_SYMBOL;
	*k = (void *)(uintptr_t)name;
	return CUDART_SUCCESS;
}

int cudaLaunchKernel(const void *kernel, struct cudart_size grid, struct cudart_size block, void **arguments,
		     size_t n_shared, cudart_stream s)
{
	struct work w = {.kernel = kernel,
			 .n = n_shared,
			 .grid = {grid.x, grid.y, grid.z},
			 .block = {block.x, block.y, block.z}};
	size_t n_bytes = launch_arguments(kernel);
	if (!stream_is(s) || n_bytes > MAX_ARGUMENTS)
		return INVALID;
	memcpy(w.arguments, arguments[0], n_bytes);
	stream_append(w);
	return CUDART_SUCCESS;
}
