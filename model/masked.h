/*
 * Masked prediction (docs/training.md, "Masked prediction"): the encoder sees some time tokens of a view, and
 * a predictor that goes away after training says from them what the hidden ones are:
 *	MASKED_SAMPLES  the samples themselves, each token's brought to mean 0 and deviation 1 over its
 *			leads and samples (He et al. 2022, "Masked Autoencoders", with norm_pix)
 *	MASKED_LATENTS  what a teacher makes of them who sees the whole view: the encoder's own moving
 *			average, its tokens normalised by LayerNorm without weights (Assran et al. 2023,
 *			I-JEPA; of ECGs: Weimann and Conrad 2024)
 * The loss is the mean square of the difference over views, hidden tokens and width; a masked lead's samples
 * count as known. Needs a dual-view transformer with the time tower alone.
 *
 *	struct masked *m = masked_new(net, &settings);
 *	masked_begin(m);                                    // once the encoder has its first weights
 *	masked_load(m, x, keep, is_seen, n_seen, n_own);    // a batch: host memory
 *	struct masked_result r = masked_gradients(m, device_x, device_keep, n_views);
 *	... a step of both optimisers ...
 *	masked_follow(m);                                   // the teacher's step
 *	masked_end(m);                                      // net has the weights that are worth keeping
 *
 * A batch's loss is a sum over views, so blocks of 64 pass forward and backward one after the other, in the
 * memory of one. The processes of a team share them out; numbers do not depend on how many there are.
 */
#ifndef MODEL_MASKED_H
#define MODEL_MASKED_H

#include <stdbool.h>

#include "model/encoder.h"
#include "model/hiding.h"
#include "model/optimizer.h"
#include "model/predictor.h"

enum masked_target { MASKED_NOTHING, MASKED_SAMPLES, MASKED_LATENTS };

struct masked_settings {
	enum masked_target target;
	int n_layers;  /* of the predictor */
	float weight;  /* of the loss, in gradients alone: what is reported is without */
	bool is_alone; /* nothing else trains the encoder: its head is the mean over tokens, no projection */
	uint64_t seed;
	struct optimizer_config optimizer; /* of the predictor */
};

struct masked {
	const struct ops *ops;
	struct masked_settings settings;
	struct encoder *net; /* borrowed */
	struct predictor *predictor;
	struct optimizer optimizer;
	struct gradients gradients; /* of the predictor */
	float *teacher;		    /* [net->tensors->count] weights, ops memory; NULL: samples have none */
	float share;		    /* of the way that the teacher goes in a step: the caller's to set */
	struct hiding hiding;	    /* of the batch loaded last */
	struct masked_memory *memory;
};

struct masked_result {
	double loss; /* not finite: gradients are not to be used */
	/* Loss of the best constant, the mean of the batch's targets: their variance. If it falls to 0 all
	 * targets have become alike, and a small loss says nothing. */
	double constant;
};

/* 0, or -1 with e saying why this network cannot be trained so. */
int masked_check(const struct encoder_config *net, struct error *e);
int masked_tokens(const struct encoder_config *net); /* of a view */

struct masked *masked_new(struct encoder *net, const struct masked_settings *s);
void masked_free(struct masked *m);

/* The teacher becomes the encoder as it is. */
void masked_begin(struct masked *m);

/* x [n,12,T], keep [n,12], is_seen [n][tokens] with n_seen ones each, host memory, of this process's n_views.
 */
void masked_load(struct masked *m, const float *x, const uint8_t *keep, const uint8_t *is_seen, int n_seen,
		 int n_views);

/* The gradients of net and predictor for a batch of n_views, of which x and keep (ops memory) are this
 * process's; is_added: those of net are added to what stands there, the batch's of another loss. */
struct masked_result masked_gradients(struct masked *m, const float *x, const uint8_t *keep, int n_views,
				      bool is_added);

/* The teacher goes `share` of its way towards the encoder; nothing happens without a teacher. */
void masked_follow(struct masked *m);

/* net->h of the batch as the model to be written gives it: by the teacher, if there is one. */
void masked_embed(struct masked *m, const float *x, const uint8_t *keep, int n_views);

/* The encoder becomes what is to be kept: the teacher, if there is one. */
void masked_end(struct masked *m);

/* A head that is learned by nobody projects what it pools at random; make z the mean over tokens instead. */
void masked_set_head(struct encoder *net);

#endif
