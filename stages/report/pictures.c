#include "stages/report/pictures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/augment.h"
#include "ecg/label.h"
#include "ecg/lead.h"
#include "numbers/dmath.h"
#include "statistics/attention_summary.h"
#include "report/matrix.h"
#include "report/measures.h"
#include "report/page.h"
#include "report/paper.h"
#include "stages/shared/exemplars.h"
#include "stages/shared/objective.h"
#include "stages/shared/signals.h"
#include "store/origin.h"

enum { EXAMPLES = 2, LOOKS = 4 /* views whose attention is drawn */ };

/* ---- attention ---- */

struct example {
	uint64_t record;
	struct views views;
	int n_heads, n_tokens;
	int n_looks;
	struct paper_look look[LOOKS];
	float *map[LOOKS];
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
	int n = views_has_segments(v) ? v->segment : v->samples;
	l->from_s = views_fixed_start(v, view) / v->rate_hz;
	l->to_s = l->from_s + n / v->rate_hz;
}

/* Maps of all views of the record; interleaved ones cover the same time, so the first speaks for both. */
static void read_looks(struct example *x, const struct artifact *embeddings)
{
	size_t n = (size_t)x->n_heads * (size_t)x->n_tokens * LEADS;
	float *maps = die_malloc(2 * n * sizeof *maps);
	int n_views = views_has_segments(&x->views) ? views_n_fixed(&x->views) : 1;

	for (int v = 0; v < n_views && v < LOOKS; v++) {
		struct artifact_value value = artifact_get_part(embeddings, "attention", x->record, v);
		if (value.n_bytes != 2 * n * sizeof *maps)
			continue;
		memcpy(maps, value.bytes, value.n_bytes);
		float *map = x->map[x->n_looks] = die_malloc((size_t)x->n_tokens * LEADS * sizeof *map);
		attention_summary_map(map, maps, maps + n, x->n_heads, x->n_tokens, LEADS);
		x->look[x->n_looks].map = map;
		x->look[x->n_looks].n_tokens = x->n_tokens;
		set_span(&x->look[x->n_looks++], &x->views, v);
	}

	free(maps);
}

static void write_example(struct draft *s, const json_t *arm, uint64_t record)
{
	const struct artifact *embeddings = draft_input(s, arm, "embeddings"),
			      *signals = draft_input(s, arm, "signals"),
			      *model = draft_input(s, arm, "model");
	const json_t *shape = json_object_get(
		json_array_get(artifact_get_attribute(embeddings, "attention_maps"), 0), "shape");
	struct example x = {.record = record,
			    .n_heads = (int)json_integer_value(json_array_get(shape, 0)),
			    .n_tokens = (int)json_integer_value(json_array_get(shape, 1))};
	struct label l = {0};
	struct error e = {0};
	struct text caption = {0};

	const json_t *embedded = artifact_get_attribute(embeddings, "embedded");
	if (views_read(&x.views, embedded ? embedded : artifact_get_attribute(model, "views"), &e) < 0)
		die("model %s: %s", artifact_id(model), error_text(&e));
	struct artifact_value v = artifact_get_record(embeddings, "label", record);
	if (v.n_bytes == LABEL_BYTES)
		label_decode(&l, v.bytes);

	float *signal = millivolts(signals, record, x.views.samples);
	if (!signal)
		return;
	read_looks(&x, embeddings);
	char *name = origin_name(embeddings, record);
	text_add(&caption, "Record %s, arm %s,", name, draft_name(arm));
	free(name);

	for (size_t c = 0; c < json_array_size(s->groups); c++)
		if (l.classes >> c & 1)
			text_add(&caption, " %s", json_string_value(json_array_get(s->groups, c)));
	page_figure(&s->page, caption.bytes, artifact_id(embeddings));
	paper_twelve(&s->page, signal, x.views.samples, x.views.rate_hz, lead_names, x.look, x.n_looks,
		     caption.bytes);
	page_figure_end(&s->page);
	text_release(&caption);
	for (int k = 0; k < x.n_looks; k++)
		free(x.map[k]);
	free(signal);
}

/* Examples of the first arm that has all it takes: records of different classes. */
static void write_examples(struct draft *s)
{
	const json_t *arm;
	size_t i;
	json_array_foreach (s->shown, i, arm) {
		const struct artifact *embeddings = draft_input(s, arm, "embeddings");
		uint64_t shown[EXAMPLES];
		uint32_t classes = 0;
		int n = 0;
		if (!json_object_get(arm, "attention") || !embeddings || !draft_input(s, arm, "signals") ||
		    !draft_input(s, arm, "model"))
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
			write_example(s, arm, shown[k]);
		return;
	}
}

/* Why arm i has no maps or drops, with the names of all that lack them for this reason; nothing if one
 * before it said so. */
static void write_note(struct draft *s, size_t first)
{
	struct text *t = &s->page;
	const json_t *note = json_object_get(json_array_get(s->shown, first), "attention_note"), *arm;
	size_t i;

	for (i = 0; i < first; i++)
		if (json_equal(json_object_get(json_array_get(s->shown, i), "attention_note"), note))
			return;
	if (!json_is_string(note))
		return;
	text_add(t, "<p class=note>");

	json_array_foreach (s->shown, i, arm) {
		if (!json_equal(json_object_get(arm, "attention_note"), note))
			continue;
		text_add(t, i > first ? ", " : "");
		text_escape(t, draft_name(arm));
	}

	text_add(t, ": ");
	text_escape(t, json_string_value(note));
	text_add(t, "</p>\n");
}

