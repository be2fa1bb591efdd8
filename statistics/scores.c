#include "statistics/scores.h"

#include <math.h>

json_t *scores_number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static const char *class_name(const json_t *classes, int c)
{
	return json_string_value(json_array_get(classes, (size_t)c));
}

static json_t *one_class(const struct metrics_class *k)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "support", (json_int_t)k->support, "precision",
			 scores_number(k->precision), "recall", scores_number(k->recall), "f1",
			 scores_number(k->f1), "auroc", scores_number(k->auroc), "auprc",
			 scores_number(k->auprc));
}

static json_t *confusion(const struct metrics *m, bool is_multi)
{
	json_t *rows = json_array();
	int width = is_multi ? 4 : m->n_classes;
	for (int r = 0; r < m->n_classes; r++) {
		json_t *row = json_array();
		for (int c = 0; c < width; c++)
			json_array_append_new(row, json_integer((json_int_t)m->confusion[r * width + c]));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *notes(const struct metrics *m, const json_t *classes)
{
	json_t *out = json_array();
	if (!m->n) {
		json_array_append_new(out, json_string("no records: nothing could be measured"));
		return out;
	}

	for (int c = 0; c < m->n_classes; c++) {
		const char *why =
			"no record has class %s: its F1, AUROC and AUPRC are undefined and left out of the "
			"macro averages";
		if (m->of_class[c].support)
			why = "every record has class %s: its AUROC is undefined and left out of the macro "
			      "average";
		if (isnan(m->of_class[c].auroc))
			json_array_append_new(out, json_sprintf(why, class_name(classes, c)));
	}

	return out;
}

json_t *scores_metrics(const struct metrics *m, const json_t *classes, bool is_multi)
{
	json_t *out = json_object(), *each = json_object();
	json_object_set_new(out, "n", json_integer((json_int_t)m->n));
	json_object_set_new(out, "accuracy", scores_number(m->accuracy));
	json_object_set_new(out, "balanced_accuracy", scores_number(m->balanced_accuracy));
	json_object_set_new(out, "macro_f1", scores_number(m->macro_f1));
	json_object_set_new(out, "weighted_f1", scores_number(m->weighted_f1));
	json_object_set_new(out, "macro_auroc", scores_number(m->macro_auroc));
	json_object_set_new(out, "macro_auprc", scores_number(m->macro_auprc));
	json_object_set_new(out, "ece", scores_number(m->ece));
	json_object_set_new(out, "confusion", confusion(m, is_multi));
	json_object_set_new(out, "notes", notes(m, classes));
	for (int c = 0; c < m->n_classes; c++)
		json_object_set_new(each, class_name(classes, c), one_class(&m->of_class[c]));
	json_object_set_new(out, "class", each);

	return out;
}

json_t *scores_value(const struct comparison_value *v)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "value", scores_number(v->value), "error",
			 scores_number(v->interval.error), "low", scores_number(v->interval.low), "high",
			 scores_number(v->interval.high));
}

static json_t *interval(const struct comparison *c, struct comparison_rows rows,
			struct comparison_rows others, int metric)
{
	struct comparison_value v = comparison_difference_of_means(c, rows, others, metric);
	return scores_value(&v);
}

json_t *scores_mean_intervals(const struct comparison *c, struct comparison_rows rows,
			      struct comparison_rows others, const json_t *classes)
{
	json_t *out = json_object(), *each = json_object();
	int n = c->data.n_classes;
	for (int k = 0; k < COMPARISON_METRICS; k++)
		json_object_set_new(out, comparison_names[k], interval(c, rows, others, k));
	for (int k = 0; k < n; k++)
		json_object_set_new(each, class_name(classes, k),
				    json_pack("{s:o, s:o}", "f1",
					      interval(c, rows, others, COMPARISON_METRICS + k), "auroc",
					      interval(c, rows, others, COMPARISON_METRICS + n + k)));
	json_object_set_new(out, "class", each);
	return out;
}

json_t *scores_intervals(const struct comparison *c, int arm, int other, const json_t *classes)
{
	return scores_mean_intervals(c, (struct comparison_rows){1, &arm},
				     (struct comparison_rows){other >= 0, &other}, classes);
}
