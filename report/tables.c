#include "report/tables.h"

#include "report/cells.h"
#include "report/page.h"
#include "report/ranking.h"

/* ---- comparison ---- */

/* The two by which arms are compared: F1 first where its classes have columns, AUROC where
 * they are too many. */
static const char *headline(const json_t *classes, int k)
{
	return (k == 0) == !!classes ? "macro_f1" : "macro_auroc";
}

static void state_row(struct text *t, const char *name, const char *words, const char *id,
		      const json_t *state, const json_t *difference, const json_t *classes)
{
	static const char *const plain[] = {"accuracy", "balanced_accuracy", "macro_auprc", "ece"};
	size_t i;
	const json_t *c, *test = json_object_get(state, "test");

	text_add(t, "<tr%s><td>", difference ? "" : " class=floor");
	text_escape(t, name);
	text_add(t, "%s", words);
	page_id(t, id);
	text_add(t, "</td>");
	for (int k = 0; k < 2; k++)
		cells_value(t, cells_interval(state, "interval", headline(classes, k)), 0);

	for (int k = 0; k < 2; k++)
		if (difference)
			cells_value(t, json_object_get(difference, headline(classes, k)), 1);
		else
			text_add(t, "<td></td>");

	for (int k = 0; k < 4; k++)
		cells_number(t, json_object_get(test, plain[k]), 3);
	json_array_foreach (classes, i, c)
		cells_number(
			t,
			json_object_get(json_object_get(json_object_get(test, "class"), json_string_value(c)),
					"f1"),
			2);

	text_add(t, "</tr>\n");
}

void tables_comparison(struct text *t, const json_t *arms, const json_t *floors, const json_t *classes)
{
	static const char *const f1 = "macro F1<br><small>[95 %]</small>",
				 *const auroc = "macro AUROC<br><small>[95 %]</small>",
				 *const more_f1 = "training<br>added: F1",
				 *const more_auroc = "training<br>added: AUROC";
	const char *const titles[] = {"arm",
				      classes ? f1 : auroc,
				      classes ? auroc : f1,
				      classes ? more_f1 : more_auroc,
				      classes ? more_auroc : more_f1,
				      "accuracy",
				      "balanced<br>accuracy",
				      "macro<br>AUPRC",
				      "ECE",
				      NULL};
	size_t i;
	const json_t *arm;

	cells_begin(t, titles);
	cells_heads(t, "F1", classes);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (arms, i, arm) {
		const json_t *trained = json_object_get(arm, "trained"),
			     *random = json_object_get(arm, "random"),
			     *difference = json_object_get(trained, "difference");
		json_t *none = json_object();
		cells_group(t, arms, i);
		state_row(t, cells_text(arm, "name"), "", cells_text(json_object_get(arm, "ids"), "scores"),
			  trained, difference ? difference : none, classes);
		if (json_object_get(arm, "probe"))
			state_row(t, "", "the probe it began as", NULL, json_object_get(arm, "probe"), NULL,
				  classes);
		if (json_object_get(arm, "convolutions") &&
		    json_number_value(json_object_get(arm, "label_fraction")) < 1)
			state_row(t, "", "random convolutions, same labels", NULL,
				  json_object_get(arm, "convolutions"), NULL, classes);
		if (random)
			state_row(t, "", "its encoder untrained", NULL, random, NULL, classes);
		json_decref(none);
	}

	text_add(t, "<tr class=group><td colspan=30>Floors</td></tr>\n");
	if (json_object_get(floors, "convolutions"))
		state_row(t, "random convolutions", "", NULL, json_object_get(floors, "convolutions"), NULL,
			  classes);
	if (json_object_get(floors, "convolutions_dim"))
		state_row(t, "random convolutions, as wide", "", NULL,
			  json_object_get(floors, "convolutions_dim"), NULL, classes);
	if (json_object_get(floors, "scale"))
		state_row(t, "log-std of the leads only", "", NULL, json_object_get(floors, "scale"), NULL,
			  classes);
	if (json_object_get(floors, "majority"))
		state_row(t, "majority class", "", NULL, json_object_get(floors, "majority"), NULL, classes);
	cells_end(t);
}

void tables_pairs(struct text *t, const json_t *arms, const char *metric, const json_t *ranking)
{
	static const char *const titles[] = {"row minus column", NULL};
	const json_t *p = json_object_get(ranking, "p");
	double level = json_number_value(json_object_get(ranking, "level"));
	size_t i, k;
	const json_t *row, *column;

	if (json_array_size(arms) < 2)
		return;
	json_t *names = cells_names(arms);
	cells_begin(t, titles);
	cells_heads(t, "", names);
	json_decref(names);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (arms, i, row) {
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(row, "name"));
		text_add(t, "</td>");
		json_array_foreach (arms, k, column)
			if (k == i)
				text_add(t, "<td class=no>·</td>");
			else
				ranking_difference(
					t,
					json_object_get(json_object_get(json_object_get(row, "against"),
									cells_text(column, "name")),
							metric),
					json_object_get(json_object_get(p, cells_text(row, "name")),
							cells_text(column, "name")),
					level);
		text_add(t, "</tr>\n");
	}

	cells_end(t);
}

