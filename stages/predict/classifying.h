/*
 * An encoder, a network, exemplars or an ensemble, and its linear classifier, as artifacts hold them, on
 * records: probabilities by the mean embedding of a record's fixed views, in float32 as fine-tuning has them.
 * A probe computes its own in double; the two agree to about 1e-6.
 *
 *	struct classifying *c = classifying_open(encoder, head);
 *	classifying_run(c, probability, &(struct encoding_batch){n, signal, there, scale});
 *	classifying_close(c);
 */
#ifndef STAGES_PREDICT_CLASSIFYING_H
#define STAGES_PREDICT_CLASSIFYING_H

#include "ecg/augment.h"
#include "ecg/lead.h"
#include "model/classifier.h"
#include "stages/shared/encoding.h"
#include "store/artifact.h"

enum { CLASSIFYING_RECORDS = ENCODING_RECORDS }; /* most of one classifying_run */

struct classifying {
	struct augment policy;	/* how views are cut */
	int n_classes, n_extra; /* n_extra: 12 log-std follow the embedding, or 0 */
	bool is_multi;
	double *weight; /* [n_classes] of the decision (statistics/metrics.h) */
	bool has_scale; /* whether log-std are read: they follow the embedding, or the encoder sees them */
	struct encoding *encoding;
	struct classifier *head;
	float *h, *device_h; /* embeddings of the records in hand, on the host and in ops memory */
};

/* encoder: attributes config, views, augment and table `tensor`; head: attributes classes, labels, features,
 * decision_weight and table `weight`. Dies if they do not fit together. */
struct classifying *classifying_open(const struct artifact *encoder, const struct artifact *head);
void classifying_close(struct classifying *c);

/* probability [n][n_classes]. */
void classifying_run(struct classifying *c, float *probability, const struct encoding_batch *b);

#endif
