/*
 * Dual-view transformer (`dvt`, formulas: docs/model.md). x [B,12,T] with a mask of kept leads is read as one
 * token per 100 ms (time tower) and as one token per lead (channel tower); cross-attention joins them; h
 * [B,dim] is the embedding and p [B,projector_out] what the loss sees.
 *
 * A batch is worked through in blocks of at most 64 views, each of which needs a slot from its forward
 * to its backward pass.
 *
 *	struct dualview *d = dualview_new(ops, &config, max_batch, n_slots, 64, true);
 *	dualview_init(d, seed);
 *	dualview_forward(d, slot, x, keep, first, n); // views first..: their rows of d->h, d->p
 *	dualview_backward(d, slot, dp);               // adds the block's gradients to where tensors are aimed
 *
 * All memory is planned and allocated by dualview_new; forward and backward allocate nothing. A record's h
 * has the same bits alone, in any batch, and with or without is_training. A masked lead's samples are never
 * read: they may be NaN.
 */
#ifndef MODEL_DUALVIEW_H
#define MODEL_DUALVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/ops.h"
#include "model/dualview_config.h"
#include "model/tensors.h"

struct dualview {
	const struct ops *ops;
	struct dualview_config config;
	struct tensors tensors; /* order: time tower, channel tower, gate, projector; each contiguous */
	int dim;		/* width of h: 2D with both towers, else D */
	int max_batch;
	/* After dualview_forward, in ops memory, [max_batch] rows of which it wrote its block's: */
	const float *h; /* [B,dim] */
	const float *p; /* [B,projector_out]; NULL without projector (not training, or projector_out 0) */
	const float *z_time; /* [B,D] the towers' own embeddings before the gate; NULL without that tower */
	const float *z_channel;
	const float *alpha; /* [B,2] the gate's weights, time first; NULL with one tower */
	size_t arena_bytes; /* activations, known before the first step */
	struct dualview_memory *memory;
};

/* A config that does not pass dualview_config_check is a BUG. max_batch: rows of the outputs. is_training:
 * keep activations for backward, in n_slots slots of up to slot_views, and have the projector. Without it
 * there are no projector tensors, one slot will do, and the arena is far smaller. */
struct dualview *dualview_new(const struct ops *ops, const struct dualview_config *c, int max_batch,
			      int n_slots, int slot_views, bool is_training);
void dualview_free(struct dualview *d);

/* Initial weights: Philox keyed by (seed, tensor's number), so the encoder's do not depend on the projector's
 * sizes. */
void dualview_init(struct dualview *d, uint64_t seed);

/* x [n,12,T] and keep [n,12] (1 kept, 0 masked; NULL: all kept) of n <= slot_views in ops memory, which are
 * views first.. of the batch. When training both must stay as they are until the backward pass has ended: it
 * reads them again. */
void dualview_forward(struct dualview *d, int slot, const float *x, const uint8_t *keep, int first, int n);
/* keep of what slot 0 is given next, in host memory: then a pass fetches nothing. */
void dualview_list(struct dualview *d, const uint8_t *keep, int n);
/* dp [n,projector_out] of the slot's last forward; adds to the gradients. Once per forward. */
void dualview_backward(struct dualview *d, int slot, const float *dp);
/* The same from a gradient of h [n,dim] instead of p (fine-tuning). */
void dualview_backward_h(struct dualview *d, int slot, const float *dh);

/* Memory that nobody needs from the backward pass of this slot to its next forward pass:
 * n_floats of ops memory. */
float *dualview_spare(const struct dualview *d, int slot, size_t *n_floats);

/* Sums of squares of the gradients of both towers, to[DUALVIEW_TIME] and to[DUALVIEW_CHANNEL] in ops memory;
 * that of a tower that is off stays as it is. */
void dualview_gradient_squares(const struct dualview *d, float *to);

/* Cross-attention maps of the last cross block after forward, of the block in slot 0, into host memory:
 * time_to_lead [B,H,N,12] and lead_to_time [B,H,12,N], N = T/10; rows sum to 1. Needs both towers and n_cross
 * > 0; call before backward. Allocates. */
void dualview_attention(struct dualview *d, float *time_to_lead, float *lead_to_time);

/* The same for any layer of one tower: [B,H,n,n_keys] into host memory. Layers count through the tower's
 * self-attention (n_keys = n), then its side of the cross blocks (n_keys: the other tower's tokens).
 * Self-attention's maps need is_training: elsewhere its queries are gone. Allocates. */
void dualview_map(struct dualview *d, float *map, enum towers tower, int layer);

#endif
