/* The comparison as one page.
 *
 * Reads `evaluation` and the list that evaluate read. Writes `report`: index.html, self-contained, with the
 * same numbers for machines beside it.
 *
 * The story: the page is written section by section into a draft (draft.h), tables by results.h, pictures by
 * pictures.h; its files are put into table `file`, and the runner unpacks them. docs/report.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "numbers/contract.h"
#include "report/files.h"
#include "report/page.h"
#include "report/tables.h"
#include "stages/report/pictures.h"
#include "stages/report/results.h"
#include "stages/report/draft.h"
#include "store/stage.h"

static void write_opening(struct draft *s)
{
	struct text *t = &s->page;
	const json_t *counts = artifact_get_attribute(s->evaluation, "counts"), *note;
	size_t i;

	page_begin(t, "Einthoven: what contrastive training learned");
	text_add(t, "<p class=lead>%zu arm%s", json_array_size(s->arms),
		 json_array_size(s->arms) == 1 ? "" : "s");
	const char *dataset = json_string_value(artifact_get_attribute(s->evaluation, "dataset"));
	if (dataset) {
		text_add(t, " on ");
		text_escape(t, dataset);
	}

	const char *task = artifact_text(s->evaluation, "task");
	if (strcmp(task, "superclass") != 0)
		text_add(t, ", task <b>%s</b> of the PTB-XL benchmark (%zu classes that can be learned)",
			 task, json_array_size(s->classes));
	text_add(t,
		 ". Probes learn from %lld records of folds 1–8, choose on %lld of fold 9, and are judged "
		 "once on <b>%lld records of %lld patients</b> of fold 10. Intervals: 95 %%, %lld resamples "
		 "of patients.</p>\n",
		 (long long)json_integer_value(json_object_get(counts, "train")),
		 (long long)json_integer_value(json_object_get(counts, "validation")),
		 (long long)artifact_integer(s->evaluation, "records"),
		 (long long)artifact_integer(s->evaluation, "patients"),
		 (long long)artifact_integer(s->evaluation, "resamples"));

	json_array_foreach (s->notes, i, note) {
		text_add(t, "<p class=note>");
		text_escape(t, json_string_value(note));
		text_add(t, "</p>\n");
	}

	text_add(t, "<nav><a href=#table>Comparison</a>%s%s",
		 json_array_size(s->seeds) ? "<a href=#seeds>Seeds</a>" : "",
		 results_has_efficiency(s) ? "<a href=#efficiency>Labels</a>" : "");
	text_add(t, "<a href=#loss>Training</a><a href=#maps>Maps</a><a href=#space>Space</a>"
		    "<a href=#confusion>Confusion</a><a href=#roc>ROC</a><a href=#reliability>Calibration</a>"
		    "<a href=#attention>Attention</a><a href=#views>Views</a>"
		    "<a href=#provenance>Provenance</a></nav>\n");
}

/* ---- provenance, files ---- */

/* What follows ARMS=NAME in the command that makes an arm again; yours to free. */
static char *options_of(const struct draft *s)
{
	const char *file = params_text(s->run->params, "params"), *set = params_text(s->run->params, "set");
	return die_printf("%s%s%s%s%s", *file ? " PARAMS=" : "", file, *set ? " SET=\"" : "", set,
			  *set ? "\"" : "");
}

static void write_provenance(struct draft *s)
{
	struct text *t = &s->page;
	char *options = options_of(s);
	const json_t *arm;
	size_t i;

	page_section(t, "provenance", "Where the numbers come from");
	text_add(t,
		 "<p>Everything above is computed from evaluation <span class=id>%s</span>, and that from "
		 "these artifacts; beside a number stands the start of the id of what it was computed from. "
		 "<code>build/bin/store log ID</code> prints the whole chain behind any of them: params, "
		 "code, inputs, down to the raw files. The same command gives the same ids, on any "
		 "machine.</p>\n",
		 artifact_id(s->evaluation));
	text_add(t, "<pre>make -f pipeline.mk compare report ARMS=\"");

	json_array_foreach (s->arms, i, arm) {
		text_add(t, i ? " " : "");
		text_escape(t, draft_name(arm));
	}

	text_add(t, "\"");
	text_escape(t, options);
	text_add(t, "\nbuild/bin/store log %s</pre>\n", artifact_id(s->evaluation));
	tables_provenance(t, s->arms, options);
	free(options);
}

static void put_file(int table, const struct draft *s, const char *name, const struct text *t)
{
	artifact_put(s->run->output, table, name, strlen(name), t->bytes, t->n);
}

static void put_metrics(int table, struct draft *s)
{
	json_t *all = json_object();
	struct text t = {0};
	json_object_set(all, "arms", s->arms);
	json_object_set(all, "seeds", (json_t *)s->seeds);
	if (json_array_size(s->seeds))
		json_object_set(all, "over_seeds", s->judged);
	json_object_set(all, "floors", s->floors);
	json_object_set(all, "classes", (json_t *)s->classes);
	json_object_set(all, "notes", (json_t *)s->notes);
	json_object_set_new(all, "evaluation", json_string(artifact_id(s->evaluation)));
	char *text = json_canonical(all, NULL);
	text_add(&t, "%s\n", text);
	put_file(table, s, "metrics.json", &t);
	free(text);
	text_release(&t);
	json_decref(all);
}

static void put_files(struct draft *s)
{
	struct text csv = {0}, markdown = {0};
	int table = artifact_table(s->run->output, "file");
	files_csv(&csv, s->arms, s->floors);
	files_markdown(&markdown, s->judged, s->floors, draft_columns(s));
	put_file(table, s, "index.html", &s->page);
	put_file(table, s, "metrics.csv", &csv);
	put_metrics(table, s);
	put_file(table, s, "table.md", &markdown);
	text_release(&csv);
	text_release(&markdown);
}

static void run(struct stage_run *run)
{
	struct draft s;
	draft_open(&s, run);
	write_opening(&s);
	results_comparison(&s);
	results_seeds(&s);
	results_efficiency(&s);
	results_training(&s);
	results_maps(&s);
	results_space(&s);
	results_judgements(&s);
	pictures_attention(&s);
	pictures_views(&s);
	write_provenance(&s);
	page_end(&s.page);
	run->output = artifact_create("report", 1);
	artifact_attribute(run->output, "evaluation", json_string(artifact_id(s.evaluation)));
	put_files(&s);
	draft_close(&s);
}

/* Both are set by pipeline.mk, so that the page can say what was typed. */
static const struct param params[] = {
	{"params", PARAM_TEXT, .otherwise = "", .help = "the PARAMS of the comparison, for the page to name"},
	{"set", PARAM_TEXT, .otherwise = "", .help = "its SET"},
	{0}};

static const struct stage stage = {.name = "report",
				   .purpose =
					   "Write the comparison as one page, with its numbers for machines",
				   .inputs = INPUTS("evaluate"),
				   .has_list = true,
				   .kind = "report",
				   .params = params,
				   .run = run,
				   .numerics = contract_host,
				   .has_files = true};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
