#include "report/tables.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "report/page.h"

static const char *text_of(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));
	return s ? s : "";
}

static const json_t *interval_of(const json_t *state, const char *member, const char *metric)
{
	return json_object_get(json_object_get(state, member), metric);
}

/* "0.812 [0.770, 0.850]" */
static void value_text(struct text *t, const json_t *v, int is_signed)
{
	text_number(t, json_object_get(v, "value"), 3, is_signed);
	if (!json_is_number(json_object_get(v, "low")))
		return;
	text_add(t, " <small>[");
	text_number(t, json_object_get(v, "low"), 3, is_signed);
	text_add(t, ", ");
	text_number(t, json_object_get(v, "high"), 3, is_signed);
	text_add(t, "]</small>");
}

static void begin(struct text *t, const char *const *titles)
{
	text_add(t, "<div class=scroll><table><thead><tr>");
	for (; *titles; titles++)
		text_add(t, "<th>%s</th>", *titles);
}

static void end(struct text *t)
{
	text_add(t, "</tbody></table></div>\n");
}

static void number_cell(struct text *t, const json_t *x, int n_decimals)
{
	text_add(t, "<td>");
	text_number(t, x, n_decimals, 0);
	text_add(t, "</td>");
}

static void value_cell(struct text *t, const json_t *v, int is_signed)
{
	text_add(t, "<td>");
	value_text(t, v, is_signed);
	text_add(t, "</td>");
}

/* A row that names the group, where arm i is its first. */
static void group_row(struct text *t, const json_t *arms, size_t i)
{
	const json_t *group = json_object_get(json_array_get(arms, i), "group");
	if (!group || (i && json_equal(json_object_get(json_array_get(arms, i - 1), "group"), group)))
		return;
	text_add(t, "<tr class=group><td colspan=4>");
	text_escape(t, json_string_value(group));
	text_add(t, "</td></tr>\n");
}

/* ---- comparison ---- */

/* The two by which arms are compared: F1 first where its classes have columns, AUROC where they are too many. */
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
		value_cell(t, interval_of(state, "interval", headline(classes, k)), 0);
	for (int k = 0; k < 2; k++)
		value_cell(t, difference ? json_object_get(difference, headline(classes, k)) : NULL, 1);
	for (int k = 0; k < 4; k++)
		number_cell(t, json_object_get(test, plain[k]), 3);
	json_array_foreach(classes, i, c) number_cell(
		t,
		json_object_get(json_object_get(json_object_get(test, "class"), json_string_value(c)), "f1"),
		2);
	text_add(t, "</tr>\n");
}

void tables_comparison(struct text *t, const json_t *arms, const json_t *floors, const json_t *classes)
{
	static const char *const f1 = "macro F1 <small>[95 %]</small>",
				 *const auroc = "macro AUROC <small>[95 %]</small>",
				 *const more_f1 = "training added: F1",
				 *const more_auroc = "training added: AUROC";
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
	const json_t *arm, *c;
	begin(t, titles);
	json_array_foreach(classes, i, c)
	{
		text_add(t, "<th>F1<br>");
		text_escape(t, json_string_value(c));
		text_add(t, "</th>");
	}
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach(arms, i, arm)
	{
		const json_t *trained = json_object_get(arm, "trained"),
			     *random = json_object_get(arm, "random"),
			     *difference = json_object_get(trained, "difference");
		json_t *none = json_object();
		group_row(t, arms, i);
		state_row(t, text_of(arm, "name"), "", text_of(json_object_get(arm, "ids"), "scores"),
			  trained, difference ? difference : none, classes);
		if (json_object_get(arm, "probe"))
			state_row(t, "", "the probe it began as", NULL, json_object_get(arm, "probe"), NULL,
				  classes);
		if (random)
			state_row(t, "", "its encoder untrained", NULL, random, NULL, classes);
		json_decref(none);
	}
	text_add(t, "<tr class=group><td colspan=4>Floors</td></tr>\n");
	if (json_object_get(floors, "scale"))
		state_row(t, "log-std of the leads only", "", NULL, json_object_get(floors, "scale"), NULL,
			  classes);
	if (json_object_get(floors, "majority"))
		state_row(t, "majority class", "", NULL, json_object_get(floors, "majority"), NULL, classes);
	end(t);
}