/* The table, and a sentence for each arm that it lacks. */
static void write_faithfulness(struct draft *s)
{
	struct text *t = &s->page, table = {0};
	size_t i;

	if (measures_faithfulness(&table, s->shown)) {
		text_add(t, "<h3>Does attention point at what the probe uses?</h3>\n");
		page_say(&s->page,
			 "Drop in the logit of the true class when one lead is hidden from the network (its "
			 "mask token), mean over records of fold 10, 95 % interval over patients. If "
			 "attention were faithful, hiding the lead it favours would cost more than hiding "
			 "any lead.");
		text_add(t, "%s", table.bytes);
	}

	text_release(&table);
	for (i = 0; i < json_array_size(s->shown); i++)
		write_note(s, i);
}

void pictures_attention(struct draft *s, bool has_records)
{
	struct text *t = &s->page;
	const json_t *arm;
	size_t i;
	int n = 0;

	page_section(t, "attention", "Attention");
	page_say(&s->page,
		 "What the last cross-attention block looks at, averaged over heads and the first records of "
		 "fold 10 (in brackets: how many views). Even attention would give every lead 8.3 %. An "
		 "entropy of 1 means that nothing is selected; over .98, do not read the maps. Attention is "
		 "not an explanation.");
	matrix_scale(t, "half the even share or less (4.2 %)", "twice or more (16.7 %)");

	json_array_foreach (s->shown, i, arm) {
		const json_t *a = json_object_get(arm, "attention");
		if (!json_is_object(a))
			continue;
		n++;
		text_add(t, "<h3>");
		text_escape(t, draft_name(arm));
		page_id(t, draft_id(arm, "embeddings"));
		text_add(t, " <small>entropy over leads %.3f, over time %.3f</small></h3>\n",
			 json_number_value(json_object_get(a, "lead_entropy")),
			 json_number_value(json_object_get(a, "time_entropy")));
		matrix_leads(t, a, s->groups, lead_names, LEADS);
		if (json_object_get(a, "rollout")) {
			text_add(t, "<h4>Rollout: through all layers back to the leads' first tokens "
				    "<small>(in brackets: records)</small></h4>\n");
			matrix_leads(t, json_object_get(a, "rollout"), s->groups, lead_names, LEADS);
		}
	}

	write_faithfulness(s);
	if (!n)
		page_say(&s->page, "No arm has cross-attention between time and leads.");
	if (n && has_records) {
		page_say(&s->page, "Below, the stronger the bar behind the trace, the more the lead attends "
				   "to that moment.");
		paper_scale(&s->page, "the even share or less", "4 times it, or more");
	}

	if (has_records)
		write_examples(s);
}

/* ---- views ---- */

static void write_views_of(struct draft *s, const json_t *arm)
{
	const struct artifact *signals = draft_input(s, arm, "signals"),
			      *views = draft_input(s, arm, "views"), *model = draft_input(s, arm, "model");
	struct augment policy;
	uint8_t keep[LEADS];

	signals_policy(&policy, model);
	policy.seed = (uint64_t)artifact_integer(model, "seed");

	struct pairing pairing = pairing_draw(objective_of(model)->pairing, policy.seed, 0);
	struct artifact_cursor *first = artifact_walk(signals, "signal");
	if (!artifact_next(first))
		return;

	uint64_t record = artifact_record(first->key);
	artifact_stop(first);
	const void *signal = signals_get(signals, record, &policy.views);
	int n_samples = views_input_samples(&policy.views);
	float *x = die_malloc(LEADS * (size_t)n_samples * sizeof *x);
	char *name = origin_name(signals, record);

	for (int k = 0; k < 2; k++) {
		augment_draw_shown(&policy, x, keep, signal, signals_there(signals, record), record, 0, k,
				   &pairing.view[k]);
		char *caption = die_printf("%.60s, record %s, view %d", draft_name(arm), name, k + 1);
		page_figure(&s->page, caption, artifact_id(views));
		paper_view(&s->page, x, n_samples, views_input_rate(&policy.views), keep, lead_names,
			   caption);
		page_figure_end(&s->page);
		free(caption);
	}

	free(name);
	free(x);
}

static void open_views(struct draft *s)
{
	page_section(&s->page, "views", "What was contrasted");
	page_say(&s->page,
		 "Both views of one record as the first epoch showed them, leads I, II, V1 and V5, each to "
		 "its own scale, or the one lead that a view has; time from the view's start. A masked lead "
		 "is "
		 "hidden from the network.");
}

/* Once per strategy and kind of pairs: arms that differ in the network alone share their views. */
void pictures_views(struct draft *s)
{
	const json_t *arm, *seen;
	json_t *shown = json_array();
	size_t i, k;

	json_array_foreach (s->shown, i, arm) {
		const struct artifact *views = draft_input(s, arm, "views"),
				      *model = draft_input(s, arm, "model");
		if (!views || !model || !draft_input(s, arm, "signals") || exemplars_are_in(model) ||
		    members_are_in(model))
			continue;
		char *what = die_printf("%s %d", artifact_id(views), (int)objective_of(model)->pairing);
		bool is_shown = false;
		json_array_foreach (shown, k, seen)
			is_shown |= !strcmp(json_string_value(seen), what);
		json_array_append_new(shown, json_string(what));
		free(what);
		if (is_shown)
			continue;
		if (json_array_size(shown) == 1)
			open_views(s);
		page_grid_wide(&s->page); /* one row each */
		write_views_of(s, arm);
		page_grid_end(&s->page);
	}

	json_decref(shown);
}
