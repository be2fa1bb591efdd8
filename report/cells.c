#include "report/cells.h"

const char *cells_text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));
	return s ? s : "";
}

const json_t *cells_interval(const json_t *state, const char *member, const char *metric)
{
	return json_object_get(json_object_get(state, member), metric);
}

/* "0.812 [0.770, 0.850]" */
static void value_text(struct text *t, const json_t *v, int is_signed)
{
	text_number(t, json_object_get(v, "value"), 3, is_signed);
	if (!json_is_number(json_object_get(v, "low")))
		return;
	text_add(t, " <small class=range>");
	text_range(t, v, 3, is_signed);
	text_add(t, "</small>");
}

void cells_begin(struct text *t, const char *const *titles)
{
	text_add(t, "<div class=scroll><table><thead><tr>");
	for (; *titles; titles++)
		text_add(t, "<th>%s</th>", *titles);
}

enum { LONG = 12 }; /* characters */

void cells_heads(struct text *t, const char *words, const json_t *names)
{
	size_t i, longest = 0;
	const json_t *name;

	json_array_foreach (names, i, name) {
		size_t n = text_length(json_string_value(name));
		longest = n > longest ? n : longest;
	}

	json_array_foreach (names, i, name) {
		if (longest > LONG) {
			text_add(t, "<th class=upright><span>");
			text_name(t, json_string_value(name));
			text_add(t, "</span>%s%s</th>", *words ? "<br>" : "", words);
		} else {
			text_add(t, "<th>%s%s", words, *words ? "<br>" : "");
			text_escape(t, json_string_value(name));
			text_add(t, "</th>");
		}
	}
}

json_t *cells_names(const json_t *arms)
{
	json_t *names = json_array();
	size_t i;
	const json_t *arm;
	json_array_foreach (arms, i, arm)
		json_array_append_new(names, json_string(cells_text(arm, "name")));
	return names;
}

void cells_end(struct text *t)
{
	text_add(t, "</tbody></table></div>\n");
}

void cells_number(struct text *t, const json_t *x, int n_decimals)
{
	text_add(t, "<td>");
	text_number(t, x, n_decimals, 0);
	text_add(t, "</td>");
}

void cells_value(struct text *t, const json_t *v, int is_signed)
{
	text_add(t, "<td>");
	value_text(t, v, is_signed);
	text_add(t, "</td>");
}

void cells_value_bold(struct text *t, const json_t *v, int is_signed)
{
	text_add(t, "<td><b>");
	value_text(t, v, is_signed);
	text_add(t, "</b></td>");
}

/* A row that names the group, where arm i is its first. */
void cells_group(struct text *t, const json_t *arms, size_t i)
{
	const json_t *group = json_object_get(json_array_get(arms, i), "group");
	if (!group || (i && json_equal(json_object_get(json_array_get(arms, i - 1), "group"), group)))
		return;
	text_add(t, "<tr class=group><td colspan=30>");
	text_escape(t, json_string_value(group));
	text_add(t, "</td></tr>\n");
}
