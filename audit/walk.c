#include "audit/walk.h"

#include <stdlib.h>
#include <string.h>

#include "audit/claims.h"
#include "audit/raw.h"
#include "common/die.h"
#include "common/json.h"
#include "common/progress.h"
#include "store/action.h"

struct chain {
	const struct walk *walk;
	json_t *ids; /* in the order they were met */
	json_t *met; /* id -> true */
	json_t *steps, *raw, *problems;
};

static void meet(const char *name, const char *id, void *context)
{
	struct chain *c = context;
	(void)name;
	if (json_object_get(c->met, id))
		return;
	json_object_set_new(c->met, id, json_true());
	json_array_append_new(c->ids, json_string(id));
}

const struct lineage_entry *walk_entry(const struct walk *w, const char *id)
{
	size_t n;
	const struct lineage *l = evidence_lineage(w->evidence);
	const struct lineage_entry *all = lineage_all(l, &n), *first = lineage_find(l, id);
	const char *key = settings_key(w->settings, id);
	for (const struct lineage_entry *own = first; key && own && own < all + n && !strcmp(own->id, id);
	     own++)
		if (!strcmp(own->key, key))
			return own;
	return first;
}

/* ---- what is wrong with a step ---- */

/* A problem of the step, named with it in the list of all. */
static void complain(struct chain *c, json_t *step, const char *what, const char *why)
{
	json_t *text = json_sprintf("%s %.12s: %s%s%s", json_text(step, "stage"), json_text(step, "id"), what,
				    *why ? ": " : "", why);
	json_array_append(json_object_get(step, "problems"), text);
	json_array_append_new(c->problems, text);
}

static void judge_object(struct chain *c, json_t *step)
{
	const json_t *object = json_object_get(step, "object");
	const char *state = json_text(object, "state");
	if (strcmp(state, "sound") && strcmp(state, "header")) {
		char *what = die_printf("the artifact is %s", state);
		complain(c, step, what, json_text(object, "why"));
		free(what);
	}
}

static void judge_entry(struct chain *c, json_t *step, const struct verdict *v)
{
	if (v->is_taken)
		return;
	char *what = die_printf("its action entry %s", v->why);
	complain(c, step, what, "");
	free(what);
}

/* "kernels/cpu/gemm.c, ecg/filter.c and 3 more"; yours to free. */
static char *names_of(const json_t *files)
{
	enum { SHOWN = 3 };
	size_t i, n = json_array_size(files);
	const json_t *file;
	char *text = die_strdup("");
	json_array_foreach (files, i, file) {
		if (i == SHOWN)
			break;
		char *longer = die_printf("%s%s%s", text, i ? ", " : ": ", json_string_value(file));
		free(text);
		text = longer;
	}
	if (n > SHOWN) {
		char *longer = die_printf("%s and %zu more", text, n - SHOWN);
		free(text);
		text = longer;
	}
	return text;
}

static void judge_code(struct chain *c, json_t *step)
{
	const json_t *code = json_object_get(step, "code");
	const char *state = json_text(code, "state");
	if (strcmp(state, "differs") && strcmp(state, "edited"))
		return;
	char *names = names_of(json_object_get(code, "files")),
	     *why = die_printf("%s%s", json_text(code, "why"), names);
	complain(c, step, "code", why);
	free(names);
	free(why);
}

static void judge_params(struct chain *c, json_t *step)
{
	size_t i;
	const json_t *change;
	json_array_foreach (json_object_get(json_object_get(step, "params"), "changed"), i, change) {
		const json_t *present = json_object_get(change, "now");
		char *then = json_canonical(json_object_get(change, "then"), NULL),
		     *now = present ? json_canonical(present, NULL) : NULL;
		json_t *why = json_sprintf(
			"%s was %s when it was made, is %s now (%s); give the PARAMS and SET "
			"it was made with, or make it anew",
			json_text(change, "name"), then, now ? now : "absent", json_text(change, "file"));
		complain(c, step, "params differ", json_string_value(why));
		json_decref(why);
		free(then);
		free(now);
	}
}

