#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "ecg/augment.h"
#include "ecg/label.h"
#include "ecg/lead.h"
#include "kernels/dmath.h"
#include "model/glance.h"
#include "report/curves.h"
#include "report/matrix.h"
#include "report/page.h"
#include "report/paper.h"
#include "report/tables.h"
#include "stages/parts/objective.h"
#include "store/stage.h"

enum { EXAMPLES = 2, NAME_BYTES = 64, FEW_CLASSES = 12 };

struct report {
	struct stage_run *run;
	const struct artifact *evaluation;
	const json_t *classes, *groups, *notes; /* groups: superclasses, whatever the task */
	json_t *arms, *floors;
	struct text page;
};

/* ---- reading ---- */

static json_t *read_json(const struct artifact *a, const char *table, const char *key)
{
	struct error e = {0};
	struct artifact_value v = artifact_get(a, table, key, strlen(key));
	json_t *x = v.bytes ? json_read(v.bytes, v.n_bytes, key, &e) : NULL;
	if (v.bytes && !x)
		die("evaluation %s: %s", artifact_id(a), error_text(&e));
	return x;
}

/* What the list calls <arm>/<kind>, or NULL. */
static const struct artifact *input(const struct report *r, const json_t *arm, const char *kind)
{
	const char *name = json_string_value(json_object_get(arm, "name"));
	size_t n = strlen(name);
	for (int i = 0; i < r->run->n_inputs; i++) {
		const char *own = r->run->input_name[i];
		if (!strncmp(own, name, n) && own[n] == '/' && !strcmp(own + n + 1, kind))
			return r->run->input[i];
	}
	return NULL;
}

static void read_evaluation(struct report *r)
{
	static const char *const kinds[] = {"views", "signals"}, *const floors[] = {"scale", "majority"};
	const json_t *name;
	size_t i;
	r->evaluation = r->run->input[0];
	r->classes = artifact_get_attribute(r->evaluation, "classes");
	r->groups = artifact_get_attribute(r->evaluation, "groups");
	r->notes = artifact_get_attribute(r->evaluation, "notes");
	r->arms = json_array();
	r->floors = json_object();
	json_array_foreach(artifact_get_attribute(r->evaluation, "arms"), i, name)
	{
		json_t *arm = read_json(r->evaluation, "arm", json_string_value(name));
		if (!arm)
			die("evaluation %s: arm %s is absent", artifact_id(r->evaluation),
			    json_string_value(name));
		for (int k = 0; k < 2; k++)
			if (input(r, arm, kinds[k]))
				json_object_set_new(json_object_get(arm, "ids"), kinds[k],
						    json_string(artifact_id(input(r, arm, kinds[k]))));
		json_array_append_new(r->arms, arm);
	}
	for (int k = 0; k < 2; k++) {
		json_t *floor = read_json(r->evaluation, "floor", floors[k]);
		if (floor)
			json_object_set_new(r->floors, floors[k], floor);
	}
}

/* Few enough for a column, a colour or a matrix each. */
static bool has_few_classes(const struct report *r)
{
	return json_array_size(r->classes) <= FEW_CLASSES;
}

static const char *name_of(const json_t *arm)
{
	return json_string_value(json_object_get(arm, "name"));
}

/* ---- the comparison ---- */

static void say(struct report *r, const char *words)
{
	page_say(&r->page, words);
}

