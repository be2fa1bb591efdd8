/* The comparison as one page.
 *
 * Reads `evaluation` and the list that evaluate read. Writes `report`: index.html, self-contained, with the
 * same numbers for machines beside it.
 *
 * The story: the page is written section by section into a draft (draft.h), tables by results.h, pictures
 * by pictures.h; its files are put into table `file`, and the runner unpacks them. When and from which
 * sources they were made is put in then (chain.h): in an artifact it may not be. docs/report.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "numbers/contract.h"
#include "report/files.h"
#include "report/provenance.h"
#include "report/page.h"
#include "report/ranking.h"
#include "report/tables.h"
#include "stages/report/chain.h"
#include "stages/report/draft.h"
#include "stages/report/pictures.h"
#include "stages/report/results.h"
#include "stages/shared/arm.h"
#include "stages/shared/pathless.h"
#include "store/stage.h"

/* What stands in the artifact where the files put out have what the store knows. */
static const char date_place[] = "<!-- date -->\n", provenance_place[] = "<!-- provenance -->\n";

static const char *dataset_name(const struct draft *s)
{
	const char *name = json_string_value(artifact_get_attribute(s->evaluation, "dataset"));
	return name ? name : "";
}

/* New reference. */
static json_t *dataset_of(const struct draft *s)
{
	const struct params *p = s->run->params;
	return provenance_dataset(dataset_name(s), params_text(p, "dataset"), params_text(p, "citation"),
				  params_text(p, "licence"));
}

/* Who is given the page is given what it shows of single patients. */
static void write_records_notice(struct draft *s)
{
	if (!provenance_is_public(dataset_name(s)) && params_bool(s->run->params, "records"))
		text_add(&s->page,
			 "<p class=notice><b>This page draws ECGs of single records of yours and names them "
			 "by their ids.</b> Pass it on only where these may go, or make it without: "
			 "<code>SET=report.records=false</code>.</p>\n");
}

static void write_opening(struct draft *s)
{
	struct text *t = &s->page;
	const json_t *counts = artifact_get_attribute(s->evaluation, "counts"), *note;
	size_t i;

	page_begin(t, "Einthoven: what contrastive training learned");
	text_add(t, "<p class=lead>%zu arm%s", json_array_size(s->arms),
		 json_array_size(s->arms) == 1 ? "" : "s");
	json_t *dataset = dataset_of(s);
	if (artifact_get_attribute(s->evaluation, "dataset")) {
		text_add(t, " on ");
		text_escape(t, json_string_value(json_object_get(dataset, "name")));
	}

	const char *task = artifact_text(s->evaluation, "task");
	if (strcmp(task, "superclass") != 0)
		text_add(t, ", task <b>%s</b> of the PTB-XL benchmark (%zu classes that can be learned)",
			 task, json_array_size(s->classes));
	if (s->is_cross)
		text_add(t, ". Each fold is tested in turn by probes that chose on the fold before it and "
			    "learned "
			    "from the others: ");
	else
		text_add(t,
			 ". Probes learn from %lld records of folds 1–8, choose on %lld of fold 9, and are "
			 "judged "
			 "once on fold 10: ",
			 (long long)json_integer_value(json_object_get(counts, "train")),
			 (long long)json_integer_value(json_object_get(counts, "validation")));
	text_add(t,
		 "<b>%lld records of %lld patients</b>. Intervals: 95 %%, %lld resamples of patients.</p>\n",
		 (long long)artifact_integer(s->evaluation, "records"),
		 (long long)artifact_integer(s->evaluation, "patients"),
		 (long long)artifact_integer(s->evaluation, "resamples"));

	ranking_say(t, json_object_get(s->ranking, "macro_auroc"));
	provenance_notice(t, dataset);
	write_records_notice(s);
	text_add(t, "%s", date_place);
	json_decref(dataset);
	json_array_foreach (s->notes, i, note) {
		text_add(t, "<p class=note>");
		text_escape(t, json_string_value(note));
		text_add(t, "</p>\n");
	}

	text_add(t, "<nav><a href=#table>Comparison</a>%s%s",
		 json_array_size(s->seeds) ? "<a href=#seeds>Seeds</a>" : "",
		 results_has_efficiency(s) ? "<a href=#efficiency>Labels</a>" : "");
	text_add(t,
		 "<a href=#loss>Training</a><a href=#maps>Maps</a><a href=#space>Space</a>"
		 "<a href=#confusion>Confusion</a><a href=#roc>ROC</a><a href=#reliability>Calibration</a>"
		 "<a href=#attention>Attention</a>%s<a href=#provenance>Provenance</a></nav>\n",
		 params_bool(s->run->params, "records") ? "<a href=#views>Views</a>" : "");
}

/* ---- provenance, files ---- */

/* What follows ARMS=NAME in the command that makes an arm again; yours to free. Where files lie is nobody's
 * business but the user's. */
static char *options_of(const struct draft *s)
{
	char *file = pathless_text(params_text(s->run->params, "params")),
	     *set = pathless_text(params_text(s->run->params, "set"));
	char *options = die_printf("%s%s%s%s%s", *file ? " PARAMS=" : "", file, *set ? " SET=\"" : "", set,
				   *set ? "\"" : "");
	free(file);
	free(set);
	return options;
}

static void add_once(json_t *list, const char *word, size_t n)
{
	size_t i;
	const json_t *other;
	json_array_foreach (list, i, other)
		if (json_string_length(other) == n && !memcmp(json_string_value(other), word, n))
			return;
	json_array_append_new(list, json_stringn(word, n));
}

