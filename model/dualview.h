/*
 * Dual-view transformer (`dvt`, design: docs/model.md). x [B,12,T] with a mask of kept leads is read as time tokens and
 * as one token per lead; cross-attention joins them; h [B,dim] is the embedding and p [B,projection] what the loss sees.
 *
 *	struct dualview *d = dualview_new(ops, &config, max_batch);
 *	dualview_init(d, seed);
 *	dualview_forward(d, x, keep, batch);         // d->h, d->p
 *	dualview_backward(d, dp);                    // gradients of all parameters, accumulated
 *
 * All memory is planned and allocated by dualview_new; forward and backward allocate nothing.
 * Weights, gradients and names: model/tensors.h (one flat array each, so that the optimiser is one pass).
 */
#ifndef MODEL_DUALVIEW_H
#define MODEL_DUALVIEW_H

#include <stdint.h>

#include "kernels/ops.h"
#include "model/tensors.h"

enum towers { TOWERS_TIME = 1, TOWERS_CHANNEL = 2, TOWERS_BOTH = 3 };

struct dualview_config {
	int samples;                 /* T of one view; a multiple of 10 */
	float rate_hz;               /* for positions in seconds */
	int d_model, n_heads;        /* D divisible by H and by 8 */
	int n_time_layers, n_channel_layers, n_cross;
	enum towers towers;
	int projector_hidden, projector_out;
};

struct dualview {
	const struct ops *ops;
	struct dualview_config config;
	struct tensors tensors;
	int dim;            /* width of h: 2D with both towers, else D */
	const float *h;     /* [B,dim] after forward; device memory */
	const float *p;     /* [B,projector_out] after dualview_forward with projector */
	size_t arena_bytes; /* activations, known before the first step */
	struct dualview_memory *memory;
};

/* Fill the sizes named "tiny" (D 64, 4 heads, 2+2 layers, 1 cross), "small" (D 192, 6 heads, 4+4, 1), "base" (D 256, 8
 * heads, 6+4, 1). 0, or -1 for an unknown name. Leaves samples, rate and towers alone. */
int dualview_preset(struct dualview_config *c, const char *name);

/* is_training: keep activations for backward, and the projector. */
struct dualview *dualview_new(const struct ops *ops, const struct dualview_config *c, int max_batch, int is_training);
void dualview_free(struct dualview *d);

/* Initial weights: Philox keyed by (seed, tensor number); truncated normal 0.02 for linear maps, He for convolutions,
 * ones and zeros for norms and biases. */
void dualview_init(struct dualview *d, uint64_t seed);

/* x [batch,12,T] and keep [batch,12] (1 kept, 0 masked; NULL: all kept) in ops memory. */
void dualview_forward(struct dualview *d, const float *x, const uint8_t *keep, int batch);
/* dp [batch,projector_out]; adds to d->tensors.gradients. */
void dualview_backward(struct dualview *d, const float *dp);
/* The same from a gradient of h instead of p (fine-tuning). */
void dualview_backward_h(struct dualview *d, const float *dh);

/* Cross-attention maps of the last block after forward, host memory: time_to_lead [B,H,N,12], lead_to_time [B,H,12,N].
 * Runs the maps out of the kept activations; needs both towers. */
void dualview_attention(struct dualview *d, float *time_to_lead, float *lead_to_time);

#endif
