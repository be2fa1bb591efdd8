/* What the double of CUDA's runtime (cudart.c) offers to doubles of libraries that do work in its streams. */
#ifndef TESTS_CUDA_DOUBLE_H
#define TESTS_CUDA_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cuda/cudart.h"

/* call(a copy of arguments[n_bytes], 512 at most) is done in its turn, when somebody waits for s, and again
 * until it says true; memory of the device can be touched then alone. 0, or an error if s is no stream. */
int double_enqueue(cudart_stream s, bool (*call)(void *arguments), const void *arguments, size_t n_bytes);

#endif
