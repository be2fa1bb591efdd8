#include "report/ranking.h"

#include <stdbool.h>
#include <string.h>

#include "common/json.h"
#include "report/cells.h"

void ranking_say(struct text *t, const json_t *ranking)
{
	size_t i;
	const json_t *sentence;
	json_array_foreach (json_object_get(ranking, "sentences"), i, sentence) {
		text_add(t, i ? "<p>" : "<p class=verdict>");
		text_escape(t, json_string_value(sentence));
		text_add(t, "</p>\n");
	}
}

void ranking_difference(struct text *t, const json_t *v, const json_t *p, double level)
{
	bool has_interval = json_is_number(json_object_get(v, "low")),
	     is_apart = has_interval && (json_number(v, "low") > 0 || json_number(v, "high") < 0),
	     holds = is_apart && json_is_number(p) && json_number_value(p) < level;
	if (!v) {
		text_add(t, "<td></td>");
		return;
	}
	text_add(t, is_apart ? "<td><b>" : "<td>");
	text_number(t, json_object_get(v, "value"), 3, 1);
	text_add(t, "%s%s", holds ? "&#8239;✱" : "", is_apart ? "</b>" : "");
	if (has_interval) {
		text_add(t, " <small class=range>");
		text_range(t, v, 3, 1);
		text_add(t, "</small>");
	}
	text_add(t, "</td>");
}

void ranking_table(struct text *t, const json_t *ranking)
{
	bool is_auroc = !strcmp(cells_text(ranking, "metric"), "macro_auroc");
	const char *const titles[] = {"arm",
				      "rank",
				      is_auroc ? "macro AUROC<br><small>[95 %]</small>"
					       : "macro F1<br><small>[95 %]</small>",
				      "best minus it",
				      "minus the next",
				      "over its<br>strongest floor",
				      "which is",
				      NULL};
	double level = json_number(ranking, "level");
	size_t i;
	const json_t *arm;

	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (json_object_get(ranking, "arms"), i, arm) {
		static const char *const differences[] = {"behind", "over_next", "over_floor"};
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(arm, "name"));
		text_add(t, "</td><td>%zu</td>", i + 1);
		cells_value(t, json_object_get(arm, "value"), 0);
		for (int k = 0; k < 3; k++) {
			const json_t *v = json_object_get(arm, differences[k]);
			ranking_difference(t, v, json_object_get(v, "p"), level);
		}
		text_add(t, "<td>");
		text_escape(t, cells_text(arm, "floor_name"));
		text_add(t, "</td></tr>\n");
	}
	cells_end(t);
	text_add(t, "<p><small><b>Bold</b>: the interval excludes 0. ✱: also corrected for all pairs, or all "
		    "arms, at once (max-T).</small></p>\n");
}