static void write_opening(struct report *r)
{
	struct text *t = &r->page;
	const json_t *counts = artifact_get_attribute(r->evaluation, "counts"), *note;
	size_t i;
	page_begin(t, "Einthoven: what contrastive training learned");
	text_add(t, "<p class=lead>%zu arms", json_array_size(r->arms));
	const char *dataset = json_string_value(artifact_get_attribute(r->evaluation, "dataset"));
	if (dataset) {
		text_add(t, " on ");
		text_escape(t, dataset);
	}
	const char *task = artifact_text(r->evaluation, "task");
	if (strcmp(task, "superclass") != 0)
		text_add(t, ", task <b>%s</b> of the PTB-XL benchmark (%zu classes that can be learned)",
			 task, json_array_size(r->classes));
	text_add(t,
		 ". Probes learn from %lld records of folds 1–8, choose on %lld of fold 9, and are judged "
		 "once on "
		 "<b>%lld records of %lld patients</b> of fold 10. Intervals: 95 %%, %lld resamples of "
		 "patients.</p>\n",
		 (long long)json_integer_value(json_object_get(counts, "train")),
		 (long long)json_integer_value(json_object_get(counts, "validation")),
		 (long long)artifact_integer(r->evaluation, "records"),
		 (long long)artifact_integer(r->evaluation, "patients"),
		 (long long)artifact_integer(r->evaluation, "resamples"));
	json_array_foreach(r->notes, i, note)
	{
		text_add(t, "<p class=note>");
		text_escape(t, json_string_value(note));
		text_add(t, "</p>\n");
	}
	text_add(
		t,
		"<nav><a href=#table>Comparison</a><a href=#loss>Training</a><a href=#maps>Maps</a>"
		"<a href=#space>Space</a><a href=#confusion>Confusion</a><a href=#roc>ROC</a>"
		"<a href=#reliability>Calibration</a><a href=#attention>Attention</a><a href=#views>Views</a>"
		"<a href=#provenance>Provenance</a></nav>\n");
}

static json_t *names_of(const struct report *r)
{
	json_t *names = json_array();
	const json_t *arm;
	size_t i;
	json_array_foreach(r->arms, i, arm) json_array_append_new(names, json_string(name_of(arm)));
	return names;
}

static void write_comparison(struct report *r)
{
	struct text *t = &r->page;
	page_section(t, "table", "Comparison");
	say(r,
	    "Each arm stands above the same encoder with the weights it began with. “Training added” is the "
	    "paired "
	    "difference between the two: only where its interval excludes 0 did training help. Random "
	    "convolutions are a strong floor on ECGs.");
	page_grid_wide(t);
	page_figure(t, "Macro AUROC: trained (dot), untrained (ring)");
	curves_forest(t, r->arms, "macro_auroc", "macro AUROC on fold 10, 95 % interval");
	page_figure_end(t);
	page_figure(t, "Macro F1: trained (dot), untrained (ring)");
	curves_forest(t, r->arms, "macro_f1", "macro F1 on fold 10, 95 % interval");
	page_figure_end(t);
	page_grid_end(t);
	tables_comparison(t, r->arms, r->floors, has_few_classes(r) ? r->classes : NULL);
	if (json_array_size(r->arms) > 1) {
		text_add(t, "<h3>Arm against arm: macro AUROC</h3>\n");
		tables_pairs(t, r->arms, "macro_auroc");
		text_add(t, "<h3>Arm against arm: macro F1</h3>\n");
		tables_pairs(t, r->arms, "macro_f1");
	}
	text_add(t, "<details><summary>Every class</summary>\n");
	if (has_few_classes(r))
		tables_classes(t, r->arms, r->classes);
	else
		tables_many_classes(t, r->arms, r->classes);
	text_add(t, "</details>\n");
}

static void write_efficiency(struct report *r)
{
	struct text figure = {0};
	if (curves_efficiency(&figure, r->arms) > 1) {
		page_section(&r->page, "efficiency", "How few labels are enough");
		text_add(&r->page, "%s", figure.bytes);
	}
	text_release(&figure);
}

static void write_training(struct report *r)
{
	struct text *t = &r->page, loss = {0}, top = {0}, rank = {0};
	json_t *names = names_of(r);
	page_section(t, "loss", "Training");
	int n = curves_history(&loss, r->arms, "loss", "loss_uniform");
	curves_history(&top, r->arms, "top1", NULL);
	curves_history(&rank, r->arms, "rankme", NULL);
	if (!n)
		say(r, "No arm brought a history of its training.");
	page_legend(t, names);
	page_grid_wide(t);
	if (loss.bytes)
		text_add(t, "<figure><figcaption>Loss</figcaption>%s</figure>", loss.bytes);
	if (top.bytes)
		text_add(t, "<figure><figcaption>Partner found first (top-1)</figcaption>%s</figure>",
			 top.bytes);
	if (rank.bytes)
		text_add(t, "<figure><figcaption>RankMe: directions in use</figcaption>%s</figure>",
			 rank.bytes);
	page_grid_end(t);
	text_release(&loss);
	text_release(&top);
	text_release(&rank);
	json_decref(names);
}

