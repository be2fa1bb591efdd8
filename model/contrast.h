/*
 * One step of training by views: the V views of N records through the network as one batch of VN, the
 * loss, gradients, clipping, AdamW. All memory is allocated by contrast_new; a step allocates nothing,
 * unless a team exchanges.
 *
 *	struct contrast *c = contrast_new(ops_chosen(), &settings);
 *	struct contrast_result r = contrast_step(c, x, keep, patient, lr);
 *
 * The processes of a team share the VN views out (model/blocks.h): each has the views contrast_own says, and
 * all have the same result, weights and moments after a step, with the bits of one process alone.
 */
#ifndef MODEL_CONTRAST_H
#define MODEL_CONTRAST_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/ops.h"
#include "model/candidates.h"
#include "model/encoder.h"
#include "model/loss.h"
#include "model/masked.h"
#include "model/memory.h"
#include "model/optimizer.h"
#include "model/terms.h"

struct contrast_settings {
	struct encoder_config net;
	int n;			       /* records of a batch, 2 or more */
	int n_views;		       /* of a record; 0 counts as 2 */
	const struct loss *loss;       /* NULL: nothing is contrasted, and net has no projector */
	struct terms_weights terms;    /* added to the loss; all 0: none */
	struct masked_settings masked; /* what is predicted besides, or alone: then is_alone */
	float temperature;
	enum same_patient same_patient;
	struct optimizer_config optimizer;
	uint64_t seed; /* of the initial weights, and of what terms draw */
	/* What changes no number: */
	int micro_batch;   /* views, passes encoder_micro_batch_check; 0: all of them */
	struct team *team; /* NULL: alone */
};

struct contrast {
	const struct ops *ops;
	struct contrast_settings settings;
	struct encoder *net;
	struct optimizer optimizer;
	struct masked *masked; /* NULL: nothing is predicted */
	struct contrast_memory *memory;
	struct candidates candidates; /* of the batch loaded last */
	uint64_t step;		      /* of the training, the caller's: keys what terms draw */
};

struct contrast_batch { /* host memory */
	float *x;
	uint8_t *keep;
	uint64_t *patient;
};

enum { CONTRAST_STEPS = OPTIMIZER_ROWS };

struct contrast_result {
	/* Loss: weighted, if there are two. top1: share of views whose nearest other one is of their
	 * record; 0 where nothing is contrasted. */
	float loss, top1;
	float norm;		    /* of the whole gradient, before clipping */
	float norms[ENCODER_PARTS]; /* of the encoder's parts */
	/* What the batch left to choose from; uniform is the loss of one who knows nothing, of all that is
	 * contrasted and predicted. */
	struct candidates candidates;
	bool is_skipped; /* loss or gradient was not finite: no weight moved; loss, top1 and norms are 0 */
};

struct contrast *contrast_new(const struct ops *ops, const struct contrast_settings *s);
void contrast_free(struct contrast *c);

/* What contrast_new takes; s->micro_batch is left open unless somebody asks for one. Borrows s. */
struct memory_need contrast_need(struct contrast_settings *s);

/* Rows of a batch: n_views * n. */
int contrast_rows(const struct contrast_settings *s);
/* This process's of them: first..first+n-1. */
void contrast_own(const struct contrast_settings *s, int *first, int *n);

/* x [rows,12,T] and keep [rows,12] with rows i, n+i, 2n+i ... the views of one record, in a team this
 * process's of them; patient [n] of the whole batch: host memory. */
struct contrast_result contrast_step(struct contrast *c, const float *x, const uint8_t *keep,
				     const uint64_t *patient, float lr);

/* Its parts. A batch is drawn into arrays of contrast_batch, which are borrowed until load: as those of
 * contrast_step. load hands them over without waiting; those for the next one are others. learn waits for
 * nothing; what came of it is told later: tell fills r [CONTRAST_STEPS] for the steps learned since the last
 * call, at most so many, and returns how many. */
struct contrast_batch contrast_batch(struct contrast *c);
void contrast_load(struct contrast *c);
void contrast_learn(struct contrast *c, float lr);
int contrast_tell(struct contrast *c, struct contrast_result *r);

/* The last step's h [rows,dim] into host memory; all processes of a team call together. */
void contrast_embeddings(float *h, struct contrast *c);

#endif
