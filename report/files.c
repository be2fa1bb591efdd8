#include "report/files.h"

#include <stdbool.h>
#include <string.h>

#include "common/json.h"

/* ---- metrics.csv ---- */

static void csv_number(struct text *t, const json_t *x)
{
	if (json_is_number(x))
		text_add(t, ",%.17g", json_number_value(x));
	else
		text_add(t, ",");
}

/* In quotes where it has to be (RFC 4180): names of classes come from the dataset. */
static void csv_text(struct text *t, const char *s)
{
	bool is_quoted = strpbrk(s, ",\"\r\n");
	text_add(t, is_quoted ? "\"" : "");
	for (; *s; s++)
		text_add(t, *s == '"' ? "\"\"" : "%c", *s);
	text_add(t, is_quoted ? "\"" : "");
}

static void csv_row(struct text *t, const char *arm, const char *state, const char *class, const char *metric,
		    const json_t *v, const char *id)
{
	csv_text(t, arm);
	text_add(t, ",%s,", state);
	csv_text(t, class);
	text_add(t, ",%s", metric);
	csv_number(t, json_object_get(v, "value"));
	csv_number(t, json_object_get(v, "low"));
	csv_number(t, json_object_get(v, "high"));
	csv_number(t, json_object_get(v, "error"));
	text_add(t, ",%s\n", id);
}

static void csv_state(struct text *t, const char *arm, const char *state, const json_t *intervals,
		      const char *id)
{
	const char *name, *class;
	json_t *v, *each;
	json_object_foreach ((json_t *)intervals, name, v) {
		if (strcmp(name, "class")) {
			csv_row(t, arm, state, "", name, v, id);
			continue;
		}
		json_object_foreach (v, class, each) {
			csv_row(t, arm, state, class, "f1", json_object_get(each, "f1"), id);
			csv_row(t, arm, state, class, "auroc", json_object_get(each, "auroc"), id);
		}
	}
}

void files_csv(struct text *t, const json_t *arms, const json_t *floors)
{
	size_t i;
	const json_t *arm;
	const char *name;
	json_t *floor;

	text_add(t, "arm,state,class,metric,value,low,high,error,scores\n");
	json_array_foreach (arms, i, arm) {
		const json_t *trained = json_object_get(arm, "trained"),
			     *random = json_object_get(arm, "random");
		const char *id = json_text(json_object_get(arm, "ids"), "scores"),
			   *own = json_text(arm, "name");
		csv_state(t, own, "trained", json_object_get(trained, "interval"), id);
		csv_state(t, own, "untrained", json_object_get(random, "interval"), id);
		csv_state(t, own, "probe", json_object_get(json_object_get(arm, "probe"), "interval"), id);
		csv_state(t, own, "difference", json_object_get(trained, "difference"), id);
		csv_state(t, own, "over probe", json_object_get(trained, "over_probe"), id);
	}

	json_object_foreach ((json_t *)floors, name, floor)
		csv_state(t, name, "floor", json_object_get(floor, "interval"), "");
}

/* ---- table.md ---- */

/* The two by which arms are compared: F1 first where its classes have columns, AUROC where
 * they are too many. */
static const char *headline(const json_t *classes, int k)
{
	return (k == 0) == !!classes ? "macro_f1" : "macro_auroc";
}

/* A name as text: a bar would end the cell, a line the table, and what is HTML or a link would be one. */
static void markdown_text(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (strchr("|\\`[]", *s))
			text_add(t, "\\%c", *s);
		else if (*s == '<' || *s == '>' || *s == '&')
			text_add(t, "%s", *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : "&amp;");
		else
			text_add(t, "%c", *s == '\n' || *s == '\r' ? ' ' : *s);
	}
}

static void markdown_row(struct text *t, const char *name, const json_t *state, const json_t *classes)
{
	size_t i;
	const json_t *c, *test = json_object_get(state, "test");

	if (!test)
		return;
	text_add(t, "| ");
	markdown_text(t, name);
	text_add(t, " |");

	json_array_foreach (classes, i, c) {
		text_add(t, " ");
		text_number(
			t,
			json_object_get(json_object_get(json_object_get(test, "class"), json_string_value(c)),
					"f1"),
			2, 0);
		text_add(t, " |");
	}

	text_add(t, " ");
	text_number(t, json_object_get(test, "accuracy"), 3, 0);
	for (int k = 0; k < 2; k++) {
		const json_t *v = json_object_get(json_object_get(state, "interval"), headline(classes, k));
		text_add(t, " | ");
		text_number(t, json_object_get(v, "value"), 3, 0);
		if (json_is_number(json_object_get(v, "low"))) {
			text_add(t, " ");
			text_range(t, v, 3, 0);
		}
	}

	text_add(t, " |\n");
}

void files_markdown(struct text *t, const json_t *arms, const json_t *floors, const json_t *classes)
{
	size_t i;
	const json_t *arm, *c;

	text_add(t, "| arm |");
	json_array_foreach (classes, i, c) {
		text_add(t, " F1 ");
		markdown_text(t, json_string_value(c));
		text_add(t, " |");
	}

	text_add(t, classes ? " accuracy | macro F1 [95 %%] | macro AUROC [95 %%] |\n|---|"
			    : " accuracy | macro AUROC [95 %%] | macro F1 [95 %%] |\n|---|");
	for (i = 0; i < json_array_size(classes) + 3; i++)
		text_add(t, "---|");
	text_add(t, "\n");

	json_array_foreach (arms, i, arm) {
		struct text name = {0};
		text_add(&name, "%s, untrained", json_text(arm, "name"));
		markdown_row(t, json_text(arm, "name"), json_object_get(arm, "trained"), classes);
		markdown_row(t, name.bytes, json_object_get(arm, "random"), classes);
		text_release(&name);
	}

	markdown_row(t, "random convolutions", json_object_get(floors, "convolutions"), classes);
	markdown_row(t, "random convolutions, as wide", json_object_get(floors, "convolutions_dim"), classes);
	markdown_row(t, "log-std only", json_object_get(floors, "scale"), classes);
	markdown_row(t, "majority class", json_object_get(floors, "majority"), classes);
	json_array_foreach (arms, i, arm) {
		struct text name = {0};
		text_add(&name, "%s, legacy: per segment, not comparable", json_text(arm, "name"));
		markdown_row(t, name.bytes, json_object_get(arm, "legacy"), classes);
		text_release(&name);
	}
}
