/*
 * Any network that turns views into embeddings: stages and the contrastive step hold a struct encoder and do
 * not know which one it is. x [B,12,T] with a mask of kept leads becomes h [B,dim], the embedding, and p
 * [B,projector_out], what NT-Xent sees.
 *
 *	struct encoder_config c;
 *	encoder_preset(&c, "tiny", 500, 100);  // or config_read, from a model artifact
 *	struct encoder *e = encoder_new(ops, &c, max_batch, true);
 *	encoder_init(e, seed);                 // or upload each of e->tensors->list
 *	encoder_forward(e, x, keep, batch);    // e->h, e->p
 *	encoder_backward(e, dp);               // or encoder_backward_h(e, dh): e->tensors->gradients
 *
 * Training without NT-Xent: projector_out 0 leaves the projector out (encoder_set), a head of one's own reads
 * h [batch,dim] and gives encoder_backward_h the gradient of it. The optimiser takes e->tensors. To embed or
 * validate between steps, keep a second encoder with is_training false and encoder_copy the weights: it needs
 * a far smaller arena and its h of a record does not depend on the batch.
 *
 * All memory is planned and allocated by encoder_new; forward and backward allocate nothing. A masked lead's
 * samples are never read: they may be NaN. Numbers have the same bits whatever the threads, the instruction
 * set, the number of processes and the size of micro-batches.
 */
#ifndef MODEL_ENCODER_H
#define MODEL_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "kernels/ops.h"
#include "model/blocks.h"
#include "model/dualview.h"
#include "model/gradients.h"
#include "model/resnet18.h"
#include "model/tensors.h"

enum { ENCODER_LEADS = 12, ENCODER_PARTS = 2 };

enum encoder_kind { ENCODER_DVT, ENCODER_RESNET18 };

struct encoder_config {
	enum encoder_kind kind; /* which of the two below counts */
	struct dualview_config dvt;
	struct resnet18_config resnet18;
};

struct encoder {
	const struct ops *ops;
	struct encoder_config config;
	struct tensors *tensors; /* the encoder's, then the projector's; borrowed, as all below */
	int dim;		 /* width of h */
	int max_batch;
	size_t arena_bytes; /* activations, known before the first step */
	struct team *team;
	struct blocks blocks; /* of the last forward's batch */
	/* After encoder_forward, in ops memory, until the next one; of a team's batch, rows of
	 * this process's views: */
	const float *h; /* [B,dim] */
	const float *p; /* [B,projector_out]; NULL without projector (not training, or projector_out 0) */
	const float *z_time,
		*z_channel;   /* [B,tower_dim] embeddings of one tower alone; NULL: no such tower */
	int tower_dim;	      /* 0: no towers */
	struct dualview *dvt; /* one of these two */
	struct resnet18 *resnet18;
	/* of dvt: */
	int n_slots;		    /* passes whose activations are kept at once */
	int n_pass;		    /* blocks of a pass: one, unless operations are wide */
	struct gradients gradients; /* when training */
	const float *x;		    /* of the last forward */
	const uint8_t *keep;
};

/* ---- what it is ---- */

/* Fill c with the sizes of this name: "tiny", "small", "base" (model/dualview.h), "resnet18",
 * "resnet18-poster" (model/resnet18.h), for views of that many samples at that rate. 0, or -1
 * for an unknown name. */
int encoder_preset(struct encoder_config *c, const char *name, int samples, float rate_hz);
/* Change one size: d_model, n_heads, n_time_layers, n_channel_layers, n_cross, projector_hidden,
 * projector_out. A residual network has the last two and d_model, the width of its first stage. -1 if this
 * kind of encoder has no such size. */
int encoder_set(struct encoder_config *c, const char *size, int value);
/* Leave towers away; -1 if this kind of encoder has none. TOWERS_BOTH is fine with all. */
int encoder_set_towers(struct encoder_config *c, enum towers towers);
/* 0, or -1 with e saying which size does not fit. */
int encoder_config_check(const struct encoder_config *c, struct error *e);

int encoder_samples(const struct encoder_config *c); /* T of a view */
int encoder_projector_out(const struct encoder_config *c);

/* ---- life ---- */

/* A config that does not pass encoder_config_check is a BUG. is_training: keep activations for backward, and
 * have the projector. */
struct encoder *encoder_new(const struct ops *ops, const struct encoder_config *c, int max_batch,
			    bool is_training);

