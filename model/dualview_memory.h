/*
 * What a dual-view transformer is made of, and where in memory: for dualview*.c, and for onnx/dvt.c,
 * which reads the layers.
 *
 * One block of memory: outputs of the whole batch, constants, the slots, scratch. A slot holds what the
 * backward pass needs of one block of views; scratch is shared, for one block is worked on at a time. Every
 * slot has its own copy of all parts, alike but for where they keep things.
 */
#ifndef MODEL_DUALVIEW_MEMORY_H
#define MODEL_DUALVIEW_MEMORY_H

#include "model/cross.h"
#include "model/dualview.h"
#include "model/head.h"
#include "model/projector.h"
#include "model/tokenizer.h"
#include "model/transformer.h"

enum { DUALVIEW_TIME, DUALVIEW_CHANNEL }; /* the towers' places in arrays of two */

struct dualview_tower {
	bool is_on;
	int n, n_layers;			    /* tokens, self-attention layers */
	struct transformer_layer *layers, *crosses; /* crosses: this side of the cross blocks */
	struct head head;
	size_t first, end; /* its tensors in the flat arrays */
};

struct dualview_slot {
	struct dualview_tower tower[2];
	struct tokenizer_time time_tokens;
	struct tokenizer_channel channel_tokens;
	struct head_gate gate;
	struct projector projector;
	/* of its last forward: */
	int first, n; /* views of the batch; n is 0 if there was none, or its backward has been */
	const float *x;
	const uint8_t *keep;
};

struct dualview_memory {
	void *block;
	bool is_training, has_projector;
	int n_cross, n_slots;
	int max_views; /* of a slot: 64, or the batch if that is smaller; several blocks' if ops are wide */
	struct dualview_slot *slot;
	char *slots; /* what slot i keeps: slot_bytes from i * slot_bytes on */
	size_t slot_bytes;
	uint8_t *all_kept;	     /* [max_views,12] ones */
	float *h, *p, *z[2], *alpha; /* outputs, as in struct dualview */
	float *dx[2], *dz[2];	     /* scratch [max_views*n,D], [max_views,D] */
};

/* d's config, ops, max_batch and dim are set; n_slots at least 1. Declares d->tensors,
 * allocates everything. */
void dualview_memory_new(struct dualview *d, int n_slots, int slot_views, bool is_training);
void dualview_memory_free(struct dualview *d);

bool dualview_is_both(const struct dualview_slot *s);
struct cross dualview_cross(const struct dualview_slot *s, int i);

#endif
