#include "report/classes.h"

#include <stdlib.h>

#include "common/die.h"
#include "report/cells.h"
#include "report/page.h"

void classes_table(struct text *t, const json_t *arms, const json_t *classes)
{
	static const char *const titles[] = {"arm", NULL}, *const members[] = {"precision", "recall", "f1",
									       "auroc", "auprc"};
	size_t i, k;
	const json_t *arm, *c;

	cells_begin(t, titles);
	text_add(t, "<th class=name>class</th><th>records</th><th>precision</th><th>recall</th><th>F1</th>"
		    "<th>AUROC</th><th>AUPRC</th></tr></thead><tbody>\n");
	json_array_foreach (arms, i, arm)
		json_array_foreach (classes, k, c) {
			const json_t *trained = json_object_get(arm, "trained"),
				     *each = json_object_get(
					     json_object_get(json_object_get(trained, "test"), "class"),
					     json_string_value(c));
			text_add(t, "<tr><td>");
			text_escape(t, k ? "" : cells_text(arm, "name"));
			page_id(t, k ? NULL : cells_text(json_object_get(arm, "ids"), "scores"));
			text_add(t, "</td><td class=name>");
			text_name(t, json_string_value(c));
			text_add(t, "</td>");
			cells_number(t, json_object_get(each, "support"), 0);
			for (int m = 0; m < 5; m++)
				cells_number(t, json_object_get(each, members[m]), 3);
			text_add(t, "</tr>\n");
		}

	cells_end(t);
}

static const json_t *class_of(const json_t *arm, const json_t *name)
{
	const json_t *test = json_object_get(json_object_get(arm, "trained"), "test");
	return json_object_get(json_object_get(test, "class"), json_string_value(name));
}

/* How many classes stand before class c: those of more records, and of as many those that
 * are listed earlier. */
static size_t rank_of(const json_t *arm, const json_t *classes, size_t c)
{
	size_t i, rank = 0;
	const json_t *name;
	double own = json_number_value(json_object_get(class_of(arm, json_array_get(classes, c)), "support"));
	json_array_foreach (classes, i, name) {
		double n = json_number_value(json_object_get(class_of(arm, name), "support"));
		rank += n > own || (n == own && i < c);
	}
	return rank;
}

static void many_row(struct text *t, const json_t *arms, const json_t *name)
{
	size_t i;
	const json_t *arm;
	text_add(t, "<tr><td class=name>");
	text_name(t, json_string_value(name));
	text_add(t, "</td>");
	cells_number(t, json_object_get(class_of(json_array_get(arms, 0), name), "support"), 0);
	json_array_foreach (arms, i, arm)
		cells_number(t, json_object_get(class_of(arm, name), "auroc"), 3);
	text_add(t, "</tr>\n");
}

void classes_many(struct text *t, const json_t *arms, const json_t *classes)
{
	static const char *const titles[] = {"class", "records", NULL};
	size_t c, n = json_array_size(classes);
	const json_t *first = json_array_get(arms, 0);
	json_t *names = cells_names(arms);

	cells_begin(t, titles);
	cells_heads(t, "AUROC", names);
	json_decref(names);
	text_add(t, "</tr></thead><tbody>\n");
	size_t *order = die_calloc(n + 1, sizeof *order);
	for (c = 0; c < n; c++)
		order[rank_of(first, classes, c)] = c;
	for (c = 0; c < n; c++)
		many_row(t, arms, json_array_get(classes, order[c]));
	free(order);
	cells_end(t);
}
