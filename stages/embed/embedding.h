/*
 * One run of embed, as its files share it: embed.c walks the records, networks.c or whole.c
 * make embeddings of those in hand.
 */
#ifndef STAGES_EMBED_EMBEDDING_H
#define STAGES_EMBED_EMBEDDING_H

#include "ecg/augment.h"
#include "ecg/views.h"
#include "model/encoder.h"
#include "stages/embed/convolve.h"
#include "stages/embed/inspect.h"
#include "stages/shared/encoding.h"
#include "store/stage.h"

#define BATCH ENCODING_RECORDS /* records that are encoded together */
#define PAIR  2		       /* views of a record that training contrasts */

/* The trained network, and one of the same shape with the weights it began with: what training must beat. */
enum { TRAINED, RANDOM, NETWORKS };

enum { EMBEDDING, OF_RANDOM, TIME, CHANNEL, SEGMENT, PAIRS, RANDOM_PAIRS, TABLES };

struct embedding {
	struct stage_run *run;
	struct artifact *model, *signals;
	struct views views;
	bool is_other;		/* not those of training */
	struct augment augment; /* what training drew pairs with */
	enum pairing_kind pairing;
	bool has_segments, has_masks;
	struct encoder_config config;	  /* of the networks */
	int micro_batch;		  /* views that they take at once; 0: all */
	struct encoder *net[NETWORKS];	  /* NULL where it is no network, and whole is not */
	struct encoding *whole[NETWORKS]; /* of exemplars, an ensemble; RANDOM: NULL where some of it began
					   * with nothing */
	int dim;			  /* of an embedding */
	int n_views;			  /* of a record */
	int n_rows;			  /* BATCH of these or of PAIR */
	int n;				  /* records in hand */
	uint64_t record[BATCH];
	bool is_test[BATCH], is_inspected[BATCH];
	const void *signal[BATCH];   /* where they lie in the artifact */
	const uint8_t *there[BATCH]; /* likewise: the leads they have */
	float *x;		     /* [n_rows][12][T] */
	uint8_t *keep;		     /* [n_rows][12] of views, where leads are masked */
	float *device_x;	     /* the same in ops memory */
	uint8_t *device_keep;	     /* likewise */
	float *rows;		     /* [n_rows][dim] of the network's output */
	float *mean;		     /* [dim] */
	int table[TABLES];
	struct convolve *convolve; /* NULL: none asked for */
	struct inspect *inspect;   /* NULL: nothing to look into */
	int n_inspect;		   /* records still to look into, in all ranks */
};

#endif
