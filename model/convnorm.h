/*
 * Convolution over time without bias, then BatchNorm, then perhaps a shortcut and a ReLU: what residual
 * networks are made of. Signals are [B,t,c]; k is odd and (k-1)/2 zeros stand on both sides, so
 * t_out = ceil(t_in/stride), as PyTorch's Conv1d(padding=k//2). BatchNorm: eps 1e-5, momentum 0.1.
 *
 * A whole batch passes a layer before the next: BatchNorm's mean and variance are those of the batch, of all
 * processes of the team. B below is the number of this process's views. Sums go by blocks (model/blocks.h).
 *
 * Running statistics are tensors without gradient or decay, so that a model's file and its checkpoints hold
 * them and an optimiser leaves them alone. They move in the backward pass, but never by what is not finite.
 */
#ifndef MODEL_CONVNORM_H
#define MODEL_CONVNORM_H

#include <stdbool.h>

#include "model/arena.h"
#include "model/blocks.h"
#include "model/gradients.h"
#include "model/tensors.h"

/* Where mean and variance come from: the running ones; the batch; the batch, which the
 * running ones then equal. */
enum convnorm_mode { CONVNORM_RUNNING, CONVNORM_BATCH, CONVNORM_SETTLE };

struct convnorm {
	int c_in, c_out, k, stride;
	int t_in, t_out, t_pad, pad;
	int weight, norm_weight, norm_bias, mean,
		variance; /* numbers of its tensors; weight [c_out,k,c_in] */
	float *y;	  /* [B,t_out,c_out] the convolution's output */
	float *stats;	  /* [2*c_out] the batch's mean and variance */
};

/* What all convolutions of a network share: the batch in hand, and scratch. */
struct convnorm_shared {
	struct blocks blocks;	    /* B: blocks_own_views */
	struct gradients gradients; /* the backward pass fills it layer by layer; not opened here */
	size_t n_padded, n_dpadded, n_dw, n_sums; /* floats, the largest of those declared */
	size_t n_range;				  /* floats of the largest tensor */
	float *padded, *dpadded, *dw;
	float *sums; /* [2 * blocks of the batch,2*c_out] */
};

/* Declares "<name>.conv<suffix>.weight", "<name>.norm<suffix>.weight", ".bias", ".running_mean",
 * ".running_variance". */
struct convnorm convnorm_declare(struct tensors *t, const char *name, const char *suffix, int t_in, int c_in,
				 int c_out, int k, int stride);

/* Takes room for stats, and makes s large enough for this convolution. y is the caller's to place. is_first:
 * its input needs no gradient. max_own: this process's views; max_batch: of all processes. */
void convnorm_plan(struct convnorm *c, struct arena *a, struct convnorm_shared *s, const struct tensors *t,
		   int max_own, int max_batch, bool is_training, bool is_first);
/* After all convnorm_plan. */
void convnorm_plan_scratch(struct convnorm_shared *s, struct arena *a, bool is_training);

/* c->y from x [B,t_in,c_in]; or from signals [B,c_in,t_in] with keep [B,c_in], a channel with
 * keep 0 being zeros. */
void convnorm_conv(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
		   const float *x);
void convnorm_conv_signal(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
			  const float *x, const uint8_t *keep);

/* out [B,t_out,c_out] = norm(c->y) + shortcut (NULL: none), then ReLU if has_relu; out may be c->y or
 * shortcut. CONVNORM_BATCH computes stats; has_stats says that they are there from the forward pass. */
void convnorm_norm(const struct tensors *t, const struct convnorm *c, const struct convnorm_shared *s,
		   float *out, const float *shortcut, bool has_relu, enum convnorm_mode mode, bool has_stats);

/* The way back. dy = gradient of out; out NULL: no ReLU. dx: gradient of c->y, may be dy; dshortcut: NULL, or
 * dy unless dx is. Gives the norm's gradients and moves the running statistics. */
void convnorm_norm_backward(const struct tensors *t, const struct convnorm *c, struct convnorm_shared *s,
			    float *dx, float *dshortcut, const float *dy, const float *out);
/* dy = gradient of c->y, x its input again. dx [B,t_in,c_in], may be dy if dy is as large.
 * Gives the weight's. */
void convnorm_conv_backward(const struct tensors *t, const struct convnorm *c, struct convnorm_shared *s,
			    float *dx, const float *dy, const float *x);
void convnorm_conv_signal_backward(const struct tensors *t, const struct convnorm *c,
				   struct convnorm_shared *s, const float *dy, const float *x,
				   const uint8_t *keep);

#endif
