#include "model/history.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"

/* The others are gradient_norm_ and the name of a part of the encoder. */
static const char *const names[HISTORY_COLUMNS] = {
	[HISTORY_EPOCH] = "epoch",
	[HISTORY_LOSS] = "loss",
	[HISTORY_LOSS_UNIFORM] = "loss_uniform",
	[HISTORY_LR] = "lr",
	[HISTORY_TOP1] = "top1",
	[HISTORY_RANKME] = "rankme",
	[HISTORY_NORM] = "gradient_norm",
	[HISTORY_SKIPPED] = "skipped",
};

void history_init(struct history *h, int64_t n_steps, int per_epoch, const struct encoder_config *net,
		  const char *chance)
{
	*h = (struct history){.n_steps = n_steps, .per_epoch = per_epoch, .chance = chance};
	h->rows = die_calloc((size_t)n_steps * HISTORY_COLUMNS, sizeof *h->rows);
	for (int i = 0; i < ENCODER_PARTS; i++)
		h->part[i] = encoder_part(net, i);
	for (int k = 0; k < HISTORY_COLUMNS; k++)
		if (names[k])
			snprintf(h->name[k], sizeof h->name[k], "%s", names[k]);
		else
			snprintf(h->name[k], sizeof h->name[k], "gradient_norm_%s",
				 h->part[k - HISTORY_NORM_PARTS]);
}

void history_release(struct history *h)
{
	free(h->rows);
	*h = (struct history){0};
}

size_t history_bytes(const struct history *h)
{
	return (size_t)h->n_steps * HISTORY_COLUMNS * sizeof *h->rows;
}

const float *history_row(const struct history *h, int64_t step)
{
	return h->rows + step * HISTORY_COLUMNS;
}

void history_add(struct history *h, int64_t step, const struct contrast_result *r, float lr, float rankme)
{
	float *row = h->rows + step * HISTORY_COLUMNS;
	row[HISTORY_EPOCH] = (float)(step / h->per_epoch);
	row[HISTORY_LOSS] = r->loss;
	row[HISTORY_LOSS_UNIFORM] = (float)r->candidates.uniform;
	row[HISTORY_LR] = lr;
	row[HISTORY_TOP1] = r->top1;
	row[HISTORY_RANKME] = rankme;
	row[HISTORY_NORM] = r->norm;
	for (int i = 0; i < ENCODER_PARTS; i++)
		row[HISTORY_NORM_PARTS + i] = r->norms[i];
	row[HISTORY_SKIPPED] = r->is_skipped;
}

void history_end_epoch(struct history *h, int64_t step, float rankme)
{
	h->rows[step * HISTORY_COLUMNS + HISTORY_RANKME] = rankme;
}

void history_line(char *text, size_t size, const struct history *h, int epoch, int dim)
{
	double mean[HISTORY_COLUMNS] = {0};
	int64_t first = (int64_t)epoch * h->per_epoch;
	for (int i = 0; i < h->per_epoch; i++)
		for (int k = 0; k < HISTORY_COLUMNS; k++)
			mean[k] += history_row(h, first + i)[k] / h->per_epoch;
	double rankme = history_row(h, first + h->per_epoch - 1)[HISTORY_RANKME];
	snprintf(text, size,
		 "epoch %d/%d  loss %.3f (%s %.3f)  top-1 %.2f  RankMe %.1f/%d  gradient %s %.2g %s %.2g  "
		 "lr %.2g%s",
		 epoch + 1, (int)(h->n_steps / h->per_epoch), mean[HISTORY_LOSS], h->chance,
		 mean[HISTORY_LOSS_UNIFORM], mean[HISTORY_TOP1], rankme, dim, h->part[0],
		 mean[HISTORY_NORM_PARTS], h->part[1], mean[HISTORY_NORM_PARTS + 1], mean[HISTORY_LR],
		 mean[HISTORY_SKIPPED] > 0 ? "  STEPS SKIPPED" : "");
}