/* ---- maps, matrices, curves: small multiples, one per arm ---- */

/* One map; false if there is none. */
static int write_map(struct report *r, const json_t *arm, const char *what, const char *space_name,
		     const char *words)
{
	char caption[2 * NAME_BYTES];
	char *key = die_printf("%s %s", name_of(arm), what);
	struct artifact_value v = artifact_get(r->evaluation, "map", key, strlen(key));
	const json_t *space = json_object_get(arm, space_name);
	free(key);
	if (!v.bytes)
		return 0;
	size_t n = v.n_bytes / (2 * sizeof(float));
	float *xy = die_malloc(v.n_bytes + 1);
	memcpy(xy, v.bytes, v.n_bytes);
	snprintf(caption, sizeof caption, "%.60s%s", name_of(arm), words);
	page_figure(&r->page, caption);
	matrix_points(&r->page, xy, json_object_get(space, "map_labels"), n, caption);
	page_figure_end(&r->page);
	free(xy);
	return 1;
}

static void write_maps(struct report *r)
{
	static const struct {
		const char *what, *title;
	} maps[] = {{"tsne", "t-SNE"}, {"pca", "First two principal axes"}};
	const json_t *arm;
	size_t i;
	char name[NAME_BYTES];
	page_section(&r->page, "maps", "Where records lie");
	say(r,
	    "Records of fold 10 with exactly one superclass, coloured by it. Distances between clusters mean "
	    "nothing in t-SNE; "
	    "it draws clusters even where there are none, so read it beside the untrained encoder's.");
	page_legend(&r->page, r->groups);
	for (int k = 0; k < 2; k++) {
		text_add(&r->page, "<h3>%s</h3>\n", maps[k].title);
		page_grid_small(&r->page);
		json_array_foreach(r->arms, i, arm)
		{
			write_map(r, arm, maps[k].what, "space", "");
			snprintf(name, sizeof name, "random-%s", maps[k].what);
			write_map(r, arm, name, "random_space", ", untrained");
		}
		page_grid_end(&r->page);
	}
}

static void write_space(struct report *r)
{
	page_section(&r->page, "space", "Measures of the space");
	say(r, "On the same records, embeddings centred. Alignment: mean squared distance of a record's two "
	       "views as "
	       "training draws them (2: as far apart as strangers); alone it is easy, all equal gives 0, so "
	       "read it "
	       "with uniformity. A Hopkins value near 1 does not prove clusters: one "
	       "Gaussian of the same "
	       "covariance, which has none, is given beside it.");
	tables_space(&r->page, r->arms);
}

static void write_calibration(struct report *r)
{
	struct text *t = &r->page;
	const json_t *arm;
	size_t i;
	char class_name[8];
	page_section(t, "reliability", "Calibration");
	say(r, "Records by predicted probability; the area of a point follows their number. Below the "
	       "diagonal the "
	       "probe "
	       "is too sure of itself.");
	page_grid(t);
	json_array_foreach(r->arms, i, arm)
	{
		snprintf(class_name, sizeof class_name, "s%zu", i % 8);
		page_figure(t, name_of(arm));
		curves_reliability(t, arm, class_name);
		page_figure_end(t);
	}
	page_grid_end(t);
}

