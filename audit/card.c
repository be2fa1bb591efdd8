#include "audit/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "audit/claims.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"

struct card {
	FILE *out;
	const struct lineage *lineage;
	const struct artifact *model; /* of kind model, or scores that hold their network */
	const struct artifact **scores;
	size_t n;	    /* of scores */
	struct chain chain; /* behind the model */
};

static const char *attribute(const struct artifact *a, const char *name)
{
	const char *text = json_string_value(artifact_get_attribute(a, name));
	return text ? text : "";
}

static void print_json(FILE *out, const json_t *value)
{
	char *text = value ? json_canonical(value, NULL) : die_strdup("not given");
	fputs(text, out);
	free(text);
}

/* Metrics of one arm of scores; NULL: none. New reference. */
static json_t *metrics_of(const struct artifact *scores, const char *arm)
{
	if (!artifact_has_table(scores, "metrics"))
		return NULL;
	struct artifact_value v = artifact_get(scores, "metrics", arm, strlen(arm));
	return v.bytes ? json_read(v.bytes, v.n_bytes, "metrics", NULL) : NULL;
}

/* ---- front matter ---- */

static void print_measures(FILE *out, const struct artifact *scores)
{
	static const char *const names[] = {"macro_auroc", "macro_f1", "accuracy"};
	json_t *m = metrics_of(scores, "trained");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const json_t *x = json_object_get(json_object_get(m, "test"), names[i]);
		char value[32];
		if (!json_is_number(x))
			continue;
		json_number_text(value, json_number_value(x));
		fprintf(out,
			"          - type: %s\n            value: %s\n            name: '%s of scores %s'\n",
			names[i], value, names[i], artifact_id(scores));
	}
	json_decref(m);
}

static void print_front(const struct card *c)
{
	const char *dataset = attribute(c->model, "dataset");
	fprintf(c->out,
		"---\nlibrary_name: einthoven\ntags:\n  - ecg\n  - time-series\n  - self-supervised\n");
	if (*dataset)
		fprintf(c->out, "datasets:\n  - %s\n", dataset);
	if (c->n)
		fprintf(c->out, "model-index:\n  - name: einthoven-%.12s\n    results:\n",
			artifact_id(c->model));
	for (size_t i = 0; i < c->n; i++) {
		fprintf(c->out,
			"      - task:\n          type: time-series-classification\n          name: %s\n",
			attribute(c->scores[i], "task"));
		fprintf(c->out, "        dataset:\n          type: %s\n          name: %s, fold 10\n",
			dataset, dataset);
		fprintf(c->out, "        metrics:\n");
		print_measures(c->out, c->scores[i]);
	}
	fprintf(c->out, "---\n\n");
}

/* ---- sections ---- */

static void print_model(const struct card *c)
{
	static const char *const shown[] = {"objective", "config",  "views", "augment",
					    "normalize", "records", "batch", "seed"};
	fprintf(c->out,
		"# Einthoven %s %.12s\n\nNot a medical device: results of research, not for diagnosis.\n\n",
		artifact_kind(c->model), artifact_id(c->model));
	fprintf(c->out,
		"An encoder of 12-lead ECGs. Every number on this page stands with the id of the artifact it "
		"is in;\n"
		"`build/bin/store log ID` prints what that was made of, `build/bin/audit ID` verifies it.\n\n"
		"## Model\n\n| what | value |\n|---|---|\n| artifact | `%s` |\n",
		artifact_id(c->model));
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		const json_t *value = artifact_get_attribute(c->model, shown[i]);
		if (!value)
			continue;
		fprintf(c->out, "| %s | `", shown[i]);
		print_json(c->out, value);
		fprintf(c->out, "` |\n");
	}
}

