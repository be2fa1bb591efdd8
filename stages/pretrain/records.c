#include "stages/pretrain/records.h"

#include <stdlib.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/label.h"
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

void records_open(struct records *r, const struct artifact *views, const struct artifact *signals,
		  uint64_t seed)
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
	r->record = die_malloc(n * sizeof *r->record);
	r->patient = die_malloc(n * sizeof *r->patient);
	r->signal = die_malloc(n * sizeof *r->signal);
	r->there = signals_have_masks(signals) ? die_malloc(n * sizeof *r->there) : NULL;

	for (struct artifact_cursor *c = artifact_walk(signals, "label"); next(c, &l); r->n++) {
		r->record[r->n] = artifact_record(c->key);
		r->patient[r->n] = l.patient;
		r->signal[r->n] = signals_get(signals, r->record[r->n], &r->policy.views);
		if (r->there)
			r->there[r->n] = signals_there(signals, r->record[r->n]);
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
