/*
 * A linear classifier on an encoder's embedding and some further features, with its loss and gradients: what
 * fine-tuning puts on top of the network.
 *
 *	u = ([h, extra] - mean) / scale  (0 where scale is 0),   z = W u + b
 *	one class per record: loss = mean over rows of -log softmax(z)[class]
 *	any number (is_multi): loss = mean over rows and classes of log(1 + e^z) - truth z
 *
 * mean and scale stay as they are, W and b are trained. Standardised features give every weight the same
 * scale, which is what one learning rate for all of them needs.
 *
 *	struct classifier *c = classifier_new(ops, &(struct classifier_config){128, 12, 5, false, 256});
 *	classifier_set(c, mean, scale, weight, bias);
 *	double loss = classifier_loss(c, &blocks, h, extra, truth);  // c->dh, and the gradients of c->tensors
 */
#ifndef MODEL_CLASSIFIER_H
#define MODEL_CLASSIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/blocks.h"
#include "model/gradients.h"
#include "model/linear.h"

struct classifier_config {
	int dim, n_extra; /* features: h [dim], then extra [n_extra] */
	int n_classes;
	bool is_multi;
	int max_rows; /* of a batch, of all processes, or of one classifier_predict */
};

struct classifier {
	struct classifier_config config;
	struct tensors tensors; /* "classifier.weight" [n_classes,dim+n_extra], "classifier.bias" */
	struct linear linear;
	struct gradients gradients;
	float *mean, *inverse;	/* [dim+n_extra], host; inverse is 1/scale, or 0 */
	float *u, *z, *dz, *du; /* ops memory, [max_rows] of each */
	float *dh;		/* [max_rows,dim] ops memory: the loss's gradient of h */
	float *host;		/* [max_rows][dim+n_extra] */
	double *logits;		/* [n_classes] */
	double *loss;		/* [blocks of max_rows] */
};

struct classifier *classifier_new(const struct ops *ops, const struct classifier_config *c);
void classifier_free(struct classifier *c);

/* mean, scale [d], weight [n_classes][d], bias [n_classes], host memory, d = dim + n_extra: as table
 * `weight` of scores. */
void classifier_set(struct classifier *c, const float *mean, const float *scale, const float *weight,
		    const float *bias);

/* Loss of a batch, of which this process has rows h [n,dim] (ops memory) and extra [n][n_extra] (host),
 * against truth [n][n_classes], 0 or 1; single: exactly one 1. Fills c->dh [n,dim] and sets the
 * gradients. A block's loss is its rows' in ascending order; the batch's is their tree. All processes of
 * the team call together. */
double classifier_loss(struct classifier *c, const struct blocks *b, const float *h, const float *extra,
		       const uint8_t *truth);
/* probability [rows][n_classes] (host): softmax or logistic function of z. */
void classifier_predict(struct classifier *c, float *probability, const float *h, const float *extra,
			int rows);

#endif
