#include "stages/evaluate/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "statistics/scoretable.h"
#include "stages/shared/legacy.h"
#include "stages/shared/arm.h"

static json_t *shown_arm(const struct artifact *a, const char *table, const char *key, const char *state,
			 const char *name)
{
	struct artifact_value v = artifact_get(a, table, key, strlen(key));
	json_t *all = v.bytes ? json_read(v.bytes, v.n_bytes, table, NULL) : NULL,
	       *out = json_incref(state ? json_object_get(all, state) : all);
	if (out)
		json_object_set_new(out, "name", json_string(name));
	json_decref(all);
	return out;
}

/* ---- ranking ---- */

/* "+0.012 [-0.003, +0.027]", marked if it excludes 0: * by itself, ** corrected for all too. */
static void show_difference(const json_t *v, double level)
{
	char text[64] = "";
	const json_t *p = json_object_get(v, "p");
	if (json_is_number(json_object_get(v, "value")))
		snprintf(text, sizeof text, "%+.3f", json_number(v, "value"));
	if (json_is_number(json_object_get(v, "low"))) {
		bool is_apart = json_number(v, "low") > 0 || json_number(v, "high") < 0,
		     holds = is_apart && json_is_number(p) && json_number_value(p) < level;
		snprintf(text, sizeof text, "%+.3f [%+.3f, %+.3f]%s", json_number(v, "value"),
			 json_number(v, "low"), json_number(v, "high"),
			 holds	    ? "**"
			 : is_apart ? "*"
				    : "");
	}
	printf("  %-26s", text);
}

/* "2 x 5 s at 100 Hz -> 128" */
static void show_input(const json_t *input)
{
	if (json_object_get(input, "seconds"))
		printf("%g x %g s at %g Hz", json_number(input, "views"), json_number(input, "seconds"),
		       json_number(input, "rate_hz"));
	if (json_object_get(input, "width"))
		printf(" -> %g", json_number(input, "width"));
	putchar('\n');
}

static void show_ranking(const json_t *ranking)
{
	size_t i;
	const json_t *arm, *sentence;
	double level = json_number(ranking, "level");

	json_array_foreach (json_object_get(ranking, "sentences"), i, sentence)
		printf("%s\n", json_string_value(sentence));
	printf("\n%4s  %-22s  %-22s  %-26s  %-26s  %-28s  %s\n", "rank", "arm", "macro AUROC [95 %]",
	       "best minus it", "over its strongest floor", "which is", "sees");
	json_array_foreach (json_object_get(ranking, "arms"), i, arm) {
		const json_t *v = json_object_get(arm, "value"), *floor = json_object_get(arm, "over_floor");
		char text[64] = "-";
		if (json_is_number(json_object_get(v, "value")))
			snprintf(text, sizeof text, "%.3f", json_number(v, "value"));
		if (json_is_number(json_object_get(v, "low")))
			snprintf(text, sizeof text, "%.3f [%.3f, %.3f]", json_number(v, "value"),
				 json_number(v, "low"), json_number(v, "high"));
		printf("%4zu  %-22s  %-22s", i + 1, json_string_value(json_object_get(arm, "name")), text);
		show_difference(json_object_get(arm, "behind"), level);
		show_difference(floor, level);
		printf("  %-28s  ", floor ? json_string_value(json_object_get(arm, "floor_name")) : "");
		show_input(json_object_get(arm, "input"));
	}
	printf("*: the interval excludes 0; **: also corrected for all arms at once\n\n");
}

/* The verdict on AUROC with its table, on F1 in a sentence. */
static void show_rankings(const struct artifact *a)
{
	static const char *const metrics[] = {"macro_auroc", "macro_f1"};
	for (int k = 0; k < 2; k++) {
		json_t *ranking = shown_arm(a, "ranking", metrics[k], NULL, metrics[k]);
		if (!k)
			show_ranking(ranking);
		else
			printf("%s\n\n",
			       json_string_value(json_array_get(json_object_get(ranking, "sentences"), 0)));
		json_decref(ranking);
	}
}