void tables_pairs(struct text *t, const json_t *arms, const char *metric)
{
	static const char *const titles[] = {"row minus column", NULL};
	size_t i, k;
	const json_t *row, *column;
	if (json_array_size(arms) < 2)
		return;
	begin(t, titles);
	json_array_foreach(arms, k, column)
	{
		text_add(t, "<th>");
		text_escape(t, text_of(column, "name"));
		text_add(t, "</th>");
	}
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach(arms, i, row)
	{
		text_add(t, "<tr><td>");
		text_escape(t, text_of(row, "name"));
		text_add(t, "</td>");
		json_array_foreach(arms, k, column) if (k == i) text_add(t, "<td class=no>·</td>");
		else value_cell(t,
				json_object_get(json_object_get(json_object_get(row, "against"),
								text_of(column, "name")),
						metric),
				1);
		text_add(t, "</tr>\n");
	}
	end(t);
}

/* ---- classes, space, provenance ---- */

void tables_classes(struct text *t, const json_t *arms, const json_t *classes)
{
	static const char *const titles[] = {"arm", "class", "records", "precision", "recall",
					     "F1",  "AUROC", "AUPRC",	NULL},
				 *const members[] = {"precision", "recall", "f1", "auroc", "auprc"};
	size_t i, k;
	const json_t *arm, *c;
	begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach(arms, i, arm) json_array_foreach(classes, k, c)
	{
		const json_t *trained = json_object_get(arm, "trained"),
			     *each = json_object_get(
				     json_object_get(json_object_get(trained, "test"), "class"),
				     json_string_value(c));
		text_add(t, "<tr><td>");
		text_escape(t, k ? "" : text_of(arm, "name"));
		page_id(t, k ? NULL : text_of(json_object_get(arm, "ids"), "scores"));
		text_add(t, "</td><td>");
		text_escape(t, json_string_value(c));
		text_add(t, "</td>");
		number_cell(t, json_object_get(each, "support"), 0);
		for (int m = 0; m < 5; m++)
			number_cell(t, json_object_get(each, members[m]), 3);
		text_add(t, "</tr>\n");
	}
	end(t);
}

static const json_t *class_of(const json_t *arm, const json_t *name)
{
	const json_t *test = json_object_get(json_object_get(arm, "trained"), "test");
	return json_object_get(json_object_get(test, "class"), json_string_value(name));
}

/* How many classes stand before class c: those of more records, and of as many those that are listed earlier. */
static size_t rank_of(const json_t *arm, const json_t *classes, size_t c)
{
	size_t i, rank = 0;
	const json_t *name;
	double own = json_number_value(json_object_get(class_of(arm, json_array_get(classes, c)), "support"));
	json_array_foreach(classes, i, name)
	{
		double n = json_number_value(json_object_get(class_of(arm, name), "support"));
		rank += n > own || (n == own && i < c);
	}
	return rank;
}

static void many_row(struct text *t, const json_t *arms, const json_t *name)
{
	size_t i;
	const json_t *arm;
	text_add(t, "<tr><td>");
	text_escape(t, json_string_value(name));
	text_add(t, "</td>");
	number_cell(t, json_object_get(class_of(json_array_get(arms, 0), name), "support"), 0);
	json_array_foreach(arms, i, arm) number_cell(t, json_object_get(class_of(arm, name), "auroc"), 3);
	text_add(t, "</tr>\n");
}

void tables_many_classes(struct text *t, const json_t *arms, const json_t *classes)
{
	static const char *const titles[] = {"class", "records", NULL};
	size_t i, c, n = json_array_size(classes);
	const json_t *arm, *first = json_array_get(arms, 0);
	begin(t, titles);
	json_array_foreach(arms, i, arm)
	{
		text_add(t, "<th>AUROC<br>");
		text_escape(t, text_of(arm, "name"));
		text_add(t, "</th>");
	}
	text_add(t, "</tr></thead><tbody>\n");
	size_t *order = die_calloc(n + 1, sizeof *order);
	for (c = 0; c < n; c++)
		order[rank_of(first, classes, c)] = c;
	for (c = 0; c < n; c++)
		many_row(t, arms, json_array_get(classes, order[c]));
	free(order);
	end(t);
}

