/*
 * Residual network with 18 layers (He et al. 2016) over time, the encoder that most work on ECGs compares
 * with. x [B,12,T] with a mask of kept leads, masked ones read as zeros; h [B,8*width] is the mean over time
 * of the last block; p [B,projector_out] what the loss sees.
 *
 *	stem:   conv stem_taps, stride 2, 12 -> width; norm; ReLU; with has_pool a maximum over 3, stride 2
 *	stages: 4 of 2 blocks, widths 1, 2, 4, 8 times width; stages 2 to 4 begin with stride 2
 *	block:  y = relu(norm2(conv2(relu(norm1(conv1(x))))) + shortcut), the shortcut x or norm(conv 1x1 (x))
 *
 *	struct resnet18 *r = resnet18_new(ops, &config, max_batch, true, team);
 *	tensors_draw(&r->tensors, seed);
 *	resnet18_forward(r, &blocks, x, keep);  // r->h, r->p
 *	resnet18_backward(r, dp);               // gradients of all parameters: of the batch, of all processes
 *
 * BatchNorm makes the h of training depend on its batch; without is_training the running statistics stand in
 * for the batch's (model/convnorm.h), and a record's h has the same bits alone and in any batch.
 */
#ifndef MODEL_RESNET18_H
#define MODEL_RESNET18_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "kernels/ops.h"
#include "model/blocks.h"
#include "model/tensors.h"

enum { RESNET18_LEADS = 12, RESNET18_BLOCKS = 8 };

struct resnet18_config {
	int samples; /* T of one view */
	int width;   /* channels of the first stage */
	int stem_taps, taps;
	bool has_pool;
	int projector_hidden, projector_out; /* projector_out 0: no projector */
};

struct resnet18 {
	const struct ops *ops;
	struct resnet18_config config;
	struct tensors tensors;	     /* order: stem, stages, projector; each contiguous */
	size_t stem_end, stages_end; /* where those end in the flat arrays */
	int dim, max_batch, max_own; /* max_own: views that this process has of a batch */
	/* After resnet18_forward, in ops memory, until the next one; of the whole batch, this
	 * process's rows filled: */
	const float *h; /* [B,dim] */
	const float *p; /* [B,projector_out]; NULL without projector (not training, or projector_out 0) */
	size_t arena_bytes;
	struct resnet18_memory *memory;
};

/* Fill the sizes named "resnet18" (width 64, stem of 7 taps, 3 taps, no pool: the field's standard) or
 * "resnet18-poster" (width 120, stem of 15 taps and pool, 7 taps), and the projector's; 0, or -1 for an
 * unknown name. Leaves samples alone. */
int resnet18_preset(struct resnet18_config *c, const char *name);

/* 0, or -1 with e saying which size does not fit. */
int resnet18_config_check(const struct resnet18_config *c, struct error *e);

/* A config that does not pass resnet18_config_check is a BUG. max_batch: views of a batch, of all processes
 * of the team (NULL: this one is alone). is_training: keep activations for backward, use the batch's
 * statistics, and have the projector. */
struct resnet18 *resnet18_new(const struct ops *ops, const struct resnet18_config *c, int max_batch,
			      bool is_training, struct team *team);
void resnet18_free(struct resnet18 *r);

/* x [n,12,T] and keep [n,12] (NULL: all kept) of this process's n views in ops memory. When training both
 * must stay as they are until the backward pass has ended. All processes of the team call together. */
void resnet18_forward(struct resnet18 *r, const struct blocks *b, const float *x, const uint8_t *keep);
/* The same with this batch's statistics, which then are the running ones: for weights that
 * were never trained. */
void resnet18_set_statistics(struct resnet18 *r, const struct blocks *b, const float *x, const uint8_t *keep);
/* dp [n,projector_out] of this process's views of the last forward's batch; sets the gradients and moves the
 * running statistics. Once per forward. */
void resnet18_backward(struct resnet18 *r, const float *dp);
/* The same from a gradient of h [n,dim]. */
void resnet18_backward_h(struct resnet18 *r, const float *dh);

#endif