/* What training added to each arm, on the same resamples. */
static void show_gains(const json_t *rows)
{
	size_t i;
	json_t *row;

	printf("\ntraining added (paired)       macro F1                 macro AUROC\n");
	json_array_foreach (rows, i, row) {
		const json_t *f1 = json_object_get(json_object_get(row, "difference"), "macro_f1"),
			     *area = json_object_get(json_object_get(row, "difference"), "macro_auroc");
		if (!json_is_number(json_object_get(f1, "low")) ||
		    !json_is_number(json_object_get(area, "low")))
			continue;
		printf("%-24s %+7.3f [%+.3f, %+.3f]  %+7.3f [%+.3f, %+.3f]\n",
		       json_string_value(json_object_get(row, "name")),
		       json_number_value(json_object_get(f1, "value")),
		       json_number_value(json_object_get(f1, "low")),
		       json_number_value(json_object_get(f1, "high")),
		       json_number_value(json_object_get(area, "value")),
		       json_number_value(json_object_get(area, "low")),
		       json_number_value(json_object_get(area, "high")));
	}
}

static void show_summary(const json_t *all, const char *metric, const char *format)
{
	const json_t *v = json_object_get(all, metric);
	char text[64] = "-";
	if (v)
		snprintf(text, sizeof text, format, json_number_value(json_object_get(v, "mean")),
			 json_number_value(json_object_get(v, "deviation")),
			 json_number_value(json_object_get(v, "low")),
			 json_number_value(json_object_get(v, "high")));
	printf("  %-30s", text);
}

/* Arms of several seeds: mean, standard deviation over the seeds, least and greatest. */
static void show_seeds(const json_t *seeds)
{
	size_t i;
	const json_t *arm;

	if (!json_array_size(seeds))
		return;
	printf("\n%-22s%5s  %-30s  %-30s  %s\n", "over seeds", "seeds", "macro F1", "macro AUROC",
	       "training added to macro AUROC");

	json_array_foreach (seeds, i, arm) {
		printf("%-22s%5zu", json_string_value(json_object_get(arm, "name")),
		       json_array_size(json_object_get(arm, "arms")));
		show_summary(json_object_get(arm, "trained"), "macro_f1", "%.3f ± %.3f [%.3f, %.3f]");
		show_summary(json_object_get(arm, "trained"), "macro_auroc", "%.3f ± %.3f [%.3f, %.3f]");
		show_summary(json_object_get(arm, "difference"), "macro_auroc",
			     "%+.3f ± %.3f [%+.3f, %+.3f]");
		putchar('\n');
	}
}

/* The judgement of an arm in a state; of several seeds over all of them, under their NAME. */
static json_t *judged_arm(const struct artifact *a, const char *key, const char *state, const char *words)
{
	char *base = die_printf("%.*s", (int)arm_base(key), key);
	bool is_several = artifact_has_table(a, "over_seeds") &&
			  artifact_get(a, "over_seeds", base, strlen(base)).bytes != NULL;
	char *name = die_printf("%s%s", is_several ? base : key, words);
	json_t *out = is_several ? shown_arm(a, "over_seeds", base, state, name)
				 : shown_arm(a, "arm", key, state, name);
	free(name);
	free(base);
	return out;
}

/* Of several seeds the first stands for its arm. */
static bool is_shown(const json_t *names, size_t at)
{
	const char *own = json_string_value(json_array_get(names, at));
	size_t n = arm_base(own);
	for (size_t i = 0; i < at; i++) {
		const char *other = json_string_value(json_array_get(names, i));
		if (own[n] && arm_base(other) == n && !memcmp(own, other, n))
			return false;
	}
	return true;
}

/* Does hiding the lead that attention favours hurt more than hiding any? */
static void show_faithfulness(struct artifact *a, const json_t *names)
{
	const json_t *name;
	size_t i;
	int n_shown = 0;

	json_array_foreach (names, i, name) {
		json_t *arm = shown_arm(a, "arm", json_string_value(name), NULL, json_string_value(name));
		const json_t *f = json_object_get(
				     json_object_get(json_object_get(arm, "attention"), "faithfulness"),
				     "cross"),
			     *more = json_object_get(f, "most_minus_any");
		if (json_is_number(json_object_get(more, "low"))) {
			if (!n_shown++)
				printf("\ntrue class's logit falls by   most attended lead hidden   any lead "
				       "  difference\n");
			printf("%-29s %+25.3f %+10.3f   %+.3f [%+.3f, %+.3f]\n", json_string_value(name),
			       json_number_value(json_object_get(json_object_get(f, "most"), "value")),
			       json_number_value(json_object_get(json_object_get(f, "any"), "value")),
			       json_number_value(json_object_get(more, "value")),
			       json_number_value(json_object_get(more, "low")),
			       json_number_value(json_object_get(more, "high")));
		}
		json_decref(arm);
	}
}

