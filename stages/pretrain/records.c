#include "stages/pretrain/records.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/label.h"

static size_t count_records(const struct artifact *views)
{
	size_t n = 0;
	for (struct artifact_cursor *c = artifact_walk(views, "label"); artifact_next(c);) {
		struct label l;
		label_decode(&l, c->value);
		n += fold_trains(l.fold);
	}
	return n;
}

static void load_bases(struct records *r, const struct artifact *views, uint64_t record, float *base)
{
	size_t size = LEADS * (size_t)views_base_samples(&r->policy.views);
	for (int k = 0; k < views_n_bases(&r->policy.views); k++) {
		struct artifact_value v = artifact_get_part(views, "view", record, k);
		if (v.n_bytes != size * sizeof *base)
			die("views %s: record %" PRIu64 " has a view of %zu bytes, expected %zu",
			    artifact_id(views), record, v.n_bytes, size * sizeof *base);
		memcpy(base + (size_t)k * size, v.bytes, v.n_bytes);
	}
}

static void read_policy(struct augment *policy, const struct artifact *views)
{
	struct error e = {0};
	struct views v;
	if (views_read(&v, artifact_get_attribute(views, "views"), &e) < 0 ||
	    augment_read(policy, artifact_get_attribute(views, "augment"), &v, &e) < 0)
		die("views %s: %s", artifact_id(views), error_text(&e));
}

void records_load(struct records *r, const struct artifact *views, uint64_t seed)
{
	*r = (struct records){0};
	read_policy(&r->policy, views);
	r->policy.seed = seed;

	const struct views *v = &r->policy.views;
	size_t n = count_records(views),
	       size = LEADS * (size_t)views_base_samples(v) * (size_t)views_n_bases(v);
	if (n < 2)
		die("views %s: %zu records in folds 1 to %d; contrastive training needs 2 or more",
		    artifact_id(views), n, FOLD_LAST_TRAINING);
	r->record = die_malloc(n * sizeof *r->record);
	r->patient = die_malloc(n * sizeof *r->patient);
	r->base = die_malloc(n * size * sizeof *r->base);

	for (struct artifact_cursor *c = artifact_walk(views, "label"); artifact_next(c);) {
		struct label l;
		label_decode(&l, c->value);
		if (!fold_trains(l.fold))
			continue;
		r->record[r->n] = artifact_record(c->key);
		r->patient[r->n] = l.patient;
		load_bases(r, views, r->record[r->n], r->base + r->n * size);
		r->n++;
	}
}

void records_release(struct records *r)
{
	free(r->record);
	free(r->patient);
	free(r->base);
}

struct batch_source records_source(const struct records *r)
{
	return (struct batch_source){&r->policy, r->n, r->record, r->patient, r->base};
}
