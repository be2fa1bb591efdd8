/*
 * Convolutions over time as plans of cuDNN's backend: for a shape, the first of the engines that the library
 * ranks which gives the same bits each time, in TF32 or float32, and which is compiled already.
 *
 *	struct plan p = {.shape = {.which = PLAN_FORWARD, .batch = 256, ...}};
 *	if (plan_make(&p, handle, NULL) < 0) ...	// none
 *
 * Signals are [B,T,C] in memory, to cuDNN images of one row; weights [Cout,K,Cin].
 */
#ifndef KERNELS_CUDA_PLAN_H
#define KERNELS_CUDA_PLAN_H

#include "kernels/cuda/cudnn.h"
#include "kernels/cuda/runtime.h"

/* y of x and w; dx of dy and w; dw of dy and x. All three overwrite. */
enum plan_which { PLAN_FORWARD, PLAN_DATA, PLAN_FILTER };

/* Without holes: compared as bytes. */
struct plan_shape {
	int32_t which, batch, c_in, c_out, k, stride;
	int32_t t, t_out;			       /* (t - k) / stride + 1 = t_out, rounded down */
	int64_t x_record;			       /* elements from a record of x to the next */
	int32_t alignment_x, alignment_w, alignment_y; /* bytes that x, w, y or their gradients begin at */
	int32_t none;
};

struct plan {
	struct plan_shape shape;
	dnn_descriptor plan, config;
	int64_t workspace; /* bytes */
	int n_engines;	   /* ranked by the library */
	struct plan *next;
};

/* Ids of the three tensors. */
enum { PLAN_X = 'x', PLAN_W = 'w', PLAN_Y = 'y' };

/* Workspace that a plan may take, bytes. */
#define PLAN_WORKSPACE ((int64_t)256 << 20)

/* cuDNN's functions, filled by who opens it. */
extern struct plan_library {
	CUDNN_FUNCTIONS(RUNTIME_MEMBER)
} dnn;

/* For handle's device; handle NULL: for that which `device` describes, a descriptor (DNN_DEVICE), for tests
 * without one. 0, or the status of what failed first, DNN_NOT_SUPPORTED if no engine will do. */
int plan_make(struct plan *p, dnn_handle handle, dnn_descriptor device);

#endif
