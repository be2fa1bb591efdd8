/* Judge the settings of a study by rotations that train again.
 *
 * Reads a list: of each cell `signals`, `views`, `model`, `embeddings` and `scores`, as far as they could be
 * made, and the study, which it is told with what failed. Writes `study`: a page, the same numbers as JSON
 * and CSV.
 *
 * The story: find the cells' numbers (trials.h, measures.h); estimate each setting (outcome.h) and each axis
 * (axes.h); say what a reader must know; draw (page.h). docs/study.md.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "numbers/contract.h"
#include "report/text.h"
#include "stages/study/axes.h"
#include "stages/study/outcome.h"
#include "stages/study/page.h"
#include "stages/study/table.h"
#include "stages/study/times.h"
#include "stages/study/trials.h"
#include "stages/study/why.h"
#include "store/stage.h"

static void note(json_t *notes, char *words)
{
	json_array_append_new(notes, json_string(words));
	free(words);
}

/* Under `words` one name more: {words: "a, b"}. Frees words. */
static void add_name(json_t *names_of, char *words, const char *name)
{
	const char *before = json_text(names_of, words);
	char *all = die_printf("%s%s%s", before, *before ? ", " : "", name);
	json_object_set_new(names_of, words, json_string(all));
	free(all);
	free(words);
}

/* "a, b: words" for each. */
static void note_names(struct trials *c, json_t *names_of)
{
	const char *words;
	json_t *names;
	json_object_foreach (names_of, words, names)
		note(c->notes, die_printf("%s: %s", json_string_value(names), words));
	json_decref(names_of);
}

/* A batch that was lowered is not what the study thinks it compares. */
static void note_batches(struct trials *c)
{
	json_t *names_of = json_object();
	for (size_t s = 0; s < c->n_settings; s++) {
		const json_t *asked = json_object_get(json_array_get(c->settings, s), "batch");
		struct crossed own = trials_mean(c, s, "batch");
		if (asked && own.n_rows && own.mean < json_number_value(asked) - .5)
			add_name(names_of,
				 die_printf("the batch of %g was lowered to %.3g, for there are few records "
					    "(pretrain.min_steps).",
					    json_number_value(asked), own.mean),
				 trials_name(c, s));
	}
	note_names(c, names_of);
}

/* The earlier setting with the same params; NULL: there is none. */
static const char *same_as(const struct trials *c, size_t setting)
{
	return json_string_value(json_object_get(json_array_get(c->settings, setting), "same"));
}

/* Whether two settings have the same score in each cell, of two cells at least. */
static bool is_equal(const struct trials *c, size_t a, size_t b)
{
	size_t n = c->n_seeds * c->n_folds, n_equal = 0, n_there = 0;
	double *x = die_malloc(2 * n * sizeof *x);
	trials_values(x, c, a, "auroc");
	trials_values(x + n, c, b, "auroc");
	for (size_t i = 0; i < n; i++) {
		n_there += isfinite(x[i]) || isfinite(x[n + i]);
		n_equal += x[i] == x[n + i];
	}
	free(x);
	return n_there >= 2 && n_equal == n_there;
}

/* Rows that are one and the same are no evidence twice. */
static void note_equal(struct trials *c)
{
	json_t *names_of = json_object();
	for (size_t s = 0; s < c->n_settings; s++) {
		size_t first = 0;
		while (first < s && !is_equal(c, first, s))
			first++;
		if (same_as(c, s))
			add_name(names_of,
				 die_printf("the same params as %s, once more for its curve.", same_as(c, s)),
				 trials_name(c, s));
		else if (first < s)
			add_name(names_of,
				 die_printf("the same scores as %s in every cell: what is set makes no "
					    "difference here.",
					    trials_name(c, first)),
				 trials_name(c, s));
	}
	note_names(c, names_of);
}

static size_t n_different(const struct trials *c)
{
	size_t n = 0;
	for (size_t s = 0; s < c->n_settings; s++)
		n += same_as(c, s) == NULL;
	return n;
}

/* Two cells of one setting that ended alike. */
static bool is_alike(const json_t *a, const json_t *b)
{
	const char *name = json_text(a, "name");
	return !strncmp(name, json_text(b, "name"), strcspn(name, "@") + 1) &&
	       !strcmp(json_text(a, "stage"), json_text(b, "stage")) &&
	       !strcmp(json_text(a, "reason"), json_text(b, "reason"));
}

/* Cells of a setting that ended alike are told once. */
static void note_failed(struct trials *c)
{
	size_t i, k, n_more;
	const json_t *f, *other;
	json_array_foreach (c->failed, i, f) {
		for (k = 0; !is_alike(f, json_array_get(c->failed, k)); k++)
			;
		if (k < i)
			continue;
		n_more = 0;
		json_array_foreach (c->failed, k, other)
			n_more += k > i && is_alike(f, other);
		char *more = n_more ? die_printf(", as %zu more of its cells,", n_more) : die_strdup("");
		bool is_known = strcmp(json_text(f, "stage"), "stopped") != 0; /* tools/cell.sh */
		note(c->notes,
		     die_printf("%s%s stopped%s%s: %s", json_text(f, "name"), more, is_known ? " in " : "",
				is_known ? json_text(f, "stage") : "", json_text(f, "reason")));
		free(more);
	}
}

