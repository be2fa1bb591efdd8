#include "report/arms.h"

#include <stdlib.h>

#include "report/cells.h"

/* "0.05", "halves", "true"; texts without quotes. */
static void setting_text(struct text *t, const json_t *value)
{
	char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (json_is_real(value))
		text_add(t, "%g", json_real_value(value));
	else
		text_escape(t, text ? text : json_string_value(value));
	free(text);
}

static void definition_cell(struct text *t, const json_t *definition)
{
	const char *name;
	json_t *value;
	int n = 0;

	text_add(t, "<td class=words>");
	json_object_foreach ((json_t *)definition, name, value) {
		text_add(t, n++ ? " <code>" : "<code>");
		text_escape(t, name);
		text_add(t, "=");
		setting_text(t, value);
		text_add(t, "</code>");
	}
	text_add(t, n ? "</td>" : definition ? "nothing: it is PARAMS</td>" : "–</td>");
}

void arms_definitions(struct text *t, const json_t *arms)
{
	static const char *const titles[] = {"arm",
					     "views of<br>a record",
					     "length<br><small>s</small>",
					     "rate<br><small>Hz</small>",
					     "width",
					     NULL};
	size_t i;
	const json_t *arm;

	cells_begin(t, titles);
	text_add(t, "<th class=words>what it sets</th></tr></thead><tbody>\n");
	json_array_foreach (arms, i, arm) {
		const json_t *input = json_object_get(arm, "input");
		cells_group(t, arms, i);
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(arm, "name"));
		text_add(t, "</td>");
		cells_number(t, json_object_get(input, "views"), 0);
		cells_number(t, json_object_get(input, "seconds"), 1);
		cells_number(t, json_object_get(input, "rate_hz"), 0);
		cells_number(t, json_object_get(input, "width"), 0);
		definition_cell(t, json_object_get(arm, "definition"));
		text_add(t, "</tr>\n");
	}
	cells_end(t);
}

void arms_left_out(struct text *t, const json_t *left_out)
{
	static const char *const titles[] = {"left out", "failed in", NULL};
	size_t i;
	const json_t *arm;

	if (!json_array_size(left_out))
		return;
	cells_begin(t, titles);
	text_add(t, "<th class=words>why</th></tr></thead><tbody>\n");
	json_array_foreach (left_out, i, arm) {
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(arm, "name"));
		text_add(t, "</td><td>");
		text_escape(t, *cells_text(arm, "stage") ? cells_text(arm, "stage") : "–");
		text_add(t, "</td><td class=words>");
		text_escape(t, cells_text(arm, "reason"));
		text_add(t, "</td></tr>\n");
	}
	cells_end(t);
}
