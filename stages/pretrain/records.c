#include "stages/pretrain/records.h"

#include <stdlib.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/label.h"
#include "numbers/philox.h"
#include "stages/shared/signals.h"

/* The next record that is trained on; false at the end. */
static bool next(struct artifact_cursor *c, struct label *l)
{
	while (artifact_next(c)) {
		label_decode(l, c->value);
		if (fold_trains(l->fold))
			return true;
	}
	return false;
}

static size_t count(const struct artifact *signals)
{
	size_t n = 0;
	struct label l;
	for (struct artifact_cursor *c = artifact_walk(signals, "label"); next(c, &l);)
		n++;
	return n;
}

/* ---- a share of them ---- */

/* Where a patient stands in the order in which records are taken: a larger share has all of a smaller one. */
static double draw_of(uint64_t patient, uint64_t seed)
{
	struct philox r = philox_open(seed, PURPOSE_RECORDS, patient, 0);
	return philox_uniform(&r);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The greatest draw that is taken; patients stay whole, so it may be a few records more. */
static double greatest_draw(const struct artifact *signals, size_t n, double share, uint64_t seed)
{
	double *draw = die_malloc(n * sizeof *draw);
	size_t at = 0, n_taken = (size_t)(share * (double)n + .5);
	struct label l;
	for (struct artifact_cursor *c = artifact_walk(signals, "label"); next(c, &l);)
		draw[at++] = draw_of(l.patient, seed);
	qsort(draw, n, sizeof *draw, ascending);
	double greatest = draw[n_taken < 2 ? 1 : n_taken - 1];
	free(draw);
	return greatest;
}

void records_open(struct records *r, const struct artifact *views, const struct artifact *signals,
		  double share, uint64_t seed)
{
	struct label l;
	*r = (struct records){0};
	signals_policy(&r->policy, views);
	r->policy.seed = seed;
	signals_check(signals, views);

	size_t n = count(signals);
	if (n < 2)
		die("signals %s: %zu records in folds 1 to %d; training needs 2 or more",
		    artifact_id(signals), n, FOLD_LAST_TRAINING);
	r->n_there = n;
	double most = share < 1 ? greatest_draw(signals, n, share, seed) : 1;
	r->record = die_malloc(n * sizeof *r->record);
	r->patient = die_malloc(n * sizeof *r->patient);
	r->signal = die_malloc(n * sizeof *r->signal);
	r->there = signals_have_masks(signals) ? die_malloc(n * sizeof *r->there) : NULL;

	for (struct artifact_cursor *c = artifact_walk(signals, "label"); next(c, &l);) {
		if (most < 1 && draw_of(l.patient, seed) > most)
			continue;
		r->record[r->n] = artifact_record(c->key);
		r->patient[r->n] = l.patient;
		r->signal[r->n] = signals_get(signals, r->record[r->n], &r->policy.views);
		if (r->there)
			r->there[r->n] = signals_there(signals, r->record[r->n]);
		r->n++;
	}
}

void records_release(struct records *r)
{
	free(r->record);
	free(r->patient);
	free(r->signal);
	free(r->there);
}

struct batch_source records_source(const struct records *r)
{
	return (struct batch_source){&r->policy, r->n, r->record, r->patient, r->signal, r->there};
}
