/*
 * What a contrastive training recorded: one row of numbers per step, and the line of the log for an epoch.
 *
 *	struct history h;
 *	history_init(&h, n_steps, per_epoch, &net->config, "ln(2N-1)");
 *	history_add(&h, step, &result, lr, rankme);
 *	history_line(text, sizeof text, &h, epoch, dim);
 */
#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "model/contrast.h"

enum history_column {
	HISTORY_EPOCH, /* from 0 */
	HISTORY_LOSS,
	HISTORY_LOSS_UNIFORM, /* of its candidates (model/candidates.h) */
	HISTORY_LR,
	HISTORY_TOP1,
	HISTORY_RANKME, /* of the last finished epoch */
	HISTORY_NORM,	/* of the gradient before clipping, then of the encoder's parts */
	HISTORY_NORM_PARTS,
	HISTORY_SKIPPED = HISTORY_NORM_PARTS + ENCODER_PARTS,
	HISTORY_COLUMNS
};

struct history {
	int64_t n_steps;
	int per_epoch;
	float *rows;			 /* [n_steps][HISTORY_COLUMNS], zeros until added */
	char name[HISTORY_COLUMNS][64];	 /* "epoch", ..., "gradient_norm_time", ... */
	const char *part[ENCODER_PARTS]; /* "time", "channel" */
	const char *chance;		 /* what the line calls loss_uniform: "ln(2N-1)" */
};

void history_init(struct history *h, int64_t n_steps, int per_epoch, const struct encoder_config *net,
		  const char *chance);
void history_release(struct history *h);

size_t history_bytes(const struct history *h); /* of rows */
const float *history_row(const struct history *h, int64_t step);

void history_add(struct history *h, int64_t step, const struct contrast_result *r, float lr, float rankme);
/* RankMe of the epoch that ended with this step. */
void history_end_epoch(struct history *h, int64_t step, float rankme);

/* The epoch's means as one line, so that a collapse (loss at chance, a tower without gradient, RankMe of a
 * few) is seen while it happens. */
void history_line(char *text, size_t size, const struct history *h, int epoch, int dim);

#endif
