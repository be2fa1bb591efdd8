/*
 * The encoder that an artifact holds (a model, tuned scores), whatever it is, on whole records: h is the mean
 * over the fixed views of a record. An ensemble's h is those of its members, one behind the other.
 *
 *	struct encoding *e = encoding_open(artifact);
 *	struct memory_need need = {.make = ..., ...};           // calls encoding_allocate, encoding_release
 *	encoding_allocate(e, ops);
 *	encoding_load(e);
 *	encoding_run(e, h, &(struct encoding_batch){n, signal, there, scale});
 *	encoding_close(e);
 */
#ifndef STAGES_SHARED_ENCODING_H
#define STAGES_SHARED_ENCODING_H

#include <stdbool.h>
#include <stdint.h>

#include "model/encoder.h"
#include "stages/shared/exemplars.h"
#include "stages/shared/member.h"

enum { ENCODING_RECORDS = 64 }; /* most of one encoding_run */

struct encoding_batch {
	int n;			     /* records, 1..ENCODING_RECORDS */
	const void *const *signal;   /* [n], as signals_get gives it */
	const uint8_t *const *there; /* [n], as signals_there gives it */
	const float *scale;	     /* [n][12] log-std, if has_scale */
};

struct encoding_part {
	struct member member;
	struct views views;
	int n_views;
	int first, dim;		     /* its columns of h */
	struct exemplars *exemplars; /* or NULL, and a network: */
	struct encoder_config config;
	struct encoder *net;
	float *device_x; /* ops memory [ENCODING_RECORDS*n_views][12][T] */
	uint8_t *device_keep;
};

struct encoding {
	int dim;	 /* of h, once allocated */
	bool has_scale;	 /* some part reads the log-std of leads */
	bool is_drawn;	 /* all are networks, so that there is such an encoder before training */
	int micro_batch; /* views that networks take at once; 0: all */
	int n;
	struct encoding_part part[MEMBERS_MOST];
	const struct ops *ops; /* NULL: not allocated */
	float *x, *rows;       /* host: views of the records in hand, their embeddings */
	uint8_t *keep;	       /* their leads */
	/* in hand: */
	const struct encoding_batch *batch;
	const struct encoding_part *at;
	float *h;
};

/* Nothing is in ops memory yet. Dies if the artifact's attributes contradict each other. */
struct encoding *encoding_open(const struct artifact *a);
void encoding_close(struct encoding *e); /* NULL: nothing */
/* Whether the networks' batches may be cut, for struct memory_need: where there is BatchNorm, &e->micro_batch
 * plays no part. */
bool encoding_has_statistics(const struct encoding *e);
int encoding_views(const struct encoding *e); /* most that a network takes in a run; 0: there is none */
/* All that lies in ops memory, e a copy or not. */
void encoding_allocate(struct encoding *e, const struct ops *ops);
void encoding_release(struct encoding *e);

/* The weights. Then it can be run. */
void encoding_load(struct encoding *e);
/* The weights that training began with, if is_drawn; networks that normalise by what they were trained on
 * take that from these records. */
void encoding_draw(struct encoding *e, const struct encoding_batch *b);

/* h [n][dim], host memory. */
void encoding_run(struct encoding *e, float *h, const struct encoding_batch *b);

#endif