static void legacy_begin(struct text *t, const json_t *classes)
{
	size_t k;
	const json_t *c;
	text_add(t, "<h3>Legacy: the poster’s own scoring, not comparable</h3>\n<p>Each segment of folds 9 "
		    "and 10 "
		    "is judged as if it were independent, though two come from one heart, and fold 9 is "
		    "tested on. "
		    "To be read beside the poster’s own table and beside no other row of this page.</p>\n"
		    "<div class=scroll><table><thead><tr><th>arm</th><th>segments</th>");
	json_array_foreach(classes, k, c)
	{
		text_add(t, "<th>F1 ");
		text_escape(t, json_string_value(c));
		text_add(t, "</th>");
	}
	text_add(t, "<th>accuracy</th><th>macro F1</th></tr></thead><tbody>\n");
}

void tables_legacy(struct text *t, const json_t *arms, const json_t *classes)
{
	size_t i, k;
	const json_t *arm, *c;
	int rows = 0;
	json_array_foreach(arms, i, arm)
	{
		const json_t *legacy = json_object_get(arm, "legacy"),
			     *test = json_object_get(legacy, "test"), *each = json_object_get(test, "class");
		if (!legacy)
			continue;
		if (!rows++)
			legacy_begin(t, classes);
		text_add(t, "<tr><td>");
		text_escape(t, text_of(arm, "name"));
		text_add(t, "</td>");
		number_cell(t, json_object_get(legacy, "segments"), 0);
		json_array_foreach(classes, k, c)
			number_cell(t, json_object_get(json_object_get(each, json_string_value(c)), "f1"), 3);
		number_cell(t, json_object_get(test, "accuracy"), 3);
		number_cell(t, json_object_get(test, "macro_f1"), 3);
		text_add(t, "</tr>\n");
	}
	if (rows)
		end(t);
}

static void space_row(struct text *t, const char *name, const char *words, const char *id,
		      const json_t *space, int is_floor)
{
	static const struct {
		const char *name;
		int decimals;
	} members[] = {
		{"alignment", 3},    {"uniformity", 3}, {"rankme", 1},	       {"purity", 3},
		{"knn_accuracy", 3}, {"silhouette", 3}, {"davies_bouldin", 3}, {"calinski_harabasz", 1},
		{"ari", 3},	     {"nmi", 3},	{"hopkins", 3},	       {"hopkins_gaussian", 3}};
	if (!space)
		return;
	text_add(t, "<tr%s><td>", is_floor ? " class=floor" : "");
	text_escape(t, name);
	text_add(t, "%s", words);
	page_id(t, id);
	text_add(t, "</td>");
	for (size_t k = 0; k < sizeof members / sizeof *members; k++)
		number_cell(t, json_object_get(space, members[k].name), members[k].decimals);
	text_add(t, "</tr>\n");
}

void tables_space(struct text *t, const json_t *arms)
{
	static const char *const titles[] = {"arm",
					     "alignment ↓",
					     "uniformity ↓",
					     "RankMe",
					     "purity<br>of 5 nearest",
					     "5-NN<br>accuracy",
					     "silhouette",
					     "Davies–<br>Bouldin ↓",
					     "Calinski–<br>Harabasz",
					     "ARI<br>k-means",
					     "NMI<br>k-means",
					     "Hopkins",
					     "Hopkins of<br>one Gaussian",
					     NULL};
	size_t i;
	const json_t *arm;
	begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach(arms, i, arm)
	{
		space_row(t, text_of(arm, "name"), "", text_of(json_object_get(arm, "ids"), "embeddings"),
			  json_object_get(arm, "space"), 0);
		space_row(t, "", "its encoder untrained", NULL, json_object_get(arm, "random_space"), 1);
	}
	end(t);
}

