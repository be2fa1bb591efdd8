#include "report/provenance.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "report/cells.h"
#include "report/page.h"

const char provenance_disclaimer[] = "Not a medical device: results of research, not for diagnosis.";

/* ---- the dataset ---- */

static const struct known {
	const char *name, *title, *citation, *licence;
} datasets[] = {{"ptb-xl", "PTB-XL",
		 "Wagner P, Strodthoff N, Bousseljot R-D, Kreiseler D, Lunze FI, Samek W, Schaeffter T "
		 "(2020): PTB-XL, a "
		 "large publicly available electrocardiography dataset. Scientific Data 7:154, "
		 "doi:10.1038/s41597-020-0495-6; PhysioNet",
		 "CC BY 4.0"},
		{"synthetic", "synthetic ECGs", "none: drawn by fetch's generator, no patient's data",
		 "none is needed"}};

/* NULL: the user's own. */
static const struct known *known_as(const char *name)
{
	for (size_t k = 0; k < sizeof datasets / sizeof *datasets; k++)
		if (!strcmp(datasets[k].name, name))
			return &datasets[k];
	return NULL;
}

bool provenance_is_public(const char *name)
{
	return known_as(name) != NULL;
}

json_t *provenance_dataset(const char *name, const char *title, const char *citation, const char *licence)
{
	static const struct known own = {"", "a dataset without a name (report.dataset gives it one)",
					 "not given", "not given"};
	const struct known *d = known_as(name) ? known_as(name) : &own;
	return json_pack("{s:s, s:s, s:s}", "citation", *citation ? citation : d->citation, "licence",
			 *licence ? licence : d->licence, "name", *title ? title : d->title);
}

void provenance_notice(struct text *t, const json_t *dataset)
{
	text_add(t, "<p class=notice><b>%s</b> Data: ", provenance_disclaimer);
	text_escape(t, cells_text(dataset, "name"));
	text_add(t, "; citation: ");
	text_escape(t, cells_text(dataset, "citation"));
	text_add(t, "; licence: ");
	text_escape(t, cells_text(dataset, "licence"));
	text_add(t, ".</p>\n");
}

/* ---- facts ---- */

static void fact_begin(struct text *t, const char *name)
{
	text_add(t, "<tr><td>%s</td><td>", name);
}

static void fact_end(struct text *t)
{
	text_add(t, "</td></tr>\n");
}

static void hex(struct text *t, const json_t *x)
{
	text_add(t, "<span class=id>");
	text_escape(t, json_string_value(x));
	text_add(t, "</span>");
}

/* "2026-11-29T11:40:12.345Z" as a reader wants it; false: not known. */
static bool made_words(struct text *t, const json_t *chain)
{
	const char *made = json_string_value(json_object_get(chain, "made"));
	if (!made || strlen(made) < 16)
		return false;
	text_add(t, "%.10s, %.5s UTC", made, made + 11);
	return true;
}

void provenance_date(struct text *t, const json_t *chain)
{
	struct text words = {0};
	if (made_words(&words, chain))
		text_add(t, "<p class=notice>Made on %s; <a href=#provenance>from what</a>.</p>\n",
			 words.bytes);
	text_release(&words);
}

static void made_fact(struct text *t, const json_t *chain)
{
	fact_begin(t, "date");
	if (!made_words(t, chain))
		text_add(t, "not known: this store has no entry of the page's making");
	fact_end(t);
}

static void commit_fact(struct text *t, const json_t *stages)
{
	json_t *commits = json_array(), *stage, *x;
	size_t i, k, n_without = 0;

	json_array_foreach (stages, i, stage) {
		json_array_foreach (json_object_get(stage, "commits"), k, x)
			json_append_once(commits, x);
		n_without += !json_array_size(json_object_get(stage, "commits"));
	}

	fact_begin(t, "git commit");
	json_array_foreach (commits, k, x) {
		text_add(t, k ? "<br>" : "");
		hex(t, x);
	}
	if (n_without)
		text_add(t, "%s%zu of %zu stages ran from sources that are no commit’s",
			 json_array_size(commits) ? "; " : "", n_without, json_array_size(stages));
	fact_end(t);
	json_decref(commits);
}

