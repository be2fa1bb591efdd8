/*
 * Supervised training of an encoder with a linear classifier on it: one step over a batch of views, and
 * probabilities of records by the mean of their fixed views. The classifier learns at lr, the encoder's last
 * group at encoder_lr and each group nearer to the input at decay times the one above it (model/layerwise.h).
 *
 *	struct finetune *f = finetune_new(ops, &settings);
 *	... weights into f->net->tensors and classifier_set(f->head, ...); finetune_sync(f);
 *	struct finetune_result r = finetune_step(f, &(struct finetune_batch){...}, lr_share);
 *	finetune_sync(f); finetune_predict(f, probability, x, extra, n);
 *
 * A step whose loss or gradient is not finite changes nothing and is counted.
 */
#ifndef MODEL_FINETUNE_H
#define MODEL_FINETUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/classifier.h"
#include "model/encoder.h"
#include "model/memory.h"
#include "model/optimizer.h"

struct finetune_settings {
	struct encoder_config net; /* its projector is left out */
	int n_classes, n_extra;
	bool is_multi;
	int max_rows;	 /* views of a training batch, of all processes */
	int max_records; /* of one finetune_predict */
	int n_views;	 /* fixed views of a record */
	float lr, encoder_lr, decay;
	struct optimizer_config optimizer;
	/* What changes no number: */
	int micro_batch;   /* views, passes encoder_micro_batch_check; 0: all of them */
	struct team *team; /* shares out a training batch (model/blocks.h); NULL: alone */
};

struct finetune {
	const struct ops *ops;
	struct finetune_settings settings;
	struct encoder *net;   /* trained */
	struct encoder *still; /* its copy for looking: as of the last finetune_sync */
	struct classifier *head;
	struct optimizer body, top; /* of net and head */
	int64_t n_skipped;
	float *rate;   /* [net->tensors->n] */
	float *x, *h;  /* ops memory: input of a batch; mean embeddings [max_records,dim] */
	uint8_t *keep; /* ops memory */
	float *rows;   /* host: [max_records*n_views][dim] */
};

struct finetune_batch {
	const float *x;	      /* [n][12][T], host as all here; n: this process's views of the batch */
	const uint8_t *keep;  /* [n][12] */
	const float *extra;   /* [n][n_extra] */
	const uint8_t *truth; /* [n][n_classes] */
	int rows;	      /* of all processes */
};

struct finetune_result {
	double loss;
	float norm; /* of the gradient before clipping */
	bool is_skipped;
};

struct finetune *finetune_new(const struct ops *ops, const struct finetune_settings *s);
void finetune_free(struct finetune *f);

/* What finetune_new takes; s->micro_batch is left open. Borrows s. */
struct memory_need finetune_need(struct finetune_settings *s);

/* share: of lr and encoder_lr, as the schedule gives it. */
struct finetune_result finetune_step(struct finetune *f, const struct finetune_batch *b, float share);

/* Let finetune_embed and finetune_predict use the weights as they are now. */
void finetune_sync(struct finetune *f);
/* h [n][dim] (host): mean over the views of x [n*n_views][12][T] (host), view after view of each record; keep
 * [n*n_views][12] (host), 0 where a lead is masked, or NULL. */
void finetune_embed(struct finetune *f, float *h, const float *x, const uint8_t *keep, int n);
/* probability [n][n_classes] (host). The classifier is linear, so logits of the mean
 * embedding are mean logits. */
void finetune_predict(struct finetune *f, float *probability, const float *x, const uint8_t *keep,
		      const float *extra, int n);

#endif