/* ---- a step ---- */

static void describe(struct chain *c, json_t *step, const struct lineage_entry *entry)
{
	const struct walk *w = c->walk;
	const char *identity = json_text(entry->action, "code");
	char word[96];

	json_object_set_new(step, "kind", json_string(json_text(entry->action, "kind")));
	json_object_set_new(step, "key", json_string(entry->key));
	json_object_set_new(step, "numerics", json_string(json_text(entry->action, "numerics")));
	json_object_set(step, "inputs", json_object_get(entry->action, "inputs"));
	json_object_set_new(step, "started", json_string(claims_started(entry->statement)));
	json_object_set_new(step, "finished", json_string(claims_finished(entry->statement)));
	json_object_set_new(step, "seconds", json_real(claims_seconds(entry->statement)));
	json_object_set_new(step, "entry", json_pack("{s:s}", "state", "keyed"));
	json_object_set_new(step, "signature",
			    json_pack("{s:s, s:s, s:s, s:b}", "state", verdict_word(&entry->verdict, word),
				      "by", entry->verdict.who, "key", entry->verdict.key, "is_taken",
				      entry->verdict.is_taken));
	if (w->sources)
		json_object_set_new(step, "code",
				    sources_check(w->sources, entry->statement, entry->stage, identity));
	if (w->settings)
		json_object_set_new(step, "params",
				    settings_compare(w->settings, json_text(step, "id"), entry->action));

	judge_entry(c, step, &entry->verdict);
	judge_code(c, step);
	judge_params(c, step);
}

static void take_step(struct chain *c, const char *id)
{
	const struct lineage_entry *entry = walk_entry(c->walk, id);
	json_t *step = json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", id, "stage", entry ? entry->stage : "?",
				 "object", evidence_object(c->walk->evidence, id), "arms",
				 settings_arms(c->walk->settings, id), "problems", json_array());
	json_array_append_new(c->steps, step);
	judge_object(c, step);
	if (!entry) {
		json_object_set_new(step, "entry", json_pack("{s:s}", "state", "absent"));
		complain(c, step, "no action entry says how it was made", "");
		return;
	}
	describe(c, step, entry);
	raw_check(c->raw, entry, c->walk->is_raw_read, c->walk->programs);
	lineage_inputs(entry, meet, c);
}

/* Where an entry is missing, one of those that say nothing may be it. */
static void judge_missing(struct chain *c)
{
	size_t i;
	const json_t *step, *why;
	bool is_missing = false;
	json_array_foreach (c->steps, i, step)
		is_missing |= !json_object_get(step, "key");
	if (!is_missing)
		return;
	json_array_foreach (evidence_passed_over(c->walk->evidence), i, why)
		json_array_append_new(c->problems, json_sprintf("passed over: %s", json_string_value(why)));
}

static void judge_raw(struct chain *c)
{
	size_t i;
	const json_t *one;
	json_array_foreach (c->raw, i, one)
		if (!strcmp(json_text(one, "state"), "differs"))
			json_array_append_new(c->problems,
					      json_sprintf("raw data %s: %s", json_text(one, "path"),
							   json_text(one, "why")));
}

json_t *walk_chain(const struct walk *w, const json_t *results)
{
	struct chain c = {w, json_array(), json_object(), json_array(), json_array(), json_array()};
	struct progress p;
	size_t i;
	const json_t *id;

	json_array_foreach (results, i, id)
		meet(NULL, json_string_value(id), &c);
	progress_start(&p, "audit", "artifacts", 0);
	for (i = 0; i < json_array_size(c.ids); i++, progress_step(&p, 1))
		take_step(&c, json_string_value(json_array_get(c.ids, i)));
	progress_end(&p);
	judge_raw(&c);
	judge_missing(&c);

	json_decref(c.ids);
	json_decref(c.met);
	return json_pack("{s:s, s:O, s:b, s:o, s:o, s:o}", "format", "einthoven-audit/1", "results", results,
			 "holds", !json_array_size(c.problems), "steps", c.steps, "raw", c.raw, "problems",
			 c.problems);
}