static void write_judgements(struct report *r)
{
	struct text *t = &r->page;
	const json_t *arm;
	size_t i;
	page_section(t, "confusion", "Confusion");
	if (!has_few_classes(r)) {
		say(r, "Too many classes for matrices and curves of each: “Every class” under the comparison "
		       "lists "
		       "them, and metrics.csv has their intervals.");
		text_add(t, "<span id=roc></span>\n");
		write_calibration(r);
		return;
	}
	say(r, "Rows: the true class; columns: the predicted one, by the rule chosen on fold 9. Shading: "
	       "share of the row.");
	page_grid_wide(t);
	json_array_foreach(r->arms, i, arm)
	{
		const json_t *test = json_object_get(json_object_get(arm, "trained"), "test");
		page_figure(t, name_of(arm));
		matrix_confusion(t, json_object_get(test, "confusion"), r->classes);
		page_figure_end(t);
	}
	page_grid_end(t);
	page_section(t, "roc", "ROC, each class against the rest");
	page_legend(t, r->classes);
	page_grid(t);
	json_array_foreach(r->arms, i, arm)
	{
		page_figure(t, name_of(arm));
		curves_roc(t, arm, r->classes);
		page_figure_end(t);
	}
	page_grid_end(t);
	write_calibration(r);
}

/* ---- attention ---- */

struct example {
	uint64_t record;
	struct views views;
	int n_heads, n_tokens;
	int n_looks;
	struct paper_look look[2];
	float *map[2];
};

/* Signals are kept standardized; the leads' deviations in mV stand in table scale. */
static float *millivolts(const struct artifact *signals, uint64_t record, int samples)
{
	struct artifact_value v = artifact_get_record(signals, "signal", record),
			      s = artifact_get_record(signals, "scale", record);
	float scale[LEADS];
	if (v.n_bytes != (size_t)samples * LEADS * sizeof(float) || s.n_bytes != sizeof scale)
		return NULL;
	float *x = die_malloc(v.n_bytes);
	memcpy(x, v.bytes, v.n_bytes);
	memcpy(scale, s.bytes, sizeof scale);
	for (int l = 0; l < LEADS; l++) {
		float *lead = x + (size_t)l * (size_t)samples;
		double sum = 0, square = 0;
		for (int i = 0; i < samples; i++)
			sum += (double)lead[i];
		for (int i = 0; i < samples; i++)
			square += ((double)lead[i] - sum / samples) * ((double)lead[i] - sum / samples);
		double deviation = sqrt(square / samples);
		double factor = deviation > 0 ? dmath_exp((double)scale[l]) / deviation : 0;
		for (int i = 0; i < samples; i++)
			lead[i] = (float)(((double)lead[i] - sum / samples) * factor);
	}
	return x;
}

/* The part of the record that view v of the attention covers. */
static void set_span(struct paper_look *l, const struct views *v, int view)
{
	double length_s = v->samples / v->rate_hz, segment_s = v->segment / v->rate_hz;
	l->from_s = v->strategy == VIEWS_HALVES && view ? length_s - segment_s : 0;
	l->to_s = v->strategy == VIEWS_HALVES && !view ? segment_s : length_s;
}

/* Maps of all views of the record; interleaved ones cover the same time, so the first speaks for both. */
static void read_looks(struct example *x, const struct artifact *embeddings)
{
	size_t n = (size_t)x->n_heads * (size_t)x->n_tokens * LEADS;
	float *maps = die_malloc(2 * n * sizeof *maps);
	int n_views = x->views.strategy == VIEWS_HALVES ? 2 : 1;
	for (int v = 0; v < n_views; v++) {
		uint8_t key[9];
		memcpy(key, artifact_key(x->record).bytes, 8);
		key[8] = (uint8_t)v;
		struct artifact_value value = artifact_get(embeddings, "attention", key, sizeof key);
		if (value.n_bytes != 2 * n * sizeof *maps)
			continue;
		memcpy(maps, value.bytes, value.n_bytes);
		float *map = x->map[x->n_looks] = die_malloc((size_t)x->n_tokens * LEADS * sizeof *map);
		glance_map(map, maps, maps + n, x->n_heads, x->n_tokens, LEADS);
		x->look[x->n_looks].map = map;
		x->look[x->n_looks].n_tokens = x->n_tokens;
		set_span(&x->look[x->n_looks++], &x->views, v);
	}
	free(maps);
}

