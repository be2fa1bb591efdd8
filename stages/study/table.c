#include "stages/study/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/study/setting.h"

json_t *table_read(const struct artifact *study)
{
	static const char name[] = "study.json";
	struct error e = {0};
	struct artifact_value v = artifact_get(study, "file", name, strlen(name));
	json_t *all = v.bytes ? json_read(v.bytes, v.n_bytes, name, &e) : NULL;
	if (!all)
		die("study %s: %s", artifact_id(study), v.bytes ? error_text(&e) : "it has no study.json");
	return all;
}

/* "+0.012 [-0.003, +0.027]*", * where it excludes 0; or a dash. */
static void print_estimate(const json_t *x, bool is_signed, int width)
{
	char text[64] = "-";
	const char *mark = json_number(x, "low") > 0 || json_number(x, "high") < 0 ? "*" : "";
	if (json_object_get(x, "low"))
		snprintf(text, sizeof text, is_signed ? "%+.3f [%+.3f, %+.3f]%s" : "%.3f [%.3f, %.3f]",
			 json_number(x, "value"), json_number(x, "low"), json_number(x, "high"), mark);
	else if (x)
		snprintf(text, sizeof text, is_signed ? "%+.3f" : "%.3f", json_number(x, "value"));
	printf("  %-*s", width, text);
}

static void print_setting(const json_t *s, int name_width)
{
	const json_t *over = json_object_get(s, "over");
	printf("%-*s", name_width, json_text(s, "name"));
	print_estimate(json_object_get(s, "auroc"), false, 20);
	print_estimate(json_object_get(over, "baseline"), true, 24);
	print_estimate(json_object_get(over, "convolutions"), true, 24);
	print_estimate(json_object_get(over, "convolutions_dim"), true, 24);
	printf("  %6.0f  %5.0f", json_number(s, "width"), json_number(s, "cells"));
	if (setting_is_complete(s))
		printf("\n");
	else
		printf(" of %.0f: incomplete\n", json_number(s, "of"));
}

static void print_curves(const json_t *curves)
{
	size_t i, k;
	const json_t *curve, *series;
	json_array_foreach (curves, i, curve) {
		json_array_foreach (json_object_get(curve, "series"), k, series) {
			const char *label = json_text(series, "label"),
				   *words = json_text(json_object_get(series, "fit"), "sentence");
			if (*words)
				printf("%s%s%s: %s\n", json_text(curve, "axis"), *label ? ", " : "", label,
				       words);
		}
		if (*json_text(curve, "left_out"))
			printf("%s: %s\n", json_text(curve, "axis"), json_text(curve, "left_out"));
	}
}

void table_print(struct artifact *study)
{
	json_t *all = table_read(study), *own = json_object_get(all, "study");
	const json_t *settings = json_object_get(all, "settings"), *s, *note;
	size_t i;
	int width = 8;

	json_array_foreach (settings, i, s) {
		int n = (int)strlen(json_text(s, "name"));
		width = n > width ? n : width;
	}
	printf("%s\n%zu settings, %zu seeds, folds tested in turn: %zu; all trained again for each, fold 10 "
	       "never used\n\n",
	       json_text(own, "question"), json_array_size(settings),
	       json_array_size(json_object_get(own, "seeds")),
	       json_array_size(json_object_get(own, "folds")));
	printf("%-*s  %-20s  over %-19s  %-24s  %-24s  %6s  %5s\n", width, "setting", "macro AUROC [95 %]",
	       json_text(own, "baseline"), "over random convolutions", "over as wide ones", "width", "cells");
	json_array_foreach (settings, i, s)
		print_setting(s, width);
	printf("\n");
	print_curves(json_object_get(all, "curves"));
	json_array_foreach (json_object_get(all, "notes"), i, note)
		printf("%s\n", json_string_value(note));
	json_decref(all);
}