static void legacy_begin(struct text *t, const json_t *classes)
{
	text_add(t, "<h3>Legacy: the poster’s own scoring, not comparable</h3>\n<p>Each segment of folds 9 "
		    "and 10 is judged as if it were independent, though two come from one heart, and fold 9 "
		    "is tested on. To be read beside the poster’s own table and beside no other row of this "
		    "page.</p>\n"
		    "<div class=scroll><table><thead><tr><th>arm</th><th>segments</th>");
	cells_heads(t, "F1", classes);
	text_add(t, "<th>accuracy</th><th>macro F1</th></tr></thead><tbody>\n");
}

void tables_legacy(struct text *t, const json_t *arms, const json_t *classes)
{
	size_t i, k;
	const json_t *arm, *c;
	int rows = 0;

	json_array_foreach (arms, i, arm) {
		const json_t *legacy = json_object_get(arm, "legacy"),
			     *test = json_object_get(legacy, "test"), *each = json_object_get(test, "class");
		if (!legacy)
			continue;
		if (!rows++)
			legacy_begin(t, classes);
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(arm, "name"));
		text_add(t, "</td>");
		cells_number(t, json_object_get(legacy, "segments"), 0);
		json_array_foreach (classes, k, c)
			cells_number(t, json_object_get(json_object_get(each, json_string_value(c)), "f1"),
				     3);
		cells_number(t, json_object_get(test, "accuracy"), 3);
		cells_number(t, json_object_get(test, "macro_f1"), 3);
		text_add(t, "</tr>\n");
	}

	if (rows)
		cells_end(t);
}

void tables_provenance(struct text *t, const json_t *arms)
{
	static const char *const titles[] = {"arm",   "scores",	 "embeddings", "model",
					     "views", "signals", NULL};
	size_t i;
	const json_t *arm;

	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (arms, i, arm) {
		cells_group(t, arms, i);
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(arm, "name"));
		text_add(t, "</td>");
		for (int k = 1; k < 6; k++) {
			const char *id = cells_text(json_object_get(arm, "ids"), titles[k]);
			text_add(t, *id ? "<td class=id title=%s>%.12s</td>" : "<td>–%.0s%.0s</td>", id, id);
		}
		text_add(t, "</tr>\n");
	}

	cells_end(t);
}

/* ---- seeds, label efficiency ---- */

/* "0.812 ± 0.010 [0.801, 0.821]" */
static void summary_cell(struct text *t, const json_t *all, const char *metric, int is_signed)
{
	const json_t *v = json_object_get(all, metric);
	text_add(t, "<td>");
	text_number(t, json_object_get(v, "mean"), 3, is_signed);
	if (v) {
		text_add(t, " ± ");
		text_number(t, json_object_get(v, "deviation"), 3, 0);
		text_add(t, " <small class=range>[");
		text_number(t, json_object_get(v, "low"), 3, is_signed);
		text_add(t, ", ");
		text_number(t, json_object_get(v, "high"), 3, is_signed);
		text_add(t, "]</small>");
	}
	text_add(t, "</td>");
}

void tables_seeds(struct text *t, const json_t *seeds)
{
	static const char *const titles[] = {"arm",
					     "seeds",
					     "macro F1",
					     "macro AUROC",
					     "untrained:<br>macro AUROC",
					     "training added: F1",
					     "training added: AUROC",
					     NULL};
	static const char *const headlines[] = {"macro_f1", "macro_auroc"};
	size_t i;
	const json_t *arm;

	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (seeds, i, arm) {
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(arm, "name"));
		text_add(t, "</td><td>%zu</td>", json_array_size(json_object_get(arm, "arms")));
		for (int k = 0; k < 2; k++)
			summary_cell(t, json_object_get(arm, "trained"), headlines[k], 0);
		summary_cell(t, json_object_get(arm, "random"), "macro_auroc", 0);
		for (int k = 0; k < 2; k++)
			summary_cell(t, json_object_get(arm, "difference"), headlines[k], 1);
		text_add(t, "</tr>\n");
	}

	cells_end(t);
}

void tables_efficiency(struct text *t, const json_t *arms)
{
	static const char *const titles[] = {"arm",
					     "labels",
					     "trained",
					     "the probe it began as",
					     "gained over the probe",
					     "untrained",
					     "gained over untrained",
					     NULL};
	size_t i;
	const json_t *arm;

	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (arms, i, arm) {
		const json_t *trained = json_object_get(arm, "trained"),
			     *share = json_object_get(arm, "label_fraction");
		if (!json_is_number(share))
			continue;
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(arm, "name"));
		page_id(t, cells_text(json_object_get(arm, "ids"), "scores"));
		text_add(t, "</td><td>%g %%</td>", 100 * json_number_value(share));
		cells_value(t, cells_interval(trained, "interval", "macro_auroc"), 0);
		if (json_object_get(arm, "probe")) {
			cells_value(t,
				    cells_interval(json_object_get(arm, "probe"), "interval", "macro_auroc"),
				    0);
			cells_value(t, cells_interval(trained, "over_probe", "macro_auroc"), 1);
		} else {
			text_add(t, "<td></td><td></td>");
		}
		cells_value(t, cells_interval(json_object_get(arm, "random"), "interval", "macro_auroc"), 0);
		cells_value(t, cells_interval(trained, "difference", "macro_auroc"), 1);
		text_add(t, "</tr>\n");
	}

	cells_end(t);
}
