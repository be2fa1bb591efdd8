/*
 * What embed keeps of a few records so that evaluate and report can look into a network with cross-attention:
 *
 * table `attention`  record, view -> maps of the last cross block: time_to_lead [H][N][12], then
 *                    lead_to_time [H][12][N]
 * table `rollout`    record, view -> relevance [N+12] of the tokens (model/rollout.h)
 * table `masked`     record, lead -> the record's embedding with that lead hidden from the network
 *                    (its mask token)
 *
 *	struct inspect *i = inspect_new(ops, &config, n_views); // NULL: no cross-attention
 *	inspect_begin(i, writer, trained);
 *	inspect_record(i, record, x);                           // by ascending record
 *	inspect_free(i);
 */
#ifndef STAGES_EMBED_INSPECT_H
#define STAGES_EMBED_INSPECT_H

#include <stdint.h>

#include "model/encoder.h"
#include "store/artifact.h"

struct inspect;

struct inspect *inspect_new(const struct ops *ops, const struct encoder_config *config, int n_views);
void inspect_free(struct inspect *i); /* NULL: nothing */
/* Declares the tables and attribute attention_maps; the weights are copied. */
void inspect_begin(struct inspect *i, struct artifact_writer *w, const struct encoder *trained);
/* x [n_views][12][T] of one record, un-augmented, and the leads it has, there [12], in host memory. Of a lead
 * it lacks, or its only one, the masked embedding is the record's. */
void inspect_record(struct inspect *i, uint64_t record, const float *x, const uint8_t there[12]);

#endif
