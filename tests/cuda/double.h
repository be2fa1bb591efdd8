/*
 * What the doubles of CUDA's libraries share (files of this folder, built with the real ones' names):
 * the stream and the memory of cudart.c, for others that work in them.
 *
 *	double_enqueue(stream, run, &context, sizeof context);   // done in its turn, when somebody waits
 */
#ifndef TESTS_CUDA_DOUBLE_H
#define TESTS_CUDA_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/cuda/cudart.h"

#define PUBLIC __attribute__((visibility("default")))

/* call(a copy of arguments[n_bytes], 512 at most) is done once all before it is, when somebody waits for s,
 * and again until it says true. It may touch the device's memory. 0, or an error if s is no stream. */
PUBLIC int double_enqueue(cudart_stream s, bool (*call)(void *arguments), const void *arguments,
			  size_t n_bytes);

/* Do what can be done of the stream now; whether that is all. Any thread may. */
PUBLIC bool double_progress(void);

/* The one stream there is, and the number of the device that was chosen, on this machine. */
PUBLIC cudart_stream double_stream(void);
PUBLIC int double_device(void);

/* Whether all of this is the device's memory. */
PUBLIC bool double_has(const void *p, size_t n_bytes);

#endif
