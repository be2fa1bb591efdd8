/*
 * What a residual network is made of, and where in memory: for resnet18.c, and for onnx/resnet.c, which reads
 * the layers.
 */
#ifndef MODEL_RESNET18_MEMORY_H
#define MODEL_RESNET18_MEMORY_H

#include "model/convnorm.h"
#include "model/projector.h"
#include "model/resnet18.h"

enum { RESNET18_POOL_TAPS = 3, RESNET18_POOL_STRIDE = 2 };

struct resnet18_block {
	struct convnorm conv1, conv2, down;
	bool has_down;
	float *in, *out; /* [B,t,c]; one and the same when not training */
};

struct resnet18_memory {
	void *block_of_memory;
	bool is_training;
	struct convnorm stem;
	struct resnet18_block block[RESNET18_BLOCKS];
	struct convnorm_shared shared;
	struct projector projector;
	float *h, *p;
	int32_t *pool_at; /* [B,t,width] where the stem's maxima are */
	uint8_t *all_kept;
	/* [B,t,c] of the largest. act: an activation made again. shortcut: on the way forward; gradient
	 * and two more: back */
	float *act, *shortcut, *gradient, *work[2];
	/* of the last forward: */
	int batch; /* this process's views; 0 if there was none, or its backward has been */
	const float *x;
	const uint8_t *keep;
};

#endif
