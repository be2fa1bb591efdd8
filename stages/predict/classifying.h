/*
 * An encoder, a network or exemplars, and its linear classifier, as artifacts hold them, on records:
 * probabilities by the mean embedding of a record's fixed views, in float32 as fine-tuning has them. A probe
 * computes its own in double; the two agree to about 1e-6.
 *
 *	struct classifying *c = classifying_open(encoder, head);
 *	classifying_run(c, probability, &(struct classifying_batch){n, signal, there, scale});
 *	classifying_close(c);
 */
#ifndef STAGES_PREDICT_CLASSIFYING_H
#define STAGES_PREDICT_CLASSIFYING_H

#include "ecg/augment.h"
#include "ecg/lead.h"
#include "model/classifier.h"
#include "model/encoder.h"
#include "stages/shared/exemplars.h"
#include "store/artifact.h"

enum { CLASSIFYING_RECORDS = 64 }; /* most of one classifying_run */

struct classifying {
	struct augment policy;	/* how views are cut */
	int n_classes, n_extra; /* n_extra: 12 log-std follow the embedding, or 0 */
	bool is_multi;
	double *weight; /* [n_classes] of the decision (statistics/metrics.h) */
	bool has_scale; /* whether log-std are read: they follow the embedding, or exemplars see them */
	const struct ops *ops;
	int dim;	     /* of an embedding */
	struct encoder *net; /* one of these two, the other NULL */
	struct exemplars *exemplars;
	struct classifier *head;
	int n_views;
	float *h, *device_h; /* embeddings of the records in hand, on the host and in ops memory */
	/* of a network: */
	struct encoder_config config;
	int micro_batch; /* views that it takes at once; 0: all */
	float *x, *rows; /* host: views of the records in hand, their embeddings */
	uint8_t *keep;	 /* their leads */
	float *device_x;
	uint8_t *device_keep;
	const struct classifying_batch *batch; /* in hand */
};

struct classifying_batch {
	int n;			     /* records, 1..CLASSIFYING_RECORDS */
	const void *const *signal;   /* [n], as signals_get gives it */
	const uint8_t *const *there; /* [n], as signals_there gives it */
	const float *scale;	     /* [n][12] log-std, if has_scale */
};

/* encoder: attributes config, views, augment and table `tensor`; head: attributes classes, labels, features,
 * decision_weight and table `weight`. Dies if they do not fit together. */
struct classifying *classifying_open(const struct artifact *encoder, const struct artifact *head);
void classifying_close(struct classifying *c);

/* probability [n][n_classes]. */
void classifying_run(struct classifying *c, float *probability, const struct classifying_batch *b);

#endif