/* The same without training, micro_batch views a pass (0: all of them), as below. */
struct encoder *encoder_new_frozen(const struct ops *ops, const struct encoder_config *c, int max_batch,
				   int micro_batch);

/* The same for training, with a batch shared out. micro_batch: views, a multiple of 64, whose activations are
 * kept at once; the rest of the batch passes forward once more before it passes backward (Gao et al. 2021,
 * GradCache). 0: all of them. team: whose processes each have some blocks of the batch (model/blocks.h);
 * NULL: this one is alone. max_batch is of all processes. Changes no number. */
struct encoder *encoder_new_shared(const struct ops *ops, const struct encoder_config *c, int max_batch,
				   int micro_batch, struct team *team);
/* 0, or -1 with e saying why this encoder cannot train in micro-batches of that many views. */
int encoder_micro_batch_check(const struct encoder_config *c, int micro_batch, struct error *e);
void encoder_free(struct encoder *e);

/* Initial weights: Philox keyed by (seed, tensor's number); they do not depend on the projector's sizes. */
void encoder_init(struct encoder *e, uint64_t seed);

/* Does this network normalise by statistics of what it was trained on (BatchNorm)? Then an untrained one has
 * none, and encoder_set_statistics takes them from x [batch,12,T]: what a random encoder must have before it
 * is a fair floor. Without them nothing happens. */
bool encoder_has_statistics(const struct encoder_config *c);
void encoder_set_statistics(struct encoder *e, const float *x, const uint8_t *keep, int batch);

/* The weights of another encoder of the same sizes: all tensors that both have (one may
 * lack the projector). */
void encoder_copy(struct encoder *e, const struct encoder *from);

/* ---- passes ---- */

/* x [batch,12,T] and keep [batch,12] (1 kept, 0 masked; NULL: all kept) in ops memory; batch <= max_batch. In
 * a team batch is that of all processes, x and keep are of this one's views, and all call together.
 * When training both must stay as they are until the backward pass has ended: it reads them again. */
void encoder_forward(struct encoder *e, const float *x, const uint8_t *keep, int batch);
/* Before it, where keep is in host memory too: what must be known of it is sent ahead, so that the pass waits
 * for nothing (if it is one of all views). */
void encoder_list(struct encoder *e, const uint8_t *keep, int batch);
/* dp [batch,projector_out] of the last forward's batch, rows of this process's views; sets the tensors'
 * gradients, of all processes. Once per forward. BatchNorm's running statistics, which are tensors too
 * (without gradient), move here. */
void encoder_backward(struct encoder *e, const float *dp);
/* The same from a gradient of h [batch,dim] instead of p. */
void encoder_backward_h(struct encoder *e, const float *dh);

/* Of the last forward's batch, fill in the rows of h or p that other processes have; all call together. */
enum encoder_rows { ENCODER_H, ENCODER_P };
void encoder_gather(struct encoder *e, enum encoder_rows which);

/* mean [width] over rows [n_views][width] of one record's views, summed in order; host memory. */
void encoder_mean_views(float *mean, const float *rows, int n_views, int width);

/* ---- what to log and look at ---- */

/* Sums of squares of the gradients of the encoder's two parts, to [ENCODER_PARTS] in ops memory; that of a
 * part that is off stays as it is. */
void encoder_gradient_squares(const struct encoder *e, float *to);
/* Their names, of one word: "time", "channel"; "stem", "stages". */
const char *encoder_part(const struct encoder_config *c, int part);

/* How far from the input a tensor is, for learning rates that fall towards it: 0 for stems, then each layer
 * or block one more, the last being the heads, gate and projector: encoder_depths() - 1. Both towers' layers
 * count side by side. */
int encoder_depth(const struct encoder *e, int tensor);
int encoder_depths(const struct encoder_config *c);

/* Cross-attention: false if this encoder has none. Shapes of a record's maps: time_to_lead [heads,tokens,12]
 * and lead_to_time [heads,12,tokens]. */
bool encoder_has_attention(const struct encoder_config *c, int *n_heads, int *n_tokens);
/* Maps of the last forward's batch, of at most 64, into host memory, [batch] of each; rows sum to 1. Call
 * before backward. Allocates. */
void encoder_attention(struct encoder *e, float *time_to_lead, float *lead_to_time);
/* Relevance of tokens (model/rollout.h) for the last forward's batch, of at most 64: [batch][tokens+12] into
 * host memory. Needs is_training and encoder_has_attention. */
void encoder_rollout(struct encoder *e, float *relevance, int batch);

#endif