static void write_notes(struct trials *c)
{
	size_t n = c->n_settings * c->n_seeds * c->n_folds;
	note_batches(c);
	note_equal(c);
	if (c->n_there < n)
		note(c->notes,
		     die_printf("%zu of %zu cells came to nothing. The mean of a setting that lacks some is "
				"over the "
				"seeds, or the rotations, that it has in full; it cannot be the best.",
				n - c->n_there, n));
	note_failed(c);
	if (trials_cells(c, c->baseline) < trials_most_cells(c))
		note(c->notes,
		     die_printf("The baseline, %s, has %zu of %zu cells: a difference to it is over "
				"those that both have.",
				trials_name(c, c->baseline), trials_cells(c, c->baseline),
				trials_most_cells(c)));
	if (c->n_seeds == 1)
		note(c->notes, die_strdup("One seed: intervals say nothing of what another would give."));
	if (n_different(c) > 2)
		note(c->notes, die_printf("Of %zu differences to the baseline about %.1f would exclude 0 by "
					  "chance; the best of many "
					  "is flattered.",
					  n_different(c) - 1, .05 * (double)(n_different(c) - 1)));
}

static void put_file(struct stage_run *run, int table, const char *name, const struct text *t)
{
	artifact_put(run->output, table, name, strlen(name), t->bytes, t->n);
}

/* setting,measure,value,error,low,high,seeds,folds */
static void write_csv(struct text *t, const json_t *settings)
{
	size_t i;
	const json_t *s, *group;
	static const char *const groups[] = {"over", "measures"};
	text_add(t, "setting,measure,value,error,low,high,seeds,folds\n");
	json_array_foreach (settings, i, s) {
		json_t *rows = json_object(), *x;
		const char *name;
		if (json_object_get(s, "auroc"))
			json_object_set(rows, "macro_auroc", json_object_get(s, "auroc"));
		for (size_t k = 0; k < 2; k++) {
			group = json_object_get(s, groups[k]);
			json_object_foreach ((json_t *)group, name, x) {
				char *key = die_printf("%s%s", k ? "" : "over:", name);
				json_object_set(rows, key, x);
				free(key);
			}
		}
		json_object_foreach (json_object_get(s, "class"), name, x) {
			char *key = die_printf("auroc:%s", name);
			json_object_set(rows, key, json_object_get(x, "auroc"));
			free(key);
		}
		json_object_foreach (rows, name, x) {
			static const char *const columns[] = {"value", "error", "low",
							      "high",  "seeds", "folds"};
			text_add(t, "%s,%s", json_text(s, "name"), name);
			for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) {
				const json_t *v = json_object_get(x, columns[k]);
				if (json_is_integer(v))
					text_add(t, ",%d", (int)json_integer_value(v));
				else if (json_is_number(v))
					text_add(t, ",%.6f", json_number_value(v));
				else
					text_add(t, ",");
			}
			text_add(t, "\n");
		}
		json_decref(rows);
	}
}

static void run(struct stage_run *r)
{
	struct trials c;
	struct text page = {0}, csv = {0}, machine = {0};
	trials_open(&c, r);
	json_t *settings = outcome_settings(&c), *curves = axes_curves(&c);
	write_notes(&c);
	json_t *all =
		json_pack("{s:O, s:O, s:O, s:O, s:O, s:O, s:o, s:o, s:I, s:I}", "study", c.study, "settings",
			  settings, "curves", curves, "classes", c.classes, "failed", c.failed, "notes",
			  c.notes, "floors", outcome_floors(&c), "why", why_correlations(settings), "cells",
			  (json_int_t)(c.n_settings * c.n_seeds * c.n_folds), "there", (json_int_t)c.n_there);

	page_study(&page, all);
	write_csv(&csv, settings);
	char *text = json_canonical(all, NULL);
	text_add(&machine, "%s\n", text);

	r->output = artifact_create("study", 1);
	artifact_attribute(r->output, "question", json_incref(json_object_get(c.study, "question")));
	artifact_attribute(r->output, "settings", json_integer((json_int_t)c.n_settings));
	artifact_attribute(r->output, "cells", json_integer((json_int_t)c.n_there));
	int table = artifact_table(r->output, "file"); /* ascending keys */
	put_file(r, table, "index.html", &page);
	put_file(r, table, "study.csv", &csv);
	put_file(r, table, "study.json", &machine);

	free(text);
	text_release(&page);
	text_release(&csv);
	text_release(&machine);
	json_decref(all);
	json_decref(settings);
	json_decref(curves);
	trials_close(&c);
}

static const struct param params[] = {{0}};

static const struct stage stage = {.name = "study",
				   .purpose = "Judge the settings of a study by rotations that train again",
				   .inputs = INPUTS(),
				   .has_list = true,
				   .opens_itself = true,
				   .has_told = true,
				   .kind = "study",
				   .params = params,
				   .run = run,
				   .numerics = contract_host,
				   .show = table_print,
				   .has_files = true,
				   .put_out = times_put_out};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
