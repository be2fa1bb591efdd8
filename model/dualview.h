/*
 * Dual-view transformer (`dvt`, formulas: docs/model.md). x [B,12,T] with a mask of kept leads is read as one token per
 * 100 ms (time tower) and as one token per lead (channel tower); cross-attention joins them; h [B,dim] is the
 * embedding and p [B,projector_out] what the loss sees.
 *
 *	struct dualview *d = dualview_new(ops, &config, max_batch, true);
 *	dualview_init(d, seed);
 *	dualview_forward(d, x, keep, batch);         // d->h, d->p
 *	dualview_backward(d, dp);                    // gradients of all parameters, accumulated
 *
 * All memory is planned and allocated by dualview_new; forward and backward allocate nothing. A record's h has the same
 * bits alone, in any batch, and with or without is_training. A masked lead's samples are never read: they may be NaN.
 */
#ifndef MODEL_DUALVIEW_H
#define MODEL_DUALVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "kernels/ops.h"
#include "model/tensors.h"

enum { DUALVIEW_LEADS = 12 };

enum towers { TOWERS_TIME = 1, TOWERS_CHANNEL = 2, TOWERS_BOTH = 3 };

struct dualview_config {
	int samples;	      /* T of one view; a multiple of 10 (time tower) */
	float rate_hz;	      /* for positions in seconds */
	int d_model, n_heads; /* D divisible by 32 and by H */
	int n_time_layers, n_channel_layers, n_cross;
	enum towers towers;		     /* n_cross counts only with both */
	int projector_hidden, projector_out; /* projector_out 0: no projector */
};

struct dualview {
	const struct ops *ops;
	struct dualview_config config;
	struct tensors tensors; /* order: time tower, channel tower, gate, projector; each contiguous */
	int dim;		/* width of h: 2D with both towers, else D */
	int max_batch;
	/* After dualview_forward, in ops memory, until the next one: */
	const float *h; /* [B,dim] */
	const float *p; /* [B,projector_out]; NULL without projector (not training, or projector_out 0) */
	const float *z_time; /* [B,D] the towers' own embeddings before the gate; NULL without that tower */
	const float *z_channel;
	const float *alpha; /* [B,2] the gate's weights, time first; NULL with one tower */
	size_t arena_bytes; /* activations, known before the first step */
	struct dualview_memory *memory;
};

/* Fill the sizes named "tiny" (D 64, 4 heads, 2+2 layers, 1 cross), "small" (D 192, 6 heads, 4+4, 1), "base"
 * (D 256, 8 heads, 6+4, 1) and the projector's; 0, or -1 for an unknown name. Leaves samples, rate and towers
 * alone. */
int dualview_preset(struct dualview_config *c, const char *name);

/* 0, or -1 with e saying which size does not fit. */
int dualview_config_check(const struct dualview_config *c, struct error *e);

/* A config that does not pass dualview_config_check is a BUG. is_training: keep activations for backward, and
 * have the projector. Without it there are no projector tensors, and a far smaller arena. */
struct dualview *dualview_new(const struct ops *ops, const struct dualview_config *c, int max_batch,
			      bool is_training);
void dualview_free(struct dualview *d);

/* Initial weights: Philox keyed by (seed, tensor's number), so the encoder's do not depend on the projector's
 * sizes. */
void dualview_init(struct dualview *d, uint64_t seed);

/* x [batch,12,T] and keep [batch,12] (1 kept, 0 masked; NULL: all kept) in ops memory; batch <= max_batch.
 * When training both must stay as they are until the backward pass has ended: it reads them again. */
void dualview_forward(struct dualview *d, const float *x, const uint8_t *keep, int batch);
/* dp [batch,projector_out] of the last forward's batch; adds to d->tensors.gradients. Once per forward. */
void dualview_backward(struct dualview *d, const float *dp);
/* The same from a gradient of h [batch,dim] instead of p (fine-tuning). */
void dualview_backward_h(struct dualview *d, const float *dh);

/* Euclidean norms of the gradients of each part (0 for a tower that is off). */
struct dualview_norms {
	float time, channel, head; /* head: gate and projector */
};
struct dualview_norms dualview_gradient_norms(const struct dualview *d);

/* Cross-attention maps of the last cross block after forward, of the last forward's batch, into host memory:
 * time_to_lead [B,H,N,12] and lead_to_time [B,H,12,N], N = T/10; rows sum to 1. Needs both towers and n_cross
 * > 0; call before backward. Allocates. */
void dualview_attention(struct dualview *d, float *time_to_lead, float *lead_to_time);

/* The same for any layer of one tower: [B,H,n,n_keys] into host memory. Layers count through the tower's self-attention
 * (n_keys = n), then its side of the cross blocks (n_keys: the other tower's tokens). Self-attention's maps need
 * is_training: elsewhere its queries are gone. Allocates. */
void dualview_map(struct dualview *d, float *map, enum towers tower, int layer);

#endif
