#include "stages/finetune/examples.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/pool.h"
#include "ecg/lead.h"
#include "stages/shared/signals.h"

size_t examples_input_size(const struct examples *e)
{
	return LEADS * (size_t)views_input_samples(&e->policy.views);
}

/* ---- loading ---- */

static void open_part(struct examples *e, const struct artifact *signals, const struct judge_part *p,
		      int part)
{
	size_t n_extra = (size_t)e->n_extra;
	e->n[part] = p->n;
	e->signal[part] = die_malloc((p->n + 1) * sizeof *e->signal[part]);
	e->extra[part] = die_malloc((p->n * n_extra + 1) * sizeof(float));
	e->there[part] = signals_have_masks(signals) ? die_malloc((p->n + 1) * sizeof *e->there[part]) : NULL;
	for (size_t i = 0; i < p->n; i++) {
		e->signal[part][i] = signals_get(signals, p->record[i], &e->policy.views);
		if (e->there[part])
			e->there[part][i] = signals_there(signals, p->record[i]);
		if (n_extra)
			signals_scale(signals, p->record[i], e->extra[part] + i * n_extra);
	}
}

void examples_open(struct examples *e, const struct artifact *signals, const struct judge *j)
{
	for (int k = 0; k < PROBE_PARTS; k++)
		open_part(e, signals, &j->part[k], k);
}

void examples_release(struct examples *e)
{
	for (int k = 0; k < PROBE_PARTS; k++) {
		free(e->signal[k]);
		free(e->there[k]);
		free(e->extra[k]);
	}
}

/* ---- looking ---- */

struct look {
	const struct examples *examples;
	const void **signal; /* of the first record looked at */
	const uint8_t **there;
	float *x;
	uint8_t *keep; /* NULL: no lead is masked */
	int n_views;
};

static void make_view(void *context, int task)
{
	const struct look *l = context;
	const struct examples *e = l->examples;
	views_fixed(&e->policy.views, l->x + (size_t)task * examples_input_size(e),
		    l->signal[task / l->n_views], task % l->n_views);
	if (l->keep)
		memcpy(l->keep + (size_t)task * LEADS, l->there[task / l->n_views], LEADS);
}

static struct look look_open(const struct examples *e, const struct finetune *net, int part)
{
	size_t rows = (size_t)net->settings.max_records * (size_t)net->settings.n_views;
	return (struct look){.examples = e,
			     .n_views = net->settings.n_views,
			     .x = die_malloc(rows * examples_input_size(e) * sizeof(float)),
			     .keep = e->there[part] ? die_malloc(rows * LEADS) : NULL};
}

static void look_close(struct look *l)
{
	free(l->x);
	free(l->keep);
}

/* Fixed views of the records from first up to end, as many as fit; returns how many. */
static int look_at(struct look *l, const struct finetune *net, int part, size_t first, size_t end)
{
	const struct examples *e = l->examples;
	size_t left = end - first, room = (size_t)net->settings.max_records;
	int n = (int)(left < room ? left : room);
	l->signal = e->signal[part] + first;
	l->there = l->keep ? e->there[part] + first : NULL;
	pool_run(make_view, l, n * l->n_views);
	return n;
}

/* Where the records of rank r begin, of a part. */
static size_t start_of(const struct examples *e, int part, int r)
{
	return e->n[part] * (size_t)r / (size_t)team_size(e->team);
}

/* rows [n][width] of a part, of which each rank has filled its own. */
static void gather(const struct examples *e, int part, float *rows, size_t width)
{
	size_t n_bytes[TEAM_MOST];
	for (int r = 0; r < team_size(e->team); r++)
		n_bytes[r] = (start_of(e, part, r + 1) - start_of(e, part, r)) * width * sizeof *rows;
	team_gather(e->team, rows, n_bytes);
}

void examples_predict(const struct examples *e, struct finetune *net, int part, float *probability)
{
	struct look l = look_open(e, net, part);
	int rank = team_rank(e->team);
	size_t n_classes = (size_t)net->settings.n_classes, end = start_of(e, part, rank + 1);
	for (size_t i = start_of(e, part, rank), n; i < end; i += n) {
		n = (size_t)look_at(&l, net, part, i, end);
		finetune_predict(net, probability + i * n_classes, l.x, l.keep,
				 e->extra[part] + i * (size_t)e->n_extra, (int)n);
	}
	gather(e, part, probability, n_classes);
	look_close(&l);
}

/* Rows of n records from i on: their mean embeddings h, then their amplitudes. */
static void put_features(const struct examples *e, int part, float *features, const float *h, size_t dim,
			 size_t i, size_t n)
{
	size_t n_extra = (size_t)e->n_extra;
	for (size_t r = 0; r < n; r++) {
		float *row = features + (i + r) * (dim + n_extra);
		memcpy(row, h + r * dim, dim * sizeof *h);
		memcpy(row + dim, e->extra[part] + (i + r) * n_extra, n_extra * sizeof *h);
	}
}

void examples_features(const struct examples *e, struct finetune *net, int part, float *features)
{
	struct look l = look_open(e, net, part);
	int rank = team_rank(e->team);
	size_t dim = (size_t)net->net->dim, end = start_of(e, part, rank + 1);
	float *h = die_malloc((size_t)net->settings.max_records * dim * sizeof *h);
	for (size_t i = start_of(e, part, rank), n; i < end; i += n) {
		n = (size_t)look_at(&l, net, part, i, end);
		finetune_embed(net, h, l.x, l.keep, (int)n);
		put_features(e, part, features, h, dim, i, n);
	}
	gather(e, part, features, dim + (size_t)e->n_extra);
	free(h);
	look_close(&l);
}

void examples_set_statistics(const struct examples *e, struct finetune *net)
{
	struct look l = look_open(e, net, PROBE_TRAIN);
	int rows = look_at(&l, net, PROBE_TRAIN, 0, e->n[PROBE_TRAIN]) * l.n_views;
	net->ops->upload(net->x, l.x, (size_t)rows * examples_input_size(e) * sizeof *l.x);
	if (l.keep)
		net->ops->upload(net->keep, l.keep, (size_t)rows * LEADS);
	encoder_set_statistics(net->still, net->x, l.keep ? net->keep : NULL, rows);
	encoder_copy(net->net, net->still);
	look_close(&l);
}
