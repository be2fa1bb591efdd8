#include "stages/evaluate/training_summary.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum { HISTORY_POINTS = 200 };

/* Means over spans of steps, so that any training gives at most HISTORY_POINTS points. */
static json_t *history(const struct artifact *model, size_t n_columns)
{
	json_t *out = json_array();
	size_t n = artifact_count(model, "history"), span = (n + HISTORY_POINTS - 1) / HISTORY_POINTS, at = 0;
	double *sum = die_calloc(n_columns, sizeof *sum);
	float *row = die_malloc(n_columns * sizeof *row);

	for (struct artifact_cursor *c = artifact_walk(model, "history"); artifact_next(c);) {
		if (c->value_bytes != n_columns * sizeof *row)
			die("model %s: a row of its history has %zu bytes", artifact_id(model),
			    c->value_bytes);
		memcpy(row, c->value, c->value_bytes);
		for (size_t k = 0; k < n_columns; k++)
			sum[k] += (double)row[k];
		if (++at % span && at < n)
			continue;
		json_t *mean = json_array();
		json_array_append_new(mean, json_integer((json_int_t)at));
		for (size_t k = 0; k < n_columns; k++) {
			json_array_append_new(mean, json_real(sum[k] / (double)((at - 1) % span + 1)));
			sum[k] = 0;
		}
		json_array_append_new(out, mean);
	}

	free(sum);
	free(row);
	return out;
}

json_t *training_summary(const struct artifact *model)
{
	static const char *const carried[] = {"config",	       "views", "batch",     "records",
					      "skipped_steps", "seed",	"objective", "chance"};

	if (!model)
		return NULL;
	json_t *training = json_object();

	for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
		const json_t *value = artifact_get_attribute(model, carried[i]);
		if (value)
			json_object_set_new(training, carried[i], json_deep_copy(value));
	}

	const json_t *columns = artifact_get_attribute(model, "history_columns");
	if (columns && artifact_has_table(model, "history") && artifact_count(model, "history")) {
		json_object_set_new(training, "columns", json_deep_copy(columns));
		json_object_set_new(training, "history", history(model, json_array_size(columns)));
	}

	return training;
}