static void records_fact(struct text *t, const json_t *one)
{
	const json_t *synthetic = json_object_get(one, "synthetic"), *file;
	size_t i;

	fact_begin(t, "records");
	hex(t, json_object_get(one, "id"));
	fact_end(t);
	fact_begin(t, "raw data");
	if (synthetic) {
		char *words = json_canonical(synthetic, NULL);
		text_add(t, "synthetic: ");
		text_escape(t, words);
		free(words);
	}
	json_array_foreach (json_object_get(one, "raw"), i, file) {
		text_add(t, "%s", i ? "<br>" : "");
		text_escape(t, cells_text(file, "name"));
		text_add(t, ", SHA-256 ");
		hex(t, json_object_get(file, "sha256"));
	}
	fact_end(t);
}

/* ---- code, params ---- */

static void code_table(struct text *t, const json_t *stages)
{
	static const char *const titles[] = {"stage", "code identity", "numbers", NULL};
	size_t i, k;
	const json_t *stage, *x;

	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (stages, i, stage) {
		text_add(t, "<tr><td>");
		text_escape(t, cells_text(stage, "stage"));
		text_add(t, "</td><td class=words>");
		json_array_foreach (json_object_get(stage, "code"), k, x) {
			text_add(t, k ? "<br>" : "");
			hex(t, x);
		}
		text_add(t, "</td><td>");
		json_array_foreach (json_object_get(stage, "numerics"), k, x) {
			text_add(t, "%s", k ? ", " : "");
			text_escape(t, json_string_value(x));
		}
		text_add(t, "</td></tr>\n");
	}
	cells_end(t);
}

/* Param -> the values it has among the artifacts of a stage. */
static json_t *values_of(const json_t *artifacts, const char *stage)
{
	json_t *out = json_object(), *artifact, *value;
	const char *id, *name;
	json_object_foreach ((json_t *)artifacts, id, artifact) {
		if (strcmp(cells_text(artifact, "stage"), stage))
			continue;
		json_object_foreach (json_object_get(artifact, "params"), name, value) {
			if (!json_object_get(out, name))
				json_object_set_new(out, name, json_array());
			json_append_once(json_object_get(out, name), value);
		}
	}
	return out;
}

static void value_words(struct text *t, const json_t *value)
{
	char *words = json_canonical(value, NULL);
	text_escape(t, json_is_string(value) ? json_string_value(value) : words);
	if (json_is_string(value) && !*json_string_value(value))
		text_add(t, "<small class=no>none</small>");
	free(words);
}

static void params_table(struct text *t, const json_t *chain)
{
	static const char *const titles[] = {"param", "value", NULL};
	size_t i, k;
	const json_t *stage, *value;
	const char *param;
	json_t *list;

	cells_begin(t, titles);
	text_add(t, "</tr></thead><tbody>\n");
	json_array_foreach (json_object_get(chain, "stages"), i, stage) {
		const char *name = cells_text(stage, "stage");
		json_t *values = values_of(json_object_get(chain, "artifacts"), name);
		json_object_foreach (values, param, list) {
			text_add(t, "<tr><td>");
			text_escape(t, name);
			text_add(t, ".");
			text_escape(t, param);
			text_add(t, "</td><td class=words>");
			json_array_foreach (list, k, value) {
				text_add(t, k ? " <small>or</small> " : "");
				value_words(t, value);
			}
			text_add(t, "</td></tr>\n");
		}
		json_decref(values);
	}
	cells_end(t);
}

void provenance_facts(struct text *t, const json_t *chain)
{
	const json_t *stages = json_object_get(chain, "stages"), *one;
	size_t i, n_unknown = json_array_size(json_object_get(chain, "unknown"));

	text_add(t, "<div class=scroll><table class=facts><tbody>\n");
	made_fact(t, chain);
	commit_fact(t, stages);
	json_array_foreach (json_object_get(chain, "records"), i, one)
		records_fact(t, one);
	if (n_unknown) {
		fact_begin(t, "not known");
		text_add(t, "of %zu artifact%s behind the page this store has no entry", n_unknown,
			 n_unknown == 1 ? "" : "s");
		fact_end(t);
	}
	text_add(t, "</tbody></table></div>\n");

	page_details(t, "Code of the stages");
	page_say(t, "SHA-256 over the sources that can change a number, comments and layout removed "
		    "(docs/stages.md); and the contract under which equal sources give equal bits.");
	code_table(t, stages);
	page_details_end(t);
	page_details(t, "All params");
	page_say(t,
		 "Complete, defaults too. Where arms differ, all values are listed; which artifact had which "
		 "is in metrics.json. Of a path its last name.");
	params_table(t, chain);
	page_details_end(t);
}