static void print_data(const struct card *c)
{
	const struct lineage_entry *fetch = chain_find(&c->chain, "fetch");
	const char *dataset = attribute(c->model, "dataset");
	size_t i;
	const json_t *one;
	fprintf(c->out, "\n## Data\n\n| what | value |\n|---|---|\n| dataset | %s |\n",
		*dataset ? dataset : "not given");
	if (!fetch)
		return;
	json_t *raw = claims_raw(fetch->statement);
	fprintf(c->out, "| records | `%s` |\n", fetch->id);
	json_array_foreach (raw, i, one)
		fprintf(c->out, "| raw data `%s` | SHA-256 `%s` |\n", json_text(one, "name"),
			json_text(one, "sha256"));
	json_decref(raw);
}

static void print_cell(FILE *out, const json_t *metrics, const char *name)
{
	const json_t *value = json_object_get(json_object_get(metrics, "test"), name),
		     *interval = json_object_get(json_object_get(metrics, "interval"), name);
	if (!json_is_number(value))
		fprintf(out, " — |");
	else if (json_object_get(interval, "low"))
		fprintf(out, " %.3f [%.3f, %.3f] |", json_number_value(value),
			json_number_value(json_object_get(interval, "low")),
			json_number_value(json_object_get(interval, "high")));
	else
		fprintf(out, " %.3f |", json_number_value(value));
}

static void print_scores(FILE *out, const struct artifact *scores)
{
	size_t i;
	const json_t *arm, *note;
	json_t *m = metrics_of(scores, "trained");
	const json_t *n = json_object_get(json_object_get(m, "test"), "n");
	fprintf(out, "\nTask %s, %s classes per record, judged on %lld records: scores `%s`.\n\n",
		attribute(scores, "task"), attribute(scores, "labels"), (long long)json_integer_value(n),
		artifact_id(scores));
	json_decref(m);
	fprintf(out, "| encoder | macro AUROC [95 %%] | macro F1 [95 %%] | accuracy [95 %%] "
		     "|\n|---|---|---|---|\n");
	json_array_foreach (artifact_get_attribute(scores, "arms"), i, arm) {
		const char *name = json_string_value(arm);
		m = name ? metrics_of(scores, name) : NULL;
		if (!m)
			continue;
		fprintf(out, "| %s |", name);
		print_cell(out, m, "macro_auroc");
		print_cell(out, m, "macro_f1");
		print_cell(out, m, "accuracy");
		fputc('\n', out);
		json_decref(m);
	}
	fputc('\n', out);
	json_array_foreach (artifact_get_attribute(scores, "notes"), i, note)
		fprintf(out, "- %s\n", json_string_value(note));
}

static const char use[] =
	"\n## Intended use\n\nResearch on representations of ECGs: features for other models, comparison of "
	"methods. It "
	"is meant for 12-lead\nrecordings prepared as its own were (the `preprocess` artifact of its "
	"chain).\n\n"
	"## Out of scope\n\nDiagnosis, triage, monitoring or any other decision about a patient. It is not a "
	"medical "
	"device, no authority has\ncleared it, and nobody has tested it in care.\n\n"
	"## Limits\n\n"
	"- The numbers hold for the records, folds and labels named above and say nothing of other "
	"hospitals, devices or "
	"populations.\n"
	"- Intervals are of patients drawn again; where several seeds were not run, what another seed would "
	"give is not "
	"in them.\n"
	"- Signals of fewer leads, other lengths or rates, or with another filter are not what it was "
	"trained on.\n"
	"- Groups of patients (age, sex, origin) were not judged apart unless a table above says so.\n";

/* What a network keeps of its records is spread over its weights; exemplars are the records, described. */
static void print_privacy(const struct card *c)
{
	const json_t *config = artifact_get_attribute(c->model, "config");
	fprintf(c->out, "\n## Privacy\n\n");
	if (!strcmp(json_text(config, "encoder"), "exemplars"))
		fprintf(c->out,
			"**This model holds numbers of %lld training records, one row for each** (tensor "
			"`exemplar`): shares of time and the leads' amplitudes, which differ from patient to "
			"patient.\nUnlike a network's weights they are data of persons; share the model only "
			"with those who may have the records.\n",
			(long long)json_integer_value(json_object_get(config, "exemplars")));
	else
		fprintf(c->out, "The weights hold no record as such. Whether one that was trained on can be "
				"told from them was not tested.\n");
}