static void show_legacy(struct artifact *a, const json_t *names)
{
	json_t *rows = json_array();
	const json_t *name;
	size_t i;
	json_array_foreach (names, i, name) {
		char *label = die_printf("%s, per segment", json_string_value(name));
		json_array_append_new(rows, shown_arm(a, "arm", json_string_value(name), "legacy", label));
		free(label);
	}
	legacy_print(artifact_get_attribute(a, "classes"), rows);
	json_decref(rows);
}

static void add_floor(json_t *rows, const struct artifact *a, const char *key, const char *name)
{
	json_t *floor = shown_arm(a, "floor", key, NULL, name);
	json_object_del(floor, "difference"); /* is what the first row gained over it */
	if (floor)
		json_array_append_new(rows, floor);
}

/* Above everything else: what the tables lack. */
static void show_left_out(const struct artifact *a)
{
	size_t i;
	const json_t *arm;
	json_array_foreach (artifact_get_attribute(a, "left_out"), i, arm) {
		const char *stage = json_string_value(json_object_get(arm, "stage"));
		printf("LEFT OUT: %s%s%s%s: %s\n", json_string_value(json_object_get(arm, "name")),
		       stage ? " (" : "", stage ? stage : "", stage ? " failed)" : "",
		       json_string_value(json_object_get(arm, "reason")));
	}
	if (i)
		putchar('\n');
}

void terminal_print(struct artifact *a)
{
	json_t *rows = json_array(), *trained = json_array();
	const json_t *name;
	size_t i;

	json_array_foreach (artifact_get_attribute(a, "arms"), i, name) {
		const char *key = json_string_value(name);
		if (!is_shown(artifact_get_attribute(a, "arms"), i))
			continue;
		json_t *own = judged_arm(a, key, "trained", ""),
		       *random = judged_arm(a, key, "random", ", untrained");
		json_array_append(trained, own);
		/* "difference" is for scoretable the first arm minus this one. */
		json_t *row = json_copy(own);
		json_object_del(row, "difference");
		json_array_append_new(rows, row);
		if (random)
			json_array_append(rows, random);
		json_decref(own);
		json_decref(random);
	}

	add_floor(rows, a, "convolutions", "random convolutions");
	add_floor(rows, a, "convolutions_dim", "convolutions, as wide");
	add_floor(rows, a, "scale", "log-std only");
	add_floor(rows, a, "majority", "majority class");
	const char *evaluation = json_string_value(artifact_get_attribute(a, "evaluation"));
	printf("%zu arm%s%s: %lld records of %lld patients\n\n",
	       json_array_size(artifact_get_attribute(a, "arms")),
	       json_array_size(artifact_get_attribute(a, "arms")) == 1 ? "" : "s",
	       evaluation && !strcmp(evaluation, "cross") ? ", cross-validated" : " on fold 10",
	       (long long)artifact_integer(a, "records"), (long long)artifact_integer(a, "patients"));
	show_left_out(a);
	show_rankings(a);
	scoretable_rows(stdout, artifact_get_attribute(a, "classes"), rows);
	if (json_array_size(artifact_get_attribute(a, "seeds")))
		printf("An arm of several seeds stands for all: means over them; intervals resample patients "
		       "and seeds.\n");
	show_gains(trained);
	show_seeds(artifact_get_attribute(a, "seeds"));
	show_faithfulness(a, artifact_get_attribute(a, "arms"));
	show_legacy(a, artifact_get_attribute(a, "arms"));
	json_array_foreach (artifact_get_attribute(a, "notes"), i, name)
		printf("%s%s\n", i ? "" : "\n", json_string_value(name));
	json_decref(rows);
	json_decref(trained);
}