static void write_example(struct report *r, const json_t *arm, uint64_t record)
{
	const struct artifact *embeddings = input(r, arm, "embeddings"), *signals = input(r, arm, "signals"),
			      *model = input(r, arm, "model");
	const json_t *shape = json_object_get(
		json_array_get(artifact_get_attribute(embeddings, "attention_maps"), 0), "shape");
	struct example x = {.record = record,
			    .n_heads = (int)json_integer_value(json_array_get(shape, 0)),
			    .n_tokens = (int)json_integer_value(json_array_get(shape, 1))};
	struct label l = {0};
	struct error e = {0};
	char caption[160] = "";
	if (views_read(&x.views, artifact_get_attribute(model, "views"), &e) < 0)
		die("model %s: %s", artifact_id(model), error_text(&e));
	struct artifact_value v = artifact_get_record(embeddings, "label", record);
	if (v.n_bytes == LABEL_BYTES)
		label_decode(&l, v.bytes);
	float *signal = millivolts(signals, record, x.views.samples);
	if (!signal)
		return;
	read_looks(&x, embeddings);
	int n = snprintf(caption, sizeof caption, "Record %" PRIu64 ", arm %.60s,", record, name_of(arm));
	for (size_t c = 0; c < json_array_size(r->groups); c++)
		if (l.classes >> c & 1)
			n += snprintf(caption + n, sizeof caption - (size_t)n, " %.20s",
				      json_string_value(json_array_get(r->groups, c)));
	page_figure(&r->page, caption);
	paper_twelve(&r->page, signal, x.views.samples, x.views.rate_hz, lead_names, x.look, x.n_looks,
		     caption);
	page_figure_end(&r->page);
	for (int k = 0; k < x.n_looks; k++)
		free(x.map[k]);
	free(signal);
}

/* Examples of the first arm that has all it takes: records of different classes. */
static void write_examples(struct report *r)
{
	const json_t *arm;
	size_t i;
	json_array_foreach(r->arms, i, arm)
	{
		const struct artifact *embeddings = input(r, arm, "embeddings");
		uint64_t shown[EXAMPLES];
		uint32_t classes = 0;
		int n = 0;
		if (!json_object_get(arm, "attention") || !embeddings || !input(r, arm, "signals") ||
		    !input(r, arm, "model"))
			continue;
		for (struct artifact_cursor *c = artifact_walk(embeddings, "attention"); artifact_next(c);) {
			struct label l = {0};
			uint64_t record = artifact_record(c->key);
			struct artifact_value v = artifact_get_record(embeddings, "label", record);
			if (v.n_bytes == LABEL_BYTES)
				label_decode(&l, v.bytes);
			if (n < EXAMPLES && l.classes && !(l.classes & classes)) {
				shown[n++] = record;
				classes |= l.classes;
			}
		}
		for (int k = 0; k < n; k++)
			write_example(r, arm, shown[k]);
		return;
	}
}

/* The table, and a sentence for each arm that it lacks. */
static void write_faithfulness(struct report *r)
{
	struct text *t = &r->page, table = {0};
	const json_t *arm;
	size_t i;
	if (tables_faithfulness(&table, r->arms)) {
		text_add(t, "<h3>Does attention point at what the probe uses?</h3>\n");
		say(r,
		    "Drop in the logit of the true class when one lead is hidden from the network (its mask "
		    "token), mean over records of fold 10, 95 % interval over patients. If attention were "
		    "faithful, hiding the lead it favours would cost more than hiding any lead.");
		text_add(t, "%s", table.bytes);
	}
	text_release(&table);
	json_array_foreach(r->arms, i, arm)
	{
		const char *note = json_string_value(json_object_get(arm, "attention_note"));
		if (!note)
			continue;
		text_add(t, "<p class=note>");
		text_escape(t, name_of(arm));
		text_add(t, ": ");
		text_escape(t, note);
		text_add(t, "</p>\n");
	}
}

