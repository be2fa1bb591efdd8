#include "stages/study/measures.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/label.h"
#include "ecg/shortcuts.h"
#include "statistics/geometry.h"
#include "statistics/rankme.h"
#include "stages/shared/objective.h"
#include "stages/shared/signals.h"

enum { SPACE_RECORDS = 1000, SHORTCUT_RECORDS = 200, VIEWS = 2 };

static void put(json_t *values, const char *name, double x)
{
	if (isfinite(x))
		json_object_set_new(values, name, json_real(x));
}

/* Column of a history; -1: it has none of that name. */
static int column_of(const struct artifact *model, const char *name)
{
	size_t i;
	const json_t *column;
	json_array_foreach (artifact_get_attribute(model, "history_columns"), i, column)
		if (!strcmp(json_string_value(column), name))
			return (int)i;
	return -1;
}

/* Column of the history's row under the cursor. */
static float at_column(const struct artifact *model, const struct artifact_cursor *c, int column)
{
	float x;
	if (c->value_bytes < ((size_t)column + 1) * sizeof x)
		die("model %s: a row of its history has %zu bytes", artifact_id(model), c->value_bytes);
	memcpy(&x, (const char *)c->value + (size_t)column * sizeof x, sizeof x);
	return x;
}

/* Where nothing is contrasted the history says 0, which is no share; so does it of a step that was skipped.
 */
void measures_training(json_t *values, const struct artifact *model)
{
	int epoch = column_of(model, "epoch"), top1 = column_of(model, "top1"),
	    skipped = column_of(model, "skipped");
	if (epoch < 0 || top1 < 0 || !objective_of(model)->loss)
		return;
	float last = -1;
	double sum = 0;
	size_t n = 0;
	for (struct artifact_cursor *c = artifact_walk(model, "history"); artifact_next(c);) {
		float at = at_column(model, c, epoch);
		bool is_skipped = skipped >= 0 && at_column(model, c, skipped) != 0;
		sum = at > last ? 0 : sum;
		n = at > last ? 0 : n;
		last = at > last ? at : last;
		sum += is_skipped ? 0 : (double)at_column(model, c, top1);
		n += !is_skipped;
	}
	put(values, "top1", n ? sum / (double)n : (double)NAN);
}

/* ---- the tested fold ---- */

/* Its records, at most limit of them, evenly spread; yours to free. */
static uint64_t *tested(size_t *n, const struct artifact *a, size_t limit)
{
	uint64_t *all = die_malloc((artifact_count(a, "label") + 1) * sizeof *all);
	size_t n_all = 0;
	for (struct artifact_cursor *c = artifact_walk(a, "label"); artifact_next(c);) {
		struct label l;
		label_decode(&l, c->value);
		if (l.fold == FOLD_TEST)
			all[n_all++] = artifact_record(c->key);
	}
	*n = n_all < limit ? n_all : limit;
	for (size_t i = 0; i < *n; i++)
		all[i] = all[i * n_all / *n];
	return all;
}

/* Row of a table: of the record, or of a view of it. */
static void read_row(float *out, const struct artifact *a, const char *table, uint64_t record, int view,
		     int dim)
{
	struct artifact_value v =
		view < 0 ? artifact_get_record(a, table, record) : artifact_get_part(a, table, record, view);
	if (v.n_bytes != (size_t)dim * sizeof *out)
		die("embeddings %s: table %s lacks a row of %d numbers of a record", artifact_id(a), table,
		    dim);
	memcpy(out, v.bytes, v.n_bytes);
}

/* Centred rows of unit length. */
static void unit_rows(struct features *out, const float *x, size_t n, int dim)
{
	struct features centred;
	scaler_features_init(&centred, n, dim);
	for (int k = 0; k < dim; k++) {
		double mean = 0;
		for (size_t i = 0; i < n; i++)
			mean += (double)x[i * (size_t)dim + (size_t)k];
		mean /= (double)n;
		for (size_t i = 0; i < n; i++)
			centred.x[i * (size_t)centred.ld + (size_t)k] =
				(double)x[i * (size_t)dim + (size_t)k] - mean;
	}
	geometry_normalize(out, &centred);
	scaler_features_release(&centred);
}

void measures_space(json_t *values, const struct artifact *embeddings)
{
	size_t n;
	int dim = (int)artifact_integer(embeddings, "dim");
	uint64_t *record = tested(&n, embeddings, SPACE_RECORDS);
	put(values, "width", dim);
	if (n < 2 || !artifact_has_table(embeddings, "pair")) {
		free(record);
		return;
	}

	float *x = die_malloc(n * (size_t)dim * sizeof *x);
	struct features rows, view[VIEWS];
	for (size_t i = 0; i < n; i++)
		read_row(x + i * (size_t)dim, embeddings, "embedding", record[i], -1, dim);
	put(values, "rankme", rankme(x, (int)n, dim));
	unit_rows(&rows, x, n, dim);
	put(values, "uniformity", geometry_uniformity(&rows));

	for (int v = 0; v < VIEWS; v++) {
		for (size_t i = 0; i < n; i++)
			read_row(x + i * (size_t)dim, embeddings, "pair", record[i], v, dim);
		unit_rows(&view[v], x, n, dim);
	}
	put(values, "alignment", geometry_alignment(&view[0], &view[1]));
	scaler_features_release(&rows);
	for (int v = 0; v < VIEWS; v++)
		scaler_features_release(&view[v]);
	free(record);
	free(x);
}

void measures_shortcuts(json_t *values, const struct artifact *signals, const struct artifact *views)
{
	struct augment policy;
	size_t n;
	signals_policy(&policy, views);
	policy.seed = 1;
	uint64_t *record = tested(&n, signals, SHORTCUT_RECORDS);
	int samples = views_input_samples(&policy.views);
	float *x = die_malloc(LEADS * (size_t)samples * sizeof *x);
	uint8_t keep[LEADS];
	struct shortcuts *s = shortcuts_new(2 * n, samples, views_input_rate(&policy.views));

	for (size_t i = 0; i < n; i++)
		for (int v = 0; v < VIEWS; v++) {
			const uint8_t *there =
				signals_have_masks(signals) ? signals_there(signals, record[i]) : NULL;
			augment_draw_shown(&policy, x, keep, signals_get(signals, record[i], &policy.views),
					   there, record[i], 0, v, &(struct shown){v, -1});
			shortcuts_add(s, x, keep);
		}
	for (int k = 0; n > 1 && k < SHORTCUTS; k++) {
		char *name = die_printf("found:%s", shortcuts_names[k]);
		put(values, name, shortcuts_found(s, k));
		free(name);
	}
	shortcuts_free(s);
	free(record);
	free(x);
}
