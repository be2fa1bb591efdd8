/*
 * A network and its linear classifier, as artifacts hold them, on records: probabilities by the mean
 * embedding of a record's fixed views, in float32 as fine-tuning has them. A probe computes its own in
 * double; the two agree to about 1e-6.
 *
 *	struct classifying *c = classifying_open(encoder, head);
 *	classifying_run(c, probability, &(struct classifying_batch){n, signal, there, extra});
 *	classifying_close(c);
 */
#ifndef STAGES_PREDICT_CLASSIFYING_H
#define STAGES_PREDICT_CLASSIFYING_H

#include "ecg/augment.h"
#include "ecg/lead.h"
#include "model/classifier.h"
#include "model/encoder.h"
#include "store/artifact.h"

enum { CLASSIFYING_RECORDS = 64 }; /* most of one classifying_run */

struct classifying {
	struct augment policy;	/* how views are cut */
	int n_classes, n_extra; /* n_extra: 12 log-std follow the embedding, or 0 */
	bool is_multi;
	double *weight; /* [n_classes] of the decision (statistics/metrics.h) */
	struct encoder *net;
	struct classifier *head;
	int n_views;
	float *x, *rows, *h; /* host: views of the records in hand, their embeddings, the means */
	uint8_t *keep;	     /* their leads */
	float *device_x, *device_h;
	uint8_t *device_keep;
	const struct classifying_batch *batch; /* in hand */
};

struct classifying_batch {
	int n;			     /* records, 1..CLASSIFYING_RECORDS */
	const void *const *signal;   /* [n], as signals_get gives it */
	const uint8_t *const *there; /* [n], as signals_there gives it */
	const float *extra;	     /* [n][n_extra] */
};

/* encoder: attributes config, views, augment and table `tensor`; head: attributes classes, labels, features,
 * decision_weight and table `weight`. Dies if they do not fit together. */
struct classifying *classifying_open(const struct artifact *encoder, const struct artifact *head);
void classifying_close(struct classifying *c);

/* probability [n][n_classes]. */
void classifying_run(struct classifying *c, float *probability, const struct classifying_batch *b);

#endif