static void write_attention(struct report *r)
{
	struct text *t = &r->page;
	const json_t *arm;
	size_t i;
	int n = 0;
	page_section(t, "attention", "Attention");
	say(r, "What the last cross-attention block looks at, averaged over heads and the first records of "
	       "fold 10 (in brackets: how many views). Even attention would give every lead 8.3 %. An "
	       "entropy of 1 means that nothing is "
	       "selected; over .98, do not read the maps. Attention is not an explanation.");
	json_array_foreach(r->arms, i, arm)
	{
		const json_t *a = json_object_get(arm, "attention");
		if (!json_is_object(a))
			continue;
		n++;
		text_add(t, "<h3>");
		text_escape(t, name_of(arm));
		text_add(t, " <small>entropy over leads %.3f, over time %.3f</small></h3>\n",
			 json_number_value(json_object_get(a, "lead_entropy")),
			 json_number_value(json_object_get(a, "time_entropy")));
		matrix_leads(t, a, r->classes, lead_names, LEADS);
		if (json_object_get(a, "rollout")) {
			text_add(t, "<h4>Rollout: through all layers back to the leads' first tokens</h4>\n");
			matrix_leads(t, json_object_get(a, "rollout"), r->classes, lead_names, LEADS);
		}
	}
	write_faithfulness(r);
	if (!n)
		say(r, "No arm has cross-attention between time and leads.");
	else
		say(r,
		    "Below, the stronger the bar behind the trace, the more the lead attends to that moment "
		    "(from 1 to 4 times the even share).");
	write_examples(r);
}

/* ---- views ---- */

static int write_views_of(struct report *r, const json_t *arm)
{
	const struct artifact *views = input(r, arm, "views"), *model = input(r, arm, "model");
	struct augment policy;
	struct views v;
	struct error e = {0};
	uint8_t keep[LEADS];
	char caption[2 * NAME_BYTES];
	if (views_read(&v, artifact_get_attribute(model, "views"), &e) < 0 ||
	    augment_read(&policy, artifact_get_attribute(model, "augment"), &v, &e) < 0)
		die("model %s: %s", artifact_id(model), error_text(&e));
	policy.seed = (uint64_t)artifact_integer(model, "seed");
	struct pairing pairing = pairing_draw(objective_of(model)->pairing, policy.seed, 0);
	struct artifact_cursor *first = artifact_walk(views, "view");
	if (!artifact_next(first))
		return 0;
	uint64_t record = artifact_record(first->key);
	artifact_stop(first);
	size_t n = LEADS * (size_t)views_base_samples(&v);
	float *base = die_malloc(n * sizeof *base),
	      *x = die_malloc(LEADS * (size_t)views_input_samples(&v) * sizeof *x);
	for (int k = 0; k < 2; k++) {
		uint8_t key[9];
		memcpy(key, artifact_key(record).bytes, 8);
		key[8] = (uint8_t)views_base_of(&v, k);
		struct artifact_value value = artifact_get(views, "view", key, sizeof key);
		if (value.n_bytes != n * sizeof *base)
			break;
		memcpy(base, value.bytes, value.n_bytes);
		augment_draw_shown(&policy, x, keep, base, record, 0, k, &pairing.view[k]);
		snprintf(caption, sizeof caption, "%.60s, record %" PRIu64 ", view %d", name_of(arm), record,
			 k + 1);
		page_figure(&r->page, caption);
		paper_view(&r->page, x, views_input_samples(&v), keep, lead_names, caption);
		page_figure_end(&r->page);
	}
	free(base);
	free(x);
	return 1;
}

