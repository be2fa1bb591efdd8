#include "stages/preprocess/exclusions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "stages/shared/share.h"

void exclusions_add(struct exclusions *x, const char *name, uint32_t fold, const struct error *reason)
{
	struct exclusions_round *r = &x->round;
	if (fold_is(fold))
		r->by_fold[fold - 1]++;
	if (r->n < EXCLUSIONS_SHOWN) {
		snprintf(r->shown[r->n].name, sizeof r->shown[r->n].name, "%s", name);
		r->shown[r->n].reason = *reason;
	}
	r->n++;
}

void exclusions_note(struct exclusions *x, int what)
{
	x->round.noted[what]++;
}

/* Those of one rank, of which the reasons of the first are there. */
static void count(struct exclusions *x, const struct exclusions_round *r)
{
	for (int f = 0; f < FOLDS; f++)
		x->by_fold[f] += r->by_fold[f];
	for (int k = 0; k < EXCLUSIONS_NOTES; k++)
		x->noted[k] += r->noted[k];
	for (int64_t i = 0; i < r->n; i++, x->n++) {
		if (x->n >= EXCLUSIONS_SHOWN)
			continue;
		const char *reason = error_text(&r->shown[i].reason);
		if (x->n == 0)
			error_set(&x->first, NULL, 0, "record %s: %s", r->shown[i].name, reason);
		if (team_rank(x->team) == 0)
			warn("record %s excluded: %s", r->shown[i].name, reason);
	}
}

void exclusions_share(struct exclusions *x)
{
	int size = team_size(x->team);
	size_t *n_bytes = die_malloc((size_t)size * sizeof *n_bytes);
	struct exclusions_round *all = die_malloc((size_t)size * sizeof *all);
	for (int r = 0; r < size; r++)
		n_bytes[r] = sizeof *all;

	all[team_rank(x->team)] = x->round;
	team_gather(x->team, all, n_bytes);
	for (int r = 0; r < size; r++)
		count(x, &all[r]);
	x->round = (struct exclusions_round){0};

	free(all);
	free(n_bytes);
}

static const struct {
	const char *attribute, *words;
} notes[EXCLUSIONS_NOTES] = {
	{"records_masked", "have leads that are masked"},
	{"records_bridged", "have gaps that are bridged"},
	{"records_cut",
	 "are longer than the windows of preprocess.duration_s taken of them (preprocess.windows)"}};

static void print(const struct exclusions *x, int64_t n_records)
{
	if (x->n > EXCLUSIONS_SHOWN)
		warn("... and %" PRId64 " more (table \"excluded\" of the output lists all)",
		     x->n - EXCLUSIONS_SHOWN);
	if (x->n)
		warn("%" PRId64 " of %" PRId64 " records excluded", x->n, n_records);
	for (int k = 0; k < EXCLUSIONS_NOTES; k++)
		if (x->noted[k])
			warn("%" PRId64 " of %" PRId64 " records %s", x->noted[k], n_records, notes[k].words);
}

void exclusions_check(const struct exclusions *x, int64_t n_records, double limit)
{
	if (team_rank(x->team) != 0)
		return;
	print(x, n_records);
	if (x->n == n_records)
		die("none of %" PRId64 " records is of use; the first: %s", n_records,
		    n_records ? error_text(&x->first) : "there are no records");
	if (!share_allows(limit, (size_t)x->n, (size_t)n_records))
		die("%" PRId64 " of %" PRId64
		    " records are of no use, more than preprocess.max_excluded allows (%g;"
		    " preprocess.max_excluded=%g would leave them out); the first: %s",
		    x->n, n_records, limit, share_least((size_t)x->n, (size_t)n_records),
		    error_text(&x->first));
}

/* How many fetch left out of a fold, by its number here. */
static json_int_t left_out_before(const json_t *before, uint32_t fold, uint32_t test_fold,
				  uint32_t sealed_fold)
{
	json_int_t n = 0;
	for (uint32_t f = 1; f <= FOLDS; f++)
		if (fold_rotated_without(f, test_fold, sealed_fold) == fold)
			n += json_integer_value(json_array_get(before, f - 1));
	return n;
}

void exclusions_write(const struct exclusions *x, struct artifact_writer *w, const struct artifact *records,
		      uint32_t test_fold, uint32_t sealed_fold)
{
	const json_t *before = artifact_get_attribute(records, "excluded_by_fold");
	json_t *by_fold = json_array();
	json_int_t n = 0;
	for (size_t f = 0; f < FOLDS; f++) {
		json_int_t here =
			x->by_fold[f] + left_out_before(before, (uint32_t)f + 1, test_fold, sealed_fold);
		json_array_append_new(by_fold, json_integer(here));
		n += here;
	}

	if (n)
		artifact_attribute(w, "excluded_by_fold", json_incref(by_fold));
	json_decref(by_fold);
	for (int k = 0; k < EXCLUSIONS_NOTES; k++)
		if (x->noted[k])
			artifact_attribute(w, notes[k].attribute, json_integer(x->noted[k]));
}
