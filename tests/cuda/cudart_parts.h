/* What the files of the double of CUDA's runtime share. */
#ifndef TESTS_CUDA_CUDART_PARTS_H
#define TESTS_CUDA_CUDART_PARTS_H

#include <pthread.h>

#include "kernels/emulated/launch.h"
#include "tests/cuda/double.h"

/* cudaError_t: those that the double gives and the host side does not know. */
enum { INVALID = 1, WRONG_WAY = 21, NO_DEVICE = 100, NO_SYMBOL = 500 };
enum { NOT_IN_CAPTURE = 900, CAPTURE_SPOILED = 901, NO_CAPTURE = 902 };
enum { MAX_ARGUMENTS = 512 };

/* One of: a launch (kernel), a call (of another library's double), a copy (from), a filling with `value`. */
struct work {
	struct work *next;
	const char *kernel;
	bool (*call)(void *arguments);
	void *to;
	const void *from;
	size_t n;
	int value;
	struct gpu_size grid, block;
	_Alignas(max_align_t) char arguments[MAX_ARGUMENTS];
};

#define DECLARE(type, name, arguments) PUBLIC type cuda##name arguments;
CUDART_FUNCTIONS(DECLARE)

/* cudart_stream.c: work is done when somebody waits for it. */
extern pthread_mutex_t stream_lock; /* other libraries may move the stream on behind the host */
void stream_append(struct work w);
/* The one that was created. To the real runtime NULL is a stream too, one without order beside it. */
bool stream_is(cudart_stream s);

/* cudart_memory.c: under stream_lock, who may touch the device's memory (mprotect). */
void memory_protect(int how);

/* cudart_graph.c: whether w went into the graph that is captured; the error of what cannot be in one. */
bool graph_takes(const struct work *w);
int graph_refuses(void);

#endif