/* Once per strategy and kind of pairs: arms that differ in the network alone share their views. */
static void write_views(struct report *r)
{
	const json_t *arm, *seen;
	json_t *shown = json_array();
	size_t i, k;
	page_section(&r->page, "views", "What was contrasted");
	say(r, "Both views of one record as the first epoch showed them, leads I, II, V1 and V5, each to its "
	       "own "
	       "scale, or the one lead that a view has. A masked lead is hidden from the network.");
	json_array_foreach(r->arms, i, arm)
	{
		const struct artifact *views = input(r, arm, "views"), *model = input(r, arm, "model");
		if (!views || !model)
			continue;
		char *what = die_printf("%s %d", artifact_id(views), (int)objective_of(model)->pairing);
		bool is_shown = false;
		json_array_foreach(shown, k, seen) is_shown |= !strcmp(json_string_value(seen), what);
		json_array_append_new(shown, json_string(what));
		free(what);
		if (is_shown)
			continue;
		page_grid_wide(&r->page); /* one row each */
		write_views_of(r, arm);
		page_grid_end(&r->page);
	}
	json_decref(shown);
}

/* ---- provenance, files ---- */

static void write_provenance(struct report *r)
{
	struct text *t = &r->page;
	page_section(t, "provenance", "Where the numbers come from");
	text_add(t,
		 "<p>Everything above is computed from evaluation <span class=id>%s</span>, and that from "
		 "these "
		 "artifacts. <code>build/bin/store log ID</code> prints the whole chain behind any of them: "
		 "params, code, "
		 "inputs.</p>\n",
		 artifact_id(r->evaluation));
	tables_provenance(t, r->arms);
	text_add(t,
		 "<p>To derive it again, with the params file of this comparison "
		 "(<code>params/default.yaml</code> if none "
		 "was given):</p><pre>make -f pipeline.mk compare report PARAMS=params/default.yaml ARMS=\"");
	const json_t *arm;
	size_t i;
	json_array_foreach(r->arms, i, arm)
	{
		text_add(t, i ? " " : "");
		text_escape(t, name_of(arm));
	}
	text_add(t, "\"\nbuild/bin/store log %s</pre>\n", artifact_id(r->evaluation));
}

static void put_file(int table, const struct report *r, const char *name, const struct text *t)
{
	artifact_put(r->run->output, table, name, strlen(name), t->bytes, t->n);
}

static void put_metrics(int table, struct report *r)
{
	json_t *all = json_object();
	struct text t = {0};
	json_object_set(all, "arms", r->arms);
	json_object_set(all, "floors", r->floors);
	json_object_set(all, "classes", (json_t *)r->classes);
	json_object_set(all, "notes", (json_t *)r->notes);
	json_object_set_new(all, "evaluation", json_string(artifact_id(r->evaluation)));
	char *text = json_canonical(all, NULL);
	text_add(&t, "%s\n", text);
	put_file(table, r, "metrics.json", &t);
	free(text);
	text_release(&t);
	json_decref(all);
}

static void put_files(struct report *r)
{
	struct text csv = {0}, markdown = {0};
	int table = artifact_table(r->run->output, "file");
	tables_csv(&csv, r->arms, r->floors);
	tables_markdown(&markdown, r->arms, r->floors, has_few_classes(r) ? r->classes : NULL);
	put_file(table, r, "index.html", &r->page);
	put_file(table, r, "metrics.csv", &csv);
	put_metrics(table, r);
	put_file(table, r, "table.md", &markdown);
	text_release(&csv);
	text_release(&markdown);
}

static void run(struct stage_run *run)
{
	struct report r = {.run = run};
	read_evaluation(&r);
	write_opening(&r);
	write_comparison(&r);
	write_efficiency(&r);
	write_training(&r);
	write_maps(&r);
	write_space(&r);
	write_judgements(&r);
	write_attention(&r);
	write_views(&r);
	write_provenance(&r);
	page_end(&r.page);
	run->output = artifact_create("report", 1);
	artifact_attribute(run->output, "evaluation", json_string(artifact_id(r.evaluation)));
	put_files(&r);
	text_release(&r.page);
	json_decref(r.arms);
	json_decref(r.floors);
}

static const struct param params[] = {{0}};

static const struct stage stage = {.name = "report",
				   .purpose =
					   "Write the comparison as one page, with its numbers for machines",
				   .inputs = INPUTS("evaluate"),
				   .has_list = true,
				   .kind = "report",
				   .params = params,
				   .run = run,
				   .has_files = true};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