static void faithfulness_row(struct text *t, const char *name, const char *by, const json_t *n,
			     const json_t *of)
{
	text_add(t, "<tr><td>");
	text_escape(t, name);
	text_add(t, "</td><td>%s</td>", by);
	number_cell(t, n, 0);
	value_cell(t, json_object_get(of, "most"), 1);
	value_cell(t, json_object_get(of, "any"), 1);
	value_cell(t, json_object_get(of, "least"), 1);
	value_cell(t, json_object_get(of, "most_minus_any"), 1);
	value_cell(t, json_object_get(of, "most_minus_least"), 1);
	value_cell(t, json_object_get(of, "correlation"), 1);
	text_add(t, "</tr>\n");
}

int tables_faithfulness(struct text *t, const json_t *arms)
{
	static const char *const titles[] = {"arm",	    "attention by",
					     "records",	    "most attended<br>lead hidden",
					     "any lead",    "least attended",
					     "most − any",  "most − least",
					     "correlation", NULL};
	size_t i;
	const json_t *arm;
	int rows = 0;
	json_array_foreach(arms, i, arm)
	{
		const json_t *f = json_object_get(json_object_get(arm, "attention"), "faithfulness"),
			     *n = json_object_get(f, "n");
		if (!f)
			continue;
		if (!rows++) {
			begin(t, titles);
			text_add(t, "</tr></thead><tbody>\n");
		}
		faithfulness_row(t, text_of(arm, "name"), "cross block", n, json_object_get(f, "cross"));
		faithfulness_row(t, "", "rollout", n, json_object_get(f, "rollout"));
	}
	if (rows)
		end(t);
	return rows;
}

void tables_provenance(struct text *t, const json_t *arms, const char *options)
{
	static const char *const titles[] = {"arm",   "scores",	 "embeddings",	 "model",
					     "views", "signals", "derive again", NULL};
	size_t i;
	const json_t *arm;
	begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach(arms, i, arm)
	{
		group_row(t, arms, i);
		text_add(t, "<tr><td>");
		text_escape(t, text_of(arm, "name"));
		text_add(t, "</td>");
		for (int k = 1; k < 6; k++) {
			const char *id = text_of(json_object_get(arm, "ids"), titles[k]);
			text_add(t, *id ? "<td class=id title=%s>%.12s</td>" : "<td>–%.0s%.0s</td>", id, id);
		}
		text_add(t, "<td class=command><code>make -f pipeline.mk compare ARMS=");
		text_escape(t, text_of(arm, "name"));
		text_escape(t, options);
		text_add(t, "</code></td></tr>\n");
	}
	end(t);
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
		text_add(t, " <small>[");
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
	begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach(seeds, i, arm)
	{
		text_add(t, "<tr><td>");
		text_escape(t, text_of(arm, "name"));
		text_add(t, "</td><td>%zu</td>", json_array_size(json_object_get(arm, "arms")));
		for (int k = 0; k < 2; k++)
			summary_cell(t, json_object_get(arm, "trained"), headlines[k], 0);
		summary_cell(t, json_object_get(arm, "random"), "macro_auroc", 0);
		for (int k = 0; k < 2; k++)
			summary_cell(t, json_object_get(arm, "difference"), headlines[k], 1);
		text_add(t, "</tr>\n");
	}
	end(t);
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
	begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach(arms, i, arm)
	{
		const json_t *trained = json_object_get(arm, "trained"),
			     *share = json_object_get(arm, "label_fraction");
		if (!json_is_number(share))
			continue;
		text_add(t, "<tr><td>");
		text_escape(t, text_of(arm, "name"));
		page_id(t, text_of(json_object_get(arm, "ids"), "scores"));
		text_add(t, "</td><td>%g %%</td>", 100 * json_number_value(share));
		value_cell(t, interval_of(trained, "interval", "macro_auroc"), 0);
		value_cell(t, interval_of(json_object_get(arm, "probe"), "interval", "macro_auroc"), 0);
		value_cell(t, interval_of(trained, "over_probe", "macro_auroc"), 1);
		value_cell(t, interval_of(json_object_get(arm, "random"), "interval", "macro_auroc"), 0);
		value_cell(t, interval_of(trained, "difference", "macro_auroc"), 1);
		text_add(t, "</tr>\n");
	}
	end(t);
}