static void print_provenance(const struct card *c)
{
	fprintf(c->out,
		"\n## Provenance\n\n| stage | artifact | action | code | commit | numbers | signed by |\n"
		"|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->chain.n; i++) {
		const struct lineage_entry *entry = c->chain.entry[i];
		const char *commit = claims_commit(entry->statement);
		char word[96];
		fprintf(c->out, "| %s | `%s` | `%.12s` | `%.12s` | %.12s%s | %s | %s |\n", entry->stage,
			entry->id, entry->key, json_text(entry->action, "code"), commit ? commit : "—",
			claims_is_modified(entry->statement) ? ", modified" : "",
			json_text(entry->action, "numerics"), verdict_word(&entry->verdict, word));
	}
}

/* ---- which scores ---- */

static void add_scores(struct card *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(artifact_id(c->scores[i]), id))
			return;
	struct artifact *a = artifact_exists(id) ? artifact_try(id, NULL) : NULL;
	if (!a)
		return;
	c->scores = die_realloc(c->scores, (c->n + 1) * sizeof *c->scores);
	c->scores[c->n++] = a;
}

/* All scores of the store that were made of the model. */
static void find_scores(struct card *c)
{
	size_t n;
	const struct lineage_entry *all = lineage_all(c->lineage, &n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(json_text(all[i].action, "kind"), "scores"))
			continue;
		struct chain behind = chain_of(c->lineage, all[i].id);
		if (chain_has(&behind, artifact_id(c->model)))
			add_scores(c, all[i].id);
		chain_release(&behind);
	}
}

static void print_all(struct card *c)
{
	print_front(c);
	print_model(c);
	print_data(c);
	fprintf(c->out, "\n## Results\n");
	for (size_t i = 0; i < c->n; i++)
		print_scores(c->out, c->scores[i]);
	if (!c->n)
		fprintf(c->out, "\nThe store this card was written from has no scores of this model.\n");
	fputs(use, c->out);
	print_privacy(c);
	print_provenance(c);
}

/* The model that scores are of: their own network, or that of the chain. */
static struct artifact *model_of(const struct artifact *a, const struct lineage *l, struct error *e)
{
	struct chain c = chain_of(l, artifact_id(a));
	const struct lineage_entry *pretrain = chain_find(&c, "pretrain");
	bool is_own = !strcmp(artifact_kind(a), "model") || artifact_get_attribute(a, "tensors");
	struct artifact *model = is_own	    ? artifact_try(artifact_id(a), e)
				 : pretrain ? artifact_try(pretrain->id, e)
					    : NULL;
	if (!is_own && !pretrain)
		error_set(e, NULL, 0, "%s %.12s: no model is in its chain", artifact_kind(a), artifact_id(a));
	chain_release(&c);
	return model;
}

int card_write(const char *path, const struct artifact *a, struct error *e)
{
	struct lineage *l = lineage_open();
	struct card c = {.lineage = l};
	char *text = NULL;
	size_t n = 0;
	bool is_known = !strcmp(artifact_kind(a), "model") || !strcmp(artifact_kind(a), "scores");
	struct artifact *model = is_known ? model_of(a, l, e) : NULL;
	int status = model	? 0
		     : is_known ? -1
				: error_set(e, path, 0, "a card is of a model or scores, this is %s",
					    artifact_kind(a));
	if (status == 0) {
		c.model = model;
		c.chain = chain_of(l, artifact_id(model));
		find_scores(&c);
		c.out = open_memstream(&text, &n);
		if (!c.out)
			die("out of memory");
		print_all(&c);
		fclose(c.out);
		status = file_replace(path, text, n, e);
	}

	free(text);
	for (size_t i = 0; i < c.n; i++)
		artifact_close((struct artifact *)c.scores[i]);
	free(c.scores);
	chain_release(&c.chain);
	artifact_close(model);
	lineage_close(l);
	return status;
}