static void write_words(struct text *t, const char *variable, const json_t *words)
{
	size_t i;
	const json_t *word;
	text_add(t, " %s=\"", variable);
	json_array_foreach (words, i, word) {
		text_add(t, i ? " " : "");
		text_escape(t, json_string_value(word));
	}
	text_add(t, "\"");
}

/* ARMS="..."; with SEEDS="..." where each arm has the same seeds: of many arms that is short. */
static void write_choice(struct text *t, const json_t *arms)
{
	json_t *names = draft_names(arms), *bases = json_array(), *seeds = json_array(), *name;
	size_t i, n_seeded = 0;

	json_array_foreach (names, i, name) {
		const char *own = json_string_value(name);
		size_t n = arm_base(own);
		add_once(bases, own, n);
		if (!own[n])
			continue;
		add_once(seeds, own + n + 1, strlen(own + n + 1));
		n_seeded++;
	}

	bool is_grid = n_seeded == i && i == json_array_size(bases) * json_array_size(seeds);
	write_words(t, "ARMS", is_grid ? bases : names);
	if (is_grid)
		write_words(t, "SEEDS", seeds);
	json_decref(names);
	json_decref(bases);
	json_decref(seeds);
}

static void write_provenance(struct draft *s)
{
	struct text *t = &s->page;
	char *options = options_of(s);

	page_section(t, "provenance", "Where the numbers come from");
	text_add(t,
		 "<p>Everything above is computed from evaluation <span class=id>%s</span>, and that from "
		 "these artifacts; beside a number stands the start of the id of what it was computed from. "
		 "<code>build/bin/store log ID</code> prints the whole chain behind any of them: params, "
		 "code, inputs, down to the raw files. The same command gives the same ids, on any "
		 "machine.</p>\n",
		 artifact_id(s->evaluation));
	text_add(t, "<pre>make -f pipeline.mk compare report");
	write_choice(t, s->arms);
	text_escape(t, options);
	text_add(t, "\nmake -f pipeline.mk compare ARMS=NAME");
	text_escape(t, options);
	text_add(t, "    # one of them\nbuild/bin/store log %s</pre>\n", artifact_id(s->evaluation));
	tables_provenance(t, s->arms);
	text_add(t, "%s", provenance_place);
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
	json_object_set(all, "ranking", s->ranking);
	json_object_set(all, "classes", (json_t *)s->classes);
	json_object_set(all, "notes", s->notes);
	json_object_set(all, "left_out", (json_t *)artifact_get_attribute(s->evaluation, "left_out"));
	json_object_set_new(all, "evaluation", json_string(artifact_id(s->evaluation)));
	json_object_set_new(all, "dataset", dataset_of(s));
	json_object_set_new(all, "disclaimer", json_string(provenance_disclaimer));
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
	pictures_attention(&s, params_bool(run->params, "records"));
	if (params_bool(run->params, "records"))
		pictures_views(&s);
	write_provenance(&s);
	page_end(&s.page);
	run->output = artifact_create("report", 1);
	artifact_attribute(run->output, "evaluation", json_string(artifact_id(s.evaluation)));
	put_files(&s);
	draft_close(&s);
}

/* ---- the files as people get them ---- */

/* What stands before a place; returns what stands behind it. */
static const char *copy_until(struct text *t, const char *page, const char *place)
{
	const char *at = strstr(page, place);
	if (!at)
		BUG("a page without a place for its provenance");
	text_add(t, "%.*s", (int)(at - page), page);
	return at + strlen(place);
}

static void put_provenance_on_page(struct text *t, const char *page, const json_t *chain)
{
	const char *rest = copy_until(t, page, date_place);
	provenance_date(t, chain);
	rest = copy_until(t, rest, provenance_place);
	provenance_facts(t, chain);
	text_add(t, "%s", rest);
}

static void put_provenance_in_metrics(struct text *t, const char *bytes, size_t n, json_t *chain)
{
	struct error e = {0};
	json_t *all = json_read(bytes, n, "metrics.json", &e);
	if (!all)
		die("%s", error_text(&e));
	json_object_set(all, "provenance", chain);
	char *text = json_canonical(all, NULL);
	text_add(t, "%s\n", text);
	free(text);
	json_decref(all);
}

/* The page and metrics.json with the provenance, the other files as they are. */
static char *put_out(const struct artifact *report, const char *name, const void *bytes, size_t *n)
{
	bool is_page = !strcmp(name, "index.html");
	struct text t = {0};
	if (!is_page && strcmp(name, "metrics.json") != 0)
		return NULL;

	static json_t *chain; /* the same for both files; that of a large store takes seconds */
	if (!chain)
		chain = chain_behind(artifact_id(report));
	if (is_page) {
		char *page = die_printf("%.*s", (int)*n, (const char *)bytes);
		put_provenance_on_page(&t, page, chain);
		free(page);
	} else {
		put_provenance_in_metrics(&t, bytes, *n, chain);
	}

	*n = t.n;
	return t.bytes;
}

/* params and set are given by pipeline.mk, so that the page can say what was typed. */
static const struct param params[] = {
	{"params", PARAM_TEXT, .otherwise = "", .help = "the PARAMS of the comparison, for the page to name"},
	{"set", PARAM_TEXT, .otherwise = "", .help = "its SET"},
	{"dataset", PARAM_TEXT, .otherwise = "",
	 .help = "what the page calls the data, if they are your own"},
	{"citation", PARAM_TEXT, .otherwise = "",
	 .help = "of the dataset, for the page and metrics.json; PTB-XL's is known"},
	{"licence", PARAM_TEXT, .otherwise = "", .help = "of the dataset, likewise"},
	{"records", PARAM_BOOL, .otherwise = "true",
	 .help = "draw ECGs of single records, with their ids; false: the page shows no patient"},
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
				   .has_files = true,
				   .put_out = put_out};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
